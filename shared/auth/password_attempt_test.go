package auth_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

const wrongSignIn = `{"email":"ada@example.com","password":"wrong horse"}`

// ipHeader returns the header, name and value, that gives a request the client IP address 192.0.2.last.
func ipHeader(last int) []string { return []string{"X-Forwarded-For", fmt.Sprintf("192.0.2.%d", last)} }

// guessFromManyIPs sends n sign-ins with a wrong password, each from another IP address, and returns the statuses.
func (s *server) guessFromManyIPs(email string, n int) (statuses []int) {
	s.t.Helper()
	for i := range n {
		body := fmt.Sprintf(`{"email":%q,"password":"wrong horse"}`, email)
		statuses = append(statuses, s.do("POST", signInPath, body, ipHeader(i)...).status)
	}
	return statuses
}

// countEqual returns how many of the statuses equal want.
func countEqual(statuses []int, want int) (n int) {
	for _, status := range statuses {
		if status == want {
			n++
		}
	}
	return n
}

// The limits are the same for an email that a user has and for one that no user has.
func TestR15_GuessesFromManyIPAddressesAreLimitedByAccount(t *testing.T) {
	t.Parallel()
	for _, email := range []string{"ADA@example.com", "nobody@example.com"} {
		s := newServer(t, enableRateLimits, setClientIP("xff:1"))
		s.signUpAda()
		if got := s.guessFromManyIPs(email, 30); countEqual(got, 401) != 20 || countEqual(got, 429) != 10 {
			t.Errorf("30 wrong passwords for %s: got statuses %v, want 20 of 401 and then 429", email, got)
		}
		lower := strings.ToLower(email)
		a := s.do("POST", signInPath, strings.Replace(wrongSignIn, "ada@example.com", lower, 1), ipHeader(200)...)
		if a.status != 429 || a.header.Get("X-Retry-After") != "3600" {
			t.Errorf("one more wrong password for %s: got %d, X-Retry-After %q; want 429 and 3600",
				email, a.status, a.header.Get("X-Retry-After"))
		}
		if got := query[int](s, `SELECT count FROM "rateLimit" WHERE key = $1`, "account:"+lower); got != 20 {
			t.Errorf("after 31 wrong passwords for %s: the account's counter is %d, want 20", email, got)
		}
		if a := s.do("POST", signInPath, strings.Replace(wrongSignIn, "ada", "eve", 1), ipHeader(201)...); a.status != 401 {
			t.Errorf("wrong password for another account: got %d, want 401", a.status)
		}
		s.now = s.now.Add(time.Hour)
		if got := s.guessFromManyIPs(email, 21); countEqual(got, 401) != 20 {
			t.Errorf("21 wrong passwords for %s an hour later: got statuses %v, want 20 of 401", email, got)
		}
	}
}

// Wrong passwords from one network do not lock out clients in other networks.
func TestSignInLimitsGuessesByNetwork(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, setClientIP("xff:1"))
	s.signUpAda()
	var got []int
	for range 12 {
		got = append(got, s.do("POST", signInPath, wrongSignIn, ipHeader(1)...).status)
		s.now = s.now.Add(10 * time.Second) // so that the limit of the path is not reached
	}
	if countEqual(got, 401) != 10 || countEqual(got, 429) != 2 {
		t.Errorf("12 wrong passwords from one network: got statuses %v, want 10 of 401 and then 429", got)
	}
	if a := s.do("POST", signInPath, signInBody, ipHeader(2)...); a.status != 200 {
		t.Errorf("right password from another network: got %d %s, want 200", a.status, a.body)
	}
}

// RATE_LIMIT_RULES can remove the limit of a path, but not the limits of wrong passwords.
func TestWrongPasswordsAreLimitedWithoutARuleForThePath(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, setClientIP("xff:1"),
		func(env map[string]string) { env["RATE_LIMIT_RULES"] = `{"/sign-in/email": false}` })
	s.signUpAda()
	var got []int
	for range 12 {
		got = append(got, s.do("POST", signInPath, wrongSignIn, ipHeader(1)...).status)
	}
	if countEqual(got, 401) != 10 || countEqual(got, 429) != 2 {
		t.Errorf("12 wrong passwords without a limit of the path: got statuses %v, want 10 of 401 and then 429", got)
	}
}

func TestSuccessfulSignInsDoNotCount(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, setClientIP("xff:1"))
	known := s.signUpAda()
	for i := range 50 {
		headers := ipHeader(i % 5)
		if i%2 == 0 {
			headers = append(headers, "Cookie", known.deviceCookie(), "Origin", origin)
		}
		if a := s.do("POST", signInPath, signInBody, headers...); a.status != 200 {
			t.Fatalf("sign-in %d with the right password: got %d %s, want 200", i+1, a.status, a.body)
		}
		s.now = s.now.Add(5 * time.Second)
	}
	if got := query[int](s, `SELECT count(*) FROM "rateLimit" WHERE key LIKE 'account:%'`); got != 0 {
		t.Errorf("after successful sign-ins: got %d counters of wrong passwords, want 0", got)
	}
}

// A sign-in with the right password does not count as a wrong password, even if the user is not allowed to sign in.
func TestRejectedSignInsWithTheRightPasswordDoNotCount(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, setClientIP("xff:1"),
		func(env map[string]string) { env["REQUIRE_EMAIL_VERIFICATION"] = "on" })
	s.signUpAda()
	for i := range 12 {
		if a := s.do("POST", signInPath, signInBody, ipHeader(i)...); a.errorCode() != "EMAIL_NOT_VERIFIED" {
			t.Fatalf("sign-in %d of an unverified user: got %d %s, want EMAIL_NOT_VERIFIED", i+1, a.status, a.body)
		}
	}
	s.exec(`UPDATE "user" SET "emailVerified" = true, banned = true`)
	for i := range 12 {
		if a := s.do("POST", signInPath, signInBody, ipHeader(100+i)...); a.errorCode() != "BANNED_USER" {
			t.Fatalf("sign-in %d of a banned user: got %d %s, want BANNED_USER", i+1, a.status, a.body)
		}
	}
	if got := query[int](s, `SELECT count(*) FROM "rateLimit" WHERE key LIKE 'account:%'`); got != 0 {
		t.Errorf("after rejected sign-ins with the right password: got %d counters of wrong passwords, want 0", got)
	}
}

