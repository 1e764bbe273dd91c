package session

import (
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/xenon-auth/xenon/shared/web"
)

// Cookie names of the library, without the prefix that https adds.
const (
	sessionToken = "better-auth.session_token" //nolint:gosec // G101: the name of a cookie
	sessionData  = "better-auth.session_data"
	dontRemember = "better-auth.dont_remember"

	securePrefix = "__Secure-"
)

// sessionLong is the age of a cookie that goes when the browser is closed.
const sessionLong = -1

// signedCookies are the values of r's cookies of a name that have a right signature.
func (s *Sessions) signedCookies(r *http.Request, name string, secret []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		for v := range s.named(r, name) {
			if value, ok := Verify(secret, v); ok && !yield(value) {
				return
			}
		}
	}
}

// named are the values of r's cookies of a name, in r's order.
func (s *Sessions) named(r *http.Request, name string) iter.Seq[string] {
	name = s.name(name)
	return func(yield func(string) bool) {
		for k, v := range cookies(r) {
			if k == name && !yield(decode(v)) {
				return
			}
		}
	}
}

// cookies are the names and undecoded values of r's cookies as the library reads them, quotes stripped. net/http's own
// parser drops cookies whose bytes it does not like, which would sign people out here and not there.
func cookies(r *http.Request) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, header := range r.Header["Cookie"] {
			for pair := range strings.SplitSeq(header, ";") {
				k, v, ok := strings.Cut(pair, "=")
				if !ok {
					continue
				}
				v = strings.TrimSpace(v)
				if strings.HasPrefix(v, `"`) {
					v = v[1:max(1, len(v)-1)]
				}
				if !yield(strings.TrimSpace(k), v) {
					return
				}
			}
		}
	}
}

// decode undoes percent-encoding where that works.
func decode(v string) string {
	if strings.Contains(v, "%") {
		if d, err := url.PathUnescape(v); err == nil {
			return d
		}
	}
	return v
}

// forgotten reports whether the person asked not to be remembered.
func (s *Sessions) forgotten(r *http.Request, secret []byte) bool {
	for range s.signedCookies(r, dontRemember, secret) {
		return true
	}
	return false
}

// setCookie sets the session cookie, and the header through which bearer clients get the same token.
func (s *Sessions) setCookie(w http.ResponseWriter, secret []byte, token string, remember bool) {
	age := int(life.Seconds())
	if !remember {
		age = sessionLong
	}
	signed := Sign(secret, token)
	s.addCookie(w, sessionToken, signed, age)
	web.Expose(w.Header(), "set-auth-token", signed)
}

// Clear tells the browser to forget the session, in the library's order, chunks of the cache cookie included, and takes back
// what the same answer handed out before. A cache cookie that r carries is named twice, as there.
func (s *Sessions) Clear(w http.ResponseWriter, r *http.Request) {
	s.dropSet(w, sessionToken, sessionData, dontRemember)
	web.Unexpose(w.Header(), "set-auth-token")
	s.addCookie(w, sessionToken, "", 0)
	s.addCookie(w, sessionData, "", 0)
	s.clearCache(w, r)
	s.addCookie(w, dontRemember, "", 0)
}

func (s *Sessions) name(cookie string) string {
	if s.secure {
		return securePrefix + cookie
	}
	return cookie
}

// says reports whether the answer so far has a line about one of cookies or a part of it.
func (s *Sessions) says(w http.ResponseWriter, cookies ...string) bool {
	return slices.ContainsFunc(w.Header()["Set-Cookie"], s.about(cookies))
}

// about tells the Set-Cookie lines of cookies and their parts from others.
func (s *Sessions) about(cookies []string) func(line string) bool {
	return func(line string) bool {
		return slices.ContainsFunc(cookies, func(c string) bool {
			return strings.HasPrefix(line, s.name(c)+"=") || strings.HasPrefix(line, s.name(c)+".")
		})
	}
}

// dropSet removes lines set earlier in the same answer, so that a cookie is never handed out and cleared at once.
func (s *Sessions) dropSet(w http.ResponseWriter, cookies ...string) {
	kept := slices.DeleteFunc(w.Header()["Set-Cookie"], s.about(cookies))
	if len(kept) == 0 {
		w.Header().Del("Set-Cookie")
		return
	}
	w.Header()["Set-Cookie"] = kept
}

func (s *Sessions) addCookie(w http.ResponseWriter, cookie, value string, maxAge int) {
	s.addRaw(w, s.name(cookie), value, maxAge)
}

// addRaw adds a Set-Cookie line for a whole name.
func (s *Sessions) addRaw(w http.ResponseWriter, name, value string, maxAge int) {
	w.Header().Add("Set-Cookie", s.line(name, value, maxAge))
}

// line is a Set-Cookie line with Better Auth's attributes in Better Auth's order (docs/wire.md#cookies).
func (s *Sessions) line(name, value string, maxAge int) string {
	return s.lineFor("/", name, value, maxAge)
}

// lineFor is line for a cookie that browsers send only below path.
func (s *Sessions) lineFor(path, name, value string, maxAge int) string {
	var b strings.Builder
	b.WriteString(name + "=" + encodeURIComponent.Replace(value))
	if maxAge != sessionLong {
		b.WriteString("; Max-Age=" + strconv.Itoa(maxAge))
	}
	b.WriteString("; Path=" + path + "; HttpOnly")
	if s.secure {
		b.WriteString("; Secure")
	}
	b.WriteString("; SameSite=Lax")
	return b.String()
}

// encodeURIComponent is JavaScript's, for the characters a signed value can have.
var encodeURIComponent = strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D", "%", "%25")
