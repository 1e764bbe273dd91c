package session

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzCookie checks that no Cookie or Authorization header causes a panic, that a token from a cookie was signed, and
// that ClearCookies clears only cookies of Better Auth. The seeds are in testdata/fuzz/FuzzCookie.
func FuzzCookie(f *testing.F) {
	v := readRecordedCookies(f)
	s := v.sessions("http://localhost:3000")
	f.Fuzz(func(t *testing.T, cookie, authorization string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Cookie"] = []string{cookie}
		r.Header["Authorization"] = []string{authorization}
		tokens, err := s.Tokens(r)
		if err != nil || len(tokens) > maxSessionCookies {
			t.Fatalf(
				"Cookie %q: got tokens %q, error %v; want at most %d tokens and no error",
				cookie,
				tokens,
				err,
				maxSessionCookies,
			)
		}
		for _, token := range tokens {
			if token != v.Payload.Session.Token && token != unsignedBearerToken(authorization) {
				t.Errorf("Cookie %q, Authorization %q: got the token %q, want only tokens with a valid signature or bearer tokens",
					cookie, authorization, token)
			}
		}
		if c, bad := s.readCacheCookie(
			r,
			[][]byte{[]byte(v.Secret)},
			tokens,
		); c != nil &&
			(bad || c.Session.Token != tokens[0]) {
			t.Errorf("Cookie %q: the cache cookie with token %q is accepted, want token %q", cookie, c.Session.Token, tokens)
		}
		w := httptest.NewRecorder()
		s.ClearCookies(w, r)
		lines := w.Header()["Set-Cookie"]
		if len(lines) > 4+maxCacheCookieParts {
			t.Errorf("Clear: got %d Set-Cookie lines, want at most %d", len(lines), 4+maxCacheCookieParts)
		}
		for _, line := range lines {
			name, rest, _ := strings.Cut(line, "=")
			if !strings.HasPrefix(name, "better-auth.") || strings.ContainsFunc(name, isNoCookieNameRune) ||
				rest != "; Max-Age=0; Path=/; HttpOnly; SameSite=Lax" {
				t.Errorf("cookie %q: got Set-Cookie %q, want one that clears a cookie of Better Auth", cookie, line)
			}
		}
	})
}

func isNoCookieNameRune(c rune) bool {
	return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789_.-", c)
}

// unsignedBearerToken returns the bearer token of an Authorization header if it has no signature, otherwise "". Only
// the database can check such a token.
func unsignedBearerToken(header string) string {
	if len(header) < 7 || !strings.EqualFold(header[:7], "bearer ") || strings.Contains(header, ".") {
		return ""
	}
	return strings.TrimSpace(header[7:])
}

// FuzzCacheCookie checks that no cache cookie causes a panic, and that a cookie is accepted only with the content that
// Better Auth signed. The seeds are in testdata/fuzz/FuzzCacheCookie.
func FuzzCacheCookie(f *testing.F) {
	v := readRecordedCookies(f)
	want := v.caller()
	f.Fuzz(func(t *testing.T, value string) {
		c, ok := parseCacheCookie([][]byte{[]byte(v.Secret)}, value, v.now())
		if diff := cmp.Diff(want, c); ok && diff != "" {
			t.Errorf("cache cookie %q is accepted with another content than the signed one (-signed +got):\n%s", value, diff)
		}
	})
}
