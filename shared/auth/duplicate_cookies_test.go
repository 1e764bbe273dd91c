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

const sessionTokenCookie = "better-auth.session_token"

// duplicateCookies signs in Ada n times and revokes these sessions, except the one with the index live (-1: none is
// excepted). It returns a Cookie header with the cookies of all of them. Browsers send several cookies of one name if
// an earlier deployment set some of them with a Domain attribute.
func (s *server) duplicateCookies(n, live int) (header string, all []signedInClient) {
	s.t.Helper()
	var cookies []string
	for i := range n {
		p := s.signInAs("ada")
		if i != live {
			s.exec(`DELETE FROM session WHERE token = $1`, p.token)
		}
		all = append(all, p)
		cookies = append(cookies, cookiePair(p.cookie, sessionTokenCookie))
	}
	return strings.Join(cookies, "; "), all
}

// A browser sends the cookies of one name in any order: it does not know which session is live.
func TestLiveSessionIsUsedAmongCookiesOfOneName(t *testing.T) {
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
					trips := s.countRoundTrips(func() { a = s.do("GET", path, "", "Cookie", header) })
					if a.status != 200 || a.body == "null" {
						t.Errorf("%s with three session cookies: got %d %s, want 200 and the session", path, a.status, a.body)
					}
					if lines := a.cookieChanges(); slices.ContainsFunc(lines,
						func(l string) bool { return strings.HasPrefix(l, "clear") }) {
						t.Errorf("%s with three session cookies: got the cookie changes %q, want none cleared", path, lines)
					}
					if most := map[bool]int{true: 1, false: 2}[path != "/api/auth/list-sessions"]; trips > most {
						t.Errorf("%s with three session cookies: got %d round trips, want at most %d", path, trips, most)
					}
				}
				if got := s.do("GET", sessionPath, "", "Cookie",
					header).json(t)["session"].(map[string]any)["token"]; got != all[live].token {
					t.Errorf("get-session: got the session with token %v, want the live one, %s", got, all[live].token)
				}
				a := s.do("POST", "/api/auth/verify-password", `{"password":"correct horse"}`, "Cookie", header, "Origin", origin)
				if a.status != 200 {
					t.Errorf("verify-password: got %d %s, want 200", a.status, a.body)
				}
			})
		}
	}
}

func TestCookiesOfOneNameAreClearedIfNoneIsLive(t *testing.T) {
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
	forged := sessionTokenCookie + "=" + ada.token + "." + strings.Repeat("A", 43) + "="
	for _, order := range [][]string{
		{cookiePair(old.cookie, sessionTokenCookie), cookiePair(ada.cookie, sessionTokenCookie)},
		{cookiePair(bob.cookie, sessionTokenCookie), cookiePair(ada.cookie, sessionTokenCookie)},
		{forged, sessionTokenCookie + "=", sessionTokenCookie + "=%", cookiePair(ada.cookie, sessionTokenCookie)},
		{
			cookiePair(ada.cookie, sessionTokenCookie), cookiePair(old.cookie, sessionTokenCookie),
			cookiePair(bob.cookie, sessionTokenCookie),
		},
	} {
		header := strings.Join(order, "; ")
		a := s.do("GET", sessionPath, "", "Cookie", header)
		if a.body == "null" || a.json(t)["session"].(map[string]any)["token"] != ada.token || len(a.cookieChanges()) > 0 {
			t.Errorf("get-session with the cookies %s: got %s, cookie changes %q; want the live session and no change",
				header, a.body, a.cookieChanges())
		}
	}
	if n := query[int](s, `SELECT count(*) FROM session`); n != 3 {
		t.Errorf("after these requests: got %d sessions, want 3, none deleted", n)
	}
	both := cookiePair(bob.cookie, sessionTokenCookie) + "; " + cookiePair(old.cookie, sessionTokenCookie)
	if a := s.do("GET", sessionPath, "", "Cookie", both); a.body != "null" {
		t.Errorf("get-session with the cookies of a banned user and of an expired session: got %s, want null", a.body)
	}
	if got := s.tokensOf(bob); len(got) != 1 {
		t.Errorf("after these requests: got %d sessions of the banned user, want 1, because it is live again after the ban",
			len(got))
	}
}

