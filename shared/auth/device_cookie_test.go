package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestKnownDeviceSignsInDuringLockout(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, setClientIP("xff:1"))
	known := s.signUpAda()
	s.guessFromManyIPs("ada@example.com", 30)
	if a := s.do("POST", signInPath, signInBody, ipHeader(200)...); a.status != 429 {
		t.Fatalf("sign-in without the device cookie after 30 wrong passwords: got %d, want 429", a.status)
	}
	cookie := known.deviceCookie()
	for i := range 3 { // each sign-in sets a new device cookie
		a := s.do("POST", signInPath, signInBody, append(ipHeader(200), "Cookie", cookie, "Origin", origin)...)
		if a.status != 200 || a.device == "" || a.deviceCookie() == cookie {
			t.Errorf("sign-in %d with the device cookie: got %d %s, device cookie %q; want 200 and a new device cookie",
				i+1, a.status, a.body, a.device)
		}
		cookie = a.deviceCookie()
		s.now = s.now.Add(10 * time.Second)
	}
	if got := s.countRoundTrips(func() {
		if a := s.do("POST", signInPath, signInBody, append(ipHeader(201), "Cookie", cookie, "Origin",
			origin)...); a.status != 200 {
			t.Errorf("sign-in with the device cookie during the lockout: got %d %s, want 200", a.status, a.body)
		}
	}); got != 2 {
		t.Errorf("sign-in with the device cookie: got %d round trips, want 2", got)
	}
}

func TestDeviceCookieIsFoundAmongManyCookies(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, setClientIP("xff:1"))
	known := s.signUpAda()
	s.guessFromManyIPs("ada@example.com", 30)
	invalid := strings.Repeat("better-auth.device=1.2.3.4; ", 100)
	if a := s.do("POST", signInPath, signInBody, append(ipHeader(200), "Cookie", invalid+known.deviceCookie(), "Origin",
		origin)...); a.status != 200 {
		t.Errorf("sign-in with the device cookie after 100 invalid ones: got %d %s, want 200", a.status, a.body)
	}
}

// Wrong passwords with a device cookie have their own limit. When it is reached, clients with another device cookie or
// without one can still sign in.
func TestKnownDeviceIsLimited(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, setClientIP("xff:1"))
	known := s.signUpAda()
	other := s.do("POST", signInPath, signInBody, ipHeader(1)...)
	var got []int
	for i := range 12 {
		a := s.do("POST", signInPath, wrongSignIn, append(ipHeader(i), "Cookie", known.deviceCookie(), "Origin", origin)...)
		got = append(got, a.status)
	}
	if countEqual(got, 401) != 10 || countEqual(got, 429) != 2 {
		t.Errorf("12 wrong passwords with one device cookie: got statuses %v, want 10 of 401 and then 429", got)
	}
	if a := s.do("POST", signInPath, signInBody, append(ipHeader(100), "Cookie", other.deviceCookie(), "Origin",
		origin)...); a.status != 200 {
		t.Errorf("sign-in with another device cookie: got %d, want 200", a.status)
	}
	if a := s.do("POST", signInPath, signInBody, ipHeader(101)...); a.status != 200 {
		t.Errorf("sign-in without the device cookie: got %d, want 200", a.status)
	}
}

// A device cookie is invalid if it was set for another account or for an old password, if it has expired, or if it was
// changed. Then the wrong passwords count for the account, as without the cookie.
func TestDeviceCookieIsBoundToAccountPasswordAndTime(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, setClientIP("xff:1"))
	known := s.signUpAda().deviceCookie()
	eve := s.do("POST", signUpPath, strings.ReplaceAll(signUpBody, "ada", "eve"), ipHeader(250)...).deviceCookie()
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
			got = append(got, s.do("POST", signInPath, wrongSignIn, append(ipHeader(i), "Cookie", c.cookie, "Origin",
				origin)...).status)
		}
		if n := query[int](s, `SELECT count FROM "rateLimit" WHERE key = 'account:ada@example.com'`); n < 10 ||
			countEqual(got, 429) == 0 {
			t.Errorf("22 wrong passwords with the device cookie %s: got the account's counter %d and statuses %v; "+
				"want at least 10 and some 429", c.name, n, got)
		}
	}
}

