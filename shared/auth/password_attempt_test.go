package auth_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

const wrongSignIn = `{"email":"ada@example.com","password":"wrong horse"}`

// fromIP returns the header that names a client IP address.
func fromIP(last int) []string { return []string{"X-Forwarded-For", fmt.Sprintf("192.0.2.%d", last)} }

// guess sends n sign-ins with a wrong password, each from another IP address, and returns the statuses.
func (s *server) guess(email string, n int) (statuses []int) {
	s.t.Helper()
	for i := range n {
		body := fmt.Sprintf(`{"email":%q,"password":"wrong horse"}`, email)
		statuses = append(statuses, s.do("POST", signInPath, body, fromIP(i)...).status)
	}
	return statuses
}

// count returns how many statuses equal want.
func count(statuses []int, want int) (n int) {
	for _, status := range statuses {
		if status == want {
			n++
		}
	}
	return n
}

// The counters and responses are the same for an email that no user has.
func TestR15_GuessesFromManyIPAddressesAreLimitedByAccount(t *testing.T) {
	t.Parallel()
	for _, email := range []string{"ADA@example.com", "nobody@example.com"} {
		s := newServer(t, withRateLimit, clientIP("xff:1"))
		s.signUpAda()
		if got := s.guess(email, 30); count(got, 401) != 20 || count(got, 429) != 10 {
			t.Errorf("%s: got statuses %v, want 20 of 401 and then 429", email, got)
		}
		lower := strings.ToLower(email)
		a := s.do("POST", signInPath, strings.Replace(wrongSignIn, "ada@example.com", lower, 1), fromIP(200)...)
		if a.status != 429 || a.header.Get("X-Retry-After") != "3600" {
			t.Errorf("%s: got %d, X-Retry-After %q", email, a.status, a.header.Get("X-Retry-After"))
		}
		if got := query[int](s, `SELECT count FROM "rateLimit" WHERE key = $1`, "account:"+lower); got != 20 {
			t.Errorf("%s: the account's counter is %d", email, got)
		}
		if a := s.do("POST", signInPath, strings.Replace(wrongSignIn, "ada", "eve", 1), fromIP(201)...); a.status != 401 {
			t.Errorf("another account: got %d", a.status)
		}
		s.now = s.now.Add(time.Hour)
		if got := s.guess(email, 21); count(got, 401) != 20 {
			t.Errorf("%s, an hour later: got statuses %v", email, got)
		}
	}
}

// Wrong passwords from one network do not lock out other networks.
func TestSignInLimitsGuessesByNetwork(t *testing.T) {
	t.Parallel()
	s := newServer(t, withRateLimit, clientIP("xff:1"))
	s.signUpAda()
	var got []int
	for range 12 {
		got = append(got, s.do("POST", signInPath, wrongSignIn, fromIP(1)...).status)
		s.now = s.now.Add(10 * time.Second) // past the limit of the IP address
	}
	if count(got, 401) != 10 || count(got, 429) != 2 {
		t.Errorf("got statuses %v, want 10 of 401 and then 429", got)
	}
	if a := s.do("POST", signInPath, signIn, fromIP(2)...); a.status != 200 {
		t.Errorf("another network: got %d %s", a.status, a.body)
	}
}

// RATE_LIMIT_RULES can lift the limit of an IP address, but not that of an account.
func TestWrongPasswordsAreLimitedWithoutARuleForThePath(t *testing.T) {
	t.Parallel()
	s := newServer(t, withRateLimit, clientIP("xff:1"),
		func(env map[string]string) { env["RATE_LIMIT_RULES"] = `{"/sign-in/email": false}` })
	s.signUpAda()
	var got []int
	for range 12 {
		got = append(got, s.do("POST", signInPath, wrongSignIn, fromIP(1)...).status)
	}
	if count(got, 401) != 10 || count(got, 429) != 2 {
		t.Errorf("got statuses %v, want 10 of 401 and then 429", got)
	}
}

