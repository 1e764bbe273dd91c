package attack

import (
	"encoding/json"
	"hash/crc32"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// FuzzRoutes sends the fuzzer's requests as a signed-in user. The response must not be a 5xx, and a JSON response must
// be valid. A route that does not exist is mapped to an existing one, so that the fuzzer's inputs are not wasted.
// TestR54_NothingIsInjected tests the routes delete-user, sign-out and revoke-sessions, which end the session.
func FuzzRoutes(f *testing.F) {
	for _, seed := range [][5]string{
		{
			"POST /api/auth/sign-up/email", "",
			`{"name":"a","email":"b@example.com","password":"correct horse","image":null,"callbackURL":"/"}`,
			"application/json", "curl",
		},
		{
			"POST /api/auth/sign-in/email", "", `email=ada@example.com&password=x`,
			"application/x-www-form-urlencoded", "\x1b[2J",
		},
		{"POST /api/auth/update-user", "", `{"name":"\u0000","image":"\ud800"}`, "application/json", ""},
		{"POST /api/auth/revoke-session", "", `{"token":{}}`, "application/json", ""},
		{"POST /api/auth/unlink-account", "", `{"providerId":"credential","accountId":"x"}`, "application/json", ""},
		{"GET /api/auth/verify-email", "token=a.b.c&callbackURL=/x", "", "", ""},
		{"GET /api/auth/reset-password/{token}", "callbackURL=/x", "", "", ""},
		{"GET /api/auth/callback/{provider}", "state=x&error=y", "", "", ""},
		{"GET /api/auth/account-info", "accountId=00000000-0000-4000-8000-000000000000", "", "", ""},
		{"PUT /api/profile", "", `{"preferred_language":"e\u0000","time_per_week":1e9}`, "application/json", "\"x\""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4])
	}
	s := newTestServer(f)
	ada := s.newUser(f)
	routes := slices.DeleteFunc(slices.Sorted(maps.Keys(s.routes)), func(route string) bool {
		return strings.HasSuffix(route, "/delete-user") || strings.HasSuffix(route, "/sign-out") ||
			strings.HasSuffix(route, "/revoke-sessions")
	})
	f.Fuzz(func(t *testing.T, route, query, body, media, text string) {
		if !slices.Contains(routes, route) {
			route = routes[int(crc32.ChecksumIEEE([]byte(route)))%len(routes)]
		}
		method, path, _ := strings.Cut(route, " ")
		path = strings.NewReplacer("{token}", "x", "{provider}", "github").Replace(path)
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header = http.Header{
			"Origin": {"http://localhost:3000"}, "Content-Type": {media}, "User-Agent": {text}, "If-Match": {text},
			"X-Forwarded-For": {text}, "Cookie": {ada.cookie + "; better-auth.session_data=" + text},
		}
		if strings.HasPrefix(path, "/api/profile") {
			r.Header.Set("Authorization", "Bearer "+ada.jwt)
		}
		w := httptest.NewRecorder()
		s.mux.ServeHTTP(w, r)
		isBrokenJSON := w.Body.Len() > 0 && w.Header().Get("Content-Type") == "application/json" &&
			!json.Valid(w.Body.Bytes())
		if w.Code >= http.StatusInternalServerError || isBrokenJSON {
			t.Errorf("%s %s: got %d %.300s, want a status below 500 and no invalid JSON", method, path, w.Code, w.Body)
		}
	})
}
