package jwtverify

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Verify returns ErrInvalidToken for every text except the valid token.
func FuzzVerify(f *testing.F) {
	key := keySets().third.current
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(jwksOf(key.jwk())))
	}))
	f.Cleanup(server.Close)
	c := newClock()
	good := signToken(f, goodHeader(), (&deployment{Clock: c}).goodClaims())
	v := MustNew(Options{JWKSURL: server.URL, Issuer: origin, Audience: origin, Now: c.Now})
	f.Add(good)
	f.Add("e30.e30.")
	f.Add(`eyJhbGciOiJub25lIn0.e30.`)
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := v.Verify(t.Context(), token)
		if token == good && err == nil && claims.UserID == testClaims.Subject {
			return
		}
		if !errors.Is(err, ErrInvalidToken) || claims != (Claims{}) {
			t.Errorf("Verify = %+v, %v, want ErrInvalidToken", claims, err)
		}
	})
}
