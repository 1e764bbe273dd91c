package auth_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const (
	tooLongName  = `[body.name] Too big: expected string to have <=256 characters`
	tooLongImage = `[body.image] Too big: expected string to have <=32768 characters`
)

// Xenon counts lengths in UTF-16 code units, like JavaScript: an emoji counts as two.
func TestLongNameOrImageIsRefused(t *testing.T) {
	t.Parallel()
	for i, c := range []struct {
		what, name, image string
		problems          []string
	}{
		{"longest name", strings.Repeat("x", 256), "", nil},
		{"name one too long", strings.Repeat("x", 257), "", []string{tooLongName}},
		{"longest name beyond ASCII", strings.Repeat("é", 256), "", nil},
		{"name beyond ASCII one too long", strings.Repeat("é", 257), "", []string{tooLongName}},
		{"longest name of emoji", strings.Repeat("😀", 128), "", nil},
		{"name of emoji one too long", strings.Repeat("😀", 128) + "x", "", []string{tooLongName}},
		{"longest image that a JWT contains", "Ada", strings.Repeat("x", 2048), nil},
		{"image too long for a JWT", "Ada", strings.Repeat("x", 2049), nil},
		{"longest image", "Ada", strings.Repeat("x", 32_768), nil},
		{"image one too long", "Ada", strings.Repeat("x", 32_769), []string{tooLongImage}},
		{"image beyond ASCII one too long", "Ada", strings.Repeat("é", 32_769), []string{tooLongImage}},
		{"a megabyte each", strings.Repeat("x", 400_000), strings.Repeat("y", 400_000), []string{tooLongName, tooLongImage}},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			ada := s.signUp("ada")
			want := func(what string, a answer) {
				switch {
				case c.problems == nil && a.status != http.StatusOK:
					t.Errorf("%s: got %d %.200s, want 200", what, a.status, a.body)
				case c.problems != nil && (a.status != http.StatusBadRequest || a.body != validationReply(c.problems...)):
					t.Errorf("%s: got %d %.200s, want 400 %s", what, a.status, a.body, validationReply(c.problems...))
				}
			}
			body := map[string]any{"name": c.name, "image": c.image}
			want("update-user", s.doAs(ada, "POST", "/api/auth/update-user", encodeJSON(t, body)))
			body["email"], body["password"] = fmt.Sprintf("new%d@example.com", i), "correct horse"
			want("sign-up", s.do("POST", signUpPath, encodeJSON(t, body)))
			stored := query[int](s, `SELECT count(*) FROM "user" WHERE length(name) > 256 OR length(image) > 32768`)
			if users := query[int](s, `SELECT count(*) FROM "user"`); stored != 0 || c.problems != nil && users != 1 {
				t.Errorf("%d of %d users have a name or image that is too long, want none, and one user if the sign-up is rejected",
					stored, users)
			}
		})
	}
}

func encodeJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// claimsOf returns the claims of a JWT without verifying it.
func claimsOf(t *testing.T, token string) (claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
	if err != nil || json.Unmarshal(text, &claims) != nil {
		t.Fatalf("read the claims of %.80q: it is not a JWT", token)
	}
	return claims
}

// A JWT does not contain a long image, which another server or an import may have stored, because API Gateway would
// reject a request with such a JWT.
func TestLongImageIsLeftOutOfJWTButNotOfSession(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		image string
		in    bool
	}{
		"2,048 characters":            {strings.Repeat("x", 2048), true},
		"2,049 characters":            {strings.Repeat("x", 2049), false},
		"32,768 characters":           {strings.Repeat("x", 32_768), false},
		"a megabyte":                  {strings.Repeat("x", 1<<20), false},
		"2,048 characters of 3 bytes": {strings.Repeat("€", 2048), false},
		"2,048 control characters":    {strings.Repeat("\x01", 2048), false},
		"a few characters":            {"https://img.example.net/ada.png", true},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			ada := s.signUp("ada")
			s.exec(`UPDATE "user" SET image = $1`, c.image)
			a := s.doAs(ada, "GET", sessionPath, "")
			if got := a.json(t)["user"].(map[string]any)["image"]; got != c.image {
				t.Errorf("get-session: got an image of %d bytes, want %d", len(fmt.Sprint(got)), len(c.image))
			}
			token, _ := s.doAs(ada, "GET", tokenPath, "").json(t)["token"].(string)
			for from, token := range map[string]string{"set-auth-jwt": a.header.Get("Set-Auth-Jwt"), "/token": token} {
				claims := claimsOf(t, token)
				if image, there := claims["image"]; there != c.in || there && image != c.image {
					t.Errorf("JWT of %s contains the image: %v, want %v", from, there, c.in)
				}
				if claims["name"] != "Ada" || claims["email"] != "ada@example.com" {
					t.Errorf("JWT of %s: got the claims %v, want the name Ada and the email", from, claims)
				}
			}
			checkHeaderSizes(t, what, a)
		})
	}
}

// A Better Auth server on the same database may have stored a name of any length. If the name would make the JWT too
// large, the JWT has no name.
func TestLongNameIsLeftOutOfJWT(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUp("ada")
	for name, in := range map[string]bool{
		strings.Repeat("x", 256): true, strings.Repeat("€", 256): true,
		strings.Repeat("x", 100_000): false,
	} {
		s.exec(`UPDATE "user" SET name = $1, image = $2`, name, strings.Repeat("y", 2048))
		a := s.doAs(ada, "GET", sessionPath, "")
		if _, there := claimsOf(t, a.header.Get("Set-Auth-Jwt"))["name"]; there != in {
			t.Errorf("name of %d bytes: it is in the JWT: %v, want %v", len(name), there, in)
		}
		checkHeaderSizes(t, fmt.Sprint(len(name), " bytes"), a)
	}
}

