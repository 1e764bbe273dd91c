//go:build moto

package lambda

import (
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/conformance/lambda/sandbox"
)

// The sandbox of a function ends with a search for secrets in the function's output. This test shows that the search
// finds them.
func TestR53_SecretsInTheOutputAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"GET /api/auth/get-session 200":                                 "",
		"is not of the form postgres://user:password@host/database":     "",
		"dial postgres://xenon:pa55@127.0.0.1/neon":                     "a database URL with a password",
		"Authorization: Bearer " + unknownKeyJWT:                        "a JWT",
		"Cookie: " + invalidSessionCookie:                               "a session cookie",
		"$argon2id$v=19$m=19456,t=2,p=1$" + strings.Repeat("c2FsdA", 9): "a password hash",
		`{"kty":"RSA","d":"` + strings.Repeat("x", 43) + `"}`:           "a private key",
		"for Ada the password is open sesame":                           "a hidden value",
	} {
		if got := strings.Join(sandbox.FindSecrets(text, "", "open sesame"), ", "); got != want {
			t.Errorf("secrets in the text %.20s…: found %q, want %q", text, got, want)
		}
	}
}
