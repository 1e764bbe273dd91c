// Package redirect answers with the redirects of Better Auth: it adds parameters to a redirect target that web.Origins
// trusts, and encodes the target as a browser does.
package redirect

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/web"
)

// To answers with a redirect as Better Auth does: 302, the content type application/json and no body.
func To(w http.ResponseWriter, location string) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusFound)
	return nil
}

// EncodeLocation encodes a redirect target for the header Location: it percent-encodes characters beyond ASCII and
// control characters and changes nothing else. Better Auth answers most of these characters with 500.
func EncodeLocation(target string) string { return percentEncode(target, "") }

// SetParameter sets a query parameter of a trusted redirect target. It writes origin before a target that is a path.
// It encodes the whole query again, as a form, as Better Auth does for the links of password resets.
func SetParameter(origin, target, name, value string) string {
	t := parseTarget(target)
	t.origin = cmp.Or(t.origin, origin)
	var pairs []string
	found := false
	for pair := range strings.SplitSeq(t.query, "&") {
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		if k, v = web.DecodeFormText(k), web.DecodeFormText(v); k == name {
			if found {
				continue
			}
			found, v = true, value
		}
		pairs = append(pairs, FormEncode(k)+"="+FormEncode(v))
	}
	if !found {
		pairs = append(pairs, FormEncode(name)+"="+FormEncode(value))
	}
	t.query = strings.Join(pairs, "&")
	return t.String()
}

// Absolute returns a trusted redirect target as a browser resolves it against origin.
func Absolute(origin, target string) string {
	t := parseTarget(target)
	t.origin = cmp.Or(t.origin, origin)
	return t.String()
}

// AddParameter appends a query parameter to a trusted redirect target and keeps the other parameters. Like a browser,
// it resolves "." and ".." and percent-encodes. It writes origin before a path only if a browser would read a host from
// the path ("/..//evil"). Better Auth redirects to that host.
func AddParameter(origin, target, name, value string) string {
	t := parseTarget(target)
	if t.query != "" && !strings.HasSuffix(t.query, "&") {
		t.query += "&"
	}
	t.query += FormEncode(name) + "=" + FormEncode(value)
	if t.origin == "" && strings.HasPrefix(t.path, "//") {
		t.origin = origin
	}
	return t.String()
}

// target is a parsed redirect target, each part encoded as a browser encodes it.
type target struct {
	origin, path, query string
	fragment            string // with its "#"
}

func (t target) String() string {
	out := t.origin + t.path
	if t.query != "" {
		out += "?" + t.query
	}
	return out + t.fragment
}

// parseTarget parses a target that web.Origins trusts: a path, or scheme://host and the rest.
func parseTarget(text string) (t target) {
	text = strings.Trim(text, " ")
	rest, special := text, true
	if scheme, after, ok := strings.Cut(text, "://"); ok && !strings.HasPrefix(text, "/") {
		end := strings.IndexAny(after+"/", "/?#")
		t.origin, special = originOf(strings.ToLower(scheme), after[:end])
		rest = after[end:]
	}
	if i := strings.IndexByte(rest, '#'); i >= 0 {
		t.fragment = "#" + percentEncode(rest[i+1:], " \"<>`")
		rest = rest[:i]
	}
	path, query, _ := strings.Cut(rest, "?")
	if special {
		t.query = percentEncode(query, " \"#<>'")
	} else {
		t.query = percentEncode(query, " \"#<>")
	}
	if path != "" || special {
		t.path = resolvePath(path)
	}
	return t
}

// originOf returns scheme://authority. For http and https, which the URL Standard calls special, the host becomes lower
// case and the default port is removed.
func originOf(scheme, authority string) (origin string, special bool) {
	port, special := map[string]string{"http": ":80", "https": ":443"}[scheme]
	if special {
		host := strings.LastIndexByte(authority, '@') + 1 // after the userinfo, if any
		authority = authority[:host] + strings.TrimSuffix(strings.ToLower(authority[host:]), port)
	}
	return scheme + "://" + percentEncode(authority, " "), special
}

// resolvePath resolves "." and ".." and percent-encodes the characters that a path cannot contain.
func resolvePath(path string) string {
	var out []string
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, segment := range segments {
		dots := strings.ReplaceAll(strings.ToLower(segment), "%2e", ".")
		last := i == len(segments)-1
		switch {
		case dots == ".." && len(out) > 0:
			out = out[:len(out)-1]
		case dots != "." && dots != "..":
			out = append(out, percentEncode(segment, " \"#<>?`{}"))
		}
		if last && (dots == "." || dots == "..") {
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/")
}

const hexDigits = "0123456789ABCDEF"

// percentEncode encodes control characters, bytes beyond ASCII, and the characters of extra.
func percentEncode(s, extra string) string {
	return percentEncodeFunc(s, func(c byte) bool { return c < 0x20 || c > 0x7e || strings.IndexByte(extra, c) >= 0 })
}

func percentEncodeFunc(s string, special func(byte) bool) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; special(c) {
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&0xf]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// EncodeURIComponent encodes like the function of this name in JavaScript.
func EncodeURIComponent(s string) string {
	return percentEncodeFunc(s, func(c byte) bool { return !isAlphanumeric(c) && strings.IndexByte("-_.!~*'()", c) < 0 })
}

// FormEncode encodes a name or value of a form: a space becomes a plus.
func FormEncode(s string) string {
	s = percentEncodeFunc(s, func(c byte) bool { return !isAlphanumeric(c) && strings.IndexByte("*-._ ", c) < 0 })
	return strings.ReplaceAll(s, " ", "+")
}
