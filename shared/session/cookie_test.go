package session_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// cookieVectors are recordings of Better Auth: signed values, Cookie values that it accepts or rejects, and Set-Cookie
// lines that it writes.
type cookieVectors struct {
	Secret  string
	Vectors []struct{ Value, Secret, Decoded string }
	Accept  []struct{ CookieValue, Note string }
	Reject  []struct{ CookieValue, Note string }
	Set     []struct {
		BaseURL       string
		Remembered    string
		NotRemembered []string `json:"notRemembered"`
		Cleared       []string
	} `json:"setCookie"`
}

func readCookieVectors(t *testing.T) (v cookieVectors) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "conformance", "vectors", "signed_cookies.json"))
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSignaturesEqualBetterAuths(t *testing.T) {
	t.Parallel()
	for _, c := range readCookieVectors(t).Vectors {
		if got := session.Sign([]byte(c.Secret), c.Value); got != c.Decoded {
			t.Errorf("Sign(%q) = %q, want %q as from Better Auth", c.Value, got, c.Decoded)
		}
		if got, ok := session.Verify([]byte(c.Secret), c.Decoded); !ok || got != c.Value {
			t.Errorf("Verify(%q) = %q, %v, want %q, true", c.Decoded, got, ok, c.Value)
		}
		if _, ok := session.Verify([]byte(c.Secret+"x"), c.Decoded); ok {
			t.Errorf("Verify(%q) accepts a signature of another secret, want it rejected", c.Decoded)
		}
	}
}

func TestCookiesAreReadAsBetterAuthReadsThem(t *testing.T) {
	t.Parallel()
	v := readCookieVectors(t)
	sessions := session.New(config.API{Origin: "http://localhost:3000"}, fixedSecrets(v.Secret), web.Clients{}, time.Now)
	tokenOf := func(cookie string) string {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Cookie"] = []string{"other=1; better-auth.session_token=" + cookie + "; better-auth.session_token=second"}
		got, err := sessions.Tokens(r)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(got, " ")
	}
	for _, c := range v.Accept {
		if got := tokenOf(c.CookieValue); got != v.Vectors[0].Value {
			t.Errorf("cookie (%s): got token %q, want %q, the value of the first cookie", c.Note, got, v.Vectors[0].Value)
		}
	}
	for _, c := range v.Reject {
		if got := tokenOf(c.CookieValue); got != "" {
			t.Errorf("cookie (%s): got token %q, want none, as in Better Auth", c.Note, got)
		}
	}
}

func TestR25_SetCookieLinesEqualBetterAuths(t *testing.T) {
	t.Parallel()
	v := readCookieVectors(t)
	for _, c := range v.Set {
		sessions := session.New(config.API{Origin: c.BaseURL}, fixedSecrets(v.Secret), web.Clients{}, time.Now)
		setCookieLinesOf := func(f func(http.ResponseWriter, *http.Request) error) []string {
			w := httptest.NewRecorder()
			if err := f(w, httptest.NewRequest("POST", "/", nil)); err != nil {
				t.Fatal(err)
			}
			return w.Header()["Set-Cookie"]
		}
		setCookies := func(remember bool) func(http.ResponseWriter, *http.Request) error {
			return func(w http.ResponseWriter, r *http.Request) error {
				return sessions.SetCookies(w, r, session.Caller{Session: store.Session{Token: v.Vectors[0].Value}}, remember)
			}
		}
		clearAll := func(w http.ResponseWriter, r *http.Request) error { sessions.ClearCookies(w, r); return nil }
		for name, diff := range map[string]string{
			"remembered":     cmp.Diff([]string{c.Remembered}, setCookieLinesOf(setCookies(true))),
			"not remembered": cmp.Diff(c.NotRemembered, setCookieLinesOf(setCookies(false))),
			"cleared":        cmp.Diff(c.Cleared, setCookieLinesOf(clearAll)),
		} {
			if diff != "" {
				t.Errorf("%s, %s: Set-Cookie lines (-want +got):\n%s", c.BaseURL, name, diff)
			}
		}
	}
}

