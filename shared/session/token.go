package session

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
)

// Session tokens, as the library makes them (contract: objects).
const (
	tokenLength   = 32
	tokenAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

// newToken is a session token: 32 letters and digits, about 190 bits, each drawn without bias.
func newToken() string {
	const fair = 256 - 256%len(tokenAlphabet) // a byte from here on would favour the first letters
	out := make([]byte, 0, tokenLength)
	var buf [2 * tokenLength]byte
	for len(out) < tokenLength {
		_, _ = rand.Read(buf[:]) // never fails: crypto/rand ends the process instead
		for _, b := range buf {
			if int(b) < fair && len(out) < tokenLength {
				out = append(out, tokenAlphabet[int(b)%len(tokenAlphabet)])
			}
		}
	}
	return string(out)
}

// Token is the session token that r carries with a right signature, "" if none; it says nothing about the session.
func (s *Sessions) Token(r *http.Request) (string, error) {
	secret, err := s.Secret(r.Context())
	if err != nil {
		return "", fmt.Errorf("read cookie secret: %w", err)
	}
	return s.token(r, secret), nil
}

// token is Token with the secret at hand: a usable bearer token counts before the cookie.
func (s *Sessions) token(r *http.Request, secret []byte) string {
	if t := bearer(r, secret); t != "" {
		return t
	}
	t, _ := s.signedCookie(r, sessionToken, secret)
	return t
}

// bearer reads "Authorization: Bearer …": the signed form, or the bare session token. Anything else is ignored.
func bearer(r *http.Request, secret []byte) string {
	const scheme = "bearer "
	h := r.Header.Get("Authorization")
	if len(h) < len(scheme) || !strings.EqualFold(h[:len(scheme)], scheme) {
		return ""
	}
	t := strings.TrimSpace(h[len(scheme):])
	if !strings.Contains(t, ".") {
		return t
	}
	value, _ := Verify(secret, decode(t))
	return value
}
