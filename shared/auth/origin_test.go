package auth_test

import (
	"strings"
	"testing"
)

func TestR29_SignInNeedsATrustedOrigin(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(env map[string]string) { env["BETTER_AUTH_TRUSTED_ORIGINS"] = "https://app.example.test" })
	s.signUpAda()
	const cookie = "any=cookie"
	for _, c := range []struct {
		name    string
		headers []string
		code    string // "" if accepted
	}{
		{"curl", nil, ""},
		{"own origin", []string{"Origin", origin}, ""},
		{"trusted origin", []string{"Origin", "https://app.example.test"}, ""},
		{"own origin, capitals", []string{"Origin", "HTTP://LOCALHOST:3000"}, ""},
		{"foreign origin", []string{"Origin", "https://evil.example"}, "INVALID_ORIGIN"},
		{"own origin with more text", []string{"Origin", "http://localhost:3000.evil.example"}, "INVALID_ORIGIN"},
		{"other port", []string{"Origin", "http://localhost:3001"}, "INVALID_ORIGIN"},
		{"null", []string{"Origin", "null"}, "MISSING_OR_NULL_ORIGIN"},
		{"Origin null, Sec-Fetch-Site same-origin", []string{"Origin", "null", "Sec-Fetch-Site", "same-origin"}, ""},
		{"referer", []string{"Referer", origin + "/login"}, ""},
		{"foreign referer", []string{"Referer", "https://evil.example/"}, "INVALID_ORIGIN"},
		{"cookie without origin", []string{"Cookie", cookie}, "MISSING_OR_NULL_ORIGIN"},
		{"cookie with origin", []string{"Cookie", cookie, "Origin", origin}, ""},
		{"cookie with foreign origin", []string{"Cookie", cookie, "Origin", "https://evil.example"}, "INVALID_ORIGIN"},
		{"node's fetch", []string{"Sec-Fetch-Mode", "cors"}, "MISSING_OR_NULL_ORIGIN"},
		{
			"cross-site form",
			[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Origin", origin},
			"CROSS_SITE_NAVIGATION_LOGIN_BLOCKED",
		},
		{"cross-site form with cookie", []string{
			"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Origin",
			origin, "Cookie", cookie,
		}, ""},
		{"same-origin fetch", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Origin", origin}, ""},
	} {
		a := s.do("POST", signInPath, signInBody, c.headers...)
		want := 200
		if c.code != "" {
			want = 403
		}
		if a.status != want || a.errorCode() != c.code {
			t.Errorf("sign-in, %s: got %d %s, want %d %s", c.name, a.status, a.body, want, c.code)
		}
	}
	// Routes other than sign-in and sign-up check the origin only of requests with cookies.
	if a := s.do("POST", signOutPath, "{}", "Origin", "https://evil.example"); a.status != 200 {
		t.Errorf("sign-out from another site without cookies: got %d %s, want 200", a.status, a.body)
	}
	if a := s.do("POST", signOutPath, "{}", "Origin", "https://evil.example", "Cookie", cookie); a.status != 403 {
		t.Errorf("sign-out from another site with cookies: got %d %s, want 403", a.status, a.body)
	}
}

// Better Auth checks the body, the origin, the redirect targets, the schema of the body, the sign-in origin, and then
// the email.
func TestChecksRunInTheOrderOfBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	evil := []string{"Origin", "https://evil.example"}
	for _, c := range []struct {
		name, body string
		headers    []string
		code       string
	}{
		{"JSON before origin", `{"`, append(evil, "Cookie", "a=b"), "BAD_REQUEST"},
		{"origin before schema", `{}`, append(evil, "Cookie", "a=b"), "INVALID_ORIGIN"},
		{"redirect targets before schema", `{"callbackURL":"//evil"}`, nil, "INVALID_CALLBACK_URL"},
		{"schema before sign-in origin", `{}`, evil, "VALIDATION_ERROR"},
		{"sign-in origin before email", `{"email":"x","password":"y"}`, evil, "INVALID_ORIGIN"},
	} {
		if a := s.do("POST", signInPath, c.body, c.headers...); a.errorCode() != c.code {
			t.Errorf("sign-in, %s: got %d %s, want %s", c.name, a.status, a.body, c.code)
		}
	}
}

func TestR30_GetChangesNothingButTheSessionExpiry(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	cookie := s.signUpAda().cookie()
	readAllTables := func() string {
		return query[string](s, `SELECT concat((SELECT string_agg(u::text, ';') FROM "user" u),
			(SELECT string_agg(a::text, ';') FROM account a),
			(SELECT string_agg(x::text, ';') FROM session x), (SELECT count(*) FROM verification), (SELECT count(*) FROM jwks))`)
	}
	before := readAllTables()
	for _, path := range []string{sessionPath, tokenPath, jwksPath, signUpPath, signInPath, signOutPath} {
		s.do("GET", path+"?email=eve@example.com&password=x&callbackURL=//evil", "", "Cookie", cookie)
	}
	if after := readAllTables(); before != after {
		t.Errorf("GET requests changed the database from\n%s\nto\n%s\nwant no change", before, after)
	}
}

// Unknown paths and methods get a 404 without a body, as in Better Auth.
func TestUnknownPathsAndMethodsAre404(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, c := range []struct{ method, path string }{
		{"GET", signUpPath},
		{"PUT", signInPath},
		{"DELETE", sessionPath},
		{"GET", signOutPath},
		{"POST", tokenPath},
		{"POST", jwksPath},
		{"GET", "/api/auth/nothing"},
		{"GET", sessionPath + "/"},
		{"HEAD", sessionPath},
		{"OPTIONS", signInPath},
		{"GET", "/api/auth//get-session"},
		{"GET", strings.ToUpper(sessionPath)},
		{"GET", "/api/auth"},
		{"GET", "/"},
	} {
		if a := s.do(c.method, c.path, ""); a.status != 404 || a.body != "" || a.header.Get("Content-Type") != "" {
			t.Errorf("%s %s: got %d %q, content type %q, want 404 without a body",
				c.method, c.path, a.status, a.body, a.header.Get("Content-Type"))
		}
	}
}
