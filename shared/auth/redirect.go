package auth

import (
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/web"
)

// redirect answers as the library redirects: 302, the content type of JSON and no body.
func redirect(w http.ResponseWriter, location string) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusFound)
	return nil
}

// verbatim is a target as it was sent, but for what a header cannot carry: letters beyond ASCII are percent-encoded. (The
// library faults on most of them.)
func verbatim(target string) string { return escape(target, "") }

// setParameter sets a parameter of a trusted redirect target, makes the target absolute against the site's origin, and
// writes the whole query anew as a form does, as the library does for links to a reset form.
func (s *Service) setParameter(target, name, value string) string {
	t := parseTarget(target)
	if t.origin == "" {
		t.origin = s.Options.Origin
	}
	var pairs []string
	found := false
	for pair := range strings.SplitSeq(t.query, "&") {
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		if k, v = web.FormText(k), web.FormText(v); k == name {
			if found {
				continue
			}
			found, v = true, value
		}
		pairs = append(pairs, form(k)+"="+form(v))
	}
	if !found {
		pairs = append(pairs, form(name)+"="+form(value))
	}
	t.query = strings.Join(pairs, "&")
	return t.String()
}

// addParameter puts a parameter behind the query of a trusted redirect target, which stays as it was sent, before the
// fragment; a path stays a path. Where the path could be read as another host ("/..//evil"), it becomes absolute: the
// library sends people there.
func (s *Service) addParameter(target, name, value string) string {
	t := parseTarget(target)
	if t.query != "" && !strings.HasSuffix(t.query, "&") {
		t.query += "&"
	}
	t.query += form(name) + "=" + form(value)
	if t.origin == "" && strings.HasPrefix(t.path, "//") {
		t.origin = s.Options.Origin
	}
	return t.String()
}

// target is a redirect target taken apart, each part as a browser would write it.
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

// parseTarget reads what web.Origins trusts: a path of the site, or scheme://host and what follows.
func parseTarget(text string) (t target) {
	text = strings.Trim(text, " ")
	rest, special := text, true
	if scheme, after, ok := strings.Cut(text, "://"); ok && !strings.HasPrefix(text, "/") {
		end := strings.IndexAny(after+"/", "/?#")
		t.origin, special = originOf(strings.ToLower(scheme), after[:end])
		rest = after[end:]
	}
	if i := strings.IndexByte(rest, '#'); i >= 0 {
		t.fragment = "#" + escape(rest[i+1:], " \"<>`")
		rest = rest[:i]
	}
	path, query, _ := strings.Cut(rest, "?")
	if special {
		t.query = escape(query, " \"#<>'")
	} else {
		t.query = escape(query, " \"#<>")
	}
	if path != "" || special {
		t.path = cleanPath(path)
	}
	return t
}

// originOf writes a scheme and what stands for a host; of http and https the host in lower case and without the scheme's
// own port.
func originOf(scheme, authority string) (origin string, special bool) {
	port, special := map[string]string{"http": ":80", "https": ":443"}[scheme]
	if special {
		host := strings.LastIndexByte(authority, '@') + 1 // behind the name and password of a user, if there are any
		authority = authority[:host] + strings.TrimSuffix(strings.ToLower(authority[host:]), port)
	}
	return scheme + "://" + escape(authority, " "), special
}

// cleanPath resolves the dots of a path and encodes what a path cannot hold.
func cleanPath(path string) string {
	var out []string
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, segment := range segments {
		dots := strings.ReplaceAll(strings.ToLower(segment), "%2e", ".")
		last := i == len(segments)-1
		switch {
		case dots == ".." && len(out) > 0:
			out = out[:len(out)-1]
		case dots != "." && dots != "..":
			out = append(out, escape(segment, " \"#<>?`{}"))
		}
		if last && (dots == "." || dots == "..") {
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/")
}

const hexDigits = "0123456789ABCDEF"

// escape percent-encodes controls, bytes beyond ASCII, and those in also.
func escape(s, also string) string {
	return escapeFunc(s, func(c byte) bool { return c < 0x20 || c >= 0x7f || strings.IndexByte(also, c) >= 0 })
}

func escapeFunc(s string, special func(byte) bool) string {
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

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// component is JavaScript's encodeURIComponent.
func component(s string) string {
	return escapeFunc(s, func(c byte) bool { return !alphanumeric(c) && strings.IndexByte("-_.!~*'()", c) < 0 })
}

// form encodes a name or value as a form does: a space is a plus.
func form(s string) string {
	s = escapeFunc(s, func(c byte) bool { return !alphanumeric(c) && strings.IndexByte("*-._ ", c) < 0 })
	return strings.ReplaceAll(s, " ", "+")
}
