package session

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/random"
)

// The alphabet and length of a session token (docs/wire.md#objects).
const (
	tokenLength   = 32
	tokenAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

// newToken returns a session token: 32 random letters and digits, about 190 bits.
func newToken() string { return random.String(tokenAlphabet, tokenLength) }

// maxSessionCookies is how many session cookies, and how many cache cookies, of one request are used. Xenon ignores
// further ones.
const maxSessionCookies = 8

// Tokens returns the session tokens of r, without looking up their sessions. If r has a bearer token, with a valid
// signature or with none, it is the only one. Otherwise they are those of the first maxSessionCookies session cookies
// with a valid signature. A browser can send several session cookies: besides Xenon's, one that an earlier deployment
// has set with a Domain attribute, which Xenon cannot clear.
func (s *Sessions) Tokens(r *http.Request) ([]string, error) {
	secrets, err := s.Secrets(r.Context())
	if err != nil {
		return nil, fmt.Errorf("read cookie secret: %w", err)
	}
	return s.tokens(r, secrets), nil
}

// tokens is like Tokens, for a caller that has already read the secret.
func (s *Sessions) tokens(r *http.Request, secrets [][]byte) []string {
	if t := bearerToken(r, secrets); t != "" {
		return []string{t}
	}
	var tokens []string
	for t := range s.signedCookieValues(r, sessionTokenCookie, secrets) {
		if slices.Contains(tokens, t) {
			continue
		}
		if tokens = append(tokens, t); len(tokens) == maxSessionCookies {
			break
		}
	}
	return tokens
}

// bearerToken returns the session token of "Authorization: Bearer …", with or without a signature. It returns "" if the
// signature is invalid or the header has another form.
func bearerToken(r *http.Request, secrets [][]byte) string {
	scheme, t, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	t = strings.TrimSpace(t)
	if !strings.Contains(t, ".") {
		return t
	}
	value, _ := verifyWithAny(secrets, percentDecode(t))
	return value
}
