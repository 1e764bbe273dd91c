package auth_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const sessionDataCookie = "better-auth.session_data"

// newCachingServer is like newServer, with the cookie cache on.
func newCachingServer(t *testing.T) *server {
	return newServer(t, func(env map[string]string) { env["COOKIE_CACHE"] = "compact" })
}

// cookieChanges returns how the response changes cookies: "set NAME AGE" or "clear NAME" for each Set-Cookie line. NAME
// is without "better-auth."; AGE is the Max-Age, if there is one.
func (a answer) cookieChanges() (out []string) {
	for _, line := range a.header["Set-Cookie"] {
		name, rest, _ := strings.Cut(strings.TrimPrefix(line, "better-auth."), "=")
		value, attributes, _ := strings.Cut(rest, ";")
		age, _, _ := strings.Cut(strings.TrimPrefix(attributes, " Max-Age="), ";")
		switch {
		case value == "":
			name = "clear " + name
		case strings.HasPrefix(attributes, " Max-Age="):
			name = "set " + name + " " + age
		default:
			name = "set " + name
		}
		out = append(out, name)
	}
	return out
}

// checkCookies compares the cookie changes of a response with want. what names the request.
func (s *server) checkCookies(a answer, what string, want ...string) {
	s.t.Helper()
	if diff := cmp.Diff(want, a.cookieChanges()); diff != "" {
		s.t.Errorf("%s: got %d, cookie changes (-want +got):\n%s", what, a.status, diff)
	}
}

// cookiePair returns the cookie with the name, as name=value, from a Cookie header, or "" if it has none.
func cookiePair(cookies, name string) string {
	for pair := range strings.SplitSeq(cookies, "; ") {
		if strings.HasPrefix(pair, name+"=") {
			return pair
		}
	}
	return ""
}

func TestCookieCacheComesWithEverySessionCookie(t *testing.T) {
	t.Parallel()
	s := newCachingServer(t)
	s.checkCookies(s.signUpAda(), "sign-up", "set session_token 604800", "set session_data 300")
	in := s.do("POST", signInPath, `{"email":"ada@example.com","password":"correct horse"}`)
	s.checkCookies(in, "sign-in", "set session_token 604800", "set session_data 300")
	forgotten := s.do("POST", signInPath, `{"email":"ada@example.com","password":"correct horse","rememberMe":false}`)
	s.checkCookies(forgotten, "sign-in, not remembered", "set session_token", "set dont_remember", "set session_data")
	again := s.do("POST", signInPath, `{"email":"ada@example.com","password":"correct horse"}`,
		"Cookie", forgotten.cookie()+"; "+sessionDataCookie+".1=x", "Origin", origin)
	s.checkCookies(again, "remembered again", "set session_token 604800", "clear dont_remember", "set session_data 300",
		"clear session_data.1")
	s.checkCookies(s.do("POST", signOutPath, "", "Cookie", in.cookie(), "Origin", origin), "sign-out",
		"clear session_token", "clear session_data", "clear session_data", "clear dont_remember")
}

func TestGetSessionUsesCookieCacheWithoutDatabase(t *testing.T) {
	t.Parallel()
	s := newCachingServer(t)
	up := s.signUpAda()
	fromDatabase := s.do("GET", sessionPath+"?disableCookieCache=false", "", "Cookie", up.cookie())
	s.checkCookies(fromDatabase, "get-session with disableCookieCache", "set session_data 300")
	var cached answer
	if got := s.countRoundTrips(func() {
		cached = s.do("GET", sessionPath+"?disableCookieCache=", "", "Cookie",
			up.cookie())
	}); got != 0 {
		t.Errorf("get-session with a cache cookie: got %d round trips, want 0", got)
	}
	s.checkCookies(cached, "get-session with a cache cookie")
	if diff := cmp.Diff(fromDatabase.json(t), cached.json(t)); diff != "" {
		t.Errorf("body of get-session (-from the database +from the cache cookie):\n%s", diff)
	}
	if cached.header.Get("Cache-Control") != "no-store" {
		t.Errorf("get-session with a cache cookie: got headers %v, want Cache-Control no-store", cached.header)
	}
	var token answer
	if got := s.countRoundTrips(func() { token = s.do("GET", tokenPath, "", "Cookie", up.cookie()) }); got != 1 ||
		token.status != 200 {
		t.Errorf("token with a cache cookie: got %d, %d round trips, want 200 and 1", token.status, got)
	}
	s.checkCookies(token, "token with a cache cookie, which Better Auth would accept")
	s.checkCookies(s.do("GET", tokenPath, "", "Cookie", cookiePair(up.cookie(), "better-auth.session_token")),
		"token without a cache cookie", "set session_data 300")
	s.checkCookies(
		s.do("GET", tokenPath+"?disableCookieCache=1", "", "Cookie", up.cookie()), "token with disableCookieCache",
		"set session_data 300")
	s.checkCookies(
		s.do("GET", sessionPath, "", "Cookie", cookiePair(up.cookie(), sessionDataCookie)),
		"cache cookie of another session",
	)
}

