package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestGetSessionAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	up := s.signUpAda()
	a := s.do("GET", sessionPath, "", "Cookie", up.cookie())
	body := a.json(t)
	session, _ := body["session"].(map[string]any)
	if a.status != 200 || session["token"] != up.json(t)["token"] || session["expiresAt"] != "2026-01-22T12:00:00.123Z" ||
		session["ipAddress"] != "" || session["userAgent"] != "" || len(session) != 8 {
		t.Errorf("get-session: got %d %s, want 200 and the session of the sign-up", a.status, a.body)
	}
	if diff := cmp.Diff(up.json(t)["user"], body["user"]); diff != "" {
		t.Errorf("user (-from sign-up +from get-session):\n%s", diff)
	}
	if a.header.Get("Set-Auth-Jwt") == "" || a.header.Get("Access-Control-Expose-Headers") != "set-auth-jwt" {
		t.Errorf("get-session: got set-auth-jwt %q, exposed headers %q; want a JWT that scripts can read",
			a.header.Get("Set-Auth-Jwt"), a.header.Get("Access-Control-Expose-Headers"))
	}
	if len(a.header["Set-Cookie"]) > 0 {
		t.Errorf("get-session: got cookies %q, want none", a.header["Set-Cookie"])
	}
}

func TestR26_GetSessionIsNeverStored(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, a := range []answer{
		s.do("GET", sessionPath, ""), s.do("GET", sessionPath, "", "Cookie", s.signUpAda().cookie()), s.do("POST",
			sessionPath, "{}"),
	} {
		if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Pragma") != "no-cache" {
			t.Errorf("get-session with status %d: got Cache-Control %q, Pragma %q; want no-store and no-cache",
				a.status, a.header.Get("Cache-Control"), a.header.Get("Pragma"))
		}
	}
}

func TestGetSessionTakesOneRoundTrip(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	cookie := s.signUpAda().cookie()
	for range 3 {
		if got := s.countRoundTrips(func() { s.do("GET", sessionPath, "", "Cookie", cookie) }); got != 1 {
			t.Errorf("get-session: got %d round trips, want 1", got)
		}
	}
	if got := s.countRoundTrips(func() { s.do("GET", sessionPath, "") }); got != 0 {
		t.Errorf("get-session without a session: got %d round trips, want 0", got)
	}
	if got := s.countRoundTrips(
		func() { s.do("GET", sessionPath, "", "Cookie", cookie[:len(cookie)-6]+"AAAA%3D") },
	); got != 0 {
		t.Errorf("get-session with an invalid signature: got %d round trips, want 0", got)
	}
}

// clearedSessionCookies are the Set-Cookie lines that clear the cookies of a session.
var clearedSessionCookies = []string{
	"better-auth.session_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
	"better-auth.session_data=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
	"better-auth.dont_remember=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
}

