package web

import (
	"regexp"
	"strings"
)

// CompileGlob compiles a pattern with wildcards as Better Auth 1.7.25 does (wildcardMatch of its utils/wildcard). *
// matches any number of characters except slashes, ? matches one such character, ** as a whole segment matches any
// number of segments, and a backslash escapes the next character. In the text, several slashes in a row count as one, a
// backslash counts as a slash, and slashes at the end may follow what the pattern matches.
func CompileGlob(pattern string) *regexp.Regexp {
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
		expr.WriteString(compileGlobSegment(segment, other) + separator)
	}
	return regexp.MustCompile("^" + expr.String() + "$")
}

// compileGlobSegment returns a regular expression for one segment of a pattern; wildcard is the class of characters
// that * and ? match.
func compileGlobSegment(segment, wildcard string) string {
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