func TestR23_CacheCookieOfRevokedSessionWorksForFiveMinutesAtMost(t *testing.T) {
	t.Parallel()
	s := newCachingServer(t)
	cookie := s.signUpAda().cookie()
	s.exec(`DELETE FROM session`)
	s.now = s.now.Add(5 * time.Minute)
	if a := s.do("GET", sessionPath, "", "Cookie", cookie); a.body == "null" || len(a.cookieChanges()) > 0 {
		t.Errorf("get-session in the last millisecond of the cache cookie: got %s, cookies %q; want the session, no cookie",
			a.body, a.cookieChanges())
	}
	everything := []string{"clear session_token", "clear session_data", "clear session_data", "clear dont_remember"}
	for _, path := range []string{tokenPath, tokenPath + "?disableCookieCache="} {
		a := s.do("GET", path, "", "Cookie", cookie)
		if a.status != 401 || a.errorCode() != "UNAUTHORIZED" {
			t.Errorf("%s with the cache cookie of a revoked session: got %d %s, want 401 UNAUTHORIZED", path, a.status, a.body)
		}
		s.checkCookies(a, path, everything...)
	}
	s.now = s.now.Add(time.Millisecond)
	a := s.do("GET", sessionPath, "", "Cookie", cookie)
	if a.body != "null" {
		t.Errorf("get-session a millisecond after the cache cookie has expired: got %s, want null", a.body)
	}
	s.checkCookies(a, "get-session a millisecond after the cache cookie has expired", everything...)
}

func TestR24_SessionsAreExtendedWithTheCookieCacheOn(t *testing.T) {
	t.Parallel()
	for _, path := range []string{sessionPath, tokenPath} {
		s := newCachingServer(t)
		cookie := s.signUpAda().cookie()
		s.now = s.now.Add(24*time.Hour - 5*time.Minute)
		fresh := s.do("GET", sessionPath, "", "Cookie", cookie)
		s.checkCookies(fresh, "five minutes before the session is extended", "clear session_data", "set session_data 300")
		s.now = s.now.Add(5 * time.Minute)
		validCache := cookiePair(cookie, "better-auth.session_token") + "; " + fresh.cookie()
		s.checkCookies(s.do("GET", path, "", "Cookie", validCache), "after a day, with a valid cache cookie")
		s.checkCookies(s.do("GET", path+"?disableRefresh=0", "", "Cookie", cookie), "after a day, with disableRefresh",
			"clear session_data")
		a := s.do("GET", path, "", "Cookie", cookiePair(cookie, "better-auth.session_token"))
		s.checkCookies(a, "after a day, without a cache cookie", "set session_token 604800",
			"set session_data 300")
		if got := query[time.Time](s, `SELECT "expiresAt" FROM session`); !got.Equal(s.now.Add(7 * 24 * time.Hour)) {
			t.Errorf("session that was extended after a day: it ends at %v, want 7 days later", got)
		}
		if a := s.do("GET", sessionPath, "", "Cookie",
			a.cookie()); a.json(t)["session"].(map[string]any)["expiresAt"] != "2026-01-23T12:00:00.123Z" {
			t.Errorf("get-session with the new cache cookie: got %s, want the new expiry of the session", a.body)
		}
		s.now = s.now.Add(7*24*time.Hour + time.Second)
		if got := s.do("GET", sessionPath, "", "Cookie", a.cookie()); got.body != "null" {
			t.Errorf("get-session after the session has expired: got %s, want null", got.body)
		}
	}
}

