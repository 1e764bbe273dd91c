package com.example.api;

import java.util.HashMap;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** An API that accepts Xenon's tokens. Spring Security answers 401 for all others; application.properties has the issuer. */
@SpringBootApplication
@RestController
public class Api {
  public static void main(String[] args) {
    SpringApplication.run(Api.class, args);
  }

  @GetMapping("/me")
  Map<String, String> me(@AuthenticationPrincipal Jwt token) {
    var user = new HashMap<String, String>();
    user.put("id", token.getSubject());
    user.put("session", token.getClaimAsString("sid"));
    user.put("email", token.getClaimAsString("email"));
    return user;
  }
}
