package auth_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/session"
)

const tokenCookie = "better-auth.session_token"

// duplicateCookies signs in Ada n times and revokes all of these sessions except the one with the index live. It
// returns a Cookie header with all of them. Browsers send several cookies of one name if an earlier deployment set some
// of them with a Domain attribute.
func (s *server) duplicateCookies(n, live int) (header string, all []client) {
	s.t.Helper()
	var cookies []string
	for i := range n {
		p := s.signInAs("ada")
		if i != live {
			s.exec(`DELETE FROM session WHERE token = $1`, p.token)
		}
		all = append(all, p)
		cookies = append(cookies, cookieNamed(p.cookie, tokenCookie))
	}
	return strings.Join(cookies, "; "), all
}

// A browser orders cookies of one name by path and age, not by validity.
func TestLiveSessionWinsAmongCookiesOfOneName(t *testing.T) {
	t.Parallel()
	for _, cache := range []string{"off", "compact"} {
		for live := range 3 {
			t.Run(fmt.Sprintf("cache %s, cookie %d is live", cache, live+1), func(t *testing.T) {
				t.Parallel()
				s := newServer(t, func(env map[string]string) { env["COOKIE_CACHE"] = cache })
				s.signUpAda()
				header, all := s.duplicateCookies(3, live)
				for _, path := range []string{sessionPath, tokenPath, "/api/auth/list-sessions", sessionPath +
					"?disableCookieCache=true"} {
					var a answer
					trips := s.roundTrips(func() { a = s.do("GET", path, "", "Cookie", header) })
					if a.status != 200 || a.body == "null" {
						t.Errorf("%s: got %d %s, want 200 and the session", path, a.status, a.body)
					}
					if lines := a.cookieChanges(); slices.ContainsFunc(lines,
						func(l string) bool { return strings.HasPrefix(l, "clear") }) {
						t.Errorf("%s: got cookies %q, want none cleared", path, lines)
					}
					if most := map[bool]int{true: 1, false: 2}[path != "/api/auth/list-sessions"]; trips > most {
						t.Errorf("%s: got %d round trips, want %d", path, trips, most)
					}
				}
				if got := s.do("GET", sessionPath, "", "Cookie",
					header).json(t)["session"].(map[string]any)["token"]; got != all[live].token {
					t.Errorf("got session %v, want %s", got, all[live].token)
				}
				a := s.do("POST", "/api/auth/verify-password", `{"password":"correct horse"}`, "Cookie", header, "Origin", origin)
				if a.status != 200 {
					t.Errorf("verify-password: got %d %s, want 200", a.status, a.body)
				}
			})
		}
	}
}

func TestCookiesOfOneNameAreClearedOnceNoneIsLive(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUpAda()
	header, _ := s.duplicateCookies(3, -1)
	for _, path := range []string{sessionPath, tokenPath} {
		s.checkCookies(s.do("GET", path, "", "Cookie", header), path, "clear session_token", "clear session_data",
			"clear dont_remember")
	}
}

// An expired session, a session of a banned user and a forged cookie do not hide the live session.
func TestLiveSessionIsFoundAmongExpiredBannedAndForgedCookies(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada, bob := s.signUp("ada"), s.signUp("bob")
	old := s.signInAs("ada")
	s.exec(`UPDATE session SET "expiresAt" = $2 WHERE token = $1`, old.token, s.now.Add(-time.Second))
	s.exec(`UPDATE "user" SET banned = true WHERE id = $1`, bob.id)
	forged := tokenCookie + "=" + ada.token + "." + strings.Repeat("A", 43) + "="
	for _, order := range [][]string{
		{cookieNamed(old.cookie, tokenCookie), cookieNamed(ada.cookie, tokenCookie)},
		{cookieNamed(bob.cookie, tokenCookie), cookieNamed(ada.cookie, tokenCookie)},
		{forged, tokenCookie + "=", tokenCookie + "=%", cookieNamed(ada.cookie, tokenCookie)},
		{cookieNamed(ada.cookie, tokenCookie), cookieNamed(old.cookie, tokenCookie), cookieNamed(bob.cookie, tokenCookie)},
	} {
		header := strings.Join(order, "; ")
		a := s.do("GET", sessionPath, "", "Cookie", header)
		if a.body == "null" || a.json(t)["session"].(map[string]any)["token"] != ada.token || len(a.cookieChanges()) > 0 {
			t.Errorf("%s: got %s, cookies %q, want the valid session and no cookie", header, a.body, a.cookieChanges())
		}
	}
	if n := query[int](s, `SELECT count(*) FROM session`); n != 3 {
		t.Errorf("got %d sessions left, want 3", n)
	}
	both := cookieNamed(bob.cookie, tokenCookie) + "; " + cookieNamed(old.cookie, tokenCookie)
	if a := s.do("GET", sessionPath, "", "Cookie", both); a.body != "null" {
		t.Errorf("cookies of a banned and of an expired session: got %s, want null", a.body)
	}
	if got := s.tokensOf(bob); len(got) != 1 {
		t.Errorf("the banned user's session is deleted, want it kept: it is valid again after the ban")
	}
}