func TestGetSessionIsNullWithoutALiveSession(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	up := s.signUpAda()
	bare, _ := up.json(t)["token"].(string)
	for _, c := range []struct {
		name    string
		headers []string
		cookies []string
	}{
		{"no cookie", nil, nil},
		{"unsigned cookie", []string{"Cookie", "better-auth.session_token=" + bare}, nil},
		{"invalid signature", []string{"Cookie", "better-auth.session_token=" + bare +
			".T8AEMUrZ%2Ba3T%2FHnWaoUQ%2FyV558MrH%2BTU%2F4lDFPoO1Rs%3D"}, nil},
		{"session cookie with another name", []string{"Cookie", "__Secure-" + up.cookie()}, nil},
		{"cache cookie without session cookie", []string{"Cookie", "better-auth.session_data=x"}, clearedSessionCookies[1:2]},
		{"signed cookie of an ended session", []string{"Cookie", up.cookie(), "X-Dead", ""}, clearedSessionCookies},
		{
			"bearer token of an ended session",
			[]string{"Authorization", "Bearer " + strings.Repeat("z", 32)},
			clearedSessionCookies,
		},
		{"malformed authorization", []string{"Authorization", "Bearer \x80\xff.%zz"}, nil},
	} {
		if c.name == "signed cookie of an ended session" {
			s.exec(`DELETE FROM session`)
		}
		a := s.do("GET", sessionPath, "", c.headers...)
		if a.status != 200 || a.body != "null" {
			t.Errorf("get-session, %s: got %d %s, want 200 null", c.name, a.status, a.body)
		}
		if diff := cmp.Diff(c.cookies, a.header["Set-Cookie"]); diff != "" {
			t.Errorf("get-session, %s: Set-Cookie lines (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestBearerTokenIdentifiesItsSession(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	up := s.signUpAda()
	bare, _ := up.json(t)["token"].(string)
	for _, token := range []string{bare, up.header.Get("Set-Auth-Token")} {
		if a := s.do("GET", sessionPath, "", "Authorization", "Bearer "+token); a.json(t)["session"] == nil {
			t.Errorf("get-session with the bearer token %s: got %s, want the session", token, a.body)
		}
		if a := s.do("GET", tokenPath, "", "Authorization", "bearer "+token); a.status != 200 {
			t.Errorf("/token with a bearer token: got %d %s, want 200", a.status, a.body)
		}
	}
	if a := s.do("POST", signOutPath, "", "Authorization", "Bearer "+bare); a.status != 200 {
		t.Errorf("sign-out with a bearer token: got %d %s, want 200", a.status, a.body)
	}
	if got := query[int](s, `SELECT count(*) FROM session`); got != 0 {
		t.Errorf("got %d sessions after sign-out with a bearer token, want 0", got)
	}
}

func TestR24_SessionsAreExtendedOnceADayAndEndByTheServersClock(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	cookie := s.signUpAda().cookie()
	readExpiry := func() string {
		return query[time.Time](s, `SELECT "expiresAt" FROM session`).UTC().Format(time.RFC3339)
	}
	getSession := func(path string) answer { return s.do("GET", path, "", "Cookie", cookie) }

	s.now = s.now.Add(24*time.Hour - time.Millisecond)
	if a := getSession(sessionPath); len(a.header["Set-Cookie"]) > 0 || readExpiry() != "2026-01-22T12:00:00Z" {
		t.Errorf("before a day has passed: got cookies %q, session end %s; want no change",
			a.header["Set-Cookie"], readExpiry())
	}
	s.now = s.now.Add(time.Millisecond)
	if a := getSession(sessionPath + "?disableRefresh=false"); len(a.header["Set-Cookie"]) > 0 {
		t.Errorf("after a day, with disableRefresh: got cookies %q, want none", a.header["Set-Cookie"])
	}
	a := getSession(sessionPath)
	if len(a.header["Set-Cookie"]) != 1 || readExpiry() != "2026-01-23T12:00:00Z" ||
		a.header.Get("Access-Control-Expose-Headers") != "set-auth-jwt, set-auth-token" {
		t.Errorf("after a day: got cookies %q, session end %s, exposed headers %q; want one cookie, an extended "+
			"session and both headers",
			a.header["Set-Cookie"], readExpiry(), a.header.Get("Access-Control-Expose-Headers"))
	}
	if session := a.json(t)["session"].(map[string]any); session["expiresAt"] != "2026-01-23T12:00:00.123Z" ||
		session["updatedAt"] != "2026-01-16T12:00:00.123Z" {
		t.Errorf("after a day: got session %v, want expiresAt in seven days and updatedAt now", session)
	}
	s.now = s.now.Add(7*24*time.Hour + time.Second)
	if a := getSession(sessionPath); a.body != "null" || cmp.Diff(clearedSessionCookies, a.header["Set-Cookie"]) != "" {
		t.Errorf("after the session has expired: got %s, cookies %q; want null and cleared cookies",
			a.body, a.header["Set-Cookie"])
	}
	if got := query[int](s, `SELECT count(*) FROM session`); got != 0 {
		t.Errorf("after the session has expired: got %d sessions in the database, want 0", got)
	}
}

func TestNotRememberedSessionsAreNotExtended(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	cookie := s.do("POST", signUpPath, strings.Replace(signUpBody, "{", `{"rememberMe":false,`, 1)).cookie()
	s.now = s.now.Add(23 * time.Hour)
	if a := s.do("GET", sessionPath, "", "Cookie", cookie); a.body == "null" || len(a.header["Set-Cookie"]) > 0 {
		t.Errorf("session with rememberMe false after 23 hours: got %s, cookies %q; want the session and no cookie",
			a.body, a.header["Set-Cookie"])
	}
	s.now = s.now.Add(2 * time.Hour)
	if a := s.do("GET", sessionPath, "", "Cookie", cookie); a.body != "null" {
		t.Errorf("session with rememberMe false after 25 hours: got %s, want null", a.body)
	}
}

func TestR23_SignedOutSessionIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	cookie := s.signUpAda().cookie()
	a := s.do("POST", signOutPath, "{}", "Cookie", cookie, "Origin", origin)
	if a.status != 200 || a.body != `{"success":true}` || cmp.Diff(clearedSessionCookies, a.header["Set-Cookie"]) != "" {
		t.Errorf("sign-out: got %d %s, cookies %q, want 200, success and cleared cookies",
			a.status, a.body, a.header["Set-Cookie"])
	}
	if a := s.do("GET", sessionPath, "", "Cookie", cookie); a.body != "null" {
		t.Errorf("get-session after the sign-out: got %s, want null", a.body)
	}
	if a := s.do("GET", tokenPath, "", "Cookie", cookie); a.status != 401 || a.errorCode() != "UNAUTHORIZED" ||
		cmp.Diff(clearedSessionCookies, a.header["Set-Cookie"]) != "" {
		t.Errorf("token after the sign-out: got %d %s, cookies %q, want 401 UNAUTHORIZED and cleared cookies",
			a.status, a.body, a.header["Set-Cookie"])
	}
	if a := s.do("POST", signOutPath, "", "Cookie", cookie, "Origin", origin); a.status != 200 {
		t.Errorf("sign-out a second time: got %d %s, want 200", a.status, a.body)
	}
	for _, bad := range []string{`[]`, `"x"`, `null`, `{"disableRedirect":"yes"}`} {
		if a := s.do("POST", signOutPath, bad); a.status != 400 || a.errorCode() != "VALIDATION_ERROR" {
			t.Errorf("sign-out with the body %s: got %d %s, want 400 VALIDATION_ERROR", bad, a.status, a.body)
		}
	}
}

func TestR23_SessionOfDeletedUserIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	cookie := s.signUpAda().cookie()
	s.exec(`DELETE FROM "user"`)
	if a := s.do("GET", sessionPath, "", "Cookie", cookie); a.body != "null" {
		t.Errorf("get-session with the session of a deleted user: got %s, want null", a.body)
	}
}

func TestPostGetSessionIsAnError(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a := s.do("POST", sessionPath, "not even JSON", "Content-Type", "text/plain")
	if a.status != 405 || a.errorCode() != "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED" {
		t.Errorf("POST get-session: got %d %s, want 405 METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED", a.status, a.body)
	}
	if a := s.do(
		"POST",
		sessionPath,
		"{}",
		"Cookie",
		"a=b",
	); a.status != 403 ||
		a.errorCode() != "MISSING_OR_NULL_ORIGIN" {
		t.Errorf("POST get-session with a cookie and no Origin: got %d %s, want 403 MISSING_OR_NULL_ORIGIN",
			a.status, a.body)
	}
}

func TestR25_SecureCookiesUnderHTTPS(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(env map[string]string) { env["BETTER_AUTH_URL"] = "https://learn.example.com" })
	up := s.signUpAda()
	if line := up.header.Get("Set-Cookie"); !strings.HasPrefix(line, "__Secure-better-auth.session_token=") ||
		!strings.Contains(line, "; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("session cookie under https: got %q, want the prefix __Secure- and HttpOnly, Secure and SameSite=Lax", line)
	}
	if a := s.do("GET", sessionPath, "", "Cookie", up.cookie()); a.body == "null" {
		t.Error("get-session under https with the cookie that has the prefix __Secure-: got null, want the session")
	}
	if a := s.do("GET", sessionPath, "", "Cookie", strings.TrimPrefix(up.cookie(), "__Secure-")); a.body != "null" {
		t.Errorf("get-session under https with the cookie without the prefix __Secure-: got %s, want null", a.body)
	}
}