func TestSignOutEndsSessionsOfAllCookiesOfOneName(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada, bob, other := s.signUp("ada"), s.signUp("bob"), s.signInAs("ada")
	header := strings.Join([]string{
		cookiePair(ada.cookie, sessionTokenCookie), sessionTokenCookie + "=forged",
		cookiePair(bob.cookie, sessionTokenCookie), cookiePair(other.cookie, sessionTokenCookie),
	}, "; ")
	keep := s.signInAs("ada")
	var a answer
	if trips := s.countRoundTrips(func() {
		a = s.do("POST", signOutPath, "", "Cookie", header, "Origin",
			origin)
	}); trips != 1 || a.status != 200 {
		t.Errorf("sign-out: got %d %s in %d round trips, want 200 in 1", a.status, a.body, trips)
	}
	s.checkCookies(a, "sign-out", "clear session_token", "clear session_data", "clear dont_remember")
	if diff := cmp.Diff([]string{keep.token}, query[[]string](s, `SELECT array_agg(token) FROM session`)); diff != "" {
		t.Errorf("tokens of the sessions that are left (-want +got):\n%s", diff)
	}
	if a := s.do("GET", sessionPath, "", "Cookie", header); a.body != "null" {
		t.Errorf("get-session after the sign-out: got %s, want null", a.body)
	}
}

// Xenon looks up only the first eight session cookies of a request.
func TestOnlyTheFirstEightSessionCookiesAreLookedUp(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUpAda()
	secret := []byte(s.cfg.AuthSecret)
	cookiesOfEndedSessions := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, sessionTokenCookie+"="+session.Sign(secret, fmt.Sprint("dead", i)))
		}
		return strings.Join(all, "; ")
	}
	live := cookiePair(s.signInAs("ada").cookie, sessionTokenCookie)
	if a := s.do("GET", sessionPath, "", "Cookie", cookiesOfEndedSessions(7)+"; "+live); a.body == "null" {
		t.Error("get-session with the live session in the eighth cookie: got null, want the session")
	}
	var a answer
	cookies := cookiesOfEndedSessions(1000) + "; " + live
	trips := s.countRoundTrips(func() { a = s.do("GET", sessionPath, "", "Cookie", cookies) })
	if trips != 1 || a.status != 200 {
		t.Errorf("get-session with 1,001 session cookies: got %d in %d round trips, want 200 in 1", a.status, trips)
	}
}

// With several session cookies, Xenon ignores the cache cookies, one of which can be of an ended session.
func TestCacheCookieIsIgnoredWithSeveralSessionCookies(t *testing.T) {
	t.Parallel()
	s := newCachingServer(t)
	s.signUpAda()
	dead, live := s.signInAs("ada"), s.signInAs("ada")
	s.exec(`DELETE FROM session WHERE token = $1`, dead.token)
	for _, header := range []string{dead.cookie + "; " + live.cookie, live.cookie + "; " + dead.cookie} {
		a := s.do("GET", sessionPath, "", "Cookie", header)
		if a.body == "null" || a.json(t)["session"].(map[string]any)["token"] != live.token {
			t.Errorf("get-session with the cookies of an ended and of a live session: got %s, want the live session", a.body)
		}
	}
	// The header has one session cookie, its cache cookie, and before them the cache cookie of another session.
	header := cookiePair(dead.cookie, sessionDataCookie) + "; " + live.cookie
	var a answer
	if trips := s.countRoundTrips(func() { a = s.do("GET", sessionPath, "", "Cookie", header) }); trips != 0 ||
		a.body == "null" || len(a.cookieChanges()) > 0 {
		t.Errorf("get-session with two cache cookies: got %s, cookie changes %q in %d round trips; want the session, "+
			"no change and 0 round trips", a.body, a.cookieChanges(), trips)
	}
}

// A session with rememberMe false stays one if the request has two cookies dont_remember and the first one is invalid.
func TestDontRememberCookieIsFoundAmongCookiesOfItsName(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	short := s.clientOf(s.do("POST", signUpPath, strings.Replace(signUpBody, "{", `{"rememberMe":false,`, 1)))
	a := s.do("POST", "/api/auth/update-user", `{"name":"Countess"}`, "Cookie",
		"better-auth.dont_remember=old; "+short.cookie, "Origin", origin)
	if a.status != http.StatusOK {
		t.Fatalf("update-user with two cookies dont_remember: got %d %s, want 200", a.status, a.body)
	}
	s.checkCookies(a, "update-user", "set session_token", "set dont_remember")
}
