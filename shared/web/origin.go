package web

import (
	"net/http"
	"strings"
)

// Origins are the trusted origins: the public origin of the site and those of the setting BETTER_AUTH_TRUSTED_ORIGINS
// (docs/wire.md#trusted-urls). Their check is stricter than Better Auth's: it rejects malformed URLs that browsers
// correct, such as "https:host" or a URL with spaces, tabs or backslashes.
type Origins struct {
	own     string
	entries []trustedEntry
}

// NewOrigins returns Origins with the site's own origin (own) and the trusted origins in others. Each of those is an
// exact origin, a host, a custom scheme ("myapp://"), or a pattern. In a pattern, * stands for any number of characters
// and ? for one, but never for a slash. In a host name, a wildcard with other text in its label does not match a dot.
// shared/config has already rejected patterns that match hosts of other owners.
func NewOrigins(own string, others ...string) Origins {
	o := Origins{own: own}
	for _, text := range append([]string{own}, others...) {
		o.entries = append(o.entries, newTrustedEntry(text, strings.HasPrefix(own, "http:")))
	}
	return o
}

// TrustsOrigin reports whether the value of an Origin or Referer header is a URL of a trusted origin.
func (o Origins) TrustsOrigin(header string) bool {
	if strings.HasPrefix(header, "/") {
		return false
	}
	return o.trustsAbsoluteURL(header)
}

// maxRedirectTargetBytes is the maximum size of a redirect target in bytes. Xenon sends the target in a Location header
// and in the query of a mailed link, where percent-encoding may triple its size.
const maxRedirectTargetBytes = 2048

// TrustsRedirect reports whether Xenon may redirect a browser to target: a path of the site itself, or a URL of a
// trusted origin.
func (o Origins) TrustsRedirect(target string) bool {
	if len(target) > maxRedirectTargetBytes {
		return false
	}
	if strings.HasPrefix(target, "/") {
		return isSafePath(target)
	}
	return o.trustsAbsoluteURL(target)
}

// isSafePath reports whether a path, with its query, certainly stays on the site: no browser or router could interpret
// it as a URL of another host.
func isSafePath(target string) bool {
	if strings.HasPrefix(target, "//") || strings.Contains(target, `\`) ||
		strings.ContainsFunc(target, isControlCharacter) {
		return false
	}
	path := strings.ToLower(target)
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	return !strings.Contains(path, "%2f") && !strings.Contains(path, "%5c")
}

func isControlCharacter(r rune) bool { return r < 0x20 || r >= 0x7f && r <= 0x9f }

func (o Origins) trustsAbsoluteURL(text string) bool {
	target, ok := parseTarget(text)
	if !ok {
		return false
	}
	for _, e := range o.entries {
		if e.matches(target) {
			return true
		}
	}
	return false
}

var (
	errMissingOrigin  = NewError(http.StatusForbidden, "MISSING_OR_NULL_ORIGIN", "Missing or null Origin")
	errInvalidOrigin  = NewError(http.StatusForbidden, "INVALID_ORIGIN", "Invalid origin")
	errCrossSiteLogin = NewError(http.StatusForbidden, "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED",
		"Cross-site navigation login blocked. This request appears to be a CSRF attack.")
)

// hasSafeMethod reports whether r has a method that changes nothing: GET, HEAD or OPTIONS.
func hasSafeMethod(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
}

// CheckOrigin rejects a request that has cookies and does not come from a trusted origin (docs/wire.md#origin-check).
// It accepts GET, HEAD and OPTIONS, and every request without cookies. The device cookie does not count (hasCookies).
func (o Origins) CheckOrigin(r *http.Request) error {
	if hasSafeMethod(r) || !hasCookies(r) {
		return nil
	}
	return o.requireTrustedOrigin(r)
}

// CheckOriginOfLogin is like CheckOrigin, for sign-in and sign-up, whose requests often have no cookies yet. It also
// checks a request without cookies if it has an Origin, Referer or Sec-Fetch header, as browsers send them
// (docs/wire.md#sign-in-origin-check). A client that sends none of these headers, such as curl, passes.
func (o Origins) CheckOriginOfLogin(r *http.Request) error {
	if hasCookies(r) {
		return o.requireTrustedOrigin(r)
	}
	site, mode := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Sec-Fetch-Mode")
	metadata := strings.TrimSpace(site+mode+r.Header.Get("Sec-Fetch-Dest")) != ""
	switch {
	case metadata && site == "cross-site" && mode == "navigate":
		return errCrossSiteLogin
	case metadata || r.Header.Get("Origin") != "" || r.Header.Get("Referer") != "":
		return o.requireTrustedOrigin(r)
	}
	return nil
}

// hasCookies reports whether r has a cookie other than the device cookie. The device cookie does not count, because it
// does not identify a caller and stays when a session ends: a client without an Origin header can sign in again as it
// did the first time.
func hasCookies(r *http.Request) bool {
	for _, header := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(header, ";") {
			name, _, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if name != "better-auth.device" && name != "__Secure-better-auth.device" {
				return true
			}
		}
	}
	return false
}

// requireTrustedOrigin rejects r unless its Origin header, or its Referer if there is no Origin, is trusted. Privacy
// settings make a browser send "Origin: null", which passes if Sec-Fetch-Site is "same-origin". Better Auth compares
// the Host header instead, but behind CloudFront that is not the host of the site.
func (o Origins) requireTrustedOrigin(r *http.Request) error {
	origin := r.Header.Get("Origin")
	if origin == "" {
		origin = r.Header.Get("Referer")
	}
	switch {
	case origin == "null" && r.Header.Get("Sec-Fetch-Site") == "same-origin":
		return nil
	case origin == "" || origin == "null":
		return errMissingOrigin
	case !o.TrustsOrigin(origin):
		return errInvalidOrigin
	}
	return nil
}

// CheckRedirects rejects a request whose body has an untrusted redirect target, whether or not the route uses the
// target (docs/wire.md#redirect-targets). It looks for callbackURL also in the query. It accepts GET, HEAD and OPTIONS.
// Call ReadBody first.
func (o Origins) CheckRedirects(r *http.Request) error {
	if hasSafeMethod(r) {
		return nil
	}
	for _, t := range []struct{ member, label, code string }{
		{"callbackURL", "callbackURL", "INVALID_CALLBACK_URL"},
		{"redirectTo", "redirectURL", "INVALID_REDIRECT_URL"},
		{"errorCallbackURL", "errorCallbackURL", "INVALID_ERROR_CALLBACK_URL"},
		{"newUserCallbackURL", "newUserCallbackURL", "INVALID_NEW_USER_CALLBACK_URL"},
	} {
		value := bodyField(r, t.member)
		if isFalsy(value) && t.member == "callbackURL" {
			value = queryValue(r, t.member)
		}
		if isFalsy(value) {
			continue
		}
		target, ok := value.(string)
		if !ok {
			return NewError(http.StatusBadRequest, "", "Invalid "+t.label+": expected a string")
		}
		if !o.TrustsRedirect(target) {
			return NewError(http.StatusForbidden, t.code, "Invalid "+t.label)
		}
	}
	return nil
}

// isFalsy reports whether a decoded JSON value is falsy in JavaScript.
func isFalsy(v any) bool {
	return v == nil || v == "" || v == false || v == float64(0)
}

// queryValue returns a query parameter as Better Auth reads it: a string, or a list if it is repeated.
func queryValue(r *http.Request, name string) any {
	switch values := r.URL.Query()[name]; len(values) {
	case 0:
		return nil
	case 1:
		return values[0]
	default:
		return values
	}
}
