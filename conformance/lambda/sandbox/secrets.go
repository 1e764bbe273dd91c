//go:build moto

package sandbox

import (
	"regexp"
	"strings"
)

// secretPatterns match the secrets that no function may print. The keys are the kinds of secrets.
var secretPatterns = map[string]*regexp.Regexp{
	"a password hash": regexp.MustCompile(`\$(argon2id?|2[aby]|fbscrypt)\$[^ ]{20}|` +
		`[0-9a-f]{32}:[0-9a-f]{128}`),
	"a private key":                  regexp.MustCompile(`PRIVATE KEY-----|"d":"[A-Za-z0-9_-]{40}`),
	"a JWT":                          regexp.MustCompile(`eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20}`),
	"a database URL with a password": regexp.MustCompile(`postgres(ql)?://[^:/@ ]+:[^@ ]+@`),
	"a session cookie":               regexp.MustCompile(`session_token=[^; "]{20}`),
}

// FindSecrets returns the kinds of the secrets that a text contains: the keys of the secretPatterns that match, and "a
// hidden value" for each of values that it contains. It does not return the secrets themselves.
func FindSecrets(text string, values ...string) []string {
	var found []string
	text = strings.ReplaceAll(text, "postgres://user:password@host/database", "") // the example in error messages
	for what, form := range secretPatterns {
		if form.MatchString(text) {
			found = append(found, what)
		}
	}
	for _, v := range values {
		if v != "" && strings.Contains(text, v) {
			found = append(found, "a hidden value")
		}
	}
	return found
}