func TestValidBearerTokenIsUsedInsteadOfTheCookie(t *testing.T) {
	t.Parallel()
	v := readCookieVectors(t)
	sessions := session.New(config.API{Origin: "http://localhost:3000"}, fixedSecrets(v.Secret), web.Clients{}, time.Now)
	value, signed := v.Vectors[0].Value, v.Vectors[0].Decoded
	for header, want := range map[string]string{
		"Bearer " + value:  value,
		"bearer " + signed: value,
		"BEARER " + strings.ReplaceAll(signed, "=", "%3D"):   value,
		"Bearer  " + value + " ":                             value,
		"Bearer " + strings.Replace(signed, ".T8", ".A8", 1): "from the cookie",
		"Bearer " + value + ".":                              "from the cookie",
		"Bearer ":                                            "from the cookie",
		"Bearer":                                             "from the cookie",
		"Basic " + value:                                     "from the cookie",
		"":                                                   "from the cookie",
		"Bearer %zz.%zz":                                     "from the cookie",
		"Bearer" + value:                                     "from the cookie",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", header)
		r.Header.Set("Cookie", "better-auth.session_token="+session.Sign([]byte(v.Secret), "from the cookie"))
		if got, err := sessions.Tokens(r); strings.Join(got, " ") != want || err != nil {
			t.Errorf("Authorization %q: got token %q, error %v; want %q", header, got, err, want)
		}
	}
}

func TestTokensReadsUpToEightSessionCookies(t *testing.T) {
	t.Parallel()
	sessions := session.New(config.API{}, fixedSecrets("s"), web.Clients{}, time.Now)
	sessionCookieOf := func(token string) string { return "better-auth.session_token=" + session.Sign([]byte("s"), token) }
	for _, c := range []struct{ name, cookies, want string }{
		{"a cookie without a value before it", "x; " + sessionCookieOf("a"), "a"},
		{
			"the same cookie twice",
			strings.Join([]string{sessionCookieOf("a"), sessionCookieOf("a"), sessionCookieOf("b")}, "; "), "a b",
		},
		{"an empty token", sessionCookieOf("") + "; " + sessionCookieOf("a"), "a"},
		{"nine cookies", strings.Join(joinCookiesForTokens(sessionCookieOf, "a b c d e f g h i"), "; "), "a b c d e f g h"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", c.cookies)
		if got, err := sessions.Tokens(r); strings.Join(got, " ") != c.want || err != nil {
			t.Errorf("request with %s: got tokens %q, error %v; want %q", c.name, got, err, c.want)
		}
	}
}

// joinCookiesForTokens returns the result of cookie for each of the tokens, which are separated by spaces.
func joinCookiesForTokens(cookie func(token string) string, tokens string) (all []string) {
	for token := range strings.FieldsSeq(tokens) {
		all = append(all, cookie(token))
	}
	return all
}

func TestR21_TokensAreRandom(t *testing.T) {
	t.Parallel()
	sessions := session.New(config.API{Origin: "http://localhost:3000"}, fixedSecrets("s"), web.Clients{}, time.Now)
	const draws, alphabet = 20_000, 62
	seen := make(map[string]bool, draws)
	counts := map[rune]int{}
	for range draws {
		token := sessions.NewUnsavedSession(httptest.NewRequest("GET", "/", nil), true).Token
		if len(token) != 32 || seen[token] {
			t.Fatalf("new session: got token %q, seen before: %v, want a new one of 32 characters", token, seen[token])
		}
		seen[token] = true
		for _, c := range token {
			counts[c]++
		}
	}
	if len(counts) != alphabet {
		t.Fatalf("tokens of new sessions: got %d different characters, want %d", len(counts), alphabet)
	}
	// A random source exceeds a chi-squared of 130, with 61 degrees of freedom, about once in a million runs.
	expected, chi := float64(draws*32)/alphabet, 0.0
	for _, n := range counts {
		chi += (float64(n) - expected) * (float64(n) - expected) / expected
	}
	if chi > 130 {
		t.Errorf("characters of %d tokens: got a chi-squared of %.1f, want at most 130, as for an even distribution",
			draws, chi)
	}
}

// fixedSecrets returns a function that returns the secrets; the first one is the current one.
func fixedSecrets(all ...string) func(context.Context) ([][]byte, error) {
	var secrets [][]byte
	for _, s := range all {
		secrets = append(secrets, []byte(s))
	}
	return func(context.Context) ([][]byte, error) { return secrets, nil }
}
