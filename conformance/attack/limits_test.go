package attack

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"
)

// countStatuses calls send n times, with i from 0, and counts the responses by status.
func countStatuses(n int, send func(i int) *httptest.ResponseRecorder) map[int]int {
	got := map[int]int{}
	for i := range n {
		got[send(i).Code]++
	}
	return got
}

// The attacker has copied a session token and guesses its owner's password for a day, on every route that compares a
// password, each time from a different IP address. Only a limited number of guesses is compared with the password.
func TestEveryRouteLimitsPasswordGuesses(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	s := newTestServer(t)
	e := s.newEnvironment(t, 4, func() time.Time { return now }, "RATE_LIMIT=on", "CLIENT_IP=xff:1")
	stolen := e.newUser(t).bearer
	routes := map[string]string{
		"sign-in/email":   `{"email":"` + userEmail + `","password":%q}`,
		"verify-password": `{"password":%q}`,
		"change-password": `{"newPassword":"attacker's password","currentPassword":%q}`,
		"delete-user":     `{"password":%q}`,
	}
	guesses := 0
	guess := func(path, password string) int {
		guesses++
		header := requestHeaders(stolen, fmt.Sprintf("198.51.%d.%d", guesses/250, guesses%250))
		return e.do("POST", "/api/auth/"+path, fmt.Sprintf(routes[path], password), header).Code
	}
	paths := slices.Sorted(maps.Keys(routes))
	compared := map[string]int{}
	for hour := range 24 {
		for i := range paths {
			path := paths[(hour+i)%len(paths)] // rotated, because the first of three routes uses up their common limit
			for range 25 {
				switch code := guess(path, "wrong horse"); code {
				case http.StatusBadRequest, http.StatusUnauthorized:
					compared[path]++
				case http.StatusTooManyRequests:
				default:
					t.Fatalf("a guess at %s: got %d, want 400, 401 or 429", path, code)
				}
			}
		}
		now = now.Add(time.Hour)
	}
	t.Logf("compared guesses in a day: %v", compared)
	for _, path := range paths {
		if compared[path] == 0 {
			t.Errorf("guesses at %s: got 429 for each, want some compared with the password", path)
		}
	}
	if n := compared["verify-password"] + compared["change-password"] + compared["delete-user"]; n > 24*10 {
		t.Errorf("guesses compared in one session in a day: got %d, want at most 10 an hour", n)
	}
	if n := compared["sign-in/email"]; n > 24*20 {
		t.Errorf("guesses compared by sign-in/email in a day: got %d, want at most 20 an hour", n)
	}

	for range 25 { // these use up the limits, after which the right password gets the same response as a wrong one
		guess("sign-in/email", "wrong horse")
		guess("verify-password", "wrong horse")
	}
	for _, path := range []string{"sign-in/email", "verify-password", "change-password", "delete-user"} {
		if code := guess(path, userPassword); code != http.StatusTooManyRequests {
			t.Errorf("%s with the right password after too many wrong ones: got %d, want 429", path, code)
		}
	}
}

// An IP address that sends 150 requests to /api/profile or /health gets 429 after the first 100, whether its token is
// valid or not. A user at another IP address is not affected. At /health a monitor can send one request a second, even
// with a lower limit.
func TestProfileAndHealthAreLimited(t *testing.T) {
	t.Parallel()
	now := time.Now() // the time at which the token was issued
	s := newTestServer(t)
	token := s.newUser(t).jwt
	e := s.newEnvironment(t, 4, func() time.Time { return now }, "RATE_LIMIT=on", "CLIENT_IP=xff:1")
	for _, c := range []struct {
		path, token, ip  string
		statusBelowLimit int
	}{
		{"/api/profile", token, "203.0.113.1", http.StatusOK},
		{"/api/profile", "garbage", "203.0.113.2", http.StatusUnauthorized},
		{"/health", "", "203.0.113.3", http.StatusOK},
	} {
		got := countStatuses(
			150,
			func(int) *httptest.ResponseRecorder { return e.do("GET", c.path, "", requestHeaders(c.token, c.ip)) },
		)
		if got[c.statusBelowLimit] != 100 || got[http.StatusTooManyRequests] != 50 {
			t.Errorf("150 requests to %s: got %v, want 100 times %d and 50 times 429", c.path, got, c.statusBelowLimit)
		}
	}
	for path, header := range map[string]http.Header{
		"/api/profile": requestHeaders(token, ownerIP), "/health": requestHeaders("", ownerIP),
	} {
		if w := e.do("GET", path, "", header); w.Code != http.StatusOK {
			t.Errorf("GET %s from another IP address: got %d %s, want 200", path, w.Code, w.Body)
		}
	}
	strict := s.newEnvironment(t, 2, func() time.Time { return now },
		"RATE_LIMIT=on", `RATE_LIMIT_RULES={"/health":{"window":60,"max":1}}`)
	got := countStatuses(120, func(int) *httptest.ResponseRecorder {
		now = now.Add(time.Second)
		return strict.do("GET", "/health", "", nil)
	})
	if got[http.StatusOK] != 120 {
		t.Errorf("a monitor with one request each second: got %v, want 120 times 200", got)
	}
}

// The attacker has an IPv6 /48, as internet providers assign to a site, and tries one password at many accounts, three
// accounts from each /64. All networks of the /48 share one limit.
func TestManyNetworksOfOneIPv6SiteShareALimit(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	s := newTestServer(t)
	e := s.newEnvironment(t, 4, func() time.Time { return now }, "RATE_LIMIT=on", "CLIENT_IP=xff:1")
	signIn := func(i int, ip string) *httptest.ResponseRecorder {
		body := fmt.Sprintf(`{"email":"user%d@example.com","password":"password1"}`, i)
		return e.do("POST", signInPath, body, requestHeaders("", ip))
	}
	got := countStatuses(
		120,
		func(i int) *httptest.ResponseRecorder { return signIn(i, fmt.Sprintf("2001:db8:47:%x::1", i/3)) },
	)
	if got[http.StatusUnauthorized] != 30 || got[http.StatusTooManyRequests] != 90 {
		t.Errorf("120 guesses from 40 networks of one /48: got %v, want 30 times 401 and 90 times 429", got)
	}
	if w := signIn(0, "2001:db8:48::1"); w.Code != http.StatusUnauthorized {
		t.Errorf("a guess from another /48: got %d %s, want 401", w.Code, w.Body)
	}
}