func TestNotRememberedSessionsAreCachedForAMinute(t *testing.T) {
	t.Parallel()
	s := newCachingServer(t)
	cookie := s.do("POST", signUpPath, strings.Replace(signUpBody, "{", `{"rememberMe":false,`, 1)).cookie()
	s.now = s.now.Add(time.Minute)
	if got := s.countRoundTrips(func() {
		s.checkCookies(s.do("GET", sessionPath, "", "Cookie", cookie), "get-session after a minute")
	}); got != 0 {
		t.Errorf("get-session after a minute, session not remembered: got %d round trips, want 0", got)
	}
	s.now = s.now.Add(time.Millisecond)
	for _, path := range []string{sessionPath, tokenPath} {
		a := s.do("GET", path, "", "Cookie", cookie)
		if a.status != 200 || a.body == "null" {
			t.Errorf("%s after the cache cookie has expired: got %d %s, want 200 and the session or a token",
				path, a.status, a.body)
		}
		s.checkCookies(a, path+" after the cache cookie has expired", "clear session_data")
	}
}

func TestInvalidCacheCookiesAreIgnoredAndCleared(t *testing.T) {
	t.Parallel()
	s := newCachingServer(t)
	cookie := s.signUpAda().cookie()
	token, good := cookiePair(cookie, "better-auth.session_token"), cookiePair(cookie, sessionDataCookie)
	other := s.do("POST", signInPath, `{"email":"ada@example.com","password":"correct horse"}`).cookie()
	foreign := newServer(t, func(env map[string]string) {
		env["COOKIE_CACHE"], env["BETTER_AUTH_SECRET"] = "compact", "another secret, which is long enough"
	}).signUpAda().cookie()
	var many, large []string
	for i := range 200 {
		many = append(many, fmt.Sprintf("unknown.%d=%d", i, i))
		large = append(large, fmt.Sprintf("%s.%d=%s", sessionDataCookie, i, strings.Repeat("A", 4000)))
	}
	linesThatClear := func(n int) (lines []string) {
		for i := range n {
			lines = append(lines, fmt.Sprintf("clear session_data.%d", i))
		}
		return lines
	}
	encoded := base64.RawURLEncoding.EncodeToString
	for _, c := range []struct {
		name, cookies       string
		session, tokenRoute []string // the cookie changes by get-session and by the route token
	}{
		{"good", good, nil, nil},
		{"with many unknown cookies", strings.Join(many, "; ") + "; " + good, nil, nil},
		{"split into parts", sessionDataCookie + ".1=" + good[len(sessionDataCookie)+501:] + "; " +
			sessionDataCookie + ".0=" +
			good[len(sessionDataCookie)+1:len(sessionDataCookie)+501], nil, nil},
		{"none", "", []string{"set session_data 300"}, []string{"set session_data 300"}},
		{"empty", sessionDataCookie + "=", []string{"set session_data 300"}, []string{"set session_data 300"}},
		{
			"of another session", cookiePair(other, sessionDataCookie),
			[]string{"clear session_data", "set session_data 300"},
			[]string{"set session_data 300"},
		},
		{
			"of another secret", cookiePair(foreign, sessionDataCookie),
			[]string{"clear session_data", "set session_data 300"},
			[]string{"set session_data 300"},
		},
		{
			"with a dot", sessionDataCookie + "=eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
			[]string{"clear session_data", "set session_data 300"},
			[]string{"set session_data 300"},
		},
		{
			"not base64", sessionDataCookie + `="\x00%zz"`,
			[]string{"clear session_data", "set session_data 300"},
			[]string{"set session_data 300"},
		},
		{
			"empty session", sessionDataCookie + "=" + encoded([]byte(`{"session":{},"expiresAt":9e99,"signature":""}`)),
			[]string{"clear session_data", "set session_data 300"},
			[]string{"set session_data 300"},
		},
		{
			"a part is missing", sessionDataCookie + ".1=" + good[len(sessionDataCookie)+501:],
			[]string{"clear session_data", "clear session_data.1", "set session_data 300"},
			[]string{"clear session_data.1", "set session_data 300"},
		},
		{
			"far too large", strings.Join(large, "; "),
			append(append([]string{"clear session_data"}, linesThatClear(100)...), "set session_data 300"),
			append(linesThatClear(100),
				"set session_data 300"),
		},
	} {
		for path, want := range map[string][]string{sessionPath: c.session, tokenPath: c.tokenRoute} {
			a := s.do("GET", path, "", "Cookie", token+"; "+c.cookies)
			if a.status != 200 || a.body == "null" {
				t.Errorf("%s with the cache cookie %q: got %d %s, want 200 and the session or a token",
					path, c.name, a.status, a.body)
			}
			s.checkCookies(a, path+", cache cookie: "+c.name, want...)
		}
	}
}

