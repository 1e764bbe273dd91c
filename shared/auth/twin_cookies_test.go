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

// sessions are n more sign-ins of Ada, all but the one at alive ended again: as the cookies of one name that a browser
// sends when an earlier deployment set some of them with a Domain attribute.
func (s *site) twins(n, alive int) (header string, all []person) {
	s.t.Helper()
	var cookies []string
	for i := range n {
		p := s.rejoin("ada")
		if i != alive {
			s.exec(`DELETE FROM session WHERE token = $1`, p.token)
		}
		all = append(all, p)
		cookies = append(cookies, only(p.cookie, tokenCookie))
	}
	return strings.Join(cookies, "; "), all
}

// A browser orders cookies of one name by path and age, not by which of them is valid.
func TestLiveSessionWinsAmongCookiesOfOneName(t *testing.T) {
	t.Parallel()
	for _, cache := range []string{"off", "compact"} {
		for alive := range 3 {
			t.Run(fmt.Sprintf("cache %s, cookie %d is live", cache, alive+1), func(t *testing.T) {
				t.Parallel()
				s := newSite(t, func(env map[string]string) { env["COOKIE_CACHE"] = cache })
				s.register()
				header, all := s.twins(3, alive)
				for _, path := range []string{sessionPath, tokenPath, "/api/auth/list-sessions", sessionPath + "?disableCookieCache=true"} {
					var a answer
					trips := s.trips(func() { a = s.do("GET", path, "", "Cookie", header) })
					if a.status != 200 || a.body == "null" {
						t.Errorf("%s: got %d %s", path, a.status, a.body)
					}
					if lines := a.names(); slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "clear") }) {
						t.Errorf("%s: got cookies %q", path, lines)
					}
					if most := map[bool]int{true: 1, false: 2}[path != "/api/auth/list-sessions"]; trips > most {
						t.Errorf("%s: got %d round trips, want %d", path, trips, most)
					}
				}
				if got := s.do("GET", sessionPath, "", "Cookie", header).json(t)["session"].(map[string]any)["token"]; got != all[alive].token {
					t.Errorf("got session %v, want %s", got, all[alive].token)
				}
				a := s.do("POST", "/api/auth/verify-password", `{"password":"correct horse"}`, "Cookie", header, "Origin", origin)
				if a.status != 200 {
					t.Errorf("a sensitive route: got %d %s", a.status, a.body)
				}
			})
		}
	}
}

func TestCookiesOfOneNameAreClearedOnceNoneIsLive(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.register()
	header, _ := s.twins(3, -1)
	for _, path := range []string{sessionPath, tokenPath} {
		s.wantNames(s.do("GET", path, "", "Cookie", header), path, "clear session_token", "clear session_data", "clear dont_remember")
	}
}

// Neither an expired twin nor one of a banned user, nor one that nobody signed, hides the live session or ends with it.
func TestLiveSessionWinsOverExpiredBannedAndForgedTwins(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, bob := s.join("ada"), s.join("bob")
	old := s.rejoin("ada")
	s.exec(`UPDATE session SET "expiresAt" = $2 WHERE token = $1`, old.token, s.now.Add(-time.Second))
	s.exec(`UPDATE "user" SET banned = true WHERE id = $1`, bob.id)
	forged := tokenCookie + "=" + ada.token + "." + strings.Repeat("A", 43) + "="
	for _, order := range [][]string{
		{only(old.cookie, tokenCookie), only(ada.cookie, tokenCookie)},
		{only(bob.cookie, tokenCookie), only(ada.cookie, tokenCookie)},
		{forged, tokenCookie + "=", tokenCookie + "=%", only(ada.cookie, tokenCookie)},
		{only(ada.cookie, tokenCookie), only(old.cookie, tokenCookie), only(bob.cookie, tokenCookie)},
	} {
		header := strings.Join(order, "; ")
		a := s.do("GET", sessionPath, "", "Cookie", header)
		if a.body == "null" || a.json(t)["session"].(map[string]any)["token"] != ada.token || len(a.names()) > 0 {
			t.Errorf("%s: got %s, cookies %q", header, a.body, a.names())
		}
	}
	if n := query[int](s, `SELECT count(*) FROM session`); n != 3 {
		t.Errorf("got %d sessions left, want 3", n)
	}
	both := only(bob.cookie, tokenCookie) + "; " + only(old.cookie, tokenCookie)
	if a := s.do("GET", sessionPath, "", "Cookie", both); a.body != "null" {
		t.Errorf("banned and expired: got %s", a.body)
	}
	if got := s.tokensOf(bob); len(got) != 1 {
		t.Errorf("the banned user's session is gone: it has to come back with the end of the ban")
	}
}

