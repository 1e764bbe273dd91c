package auth

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/web"
)

const fuzzTestOrigin = "https://own.example"

// FuzzMailToken checks that only a token with the valid signature is accepted, and that any other text is an
// errInvalidToken.
func FuzzMailToken(f *testing.F) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	secrets := func(context.Context) ([][]byte, error) {
		return [][]byte{[]byte("a secret of the tests, long enough")}, nil
	}
	cfg := config.API{Origin: fuzzTestOrigin, SharedDatabase: true}
	clock := func() time.Time { return now }
	s := &Service{Options: cfg, Sessions: session.New(cfg, secrets, web.Clients{}, clock), Now: clock}
	good, err := s.signMailToken(f.Context(), mailClaims{
		Email: "ada@example.com", UpdateTo: "b@example.com",
		RequestType: verifyChangeRequest,
	})
	if err != nil {
		f.Fatal(err)
	}
	parts := strings.Split(good, ".")
	for _, token := range []string{
		good, "", "..", "a.b.c", parts[0] + "." + parts[1] + ".", "eyJhbGciOiJub25lIn0." + parts[1] + ".", parts[0] +
			".e30." + parts[2], good + "=", good + ".x",
		"eyJhbGciOiJIUzUxMiJ9." + parts[1] + "." + parts[2], " " + good, strings.Repeat("e30.", 100),
	} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := s.parseMailToken(t.Context(), token)
		switch {
		case err == nil && claims.Email == "ada@example.com" && isSameSignature(token, good):
		case errors.Is(err, errInvalidToken) && claims.Email == "" && claims.UserID == "":
		default:
			t.Errorf("token %q: got claims %+v, error %v; want errInvalidToken and no claims, or those of the valid token",
				token, claims, err)
		}
	})
}

// isSameSignature reports whether token equals good except for the last character, whose last bits base64 does not use.
func isSameSignature(token, good string) bool {
	return len(token) == len(good) && token[:len(good)-1] == good[:len(good)-1]
}
