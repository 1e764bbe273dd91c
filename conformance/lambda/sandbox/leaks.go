//go:build moto

package sandbox

import (
	"regexp"
	"strings"
)

// secret is what nobody may print, by its form.
var secret = map[string]*regexp.Regexp{
	"a password hash":                  regexp.MustCompile(`\$(argon2id?|2[aby]|fbscrypt)\$[^ ]{20}|[0-9a-f]{32}:[0-9a-f]{128}`),
	"a private key":                    regexp.MustCompile(`PRIVATE KEY-----|"d":"[A-Za-z0-9_-]{40}`),
	"a JWT":                            regexp.MustCompile(`eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20}`),
	"a database address with password": regexp.MustCompile(`postgres(ql)?://[^:/@ ]+:[^@ ]+@`),
	"a session cookie":                 regexp.MustCompile(`session_token=[^; "]{20}`),
}

// Leaks says which kinds of secrets are in text, and never which: those known by their form, and any of values.
func Leaks(text string, values ...string) []string {
	var found []string
	text = strings.ReplaceAll(text, "postgres://user:password@host/database", "") // how one looks, which errors say
	for what, form := range secret {
		if form.MatchString(text) {
			found = append(found, what)
		}
	}
	for _, v := range values {
		if v != "" && strings.Contains(text, v) {
			found = append(found, "a value that was to be hidden")
		}
	}
	return found
}
