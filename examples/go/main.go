// Command go is an API that accepts Xenon's tokens, with the package jwtverify.
package main

import (
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/jwtverify"
)

// user is the user of a valid token.
type user struct {
	ID      string `json:"id"`
	Session string `json:"session,omitempty"`
	Email   string `json:"email,omitempty"`
}

func main() {
	issuer, audience := os.Getenv("XENON_ISSUER"), os.Getenv("XENON_AUDIENCE")
	if audience == "" {
		audience = issuer
	}
	verifier, err := jwtverify.New(jwtverify.Options{
		JWKSURL: strings.TrimSuffix(issuer, "/") + "/.well-known/jwks.json", Issuer: issuer, Audience: audience,
	})
	if err != nil {
		log.Fatal("set XENON_ISSUER to the public origin of Xenon, such as https://learn.example.com: ", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /me", requireUser(verifier, func(w http.ResponseWriter, _ *http.Request, u user) {
		writeJSON(w, http.StatusOK, u)
	}))
	server := &http.Server{
		Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: mux, ReadHeaderTimeout: 5 * time.Second,
	}
	log.Print("listening on http://", server.Addr)
	log.Fatal(server.ListenAndServe())
}

// requireUser calls next with the user of the request. It answers 401 if the request has no valid token, and 503 if the
// keys cannot be fetched.
func requireUser(v *jwtverify.Verifier, next func(http.ResponseWriter, *http.Request, user)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			token = ""
		}
		claims, err := v.Verify(r.Context(), token)
		switch {
		case errors.Is(err, jwtverify.ErrInvalidToken):
			w.Header().Set("WWW-Authenticate", "Bearer")
			writeJSON(w, http.StatusUnauthorized, map[string]string{"detail": "the token is not valid"})
			return
		case err != nil:
			log.Print(err)
			w.Header().Set("Retry-After", "5")
			writeJSON(w, http.StatusServiceUnavailable, map[string]string{"detail": "the keys cannot be fetched"})
			return
		}
		u := user{ID: claims.UserID, Session: claims.SessionID}
		var more struct{ Email string }
		if err := claims.Decode(&more); err == nil {
			u.Email = more.Email
		}
		next(w, r, u)
	})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails if the client has disconnected
}