// maxBytesPerHeader is the maximum size of one header in these tests, in bytes. API Gateway accepts 10,240 bytes of
// request line and headers.
const maxBytesPerHeader = 8 << 10

// checkHeaderSizes checks that no header of a response, and no Cookie header that a browser sends after it, is larger
// than maxBytesPerHeader. what names the request.
func checkHeaderSizes(t *testing.T, what string, a answer) {
	t.Helper()
	for name, values := range a.header {
		for _, v := range values {
			if len(name)+2+len(v) > maxBytesPerHeader {
				t.Errorf("%s: the header %s has %d bytes, want at most %d", what, name, len(v), maxBytesPerHeader)
			}
		}
	}
	if n := len("Cookie: " + a.cookie()); n > maxBytesPerHeader {
		t.Errorf("%s: a browser would send %d bytes of cookies, want at most %d", what, n, maxBytesPerHeader)
	}
}

// A user with a long image gets no cache cookie. If the request has one, it is cleared.
func TestNoCacheCookieForUserWithLongImage(t *testing.T) {
	t.Parallel()
	s := newCachingServer(t)
	up := s.signUpAda()
	cookie := up.cookie()
	update := func(image string) answer {
		a := s.do(
			"POST",
			"/api/auth/update-user",
			encodeJSON(t, map[string]string{"image": image}),
			"Cookie",
			cookie,
			"Origin",
			origin,
		)
		checkHeaderSizes(t, fmt.Sprint(len(image)), a)
		return a
	}
	set, cleared := []string{"set session_token 604800", "set session_data 300"}, []string{
		"set session_token 604800",
		"clear session_data",
	}
	s.checkCookies(update(strings.Repeat("x", 2048)), "2,048 characters", set...)
	s.checkCookies(update(strings.Repeat("x", 2049)), "2,049 characters", cleared...)
	s.checkCookies(update(strings.Repeat("x", 32_768)), "32,768 characters", cleared...)
	s.checkCookies(update(strings.Repeat("€", 2048)), "2,048 characters of 3 bytes", cleared...)

	token := cookiePair(cookie, sessionTokenCookie)
	for _, path := range []string{sessionPath, tokenPath} {
		s.checkCookies(s.do("GET", path, "", "Cookie", token), path+" without a cache cookie")
	}
	stale := s.do("GET", sessionPath+"?disableCookieCache=true", "", "Cookie",
		cookie+"; "+sessionDataCookie+".0=x; "+sessionDataCookie+".1=y")
	s.checkCookies(stale, "get-session with disableCookieCache",
		"clear session_data", "clear session_data.0", "clear session_data.1")
	in := s.do("POST", signInPath, `{"email":"ada@example.com","password":"correct horse"}`, "User-Agent",
		strings.Repeat("u", 8<<10))
	checkHeaderSizes(t, "sign-in", in)
	s.checkCookies(in, "sign-in", "set session_token 604800")

	s.exec(`UPDATE "user" SET image = NULL`)
	in = s.do("POST", signInPath, `{"email":"ada@example.com","password":"correct horse"}`, "User-Agent",
		strings.Repeat("u", 8<<10))
	checkHeaderSizes(t, "a long User-Agent", in)
	s.checkCookies(in, "a long User-Agent", "set session_token 604800")
}

// Redirect targets are part of the header Location and of mailed links, so their length is limited.
func TestLongRedirectTargetIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUp("ada")
	long := "/" + strings.Repeat("x", 2048)
	for _, target := range []string{long[:2048], "/" + strings.Repeat("é", 1023)} {
		a := s.do("POST", signInPath,
			encodeJSON(t, map[string]string{"email": "ada@example.com", "password": "correct horse", "callbackURL": target}))
		if a.status != http.StatusOK {
			t.Errorf("redirect target of %d bytes: got %d %.100s, want 200", len(target), a.status, a.body)
		}
		checkHeaderSizes(t, "sign-in", a)
	}
	for _, c := range []struct{ method, path, body string }{
		{"POST", signInPath, encodeJSON(t, map[string]string{
			"email": "ada@example.com", "password": "correct horse",
			"callbackURL": long,
		})},
		{
			"POST", "/api/auth/request-password-reset",
			encodeJSON(t, map[string]string{"email": "ada@example.com", "redirectTo": long}),
		},
		{"GET", "/api/auth/verify-email?token=x&callbackURL=" + long, ""},
		{"GET", "/api/auth/reset-password/x?callbackURL=" + long, ""},
	} {
		a := s.doAs(ada, c.method, c.path, c.body)
		if a.status != http.StatusForbidden {
			t.Errorf("%s with a redirect target that is too long: got %d %.100s, want 403",
				c.path[:min(60, len(c.path))], a.status, a.body)
		}
		checkHeaderSizes(t, c.path[:min(30, len(c.path))], a)
	}
	if got := query[int](s, `SELECT count(*) FROM verification`); got != 0 {
		t.Errorf("rejected requests stored %d links, want none", got)
	}
}
