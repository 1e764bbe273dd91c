package web

import (
	"net/http"
	"strings"
)

// Origins decides which origins and redirect targets are trusted: the public origin and what the deployment adds to it
// (contract: trusted URLs). It is stricter than Better Auth where that follows a browser's leniency: spaces, tabs,
// backslashes and "https:host" are refused.
type Origins struct {
	own     string
	entries []trustedEntry
}

// NewOrigins trusts own and every one of others: exact origins, custom schemes ("myapp://"), or patterns in which *
// stands for any characters and ? for one. config refuses those that would trust strangers.
func NewOrigins(own string, others []string) Origins {
	o := Origins{own: own}
	for _, text := range append([]string{own}, others...) {
		o.entries = append(o.entries, newTrustedEntry(text, strings.HasPrefix(own, "http:")))
	}
	return o
}

// TrustsOrigin reports whether an Origin or Referer header names a trusted origin.
func (o Origins) TrustsOrigin(header string) bool {
	if strings.HasPrefix(header, "/") {
		return false
	}
	return o.trustsAbsolute(header)
}

// maxTarget is the most bytes of a redirect target. It comes back in a Location header and in the request line of a
// mailed link, where each byte may take three.
const maxTarget = 2048

// TrustsRedirect reports whether a browser may be sent to target: a path of the site itself, or a trusted origin.
func (o Origins) TrustsRedirect(target string) bool {
	if len(target) > maxTarget {
		return false
	}
	if strings.HasPrefix(target, "/") {
		return safePath(target)
	}
	return o.trustsAbsolute(target)
}

// safePath refuses every form of a path that some browser or router could read as another host.
func safePath(target string) bool {
	if strings.HasPrefix(target, "//") || strings.Contains(target, `\`) || strings.ContainsFunc(target, isControl) {
		return false
	}
	path := strings.ToLower(target)
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	return !strings.Contains(path, "%2f") && !strings.Contains(path, "%5c")
}

func isControl(r rune) bool { return r < 0x20 || r >= 0x7f && r <= 0x9f }

func (o Origins) trustsAbsolute(text string) bool {
	target, ok := parseTarget(text)
	if !ok {
		return false
	}
	for _, e := range o.entries {
		if e.trusts(target) {
			return true
		}
	}
	return false
}

var (
	errMissingOrigin = NewError(http.StatusForbidden, "MISSING_OR_NULL_ORIGIN", "Missing or null Origin")
	errInvalidOrigin = NewError(http.StatusForbidden, "INVALID_ORIGIN", "Invalid origin")
	errCrossSite     = NewError(http.StatusForbidden, "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED",
		"Cross-site navigation login blocked. This request appears to be a CSRF attack.")
)

// CheckOrigin refuses a request that changes something and carries cookies unless it comes from a trusted origin
// (contract 14.1). Requests without cookies are not its business.
func (o Origins) CheckOrigin(r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions || !hasCookies(r) {
		return nil
	}
	return o.requireOrigin(r)
}

// CheckLogin guards sign-in and sign-up, which have no cookie yet to protect: a browser that says where the request
// comes from has to come from a trusted origin (contract 14.2). A client that says nothing, such as curl, passes.
func (o Origins) CheckLogin(r *http.Request) error {
	if hasCookies(r) {
		return o.requireOrigin(r)
	}
	site, mode := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Sec-Fetch-Mode")
	metadata := strings.TrimSpace(site+mode+r.Header.Get("Sec-Fetch-Dest")) != ""
	switch {
	case metadata && site == "cross-site" && mode == "navigate":
		return errCrossSite
	case metadata || r.Header.Get("Origin") != "" || r.Header.Get("Referer") != "":
		return o.requireOrigin(r)
	}
	return nil
}

// hasCookies reports whether r has a cookie besides the device cookie. That one stays when a session ends and permits
// nothing, so that a client without an Origin header signs in again as it did the first time.
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

// requireOrigin takes the Origin header, else the Referer. A null Origin, as privacy settings make a browser send it,
// passes when the browser says that the page is of our own origin; the library looks at the Host header for that, which
// is the CDN's and not the site's here.
func (o Origins) requireOrigin(r *http.Request) error {
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

// CheckRedirects refuses the redirect targets a request names, on any route, used or not, unless they are trusted
// (contract 14.3). It wants ReadBody first.
func (o Origins) CheckRedirects(r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return nil
	}
	for _, t := range []struct{ member, label, code string }{
		{"callbackURL", "callbackURL", "INVALID_CALLBACK_URL"},
		{"redirectTo", "redirectURL", "INVALID_REDIRECT_URL"},
		{"errorCallbackURL", "errorCallbackURL", "INVALID_ERROR_CALLBACK_URL"},
		{"newUserCallbackURL", "newUserCallbackURL", "INVALID_NEW_USER_CALLBACK_URL"},
	} {
		value := field(r, t.member)
		if falsy(value) && t.member == "callbackURL" {
			value = queryValue(r, t.member)
		}
		if falsy(value) {
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

// falsy is JavaScript's idea of it.
func falsy(v any) bool {
	return v == nil || v == "" || v == false || v == float64(0)
}

// queryValue is a query parameter as the library sees it: text, or a list when it is repeated.
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