func TestSuccessfulSignInsDoNotCount(t *testing.T) {
	t.Parallel()
	s := newServer(t, withRateLimit, clientIP("xff:1"))
	known := s.signUpAda()
	for i := range 50 {
		headers := fromIP(i % 5)
		if i%2 == 0 {
			headers = append(headers, "Cookie", known.deviceCookie(), "Origin", origin)
		}
		if a := s.do("POST", signInPath, signIn, headers...); a.status != 200 {
			t.Fatalf("sign-in %d: got %d %s", i+1, a.status, a.body)
		}
		s.now = s.now.Add(5 * time.Second)
	}
	if got := query[int](s, `SELECT count(*) FROM "rateLimit" WHERE key LIKE 'account:%'`); got != 0 {
		t.Errorf("sign-ins that succeeded left %d counters", got)
	}
}

// The right password of a user who may not sign in does not count as a guess.
func TestRefusedSignInsWithTheRightPasswordDoNotCount(t *testing.T) {
	t.Parallel()
	s := newServer(t, withRateLimit, clientIP("xff:1"),
		func(env map[string]string) { env["REQUIRE_EMAIL_VERIFICATION"] = "on" })
	s.signUpAda()
	for i := range 12 {
		if a := s.do("POST", signInPath, signIn, fromIP(i)...); a.code() != "EMAIL_NOT_VERIFIED" {
			t.Fatalf("sign-in %d: got %d %s", i+1, a.status, a.body)
		}
	}
	s.exec(`UPDATE "user" SET "emailVerified" = true, banned = true`)
	for i := range 12 {
		if a := s.do("POST", signInPath, signIn, fromIP(100+i)...); a.code() != "BANNED_USER" {
			t.Fatalf("sign-in %d: got %d %s", i+1, a.status, a.body)
		}
	}
	if got := query[int](s, `SELECT count(*) FROM "rateLimit" WHERE key LIKE 'account:%'`); got != 0 {
		t.Errorf("%d counters are left", got)
	}
}

func TestKnownDeviceSignsInDuringLockout(t *testing.T) {
	t.Parallel()
	s := newServer(t, withRateLimit, clientIP("xff:1"))
	known := s.signUpAda()
	s.guess("ada@example.com", 30)
	if a := s.do("POST", signInPath, signIn, fromIP(200)...); a.status != 429 {
		t.Fatalf("a stranger with the right password: got %d, want 429", a.status)
	}
	cookie := known.deviceCookie()
	for i := range 3 { // each sign-in renews the cookie
		a := s.do("POST", signInPath, signIn, append(fromIP(200), "Cookie", cookie, "Origin", origin)...)
		if a.status != 200 || a.device == "" || a.deviceCookie() == cookie {
			t.Errorf("sign-in %d: got %d %s, device %q", i+1, a.status, a.body, a.device)
		}
		cookie = a.deviceCookie()
		s.now = s.now.Add(10 * time.Second)
	}
	if got := s.roundTrips(func() {
		if a := s.do("POST", signInPath, signIn, append(fromIP(201), "Cookie", cookie, "Origin",
			origin)...); a.status != 200 {
			t.Errorf("got %d %s", a.status, a.body)
		}
	}); got != 2 {
		t.Errorf("a sign-in with the device cookie takes %d round trips, want 2", got)
	}
}

func TestJunkCookiesDoNotHideTheDeviceCookie(t *testing.T) {
	t.Parallel()
	s := newServer(t, withRateLimit, clientIP("xff:1"))
	known := s.signUpAda()
	s.guess("ada@example.com", 30)
	junk := strings.Repeat("better-auth.device=1.2.3.4; ", 100)
	if a := s.do("POST", signInPath, signIn, append(fromIP(200), "Cookie", junk+known.deviceCookie(), "Origin",
		origin)...); a.status != 200 {
		t.Errorf("got %d %s", a.status, a.body)
	}
}

