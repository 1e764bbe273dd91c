package auth_test

import (
	"testing"
	"time"
)

func TestResetPasswordLinkRedirectsWithTokenOrError(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t, "BETTER_AUTH_TRUSTED_ORIGINS=https://other.example")
	s.signUpAda()
	s.do("POST", requestResetPath, requestResetBody)
	m := box.takeOne(t)
	for _, c := range []struct {
		name, path, location string
	}{
		{"the mailed link", "/" + m.Token + "?callbackURL=%2Fnew%20password%3Fx%3D%C3%A4", origin +
			"/new%20password?x=%C3%A4&token=" + m.Token},
		{"another callbackURL", "/" + m.Token + "?callbackURL=/r", origin + "/r?token=" + m.Token},
		{
			"trusted origin", "/" + m.Token + "?callbackURL=https%3A%2F%2Fother.example%2Fr%23f",
			"https://other.example/r?token=" + m.Token + "#f",
		},
		{"empty callbackURL", "/" + m.Token + "?callbackURL=", origin + "/api/auth/error?error=INVALID_TOKEN"},
		{"unknown token", "/unknown?callbackURL=/r", origin + "/r?error=INVALID_TOKEN"},
		{"token with one more character", "/" + m.Token + "x?callbackURL=/r", origin + "/r?error=INVALID_TOKEN"},
		{"token that is not UTF-8", "/%ff%00?callbackURL=/r", origin + "/r?error=INVALID_TOKEN"},
	} {
		a := s.do("GET", resetPath+c.path, "")
		if a.status != 302 || a.header.Get("Location") != c.location || a.body != "" ||
			a.header.Get("Content-Type") != "application/json" || len(a.header["Set-Cookie"]) > 0 {
			t.Errorf("reset link, %s: got %d %q to %s, cookies %q; want 302 to %s, no body and no cookie",
				c.name, a.status, a.body, a.header.Get("Location"), a.header["Set-Cookie"], c.location)
		}
	}
	s.now = s.now.Add(time.Hour)
	if a := s.openLink(m); a.header.Get("Location") != origin+"/new%20password?x=%C3%A4&token="+m.Token {
		t.Errorf("reset link in its last millisecond: got a redirect to %s, want the token in it",
			a.header.Get("Location"))
	}
	s.now = s.now.Add(time.Millisecond)
	if a := s.openLink(m); a.header.Get("Location") != origin+"/new%20password?x=%C3%A4&error=INVALID_TOKEN" {
		t.Errorf("reset link that has expired: got a redirect to %s, want INVALID_TOKEN in it", a.header.Get("Location"))
	}
}
