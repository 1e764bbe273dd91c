package session

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A cache cookie that browsers would refuse as too large is cut into numbered parts (contract: cookie cache).
const (
	maxCookie = 4050 // bytes of a Set-Cookie line
	maxChunks = 100  // more than that and the session is not cached
)

// part is a cookie that holds the cache or a part of it.
type part struct{ name, value string }

// addCache hands out value as the cache cookie and clears the parts of an older one that r carries and value does not need.
func (s *Sessions) addCache(w http.ResponseWriter, r *http.Request, value string, maxAge int) {
	parts := s.split(value, maxAge)
	for _, name := range s.cacheNames(r) {
		i := slices.IndexFunc(parts, func(p part) bool { return p.name == name })
		if i < 0 {
			s.addRaw(w, name, "", 0)
			continue
		}
		s.addRaw(w, name, parts[i].value, maxAge)
		parts = slices.Delete(parts, i, i+1)
	}
	for _, p := range parts {
		s.addRaw(w, p.name, p.value, maxAge)
	}
}

// split cuts a value into cookies; there are none when it takes more than maxChunks. The library measures by a chunk's
// name, also for a value that then stays whole.
func (s *Sessions) split(value string, maxAge int) []part {
	name := s.name(sessionData)
	size := maxCookie - len(s.line(name+".99", "", maxAge))
	switch count := (len(value) + size - 1) / size; {
	case count <= 1:
		return []part{{name, value}}
	case count > maxChunks:
		return nil
	}
	var parts []part
	for i := 0; len(value) > 0; i++ {
		n := min(size, len(value))
		parts = append(parts, part{name + "." + strconv.Itoa(i), value[:n]})
		value = value[n:]
	}
	return parts
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

// cacheValues are the values of the cache cookies of r that are not empty; without one, the value that is put together from
// the parts, if there are any.
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