// Guesses with a known device have their own limit. Reaching it locks out no other device and no client without one.
func TestKnownDeviceIsLimited(t *testing.T) {
	t.Parallel()
	s := newServer(t, withRateLimit, clientIP("xff:1"))
	known := s.signUpAda()
	other := s.do("POST", signInPath, signIn, fromIP(1)...)
	var got []int
	for i := range 12 {
		a := s.do("POST", signInPath, wrongSignIn, append(fromIP(i), "Cookie", known.deviceCookie(), "Origin", origin)...)
		got = append(got, a.status)
	}
	if count(got, 401) != 10 || count(got, 429) != 2 {
		t.Errorf("got statuses %v, want 10 of 401 and then 429", got)
	}
	if a := s.do("POST", signInPath, signIn, append(fromIP(100), "Cookie", other.deviceCookie(), "Origin",
		origin)...); a.status != 200 {
		t.Errorf("another known device: got %d", a.status)
	}
	if a := s.do("POST", signInPath, signIn, fromIP(101)...); a.status != 200 {
		t.Errorf("a stranger: got %d", a.status)
	}
}

// These cookies do not make a device known: another account's, an old password's, an expired one, an altered one.
func TestDeviceCookieIsBoundToAccountPasswordAndTime(t *testing.T) {
	t.Parallel()
	s := newServer(t, withRateLimit, clientIP("xff:1"))
	known := s.signUpAda().deviceCookie()
	eve := s.do("POST", signUpPath, strings.ReplaceAll(ada, "ada", "eve"), fromIP(250)...).deviceCookie()
	for _, c := range []struct {
		name, cookie string
		before       func()
	}{
		{"of another account", eve, func() {}},
		{"altered", strings.Replace(known, ".", "0.", 1), func() {}},
		{"without signature", known[:strings.LastIndexByte(known, '.')], func() {}},
		{"of an old password", known, func() {
			s.exec(`UPDATE account SET password = replace(password, '$argon2id$', '$argon2i$')`)
		}},
		{"a year old", known, func() {
			s.exec(`UPDATE account SET password = replace(password, '$argon2i$', '$argon2id$')`)
			s.now = s.now.Add(365 * 24 * time.Hour)
		}},
	} {
		s.now = s.now.Add(2 * time.Hour)
		s.exec(`DELETE FROM "rateLimit"`)
		c.before()
		var got []int
		for i := range 22 {
			got = append(got, s.do("POST", signInPath, wrongSignIn, append(fromIP(i), "Cookie", c.cookie, "Origin",
				origin)...).status)
		}
		if n := query[int](s, `SELECT count FROM "rateLimit" WHERE key = 'account:ada@example.com'`); n < 10 ||
			count(got, 429) == 0 {
			t.Errorf("%s: the account's counter is %d, statuses %v; want it counted as a stranger", c.name, n, got)
		}
	}
}

