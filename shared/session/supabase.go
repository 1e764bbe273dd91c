package session

import (
	"net/http"
	"strconv"
	"strings"
)

// SupabaseCookies returns the names of the cookies in r in which a client of a Supabase project keeps its session, and
// their value: that of the cookie sb-<ref>-auth-token, or else the joined values of its parts .0, .1 and so on.
func SupabaseCookies(r *http.Request, ref string) (names []string, value string) {
	whole := "sb-" + ref + "-auth-token"
	values := map[string]string{}
	for name, v := range cookiePairs(r, whole) {
		part, isPart := strings.CutPrefix(name, whole+".")
		if _, err := strconv.ParseUint(part, 10, 8); name != whole && (!isPart || err != nil) {
			continue
		}
		if _, known := values[name]; !known {
			names = append(names, name)
			values[name] = percentDecode(v)
		}
	}
	if value = values[whole]; value != "" {
		return names, value
	}
	var parts strings.Builder
	for i := range names {
		part, ok := values[whole+"."+strconv.Itoa(i)]
		if !ok {
			break
		}
		parts.WriteString(part)
	}
	return names, parts.String()
}

// ClearSupabaseCookies clears cookies with the names that SupabaseCookies returned.
func (s *Sessions) ClearSupabaseCookies(w http.ResponseWriter, names []string) {
	for _, name := range names {
		s.addCookieLine(w, name, "", 0)
	}
}
