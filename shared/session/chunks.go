package session

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Better Auth splits a cache cookie that is too large for a browser into numbered parts. Xenon reads such parts but
// never sets them, because API Gateway rejects a request with headers that large.
const (
	maxSetCookieLineBytes = 4050 // largest Set-Cookie line, in bytes
	maxCacheCookieParts   = 100  // largest number of parts that are read
)

// addCacheCookies adds Set-Cookie lines to w. One sets the cache cookie to value. The others clear every other cache
// cookie of r, such as a part of a split one. If value is empty or too large for one cookie, addCacheCookies sets no
// cookie and clears all cache cookies of r.
func (s *Sessions) addCacheCookies(w http.ResponseWriter, r *http.Request, value string, maxAge int) {
	name := s.browserCookieName(sessionDataCookie)
	// Better Auth computes the size with the name of part 99, even for a cookie that it does not split.
	if len(value) > maxSetCookieLineBytes-len(s.setCookieLine(name+".99", "", maxAge)) {
		value = ""
	}
	done := value == ""
	for _, old := range s.cacheCookieNames(r) {
		if old != name || value == "" {
			s.addCookieLine(w, old, "", 0)
			continue
		}
		s.addCookieLine(w, name, value, maxAge)
		done = true
	}
	if !done {
		s.addCookieLine(w, name, value, maxAge)
	}
}

// clearCacheCookies clears every cache cookie of r.
func (s *Sessions) clearCacheCookies(w http.ResponseWriter, r *http.Request) {
	for _, name := range s.cacheCookieNames(r) {
		s.addCookieLine(w, name, "", 0)
	}
}

// cacheCookieNames returns the names of r's cache cookie and of its parts, each name once, in the order of the request.
func (s *Sessions) cacheCookieNames(r *http.Request) []string {
	var names []string
	for k := range cookiePairs(r, sessionDataCookie) {
		_, numbered := s.cacheCookiePartNumber(k)
		if (numbered || k == s.browserCookieName(sessionDataCookie)) && !slices.Contains(names, k) {
			names = append(names, k)
		}
	}
	return names
}

// cacheCookieValues returns the values of r's cache cookies that are not empty, at most maxSessionCookies. If there is
// none, it returns one value that is joined from the parts of a split cookie, or nil if r has no parts.
func (s *Sessions) cacheCookieValues(r *http.Request) (values []string) {
	for whole := range s.cookieValues(r, sessionDataCookie) {
		if whole != "" && len(values) < maxSessionCookies {
			values = append(values, whole)
		}
	}
	if values != nil {
		return values
	}
	parts := map[int]string{}
	for k, v := range cookiePairs(r, sessionDataCookie) {
		if i, ok := s.cacheCookiePartNumber(k); ok {
			parts[i] = percentDecode(v)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	var b strings.Builder
	for _, i := range slices.Sorted(maps.Keys(parts)) {
		b.WriteString(parts[i])
	}
	return []string{b.String()}
}

// cacheCookiePartNumber returns n for the name of part n of the cache cookie, and false for any other name.
func (s *Sessions) cacheCookiePartNumber(name string) (int, bool) {
	number, ok := strings.CutPrefix(name, s.browserCookieName(sessionDataCookie)+".")
	if !ok {
		return 0, false
	}
	i, err := strconv.Atoi(number)
	return i, err == nil && i >= 0 && i < maxCacheCookieParts && strconv.Itoa(i) == number
}