// After a password change or reset only the device cookie that it set is valid.
func TestPasswordChangeAndResetRenewTheDeviceCookie(t *testing.T) {
	t.Parallel()
	s := newServer(t, withRateLimit, clientIP("xff:1"))
	box := &mailbox{}
	s.svc.Mail = box
	first := s.signUpAda()
	changed := s.do("POST", "/api/auth/change-password",
		`{"currentPassword":"correct horse","newPassword":"battery staple"}`,
		"Cookie", first.cookie(), "Origin", origin)
	s.do("POST", requestResetPath, `{"email":"ada@example.com"}`)
	token := box.take()[0].Token
	s.guess("ada@example.com", 30)
	signInWith := func(password, cookie string) int {
		s.now = s.now.Add(10 * time.Second)
		headers := append(fromIP(200), "Cookie", cookie, "Origin", origin)
		return s.do("POST", signInPath, strings.Replace(signIn, "correct horse", password, 1), headers...).status
	}
	if got := []int{
		signInWith("battery staple", first.deviceCookie()),
		signInWith("battery staple", changed.deviceCookie()),
	}; !cmp.Equal(got, []int{429, 200}) {
		t.Errorf("after the change: got %v with the old cookie and the new one", got)
	}
	reset := s.do("POST", "/api/auth/reset-password", `{"token":"`+token+`","newPassword":"staple battery"}`,
		fromIP(201)...)
	if reset.status != 200 || reset.device == "" || reset.header.Get("Set-Cookie") != "" {
		t.Errorf("reset: got %d %s, device %q", reset.status, reset.body, reset.device)
	}
	if a := s.do("POST", signInPath, strings.Replace(signIn, "correct horse", "staple battery", 1),
		fromIP(202)...); a.status != 200 {
		t.Errorf("the reset did not clear the count: a stranger with the new password got %d", a.status)
	}
	s.guess("ada@example.com", 30)
	if got := []int{
		signInWith("staple battery", changed.deviceCookie()),
		signInWith("staple battery", reset.deviceCookie()),
	}; !cmp.Equal(got, []int{429, 200}) {
		t.Errorf("after the reset: got %v with the old cookie and the new one", got)
	}
}

// The device cookie is sent to sign-in only.
func TestDeviceCookieHasItsAttributes(t *testing.T) {
	t.Parallel()
	a := newServer(t).signUpAda()
	_, attributes, _ := strings.Cut(a.device, "; ")
	if want := "Max-Age=31536000; Path=/api/auth/sign-in; HttpOnly; SameSite=Lax"; attributes != want {
		t.Errorf("got %q, want %q", attributes, want)
	}
	if strings.Contains(a.device, "ada") || len(a.device) > 256 {
		t.Errorf("got %q", a.device)
	}
}

// The response to a sign-up with REQUIRE_EMAIL_VERIFICATION is the same for a free and a taken email.
func TestSignUpWithRequiredVerificationSetsNoDeviceCookie(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(env map[string]string) { env["REQUIRE_EMAIL_VERIFICATION"] = "on" })
	for range 2 {
		if a := s.signUpAda(); a.device != "" {
			t.Errorf("got %q", a.device)
		}
	}
}

// A client without an Origin header whose session has ended still has the device cookie and can sign in.
func TestDeviceCookieAloneNeedsNoOrigin(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	known := s.signUpAda()
	for _, path := range []string{signInPath, signUpPath} {
		body := strings.Replace(ada, "ada@", "bob@", 1)
		if path == signInPath {
			body = signIn
		}
		if a := s.do("POST", path, body, "Cookie", known.deviceCookie()); a.status != 200 {
			t.Errorf("%s: got %d %s", path, a.status, a.body)
		}
	}
	if a := s.do("POST", signInPath, signIn, "Cookie",
		known.deviceCookie()+"; a=b"); a.code() != "MISSING_OR_NULL_ORIGIN" {
		t.Errorf("beside another cookie: got %d %s", a.status, a.body)
	}
	if a := s.do("POST", signInPath, signIn, "Cookie", known.deviceCookie(), "Origin",
		"https://evil.example"); a.code() != "INVALID_ORIGIN" {
		t.Errorf("from another site: got %d %s", a.status, a.body)
	}
}

