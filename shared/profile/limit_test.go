package profile_test

import (
	"testing"
	"time"
)

func TestProfileIsLimitedByIPAddress(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT", "on", "CLIENT_IP", "xff:1")
	_, token := s.newUser()
	s.do("POST", token, "{}", "X-Forwarded-For", "192.0.2.9")
	for i := range 100 {
		if w := s.do("GET", token, "", "X-Forwarded-For", "192.0.2.1"); w.Code != 200 {
			t.Fatalf("request %d: got %d %s, want 200", i+1, w.Code, w.Body)
		}
	}
	w := s.do("GET", token, "", "X-Forwarded-For", "192.0.2.1")
	want := `{"detail":"Too many requests. Please try again later.","error_code":"TOO_MANY_REQUESTS"}`
	if w.Code != 429 || w.Body.String() != want || w.Header().Get("X-Retry-After") != "10" {
		t.Errorf("request above the limit: got %d %s, X-Retry-After %q, want 429 %s and 10",
			w.Code, w.Body, w.Header().Get("X-Retry-After"), want)
	}
	if w := s.do("PUT", token, "{}", "X-Forwarded-For", "192.0.2.1"); w.Code != 429 {
		t.Errorf("another method: got %d, want 429", w.Code)
	}
	if w := s.do("GET", token, "", "X-Forwarded-For", "192.0.2.2"); w.Code != 200 {
		t.Errorf("another IP address: got %d, want 200", w.Code)
	}
	s.now = s.now.Add(10 * time.Second)
	if w := s.do("GET", token, "", "X-Forwarded-For", "192.0.2.1"); w.Code != 200 {
		t.Errorf("request after the window of ten seconds: got %d, want 200", w.Code)
	}
}

func TestRequestsWithInvalidTokensCountAgainstTheLimit(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT", "on")
	for i := range 101 {
		want := 401
		if i == 100 {
			want = 429
		}
		if w := s.do("GET", "", "", "Authorization", "Bearer garbage"); w.Code != want {
			t.Fatalf("request %d: got %d, want %d", i+1, w.Code, want)
		}
	}
}

func TestRateLimitRulesApplyToTheProfile(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT", "on", "RATE_LIMIT_RULES", `{"/api/*": {"window": 60, "max": 1}}`)
	_, token := s.newUser()
	s.do("POST", token, "{}")
	if w := s.do("GET", token, ""); w.Code != 429 || w.Header().Get("X-Retry-After") != "60" {
		t.Errorf("request above the limit: got %d, X-Retry-After %q, want 429 and 60",
			w.Code, w.Header().Get("X-Retry-After"))
	}
}

// A 429 has no Cache-Control, unlike other responses of /api/profile, and no WWW-Authenticate, unlike a 401.
func TestRateLimitAnswerHasNoCacheControlAndNoWWWAuthenticate(t *testing.T) {
	t.Parallel()
	for name, hasToken := range map[string]bool{"a good token": true, "no token": false} {
		s := newServer(t, "RATE_LIMIT", "on", "RATE_LIMIT_RULES", `{"/api/*": {"window": 60, "max": 1}}`)
		_, token := s.newUser()
		s.do("POST", token, "{}")
		if !hasToken {
			token = ""
		}
		w := s.do("GET", token, "")
		if w.Code != 429 || w.Header().Get("Cache-Control") != "" || w.Header().Get("WWW-Authenticate") != "" {
			t.Errorf("request above the limit with %s: got %d, headers %v, want 429 without Cache-Control and "+
				"WWW-Authenticate", name, w.Code, w.Header())
		}
	}
}

func TestALimitedProfileReadIsOneRoundTrip(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT", "on")
	_, token := s.newUser()
	s.do("POST", token, "{}")
	before := s.wire.RoundTrips()
	s.do("GET", token, "")
	if got := s.wire.RoundTrips() - before; got != 1 {
		t.Errorf("GET with rate limits took %d round trips, want 1", got)
	}
}
