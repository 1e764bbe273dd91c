package auth_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/web"
)

// enableRateLimits is a function for newServer that switches the rate limits on, which is the default of the product.
func enableRateLimits(env map[string]string) { env["RATE_LIMIT"] = "" }

// setClientIP returns a function for newServer that sets CLIENT_IP.
func setClientIP(source string) func(map[string]string) {
	return func(env map[string]string) { env["CLIENT_IP"] = source }
}

// rateLimitRows returns the rows of the table rateLimit, each as "key count", with commas between them.
func (s *server) rateLimitRows() string {
	return query[string](s, `SELECT coalesce(string_agg(key || ' ' || count, ', ' ORDER BY key), '') FROM "rateLimit"`)
}

func (s *server) signInAda(headers ...string) answer {
	return s.do("POST", signInPath, signInBody, headers...)
}

func TestRateLimitAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits)
	s.signUpAda()
	for range 3 {
		if a := s.signInAda(); a.status != 200 {
			t.Fatalf("sign-in within the limit: got %d %s, want 200", a.status, a.body)
		}
	}
	s.now = s.now.Add(2500 * time.Millisecond)
	a := s.signInAda()
	if a.status != 429 || a.body != `{"message":"Too many requests. Please try again later."}` {
		t.Errorf("sign-in above the limit: got %d %s, want 429 and only the message", a.status, a.body)
	}
	a.header.Del(web.RequestIDHeader)
	a.header.Del("Vary") // depends on CORS, not on the rate limit
	want := http.Header{"Content-Type": {"application/json"}, "X-Retry-After": {"8"}}
	if diff := cmp.Diff(want, a.header); diff != "" {
		t.Errorf("headers of a 429 (-want +got):\n%s", diff)
	}
	s.now = s.now.Add(7499 * time.Millisecond)
	if a := s.signInAda(); a.status != 429 || a.header.Get("X-Retry-After") != "1" {
		t.Errorf("sign-in a millisecond before the end of the window: got %d, X-Retry-After %q; want 429 and 1",
			a.status, a.header.Get("X-Retry-After"))
	}
	s.now = s.now.Add(time.Millisecond)
	if a := s.signInAda(); a.status != 200 {
		t.Errorf("sign-in at the end of the window: got %d, want 200", a.status)
	}
	if want := "no-trusted-ip|/sign-in/email 1, no-trusted-ip|/sign-up/email 1"; s.rateLimitRows() != want {
		t.Errorf("rows of rateLimit: got %s, want %s", s.rateLimitRows(), want)
	}
}

// Every request within the limit extends the window.
func TestWindowRunsFromTheLastAllowedRequest(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits)
	s.signUpAda()
	for i, c := range []struct {
		later  time.Duration
		status int
	}{{0, 200}, {9 * time.Second, 200}, {9 * time.Second, 200}, {9 * time.Second, 429}, {
		999 * time.Millisecond,
		429,
	}, {time.Millisecond, 200}} {
		s.now = s.now.Add(c.later)
		if a := s.signInAda(); a.status != c.status {
			t.Errorf("sign-in %d, %v after the one before: got %d, want %d", i, c.later, a.status, c.status)
		}
	}
}

func TestEveryPathHasItsOwnLimit(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, enableSharedDatabase)
	cookie := s.signUpAda().cookie()
	for _, c := range []struct {
		method, path string
		max          int
		window       time.Duration
	}{
		{"POST", "/api/auth/sign-up/email", 2, 10 * time.Second}, // signUpAda has sent the first of three
		{"POST", "/api/auth/sign-in/email", 3, 10 * time.Second},
		{"POST", "/api/auth/sign-in/social", 3, 10 * time.Second},
		{"POST", "/api/auth/change-password", 3, 10 * time.Second},
		{"POST", "/api/auth/change-email", 3, 10 * time.Second},
		{"POST", "/api/auth/request-password-reset", 3, time.Minute},
		{"POST", "/api/auth/send-verification-email", 3, time.Minute},
		{"GET", "/api/auth/get-session", 100, 10 * time.Second},
		{"POST", "/api/auth/get-session", 0, 10 * time.Second}, // GET and POST are counted together
		{"POST", "/api/auth/update-user", 100, 10 * time.Second},
		{"GET", "/api/auth/jwks", 100, 10 * time.Second},
		{"GET", discoveryPath, 100, 10 * time.Second},
		{"GET", wellKnownJWKSPath, 100, 10 * time.Second},
		{"GET", "/api/auth/reset-password/a", 100, 10 * time.Second},
		{"GET", "/api/auth/reset-password/b", 0, 10 * time.Second}, // the requests with all tokens are counted together
	} {
		for i := range c.max {
			if a := s.do(c.method, c.path, "", "Cookie", cookie, "Origin", origin); a.status == 429 {
				t.Fatalf("%s %s: request %d is rejected, want it within the limit", c.method, c.path, i+1)
			}
		}
		a := s.do(c.method, c.path, "", "Cookie", cookie, "Origin", origin)
		if want := fmt.Sprint(c.window.Seconds()); a.status != 429 || a.header.Get("X-Retry-After") != want ||
			a.header.Get("Set-Cookie") != "" {
			t.Errorf("%s %s above the limit: got %d, X-Retry-After %q, Set-Cookie %q; want 429, %s and no cookie",
				c.method, c.path, a.status, a.header.Get("X-Retry-After"), a.header.Get("Set-Cookie"), want)
		}
	}
	if strings.Contains(s.rateLimitRows(), "reset-password/a") {
		t.Error("the table rateLimit contains a one-time token, want none")
	}
}

