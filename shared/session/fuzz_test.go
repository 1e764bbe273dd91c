package session

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzCookie checks that no Cookie or Authorization header causes a panic, a token that was not signed, or a Set-Cookie
// line with a name that is not Xenon's. The seeds are in testdata/fuzz/FuzzCookie.
func FuzzCookie(f *testing.F) {
	v := readRecorded(f)
	s := v.sessions("http://localhost:3000")
	f.Fuzz(func(t *testing.T, cookie, authorization string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Cookie"] = []string{cookie}
		r.Header["Authorization"] = []string{authorization}
		tokens, err := s.Tokens(r)
		if err != nil || len(tokens) > maxTokens {
			t.Fatalf("got tokens %q, %v, want at most the limit and no error", tokens, err)
		}
		for _, token := range tokens {
			if token != v.Payload.Session.Token && token != bareBearer(authorization) {
				t.Errorf("%q, %q: got %q, which was not signed", cookie, authorization, token)
			}
		}
		if c, bad := s.readCache(r, []byte(v.Secret), tokens); c != nil && (bad || c.Session.Token != tokens[0]) {
			t.Errorf("%q: the cache cookie has token %q, the session cookies have %q", cookie, c.Session.Token, tokens)
		}
		w := httptest.NewRecorder()
		s.Clear(w, r)
		lines := w.Header()["Set-Cookie"]
		if len(lines) > 4+maxChunks {
			t.Errorf("got %d cookies, want at most %d", len(lines), 4+maxChunks)
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

// bareBearer returns the token of an Authorization header without a signature, which only the database can check.
func bareBearer(header string) string {
	if len(header) < 7 || !strings.EqualFold(header[:7], "bearer ") || strings.Contains(header, ".") {
		return ""
	}
	return strings.TrimSpace(header[7:])
}

// FuzzCacheCookie checks that no cache cookie causes a panic, and that only signed ones are accepted. The seeds are in
// testdata/fuzz/FuzzCacheCookie.
func FuzzCacheCookie(f *testing.F) {
	v := readRecorded(f)
	want := v.caller()
	f.Fuzz(func(t *testing.T, value string) {
		c, ok := parseCache([]byte(v.Secret), value, v.now())
		if diff := cmp.Diff(want, c); ok && diff != "" {
			t.Errorf("%q was accepted (-signed +got):\n%s", value, diff)
		}
	})
}
