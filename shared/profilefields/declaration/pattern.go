package declaration

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// patternToken matches the next part of a pattern: an escape, a class, the begin of a group, a quantifier or a
// character.
var patternToken = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(\\.|\[\^?(?:\\.|[^\]\\\[])+\]|\(\?:|\(\?|[*+?]|\{[0-9]+(?:,[0-9]*)?\}|[^\\\[])`)
})

// escapes are the characters that can follow a backslash. In a class the minus sign can follow, too.
const escapes = `dws^$\.*+?()[]{}|/`

// checkPattern returns an error unless the pattern means the same in the regular expressions of Go, of Postgres and of
// JavaScript with the flag u.
func checkPattern(pattern string) error {
	if _, err := regexp.Compile(pattern); err != nil {
		return errors.New("is not valid: " + strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	canRepeat := false // a quantifier can follow
	for rest := pattern; rest != ""; {
		token := patternToken().FindString(rest)
		if token == "" {
			return errors.New("has an unescaped [ in a class, or ends too early")
		}
		rest = rest[len(token):]
		isQuantifier := len(token) > 1 && token[0] == '{' || strings.Contains("*+?", token)
		switch {
		case token == "(?":
			return errors.New("has a group with an option; only groups ( ) and (?: ) are allowed")
		case isQuantifier && !canRepeat:
			return errors.New("has the quantifier " + token + " where nothing can be repeated")
		case token == "{" || token == "}" || token == "]":
			return errors.New("has an unescaped " + token)
		}
		if err := checkToken(token); err != nil {
			return err
		}
		canRepeat = !isQuantifier && !strings.Contains("^$|(", token) && token != "(?:"
	}
	return nil
}

// checkToken checks an escape, a class, or the numbers of a quantifier.
func checkToken(token string) error {
	switch {
	case token[0] == '\\' && !strings.Contains(escapes, token[1:]):
		return errors.New("has the escape " + token + "; allowed are \\d \\w \\s and escaped punctuation")
	case token[0] == '[' && len(token) > 1:
		for i := 1; i < len(token); i++ {
			if token[i] != '\\' {
				continue
			}
			if i++; !strings.Contains(escapes+"-", token[i:i+1]) {
				return errors.New("has the escape " + token[i-1:i+1] + " in a class")
			}
		}
	case token[0] == '{' && len(token) > 1:
		for _, number := range strings.Split(strings.Trim(token, "{}"), ",") {
			if n, err := strconv.Atoi(number); number != "" && (err != nil || n > 255) {
				return errors.New("repeats more than 255 times, the maximum of Postgres")
			}
		}
	}
	return nil
}