// Better Auth would parse such a name as a date, so it does not accept the cache cookie. Neither does Xenon.
func TestCacheCookieOfUserWithNameLikeADateIsInvalid(t *testing.T) {
	t.Parallel()
	s := newCachingServer(t)
	cookie := s.do("POST", signUpPath, strings.Replace(signUpBody, `"Ada"`, `"2026-01-15T12:00:00Z"`, 1)).cookie()
	a := s.do("GET", sessionPath, "", "Cookie", cookie)
	s.checkCookies(a, "get-session", "clear session_data", "set session_data 300")
	if name := a.json(t)["user"].(map[string]any)["name"]; name != "2026-01-15T12:00:00Z" {
		t.Errorf("get-session of a user whose name looks like a date: got the name %v, want it unchanged", name)
	}
}

func TestCacheCookiesAreClearedIfTheCacheIsOff(t *testing.T) {
	t.Parallel()
	on, off := newCachingServer(t), newServer(t)
	cacheCookie := cookiePair(on.signUpAda().cookie(), sessionDataCookie)
	token := off.signUpAda().cookie()
	for _, path := range []string{sessionPath, tokenPath} {
		off.checkCookies(off.do("GET", path, "", "Cookie", sessionDataCookie+".1=x; "+cacheCookie+"; "+token), path,
			"clear session_data.1", "clear session_data")
	}
	off.checkCookies(off.do("GET", sessionPath, "", "Cookie", cacheCookie), "no session", "clear session_data")
	off.checkCookies(off.do("GET", sessionPath, "", "Cookie", token+"; "+sessionDataCookie+"="), "empty cache cookie")
}

func TestCookieCacheWorksWithBearerToken(t *testing.T) {
	t.Parallel()
	s := newCachingServer(t)
	up := s.signUpAda()
	bare, _ := up.json(t)["token"].(string)
	if got := s.countRoundTrips(func() {
		s.checkCookies(s.do("GET", sessionPath, "", "Authorization", "Bearer "+bare, "Cookie",
			cookiePair(up.cookie(), sessionDataCookie)), "bearer token and its cache cookie")
	}); got != 0 {
		t.Errorf("get-session with a bearer token and its cache cookie: got %d round trips, want 0", got)
	}
	s.checkCookies(s.do("GET", sessionPath, "", "Authorization", "Bearer "+bare), "bearer token only",
		"set session_data 300")
}

// Better Auth splits a large cache cookie into parts. Xenon reads the parts, and clears them when it sets a new cookie.
func TestR25_CacheCookiesOfBetterAuthInPartsAreRead(t *testing.T) {
	t.Parallel()
	s := newCachingServer(t)
	cookie := s.do("POST", signUpPath, strings.Replace(signUpBody, "{", `{"image":"data:,`+strings.Repeat("x", 1900)+`",`,
		1)).cookie()
	whole := cookiePair(cookie, sessionDataCookie)[len(sessionDataCookie)+1:]
	parts := cookiePair(cookie, sessionTokenCookie)
	for i := 0; len(whole) > 0; i++ {
		n := min(1000, len(whole))
		parts += fmt.Sprintf("; %s.%d=%s", sessionDataCookie, i, whole[:n])
		whole = whole[n:]
	}
	if got := s.countRoundTrips(
		func() { s.checkCookies(s.do("GET", sessionPath, "", "Cookie", parts), "cached") },
	); got != 0 {
		t.Errorf("get-session with a cache cookie in parts: got %d round trips, want 0", got)
	}
	s.checkCookies(s.do("GET", sessionPath+"?disableCookieCache=1", "", "Cookie", parts), "with disableCookieCache",
		"clear session_data.0", "clear session_data.1", "clear session_data.2", "clear session_data.3",
		"set session_data 300")
}