func TestSignOutEndsSessionsOfAllCookiesOfOneName(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada, bob, other := s.signUp("ada"), s.signUp("bob"), s.signInAs("ada")
	header := strings.Join([]string{
		cookieNamed(ada.cookie, tokenCookie), tokenCookie + "=forged",
		cookieNamed(bob.cookie, tokenCookie), cookieNamed(other.cookie, tokenCookie),
	}, "; ")
	keep := s.signInAs("ada")
	var a answer
	if trips := s.roundTrips(func() {
		a = s.do("POST", signOutPath, "", "Cookie", header, "Origin",
			origin)
	}); trips != 1 || a.status != 200 {
		t.Errorf("sign-out: got %d %s in %d round trips, want 200 in 1", a.status, a.body, trips)
	}
	s.checkCookies(a, "sign-out", "clear session_token", "clear session_data", "clear dont_remember")
	if diff := cmp.Diff([]string{keep.token}, query[[]string](s, `SELECT array_agg(token) FROM session`)); diff != "" {
		t.Errorf("sessions left (-want +got):\n%s", diff)
	}
	if a := s.do("GET", sessionPath, "", "Cookie", header); a.body != "null" {
		t.Errorf("get-session after the sign-out: got %s, want null", a.body)
	}
}

// Only the first eight cookies of one name are tried.
func TestCookiesOfOneNameAreTriedUpToABound(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUpAda()
	secret := []byte(s.cfg.AuthSecret)
	pad := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, tokenCookie+"="+session.Sign(secret, fmt.Sprint("dead", i)))
		}
		return strings.Join(all, "; ")
	}
	live := cookieNamed(s.signInAs("ada").cookie, tokenCookie)
	if a := s.do("GET", sessionPath, "", "Cookie", pad(7)+"; "+live); a.body == "null" {
		t.Error("get-session with the valid session in the eighth cookie returns null, want the session")
	}
	var a answer
	if trips := s.roundTrips(func() { a = s.do("GET", sessionPath, "", "Cookie", pad(1000)+"; "+live) }); trips != 1 ||
		a.status != 200 {
		t.Errorf("1,000 session cookies: got %d in %d round trips, want 200 in 1", a.status, trips)
	}
}

// The cache cookie of an ended session is ignored if there are several session cookies.
func TestCacheCookieIsIgnoredWithSeveralSessionCookies(t *testing.T) {
	t.Parallel()
	s := newCachingServer(t)
	s.signUpAda()
	dead, live := s.signInAs("ada"), s.signInAs("ada")
	s.exec(`DELETE FROM session WHERE token = $1`, dead.token)
	for _, header := range []string{dead.cookie + "; " + live.cookie, live.cookie + "; " + dead.cookie} {
		a := s.do("GET", sessionPath, "", "Cookie", header)
		if a.body == "null" || a.json(t)["session"].(map[string]any)["token"] != live.token {
			t.Errorf("one cache cookie and several session cookies: got %s, want the valid session", a.body)
		}
	}
	// One session cookie with its cache cookie and an older cache cookie.
	header := cookieNamed(dead.cookie, dataCookie) + "; " + live.cookie
	var a answer
	if trips := s.roundTrips(func() { a = s.do("GET", sessionPath, "", "Cookie", header) }); trips != 0 ||
		a.body == "null" || len(a.cookieChanges()) > 0 {
		t.Errorf("two cache cookies: got %s, cookies %q in %d round trips, want the session, no cookie and 0 round "+
			"trips", a.body, a.cookieChanges(), trips)
	}
}

// A session without "remember me" stays so if the request has the cookie dont_remember twice.
func TestDontRememberCookieIsFoundAmongCookiesOfItsName(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	short := s.clientOf(s.do("POST", signUpPath, strings.Replace(ada, "{", `{"rememberMe":false,`, 1)))
	a := s.do("POST", "/api/auth/update-user", `{"name":"Countess"}`, "Cookie",
		"better-auth.dont_remember=old; "+short.cookie, "Origin", origin)
	if a.status != http.StatusOK {
		t.Fatalf("got %d %s, want 200", a.status, a.body)
	}
	s.checkCookies(a, "update-user", "set session_token", "set dont_remember")
}