func TestSignOutEndsSessionsOfAllCookiesOfOneName(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, bob, other := s.join("ada"), s.join("bob"), s.rejoin("ada")
	header := strings.Join([]string{only(ada.cookie, tokenCookie), tokenCookie + "=forged", only(bob.cookie, tokenCookie), only(other.cookie, tokenCookie)}, "; ")
	keep := s.rejoin("ada")
	var a answer
	if trips := s.trips(func() { a = s.do("POST", signOutPath, "", "Cookie", header, "Origin", origin) }); trips != 1 || a.status != 200 {
		t.Errorf("got %d %s in %d round trips", a.status, a.body, trips)
	}
	s.wantNames(a, "sign-out", "clear session_token", "clear session_data", "clear dont_remember")
	if diff := cmp.Diff([]string{keep.token}, query[[]string](s, `SELECT array_agg(token) FROM session`)); diff != "" {
		t.Errorf("sessions left (-want +got):\n%s", diff)
	}
	if a := s.do("GET", sessionPath, "", "Cookie", header); a.body != "null" {
		t.Errorf("afterwards: got %s", a.body)
	}
}

// A header full of cookies of one name costs no more than a few.
func TestCookiesOfOneNameAreTriedUpToABound(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.register()
	secret := []byte(s.cfg.AuthSecret)
	pad := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, tokenCookie+"="+session.Sign(secret, fmt.Sprint("dead", i)))
		}
		return strings.Join(all, "; ")
	}
	live := only(s.rejoin("ada").cookie, tokenCookie)
	if a := s.do("GET", sessionPath, "", "Cookie", pad(7)+"; "+live); a.body == "null" {
		t.Error("the eighth cookie is not tried")
	}
	var a answer
	if trips := s.trips(func() { a = s.do("GET", sessionPath, "", "Cookie", pad(1000)+"; "+live) }); trips != 1 || a.status != 200 {
		t.Errorf("1,000 cookies: got %d in %d round trips", a.status, trips)
	}
}

// The cache cookie of an ended session is not believed beside the cookie of another one.
func TestCacheCookieIsNotBelievedAmongCookiesOfOneName(t *testing.T) {
	t.Parallel()
	s := newCachingSite(t)
	s.register()
	dead, live := s.rejoin("ada"), s.rejoin("ada")
	s.exec(`DELETE FROM session WHERE token = $1`, dead.token)
	for _, header := range []string{dead.cookie + "; " + live.cookie, live.cookie + "; " + dead.cookie} {
		a := s.do("GET", sessionPath, "", "Cookie", header)
		if a.body == "null" || a.json(t)["session"].(map[string]any)["token"] != live.token {
			t.Errorf("got %s", a.body)
		}
	}
	// One session cookie, and an old cache cookie besides its own.
	header := only(dead.cookie, dataCookie) + "; " + live.cookie
	var a answer
	if trips := s.trips(func() { a = s.do("GET", sessionPath, "", "Cookie", header) }); trips != 0 || a.body == "null" || len(a.names()) > 0 {
		t.Errorf("twin cache cookies: got %s, cookies %q, in %d round trips", a.body, a.names(), trips)
	}
}

// Whoever chose not to be remembered stays so when the mark comes twice.
func TestDontRememberCookieIsFoundAmongCookiesOfItsName(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	short := s.browser(s.do("POST", signUpPath, strings.Replace(ada, "{", `{"rememberMe":false,`, 1)))
	a := s.do("POST", "/api/auth/update-user", `{"name":"Countess"}`, "Cookie", "better-auth.dont_remember=old; "+short.cookie, "Origin", origin)
	if a.status != http.StatusOK {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	s.wantNames(a, "update-user", "set session_token", "set dont_remember")
}
