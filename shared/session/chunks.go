package session

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Better Auth cuts a cache cookie that browsers would refuse as too large into numbered parts. Its parts are read; here
// such a cookie is not set, since gateways refuse a request with all of them.
const (
	maxCookie = 4050 // bytes of a Set-Cookie line
	maxChunks = 100
)

// addCache hands out value as the cache cookie, unless it is empty or too large for one, and clears what r carries of
// an older one.
func (s *Sessions) addCache(w http.ResponseWriter, r *http.Request, value string, maxAge int) {
	name := s.name(sessionData)
	if len(value) > maxCookie-len(s.line(name+".99", "", maxAge)) { // measured as the library does
		value = ""
	}
	set := value == ""
	for _, old := range s.cacheNames(r) {
		if old != name || value == "" {
			s.addRaw(w, old, "", 0)
			continue
		}
		s.addRaw(w, name, value, maxAge)
		set = true
	}
	if !set {
		s.addRaw(w, name, value, maxAge)
	}
}

// clearCache clears every cache cookie that r carries.
func (s *Sessions) clearCache(w http.ResponseWriter, r *http.Request) {
	for _, name := range s.cacheNames(r) {
		s.addRaw(w, name, "", 0)
	}
}

// cacheNames are the names of the cache cookie and its parts that r carries, each once, in r's order.
func (s *Sessions) cacheNames(r *http.Request) []string {
	var names []string
	for k := range cookies(r) {
		_, numbered := s.chunk(k)
		if (numbered || k == s.name(sessionData)) && !slices.Contains(names, k) {
			names = append(names, k)
		}
	}
	return names
}

// cacheValues are the values of the cache cookies of r that are not empty; without one, the value that is put together
// from the parts, if there are any.
func (s *Sessions) cacheValues(r *http.Request) (values []string) {
	for whole := range s.named(r, sessionData) {
		if whole != "" && len(values) < maxTokens {
			values = append(values, whole)
		}
	}
	if values != nil {
		return values
	}
	parts := map[int]string{}
	for k, v := range cookies(r) {
		if i, ok := s.chunk(k); ok {
			parts[i] = decode(v)
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

// chunk is the number of the part of the cache cookie that a cookie's name says it is.
func (s *Sessions) chunk(name string) (int, bool) {
	number, ok := strings.CutPrefix(name, s.name(sessionData)+".")
	if !ok {
		return 0, false
	}
	i, err := strconv.Atoi(number)
	return i, err == nil && i >= 0 && i < maxChunks && strconv.Itoa(i) == number
}