// After a password change or reset only the device cookie in its response is valid.
func TestPasswordChangeAndResetRenewTheDeviceCookie(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, setClientIP("xff:1"))
	box := &mailbox{}
	s.svc.Mail = box
	first := s.signUpAda()
	changed := s.do("POST", "/api/auth/change-password",
		`{"currentPassword":"correct horse","newPassword":"battery staple"}`,
		"Cookie", first.cookie(), "Origin", origin)
	s.do("POST", requestResetPath, `{"email":"ada@example.com"}`)
	token := box.takeAll()[0].Token
	s.guessFromManyIPs("ada@example.com", 30)
	signInWith := func(password, cookie string) int {
		s.now = s.now.Add(10 * time.Second)
		headers := append(ipHeader(200), "Cookie", cookie, "Origin", origin)
		return s.do("POST", signInPath, strings.Replace(signInBody, "correct horse", password, 1), headers...).status
	}
	if got := []int{
		signInWith("battery staple", first.deviceCookie()),
		signInWith("battery staple", changed.deviceCookie()),
	}; !cmp.Equal(got, []int{429, 200}) {
		t.Errorf("sign-in after the change: got statuses %v with the old and the new device cookie, want 429 and 200", got)
	}
	reset := s.do("POST", "/api/auth/reset-password", `{"token":"`+token+`","newPassword":"staple battery"}`,
		ipHeader(201)...)
	if reset.status != 200 || reset.device == "" || reset.header.Get("Set-Cookie") != "" {
		t.Errorf("reset: got %d %s, device cookie %q; want 200, a device cookie and no other cookie",
			reset.status, reset.body, reset.device)
	}
	if a := s.do("POST", signInPath, strings.Replace(signInBody, "correct horse", "staple battery", 1),
		ipHeader(202)...); a.status != 200 {
		t.Errorf("sign-in after the reset without a device cookie: got %d, want 200", a.status)
	}
	s.guessFromManyIPs("ada@example.com", 30)
	if got := []int{
		signInWith("staple battery", changed.deviceCookie()),
		signInWith("staple battery", reset.deviceCookie()),
	}; !cmp.Equal(got, []int{429, 200}) {
		t.Errorf("sign-in after the reset: got statuses %v with the old and the new device cookie, want 429 and 200", got)
	}
}

// Browsers send the device cookie only to the sign-in routes.
func TestDeviceCookieIsForSignInAndHasNoEmail(t *testing.T) {
	t.Parallel()
	a := newServer(t).signUpAda()
	_, attributes, _ := strings.Cut(a.device, "; ")
	if want := "Max-Age=31536000; Path=/api/auth/sign-in; HttpOnly; SameSite=Lax"; attributes != want {
		t.Errorf("attributes of the device cookie: got %q, want %q", attributes, want)
	}
	if strings.Contains(a.device, "ada") || len(a.device) > 256 {
		t.Errorf("sign-up: got the device cookie %q, want at most 256 characters and no email", a.device)
	}
}

// With REQUIRE_EMAIL_VERIFICATION the response to a sign-up must not show whether the email is taken. A device cookie
// would show it.
func TestSignUpWithRequiredVerificationSetsNoDeviceCookie(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(env map[string]string) { env["REQUIRE_EMAIL_VERIFICATION"] = "on" })
	for range 2 {
		if a := s.signUpAda(); a.device != "" {
			t.Errorf("sign-up that requires verification: got device cookie %q, want none", a.device)
		}
	}
}

// After its session has ended, a client still has the device cookie. It can sign in even if it sends no Origin header.
func TestDeviceCookieAloneNeedsNoOrigin(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	known := s.signUpAda()
	for _, path := range []string{signInPath, signUpPath} {
		body := strings.Replace(signUpBody, "ada@", "bob@", 1)
		if path == signInPath {
			body = signInBody
		}
		if a := s.do("POST", path, body, "Cookie", known.deviceCookie()); a.status != 200 {
			t.Errorf("%s with the device cookie and no Origin: got %d %s, want 200", path, a.status, a.body)
		}
	}
	if a := s.do("POST", signInPath, signInBody, "Cookie",
		known.deviceCookie()+"; a=b"); a.errorCode() != "MISSING_OR_NULL_ORIGIN" {
		t.Errorf("sign-in with the device cookie and another one, without an Origin: got %d %s, want MISSING_OR_NULL_ORIGIN",
			a.status, a.body)
	}
	if a := s.do("POST", signInPath, signInBody, "Cookie", known.deviceCookie(), "Origin",
		"https://evil.example"); a.errorCode() != "INVALID_ORIGIN" {
		t.Errorf("sign-in with the device cookie from an untrusted origin: got %d %s, want INVALID_ORIGIN",
			a.status, a.body)
	}
}