// A request that a rate limit rejects changes nothing, on any route.
func TestRateLimitedRoutesChangeNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, enableSharedDatabase)
	first := s.signUpAda()
	// get-session and RequireCaller would clear the second cookie.
	headers := []string{"Cookie", first.cookie() + "; better-auth.session_data=leftover", "Origin", origin}
	link, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"email": "ada@example.com", "exp": s.now.Unix() +
		60}).
		SignedString([]byte("a secret of the tests, long enough"))
	if err != nil {
		t.Fatal(err)
	}
	for _, routes := range []web.Routes{
		s.svc.SignupRoutes(), s.svc.SigninRoutes(), s.svc.SignoutRoutes(), s.svc.SessionRoutes(),
		s.svc.TokenRoutes(), s.svc.JWKSRoutes(),
		s.svc.PasswordRoutes(), s.svc.EmailRoutes(), s.svc.AccountRoutes(), s.social.SocialRoutes(),
	} {
		for route := range routes {
			if strings.HasPrefix(route, "OPTIONS ") {
				continue // preflights have no limit
			}
			_, path, _ := strings.Cut(route, " ")
			s.exec(`INSERT INTO "rateLimit" (key, count, "lastRequest") VALUES ('no-trusted-ip|' || $1, 100, $2)
				ON CONFLICT (key) DO UPDATE SET count = 100`, strings.TrimPrefix(path, "/api/auth"), s.now.UnixMilli())
		}
	}
	before := s.tablesAsText()
	for _, c := range []struct{ method, path, body string }{
		{"POST", "sign-up/email", `{"name":"B","email":"b@example.com","password":"correct horse"}`},
		{"POST", "sign-in/email", signInBody},
		{"POST", "sign-out", `{}`},
		{"GET", "get-session", ``},
		{"GET", "list-sessions", ``},
		{"POST", "revoke-session", `{"token":"x"}`},
		{"POST", "revoke-sessions", `{}`},
		{"POST", "revoke-other-sessions", `{}`},
		{"POST", "update-session", `{}`},
		{"GET", "token", ``},
		{"GET", "jwks", ``},
		{"GET", discoveryPath, ``},
		{"GET", wellKnownJWKSPath, ``},
		{
			"POST", "change-password",
			`{"currentPassword":"correct horse","newPassword":"battery staple","revokeOtherSessions":true}`,
		},
		{"POST", "verify-password", `{"password":"correct horse"}`},
		{"POST", "request-password-reset", `{"email":"ada@example.com"}`},
		{"GET", "reset-password/abc?callbackURL=/reset", ``},
		{"POST", "reset-password", `{"newPassword":"battery staple","token":"abc"}`},
		{"POST", "send-verification-email", `{"email":"ada@example.com"}`},
		{"GET", "verify-email?callbackURL=/welcome&token=" + link, ``},
		{"POST", "change-email", `{"newEmail":"lovelace@example.com"}`},
		{"POST", "cancel-email-change", `{"token":"x"}`},
		{"POST", "update-user", `{"name":"B"}`},
		{"POST", "delete-user", `{"password":"correct horse"}`},
		{"GET", "delete-user/callback?token=abc&callbackURL=/bye", ``},
		{"GET", "list-accounts", ``},
		{"POST", "unlink-account", `{"providerId":"credential"}`},
		{"GET", "account-info?accountId=x", ``},
		{"POST", "get-access-token", `{"providerId":"x"}`},
		{"POST", "refresh-token", `{"providerId":"x"}`},
		{"POST", "sign-in/social", `{"provider":"x"}`},
		{"POST", "link-social", `{"provider":"x"}`},
	} {
		target := c.path
		if !strings.HasPrefix(target, "/") {
			target = "/api/auth/" + target
		}
		a := s.do(c.method, target, c.body, headers...)
		if a.status != 429 || a.header.Get("Set-Cookie") != "" || a.header.Get("Cache-Control") != "" {
			t.Errorf("%s %s above the limit: got %d %s, headers %v; want 429 without cookies and Cache-Control",
				c.method, c.path, a.status, a.body, a.header)
		}
	}
	if after := s.tablesAsText(); after != before {
		t.Errorf("rejected requests changed the database from\n%s\nto\n%s\nwant no change", before, after)
	}
}