// Of 120 concurrent sign-ins no more than 20 wrong passwords are compared, and right passwords do not change the count.
func TestParallelGuessesNeverExceedTheLimit(t *testing.T) {
	t.Parallel()
	s := newServer(t, withRateLimit, clientIP("xff:1"))
	s.signUpAda()
	url := dbtest.Pgbouncer(t, s.url)
	pooled := newServer(t, withRateLimit, clientIP("xff:1"), func(env map[string]string) { env["DATABASE_URL"] = url })
	pooled.now = pooled.now.Add(2 * time.Hour) // in another window
	for i, site := range []*server{s, pooled} {
		var wrong, right, others atomic.Int32
		var group sync.WaitGroup
		for n := range 120 {
			group.Go(func() {
				body := wrongSignIn
				if n%12 == 0 {
					body = signIn
				}
				switch a := site.do("POST", signInPath, body, fromIP(n)...); a.status {
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
			t.Errorf("site %d: %d guesses answered, %d right, %d other answers, the counter says %d",
				i, wrong.Load(), right.Load(), others.Load(), left)
		}
	}
}

// A stolen session gets ten guesses an hour on all routes together, and the owner's own session is not affected.
func TestEveryComparisonOfAPasswordIsLimited(t *testing.T) {
	t.Parallel()
	s := newServer(t, withRateLimit, clientIP("xff:1"))
	first := s.signUpAda()
	owner := s.do("POST", signInPath, signIn, fromIP(1)...)
	guesses := []struct{ path, body string }{
		{"/api/auth/verify-password", `{"password":"wrong horse"}`},
		{"/api/auth/change-password", `{"currentPassword":"wrong horse","newPassword":"battery staple"}`},
		{"/api/auth/delete-user", `{"password":"wrong horse"}`},
	}
	var got []int
	for i := range 300 {
		g := guesses[i%len(guesses)]
		a := s.do("POST", g.path, g.body, append(fromIP(i%200), "Cookie", first.cookie(), "Origin", origin)...)
		if a.status != http.StatusTooManyRequests && a.code() != "INVALID_PASSWORD" {
			t.Fatalf("%s: got %d %s", g.path, a.status, a.body)
		}
		got = append(got, a.status)
	}
	if count(got, 400) != 10 || count(got, 429) != 290 {
		t.Errorf("%d guesses of 300 were answered, want 10", count(got, 400))
	}
	for range 12 { // the right password does not count
		s.now = s.now.Add(10 * time.Second)
		a := s.do("POST", "/api/auth/verify-password", `{"password":"correct horse"}`, "Cookie", owner.cookie(), "Origin",
			origin)
		if a.status != 200 {
			t.Fatalf("the owner's session: got %d %s", a.status, a.body)
		}
	}
}

// The session is extended in the database before the attempt is counted, so the browser gets its new cookie, too.
func TestRefusedAttemptInASessionKeepsTheRenewedCookie(t *testing.T) {
	t.Parallel()
	s := newServer(t, withRateLimit)
	cookie := s.signUpAda().cookie()
	s.now = s.now.Add(24*time.Hour - time.Minute) // a minute before the session is due
	guess := func() answer {
		return s.do("POST", "/api/auth/verify-password", `{"password":"wrong horse"}`, "Cookie", cookie, "Origin", origin)
	}
	for range 10 {
		if a := guess(); a.status != 400 {
			t.Fatalf("got %d %s", a.status, a.body)
		}
	}
	s.now = s.now.Add(time.Minute)
	if a := guess(); a.status != 429 || !strings.Contains(a.header.Get("Set-Cookie"), "better-auth.session_token=") {
		t.Errorf("got %d %s, Set-Cookie %q", a.status, a.body, a.header.Get("Set-Cookie"))
	}
}

func TestR17_OwnerOfAThrottledAccountCanStillReset(t *testing.T) {
	t.Parallel()
	s := newServer(t, withRateLimit, clientIP("xff:1"))
	s.signUpAda()
	s.guess("ada@example.com", 30)
	for _, from := range []int{1, 200} {
		if a := s.do("POST", requestResetPath, `{"email":"ada@example.com"}`, fromIP(from)...); a.status != 200 {
			t.Errorf("a reset from %d: got %d %s", from, a.status, a.body)
		}
	}
	s.now = s.now.Add(time.Hour)
	if a := s.do("POST", signInPath, signIn, fromIP(200)...); a.status != 200 {
		t.Errorf("an hour later: got %d %s", a.status, a.body)
	}
}
