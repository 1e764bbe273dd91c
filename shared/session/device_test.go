package session_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/web"
)

// deviceCookie returns the Set-Cookie line of a device cookie.
func deviceCookie(t *testing.T, s *session.Sessions, email, hash string) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := s.SetDevice(w, httptest.NewRequest("POST", "/", nil), email, hash); err != nil {
		t.Fatal(err)
	}
	return w.Header().Get("Set-Cookie")
}

func TestDeviceCookieIsSentToSignInForAYear(t *testing.T) {
	t.Parallel()
	sessions := session.New(config.API{}, fixedSecrets("s"), web.Clients{}, time.Now)
	_, attributes, _ := strings.Cut(deviceCookie(t, sessions, "ada@example.com", "hash"), "; ")
	if want := "Max-Age=31536000; Path=/api/auth/sign-in; HttpOnly; SameSite=Lax"; attributes != want {
		t.Errorf("device cookie: got the attributes %q, want %q", attributes, want)
	}
}

func TestDeviceCookieIsValidForItsAccountAndSecretForAYear(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	now := start
	clock := func() time.Time { return now }
	sessions := session.New(config.API{}, fixedSecrets("s"), web.Clients{}, clock)
	line := deviceCookie(t, sessions, "ada@example.com", "hash")
	cookie, _, _ := strings.Cut(line, ";")
	value := strings.TrimPrefix(cookie, "better-auth.device=")
	part := strings.Split(value, ".")
	const year = 365 * 24 * time.Hour
	for _, c := range []struct {
		name, cookies, email string
		secret               string
		later                time.Duration
		want                 bool
	}{
		{name: "valid", cookies: cookie, want: true},
		{name: "after other cookies", cookies: "x; y=" + value + "; better-auth.device=a.b.c.d; " + cookie, want: true},
		{name: "in its last second", cookies: cookie, later: year - time.Second, want: true},
		{name: "after a year", cookies: cookie, later: year},
		{name: "of another account", cookies: cookie, email: "eve@example.com"},
		{name: "signed with another secret", cookies: cookie, secret: "t"},
		{name: "with another name", cookies: "better-auth.devices=" + value},
		{name: "with another id", cookies: strings.Replace(cookie, part[1], "AAAAAAAAAAAAAAAA", 1)},
		{name: "with another MAC of the hash", cookies: strings.Replace(cookie, part[2], part[1], 1)},
		{name: "with one part too many", cookies: cookie + ".a"},
		{name: "with one part too few", cookies: "better-auth.device=" + strings.Join(part[1:], ".")},
		{name: "with an empty value", cookies: "better-auth.device="},
	} {
		now = start.Add(c.later)
		reader := sessions
		if c.secret != "" {
			reader = session.New(config.API{}, fixedSecrets(c.secret), web.Clients{}, clock)
		}
		email := "ada@example.com"
		if c.email != "" {
			email = c.email
		}
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Cookie", c.cookies)
		d, err := reader.Device(r, email)
		if err != nil || (d != nil) != c.want {
			t.Errorf("cookie %s: got device %v, error %v; want a device: %v", c.name, d, err, c.want)
		}
		if d != nil && (d.ID != part[1] || !d.IsForHash("hash") || d.IsForHash("another hash")) {
			t.Errorf("cookie %s: got device %+v, want the id in %q, valid for its password hash only", c.name, d, cookie)
		}
	}
}

func TestDeviceCookiesHaveDifferentIDs(t *testing.T) {
	t.Parallel()
	sessions := session.New(config.API{}, fixedSecrets("s"), web.Clients{}, time.Now)
	a, b := deviceCookie(t, sessions, "ada@example.com", "hash"), deviceCookie(t, sessions, "ada@example.com", "hash")
	if a == b {
		t.Errorf("SetDevice twice: got the device cookie %q twice, want different ids", a)
	}
}
