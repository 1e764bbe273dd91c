package jwtverify

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Claims has the user, the session and the expiry of a valid token.
type Claims struct {
	UserID    string    // sub
	SessionID string    // sid; empty in tokens of a TypeScript server with Better Auth
	ExpiresAt time.Time // exp

	token string
}

// Decode decodes all claims of the token into a struct or map, as encoding/json does. Use it for claims that have no
// field in Claims, such as email and name. Their values are from the time when the token was issued.
func (c Claims) Decode(into any) error {
	_, rest, _ := strings.Cut(c.token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("jwtverify: decode claims: %w", err)
	}
	return nil
}

// withToken returns the claims together with their token. The cache stores claims without the token.
func (c Claims) withToken(token string) Claims {
	c.token = token
	return c
}

// tokenClaims has the claims that Verify checks or returns.
type tokenClaims struct {
	jwt.RegisteredClaims
	SessionID string `json:"sid"`
}

// check checks sub and iat, which the JWT library accepts in every form, even missing.
func (c tokenClaims) check(now time.Time) error {
	switch {
	case c.Subject == "":
		return errors.New("no sub")
	case c.IssuedAt == nil:
		return errors.New("no iat")
	case c.IssuedAt.After(now.Add(maxAhead)):
		return errors.New("iat is in the future")
	}
	return nil
}