// The response to a request that ends the caller's own session sets no cache cookie.
func TestR28_EndedSessionsLeaveNoCacheCookie(t *testing.T) {
	t.Parallel()
	s := newCachingServer(t)
	up := s.signUpAda()
	in := s.do("POST", signInPath, `{"email":"ada@example.com","password":"correct horse"}`)
	revoke := func(of answer) answer {
		return s.do("POST", "/api/auth/revoke-session", fmt.Sprintf(`{"token":%q}`, of.json(t)["token"]), "Cookie",
			in.cookie(), "Origin", origin)
	}
	s.checkCookies(s.do("GET", "/api/auth/list-sessions", "", "Cookie", in.cookie()), "list")
	s.checkCookies(revoke(up), "revoke another session", "set session_data 300")
	if a := s.do("GET", tokenPath, "", "Cookie", up.cookie()); a.status != 401 {
		t.Errorf("token with a session that another session has revoked: got %d %s, want 401", a.status, a.body)
	}
	s.checkCookies(revoke(in), "revoke the caller's own session",
		"clear session_token", "clear session_data", "clear session_data", "clear dont_remember")
	if a := revoke(in); a.status != 401 {
		t.Errorf("revoke-session with a session that has revoked itself: got %d %s, want 401", a.status, a.body)
	}
}

func TestCachedGetSessionIsNotRateLimited(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(env map[string]string) { env["COOKIE_CACHE"], env["RATE_LIMIT"] = "compact", "on" })
	cookie := s.signUpAda().cookie()
	if got := s.countRoundTrips(func() { s.do("GET", sessionPath, "", "Cookie", cookie) }); got != 0 {
		t.Errorf("get-session with a cache cookie and rate limits: got %d round trips, want 0", got)
	}
}

// get-session accepts a cache cookie for five minutes, even if the session was revoked or the user was banned or
// deleted. But then it returns no JWT, because a JWT would be valid for seven days.
func TestGetSessionReturnsNoJWTToCallerWithCacheCookieOnly(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"live":    `SELECT`,
		"revoked": `DELETE FROM session`,
		"banned":  `UPDATE "user" SET banned = true`,
		"deleted": `DELETE FROM "user"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCachingServer(t)
			cookie := s.signUpAda().cookie()
			s.exec(sql)
			for _, path := range []string{sessionPath, sessionPath + "?disableRefresh=true"} {
				a := s.do("GET", path, "", "Cookie", cookie)
				if a.body == "null" || a.header.Get("Set-Auth-Jwt") != "" || a.header.Get("Access-Control-Expose-Headers") != "" {
					t.Errorf("%s with a cache cookie: got %s, headers %v; want the session and no JWT",
						path, a.body, a.header)
				}
			}
			live := name == "live"
			for _, c := range []struct{ path, cookie string }{
				{sessionPath, cookiePair(cookie, "better-auth.session_token")},
				{sessionPath + "?disableCookieCache=true", cookie},
			} {
				a := s.do("GET", c.path, "", "Cookie", c.cookie)
				if got := a.header.Get("Set-Auth-Jwt") != ""; got != live {
					t.Errorf("%s, which reads the database: got a JWT: %v, want %v", c.path, got, live)
				}
			}
			if a := s.do("GET", tokenPath, "", "Cookie", cookie); (a.status == 200) != live {
				t.Errorf("token: got %d %s, want 200 only for a live session", a.status, a.body)
			}
		})
	}
}
