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

// Better Auth's cookie names, without the prefix that they have under https.
const (
	sessionTokenCookie = "better-auth.session_token" //nolint:gosec // G101: the name of a cookie
	sessionDataCookie  = "better-auth.session_data"
	dontRememberCookie = "better-auth.dont_remember"
	adminSessionCookie = "better-auth.admin_session"

	securePrefix = "__Secure-"
)

// untilBrowserCloses is the maxAge of a cookie that is set without Max-Age, so that the browser deletes it when it
// closes.
const untilBrowserCloses = -1

// signedCookieValues returns the values, without the signatures, of r's cookies that have the name and a valid
// signature.
func (s *Sessions) signedCookieValues(r *http.Request, name string, secrets [][]byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		for v := range s.cookieValues(r, name) {
			if value, ok := verifyWithAny(secrets, v); ok && !yield(value) {
				return
			}
		}
	}
}

// cookieValues returns the decoded values of r's cookies that have the name, in the order of the request.
func (s *Sessions) cookieValues(r *http.Request, name string) iter.Seq[string] {
	name = s.browserCookieName(name)
	return func(yield func(string) bool) {
		for k, v := range cookiePairs(r, name) {
			if k == name && !yield(percentDecode(v)) {
				return
			}
		}
	}
}

// cookiePairs returns the names and values of r's cookies as Better Auth reads them: without quotes, not yet decoded.
// namePart is a text that the names contain which the caller looks for: a header without it is not split. Most requests
// have only the session cookie, but a handler looks for several cookies. cookiePairs does not use net/http, which
// ignores cookies with some bytes that Better Auth accepts. A user with such a cookie would be signed in at Better Auth
// and not at Xenon.
func cookiePairs(r *http.Request, namePart string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, header := range r.Header["Cookie"] {
			if !strings.Contains(header, namePart) {
				continue
			}
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

// percentDecode decodes percent-encoding. It returns text with an invalid encoding unchanged.
func percentDecode(v string) string {
	if strings.Contains(v, "%") {
		if d, err := url.PathUnescape(v); err == nil {
			return d
		}
	}
	return v
}

// hasDontRememberCookie reports whether the session was started with rememberMe false: then r has a signed cookie
// dont_remember.
func (s *Sessions) hasDontRememberCookie(r *http.Request, secrets [][]byte) bool {
	for range s.signedCookieValues(r, dontRememberCookie, secrets) {
		return true
	}
	return false
}

// setSessionCookie sets the session cookie. It sets the header set-auth-token to the same value, for clients that use
// bearer tokens.
func (s *Sessions) setSessionCookie(w http.ResponseWriter, secret []byte, token string, remember bool) {
	age := int(lifetime.Seconds())
	if !remember {
		age = untilBrowserCloses
	}
	signed := Sign(secret, token)
	s.addCookie(w, sessionTokenCookie, signed, age)
	web.ExposeHeader(w.Header(), "set-auth-token", signed)
}

// ClearCookies clears the cookies of the session in Better Auth's order, with every part of the cache cookie, and with
// STATE_STRATEGY=cookie also the cookie of a social sign-in. It removes what the response has already set: the
// session's cookies and the header set-auth-token. Like Better Auth it clears a cache cookie of r twice.
func (s *Sessions) ClearCookies(w http.ResponseWriter, r *http.Request) {
	s.removeSetCookie(w, sessionTokenCookie, sessionDataCookie, dontRememberCookie)
	web.UnexposeHeader(w.Header(), "set-auth-token")
	s.addCookie(w, sessionTokenCookie, "", 0)
	s.addCookie(w, sessionDataCookie, "", 0)
	if s.stateCookie {
		s.ClearSocialStateData(w)
	}
	s.clearCacheCookies(w, r)
	s.addCookie(w, dontRememberCookie, "", 0)
}

// browserCookieName returns the name of a cookie as the browser sees it: with the prefix __Secure- if the site uses
// https.
func (s *Sessions) browserCookieName(cookie string) string {
	if s.secure {
		return securePrefix + cookie
	}
	return cookie
}

// hasSetCookie reports whether the response already has a Set-Cookie line for one of the cookies or for a part of one.
func (s *Sessions) hasSetCookie(w http.ResponseWriter, cookies ...string) bool {
	return slices.ContainsFunc(w.Header()["Set-Cookie"], s.setCookieLineMatcher(cookies))
}

// setCookieLineMatcher returns a function that reports whether a Set-Cookie line is for one of the cookies or for a
// part of one.
func (s *Sessions) setCookieLineMatcher(cookies []string) func(line string) bool {
	return func(line string) bool {
		return slices.ContainsFunc(cookies, func(c string) bool {
			return strings.HasPrefix(line, s.browserCookieName(c)+"=") || strings.HasPrefix(line, s.browserCookieName(c)+".")
		})
	}
}

// removeSetCookie removes the Set-Cookie lines of the cookies from the response, so that no response both sets and
// clears a cookie.
func (s *Sessions) removeSetCookie(w http.ResponseWriter, cookies ...string) {
	kept := slices.DeleteFunc(w.Header()["Set-Cookie"], s.setCookieLineMatcher(cookies))
	if len(kept) == 0 {
		w.Header().Del("Set-Cookie")
		return
	}
	w.Header()["Set-Cookie"] = kept
}

func (s *Sessions) addCookie(w http.ResponseWriter, cookie, value string, maxAge int) {
	s.addCookieLine(w, s.browserCookieName(cookie), value, maxAge)
}

// addCookieLine is like addCookie, for a name that already has its prefix.
func (s *Sessions) addCookieLine(w http.ResponseWriter, name, value string, maxAge int) {
	w.Header().Add("Set-Cookie", s.setCookieLine(name, value, maxAge))
}

// setCookieLine returns a Set-Cookie line with Better Auth's attributes, in the same order (docs/wire.md#cookies).
func (s *Sessions) setCookieLine(name, value string, maxAge int) string {
	return s.setCookieLineForPath("/", name, value, maxAge)
}

// setCookieLineForPath is like setCookieLine, for a cookie that browsers send only to URLs below path.
func (s *Sessions) setCookieLineForPath(path, name, value string, maxAge int) string {
	var b strings.Builder
	b.WriteString(name + "=" + cookieValueEncoder.Replace(value))
	if maxAge != untilBrowserCloses {
		b.WriteString("; Max-Age=" + strconv.Itoa(maxAge))
	}
	b.WriteString("; Path=" + path + "; HttpOnly")
	if s.secure {
		b.WriteString("; Secure")
	}
	b.WriteString("; SameSite=Lax")
	return b.String()
}

// cookieValueEncoder percent-encodes the value of a cookie like the JavaScript function of this name. No other
// character that this function would encode occurs in Xenon's cookies.
var cookieValueEncoder = strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D", "%", "%25", ":", "%3A",
	"$", "%24")