// Of 120 concurrent sign-ins no more than 20 wrong passwords are compared. Right passwords do not change the count.
func TestParallelGuessesNeverExceedTheLimit(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, setClientIP("xff:1"))
	s.signUpAda()
	url := dbtest.StartPgbouncer(t, s.url)
	pooled := newServer(t, enableRateLimits, setClientIP("xff:1"),
		func(env map[string]string) { env["DATABASE_URL"] = url })
	pooled.now = pooled.now.Add(2 * time.Hour) // so that its requests begin a new window
	for i, site := range []*server{s, pooled} {
		var wrong, right, others atomic.Int32
		var group sync.WaitGroup
		for n := range 120 {
			group.Go(func() {
				body := wrongSignIn
				if n%12 == 0 {
					body = signInBody
				}
				switch a := site.do("POST", signInPath, body, ipHeader(n)...); a.status {
				case http.StatusUnauthorized:
					wrong.Add(1)
				case http.StatusOK:
					right.Add(1)
				case http.StatusTooManyRequests:
				default:
					others.Add(1)
				}
			})
		}
		group.Wait()
		left := query[int](s, `SELECT coalesce(sum(count), 0) FROM "rateLimit" WHERE key = 'account:ada@example.com'`)
		if wrong.Load() > 20 || others.Load() > 0 || left != int(wrong.Load()) {
			t.Errorf("server %d: got %d wrong and %d right passwords compared, %d unexpected statuses and the counter %d; "+
				"want at most 20 wrong ones, no unexpected status and the counter equal to the wrong ones",
				i, wrong.Load(), right.Load(), others.Load(), left)
		}
	}
}

// A client with a stolen session can try ten passwords an hour, on all routes together. Another session of the owner is
// not affected.
func TestEveryComparisonOfAPasswordIsLimited(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, setClientIP("xff:1"))
	first := s.signUpAda()
	owner := s.do("POST", signInPath, signInBody, ipHeader(1)...)
	guesses := []struct{ path, body string }{
		{"/api/auth/verify-password", `{"password":"wrong horse"}`},
		{"/api/auth/change-password", `{"currentPassword":"wrong horse","newPassword":"battery staple"}`},
		{"/api/auth/delete-user", `{"password":"wrong horse"}`},
	}
	var got []int
	for i := range 300 {
		g := guesses[i%len(guesses)]
		a := s.do("POST", g.path, g.body, append(ipHeader(i%200), "Cookie", first.cookie(), "Origin", origin)...)
		if a.status != http.StatusTooManyRequests && a.errorCode() != "INVALID_PASSWORD" {
			t.Fatalf("guess at %s: got %d %s, want INVALID_PASSWORD or 429", g.path, a.status, a.body)
		}
		got = append(got, a.status)
	}
	if countEqual(got, 400) != 10 || countEqual(got, 429) != 290 {
		t.Errorf("300 wrong passwords in one session: %d were compared and %d rejected, want 10 and 290",
			countEqual(got, 400), countEqual(got, 429))
	}
	for range 12 { // the right password does not count
		s.now = s.now.Add(10 * time.Second)
		a := s.do("POST", "/api/auth/verify-password", `{"password":"correct horse"}`, "Cookie", owner.cookie(), "Origin",
			origin)
		if a.status != 200 {
			t.Fatalf("right password in another session of the owner: got %d %s, want 200", a.status, a.body)
		}
	}
}

// The session is extended in the database before the attempt is counted. So even the 429 response sets the session
// cookie.
func TestRejectedAttemptInASessionSetsTheCookieOfTheExtendedSession(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits)
	cookie := s.signUpAda().cookie()
	s.now = s.now.Add(24*time.Hour - time.Minute) // a minute before the session is extended
	guess := func() answer {
		return s.do("POST", "/api/auth/verify-password", `{"password":"wrong horse"}`, "Cookie", cookie, "Origin", origin)
	}
	for range 10 {
		if a := guess(); a.status != 400 {
			t.Fatalf("wrong password within the limit: got %d %s, want 400", a.status, a.body)
		}
	}
	s.now = s.now.Add(time.Minute)
	if a := guess(); a.status != 429 || !strings.Contains(a.header.Get("Set-Cookie"), "better-auth.session_token=") {
		t.Errorf("wrong password above the limit: got %d %s, Set-Cookie %q; want 429 and the session cookie",
			a.status, a.body, a.header.Get("Set-Cookie"))
	}
}

func TestR17_OwnerOfALimitedAccountCanStillReset(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, setClientIP("xff:1"))
	s.signUpAda()
	s.guessFromManyIPs("ada@example.com", 30)
	for _, from := range []int{1, 200} {
		if a := s.do("POST", requestResetPath, `{"email":"ada@example.com"}`, ipHeader(from)...); a.status != 200 {
			t.Errorf("request-password-reset from client %d: got %d %s, want 200", from, a.status, a.body)
		}
	}
	s.now = s.now.Add(time.Hour)
	if a := s.do("POST", signInPath, signInBody, ipHeader(200)...); a.status != 200 {
		t.Errorf("sign-in an hour later: got %d %s, want 200", a.status, a.body)
	}
}