// tablesAsText returns all users, sessions, accounts and verification rows as text.
func (s *server) tablesAsText() string {
	return query[string](s, `SELECT concat((SELECT json_agg(u) FROM "user" u), (SELECT json_agg(s) FROM session s),
		(SELECT json_agg(a) FROM account a), (SELECT json_agg(v) FROM verification v))`)
}

func TestRequestsWithErrorsCountToo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status  int
		body    string
		headers []string
	}{
		"400": {400, `{}`, nil},
		"401": {401, strings.Replace(signInBody, "correct", "wrong", 1), nil},
		"403": {403, signInBody, []string{"Cookie", "a=b", "Origin", "https://evil.example"}},
		"415": {415, signInBody, []string{"Content-Type", "text/plain"}},
	} {
		s := newServer(t, enableRateLimits)
		s.signUpAda()
		for i := range 4 {
			want := c.status
			if i == 3 {
				want = 429
			}
			if a := s.do("POST", signInPath, c.body, c.headers...); a.status != want {
				t.Errorf("sign-in answered with %s, request %d: got %d %s, want %d: a request with an error counts too",
					name, i+1, a.status, a.body, want)
			}
		}
	}
}

func TestR15_ConcurrentSignInsNeverExceedTheLimit(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits)
	s.signUpAda()
	url := dbtest.StartPgbouncer(t, s.url)
	pooled := newServer(t, enableRateLimits, func(env map[string]string) { env["DATABASE_URL"] = url })
	pooled.now = pooled.now.Add(time.Hour) // so that its requests begin a new window
	for i, site := range []*server{s, pooled} {
		var others atomic.Int32
		var hashed atomic.Int32
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() {
				switch a := site.do("POST", signInPath, strings.Replace(signInBody, "correct", "wrong", 1)); a.status {
				case 401: // R20: no other request computes a hash
					hashed.Add(1)
				case 429:
				default:
					others.Add(1)
				}
			})
		}
		group.Wait()
		if hashed.Load() != 3 || others.Load() != 0 {
			t.Errorf("server %d, 100 concurrent sign-ins: %d passwords were compared, %d unexpected statuses; want 3 and 0",
				i, hashed.Load(), others.Load())
		}
	}
}

// enableSharedDatabase is a function for newServer that makes the JWKS route read the database.
func enableSharedDatabase(env map[string]string) { env["SHARED_DATABASE"] = "on" }

func TestRateLimitTakesNoExtraRoundTrip(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, enableSharedDatabase)
	s.do("GET", jwksPath, "") // opens the connection, so that its round trips do not count below
	var cookie string
	for _, c := range []struct {
		name string
		want int
		call func()
	}{
		{"sign-up", 2, func() { cookie = s.signUpAda().cookie() }},
		{"sign-in", 2, func() { s.signInAda() }},
		{"get-session", 1, func() { s.do("GET", sessionPath, "", "Cookie", cookie) }},
		{"get-session without a session", 0, func() { s.do("GET", sessionPath, "") }},
		{"token", 1, func() { s.do("GET", tokenPath, "", "Cookie", cookie) }},
		{"jwks", 1, func() { s.do("GET", jwksPath, "") }},
		{"discovery", 1, func() { s.do("GET", discoveryPath, "") }},
		{"a bad request", 1, func() { s.do("POST", signInPath, `{}`) }},
		{"sign-out", 2, func() { s.do("POST", signOutPath, "", "Cookie", cookie, "Origin", origin) }},
		{"sign-out without a session", 0, func() { s.do("POST", signOutPath, "") }},
	} {
		if got := s.countRoundTrips(c.call); got != c.want {
			t.Errorf("%s with rate limits: got %d round trips, want %d", c.name, got, c.want)
		}
	}
}

func TestRejectedRequestsTakeNoRoundTrips(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits)
	for range 4 { // Postgres rejects the fourth
		s.signInAda()
	}
	if got := s.countRoundTrips(func() {
		for range 50 {
			if a := s.signInAda(); a.status != 429 {
				t.Errorf("sign-in above the limit: got %d, want 429", a.status)
			}
		}
	}); got != 0 {
		t.Errorf("50 sign-ins above the limit: got %d round trips, want 0", got)
	}
}

func TestR20_OverlongEmailIsRateLimited(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits)
	body := fmt.Sprintf(`{"email":"%s@example.com","password":"correct horse"}`, strings.Repeat("a", 9000))
	for i := range 4 {
		want := 401
		if i == 3 {
			want = 429
		}
		if a := s.do("POST", signInPath, body); a.status != want {
			t.Errorf("sign-in %d with an email of 9,012 bytes: got %d %s, want %d",
				i+1, a.status, a.body, want)
		}
	}
}

func TestRateLimitOffCountsNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUpAda()
	for range 20 {
		if a := s.signInAda(); a.status != 200 {
			t.Fatalf("sign-in without rate limits: got %d, want 200", a.status)
		}
	}
	if got := s.rateLimitRows(); got != "" {
		t.Errorf("20 sign-ins with RATE_LIMIT=off: got the rows %s in rateLimit, want none", got)
	}
}
