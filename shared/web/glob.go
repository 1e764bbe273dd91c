package web

import (
	"regexp"
	"strings"
)

// Glob compiles a pattern with wildcards as Better Auth 1.7.25 does (wildcardMatch of its utils/wildcard). * matches
// any number of characters except slashes, ? matches one, ** as a whole segment matches any number of segments, and a
// backslash escapes the next character. Several slashes in a row count as one, and a path may end in slashes that the
// pattern does not have.
func Glob(pattern string) *regexp.Regexp {
	const slash, other = `[/\\]`, `[^/\\]`
	segments := strings.Split(pattern, "/")
	var expr strings.Builder
	for i, segment := range segments {
		separator := slash + "+?"
		switch {
		case segment == "" && i > 0:
			continue
		case i == len(segments)-1:
			separator = slash + "*?"
		case segments[i+1] == "**":
			separator = ""
		}
		if segment == "**" {
			if separator != "" {
				if i > 0 {
					expr.WriteString(separator)
				}
				expr.WriteString("(?:" + other + "*?" + separator + ")*?")
			}
			continue
		}
		expr.WriteString(globSegment(segment, other) + separator)
	}
	return regexp.MustCompile("^" + expr.String() + "$")
}

func globSegment(segment, wildcard string) string {
	var expr strings.Builder
	escaped := false
	for _, r := range segment {
		switch {
		case escaped:
			escaped = false
			expr.WriteString(regexp.QuoteMeta(string(r)))
		case r == '\\':
			escaped = true
		case r == '*':
			expr.WriteString(wildcard + "*?")
		case r == '?':
			expr.WriteString(wildcard)
		default:
			expr.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return expr.String()
}
