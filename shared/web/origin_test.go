package web_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/web"
)

// errorCode returns the code of err, which must be a *web.Error or nil. For nil it returns "".
func errorCode(t *testing.T, err error) string {
	t.Helper()
	var e *web.Error
	if err != nil && !errors.As(err, &e) {
		t.Fatal(err)
	}
	if e == nil {
		return ""
	}
	return e.Code
}

// requestWith returns a request for /x with headers, given as name, value, name, value, ….
func requestWith(method string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, "/x", http.NoBody)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func TestCheckOriginNeedsATrustedOriginForChangesWithCookies(t *testing.T) {
	t.Parallel()
	origins := web.NewOrigins("https://own.example")
	for _, c := range []struct {
		name, method, want string
		headers            []string
	}{
		{"no cookies", "POST", "", []string{"Origin", "https://evil.example"}},
		{"own origin", "POST", "", []string{"Cookie", "a=b", "Origin", "https://own.example"}},
		{"other origin", "POST", "INVALID_ORIGIN", []string{"Cookie", "a=b", "Origin", "https://evil.example"}},
		{"own referer", "POST", "", []string{"Cookie", "a=b", "Referer", "https://own.example/login"}},
		{"other referer", "POST", "INVALID_ORIGIN", []string{"Cookie", "a=b", "Referer", "https://evil.example/"}},
		{
			"origin before referer", "POST", "INVALID_ORIGIN",
			[]string{"Cookie", "a=b", "Origin", "https://evil.example", "Referer", "https://own.example/"},
		},
		{"neither origin nor referer", "POST", "MISSING_OR_NULL_ORIGIN", []string{"Cookie", "a=b"}},
		{"origin null", "POST", "MISSING_OR_NULL_ORIGIN", []string{"Cookie", "a=b", "Origin", "null"}},
		{
			"origin null on another site", "POST", "MISSING_OR_NULL_ORIGIN",
			[]string{"Cookie", "a=b", "Origin", "null", "Sec-Fetch-Site", "cross-site"},
		},
		{"null, same origin", "POST", "", []string{"Cookie", "a=b", "Origin", "null", "Sec-Fetch-Site", "same-origin"}},
		{
			"other Origin with Sec-Fetch-Site: same-origin", "POST", "INVALID_ORIGIN",
			[]string{"Cookie", "a=b", "Origin", "https://evil.example", "Sec-Fetch-Site", "same-origin"},
		},
		{"device cookie", "POST", "", []string{"Cookie", "better-auth.device=x", "Origin", "https://evil.example"}},
		{
			"secure device cookie", "POST", "",
			[]string{"Cookie", "__Secure-better-auth.device=x", "Origin", "https://evil.example"},
		},
		{
			"device cookie and another", "POST", "INVALID_ORIGIN",
			[]string{"Cookie", "better-auth.device=x; a=b", "Origin", "https://evil.example"},
		},
		{"GET", "GET", "", []string{"Cookie", "a=b", "Origin", "https://evil.example"}},
		{"HEAD", "HEAD", "", []string{"Cookie", "a=b", "Origin", "https://evil.example"}},
		{"OPTIONS", "OPTIONS", "", []string{"Cookie", "a=b", "Origin", "https://evil.example"}},
		{"PUT", "PUT", "INVALID_ORIGIN", []string{"Cookie", "a=b", "Origin", "https://evil.example"}},
	} {
		if got := errorCode(t, origins.CheckOrigin(requestWith(c.method, c.headers...))); got != c.want {
			t.Errorf("CheckOrigin, %s: got code %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCheckLoginNeedsATrustedOriginFromBrowsers(t *testing.T) {
	t.Parallel()
	origins := web.NewOrigins("https://own.example")
	for _, c := range []struct {
		name, want string
		headers    []string
	}{
		{"curl", "", nil},
		{"own origin", "", []string{"Origin", "https://own.example"}},
		{"other origin", "INVALID_ORIGIN", []string{"Origin", "https://evil.example"}},
		{"other referer", "INVALID_ORIGIN", []string{"Referer", "https://evil.example/"}},
		{"fetch metadata alone", "MISSING_OR_NULL_ORIGIN", []string{"Sec-Fetch-Mode", "cors"}},
		{"fetch destination alone", "MISSING_OR_NULL_ORIGIN", []string{"Sec-Fetch-Dest", "empty"}},
		{"empty fetch metadata", "", []string{"Sec-Fetch-Mode", " "}},
		{
			"form of another site", "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED",
			[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Origin", "https://own.example"},
		},
		{"script of another site", "", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://own.example"}},
		{"form of the same site", "", []string{"Sec-Fetch-Mode", "navigate", "Origin", "https://own.example"}},
		{"cookies without origin", "MISSING_OR_NULL_ORIGIN", []string{"Cookie", "a=b"}},
		{"device cookie without origin", "", []string{"Cookie", "better-auth.device=x"}},
	} {
		if got := errorCode(t, origins.CheckOriginOfLogin(requestWith("POST", c.headers...))); got != c.want {
			t.Errorf("CheckOriginOfLogin, %s: got code %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCheckRedirectsRejectsUntrustedTargets(t *testing.T) {
	t.Parallel()
	origins := web.NewOrigins("https://own.example")
	routes := web.Routes{}
	for _, method := range []string{"POST", "PUT", "GET"} {
		routes[method+" /x"] = func(w http.ResponseWriter, r *http.Request) error {
			if err := web.ReadBody(w, r, false); err != nil {
				return err
			}
			if err := origins.CheckRedirects(r); err != nil {
				return err
			}
			return web.WriteJSON(w, 200, true)
		}
	}
	mux := routes.Mux(config.API{})
	const noString = `{"message":"Invalid callbackURL: expected a string"}`
	for _, c := range []struct {
		name, method, query, body string
		status                    int
		want                      string
	}{
		{"path", "POST", "", `{"callbackURL":"/a"}`, 200, "true"},
		{
			"untrusted", "POST", "", `{"callbackURL":"https://evil.example"}`, 403,
			`{"message":"Invalid callbackURL","code":"INVALID_CALLBACK_URL"}`,
		},
		{
			"after an absent one", "POST", "", `{"redirectTo":"//evil.example"}`, 403,
			`{"message":"Invalid redirectURL","code":"INVALID_REDIRECT_URL"}`,
		},
		{
			"after a trusted one", "POST", "", `{"callbackURL":"/a","errorCallbackURL":"//evil.example"}`, 403,
			`{"message":"Invalid errorCallbackURL","code":"INVALID_ERROR_CALLBACK_URL"}`,
		},
		{
			"in the query", "POST", "?callbackURL=//evil.example", `{}`, 403,
			`{"message":"Invalid callbackURL","code":"INVALID_CALLBACK_URL"}`,
		},
		{"in the query, and the body is trusted", "POST", "?callbackURL=//evil.example", `{"callbackURL":"/a"}`, 200, "true"},
		{
			"in the query, and the body is empty", "POST", "?callbackURL=//evil.example", `{"callbackURL":""}`, 403,
			`{"message":"Invalid callbackURL","code":"INVALID_CALLBACK_URL"}`,
		},
		{"repeated in the query", "POST", "?callbackURL=/a&callbackURL=/b", `{}`, 400, noString},
		{"another member in the query", "POST", "?redirectTo=//evil.example", `{}`, 200, "true"},
		{"number", "POST", "", `{"callbackURL":5}`, 400, noString},
		{"zero", "POST", "", `{"callbackURL":0}`, 200, "true"},
		{
			"PUT", "PUT", "", `{"callbackURL":"//evil.example"}`, 403,
			`{"message":"Invalid callbackURL","code":"INVALID_CALLBACK_URL"}`,
		},
		{"GET", "GET", "", `{"callbackURL":"//evil.example"}`, 200, "true"},
	} {
		status, body := sendRequest(t, mux, c.method, "/x"+c.query, "application/json", c.body)
		if status != c.status || body != c.want {
			t.Errorf("redirect target, %s: got %d %s, want %d %s", c.name, status, body, c.status, c.want)
		}
	}
}

func TestTrustsRedirectRejectsLongTargetsAndControlCharacters(t *testing.T) {
	t.Parallel()
	origins := web.NewOrigins("https://own.example", "myapp://host/a")
	long := "/" + strings.Repeat("x", 2048)
	for target, want := range map[string]bool{
		long[:2048]:                  true,
		long:                         false,
		"/a?x=/%2f":                  true, // encoded slashes count in the path only
		"/a#%5c":                     true,
		"/%2F":                       false,
		"/a\x1fb":                    false,
		"/a b":                       true,
		"/a~":                        true,
		"/a\x7fb":                    false,
		"/a\u0080b":                  false,
		"/a\u009fb":                  false,
		"/a\u00a0b":                  true,
		"https://own.example/a":      true,
		"https://own.example/a b":    false,
		`https://own.example/a\b`:    false,
		"https://own.example/\u0085": false,
		"https://":                   false,
		"own.example":                false,
		"https:own.example":          false,
		"myapp://host/a":             true,
		"myapp://host/a/b":           true,
		"myapp://host/ab":            false,
		"myapp://host/a/../b":        false,
		"myapp://host/x/../a":        true,
		"myapp://host/%61":           true,
		"myapp://other/a":            false,
	} {
		if got := origins.TrustsRedirect(target); got != want {
			t.Errorf("TrustsRedirect(%.60q) = %v, want %v", target, got, want)
		}
	}
}

func TestCustomSchemePatternsMatchHostAndPath(t *testing.T) {
	t.Parallel()
	for pattern, cases := range map[string]map[string]bool{
		"myapp://*": {"myapp://a": true, "myapp://a.b": true, "myapp://u@a": false, "other://a": false},
		"myapp://*/a/*": {
			"myapp://h/a/b": true, "myapp://h/a": false, "myapp://h/b": false, "myapp://h/a/b/c": false, "myapp://h": false,
		},
		"myapp://*/?":   {"myapp://h/a": true, "myapp://h?": false, "myapp://h#": false},
		"myapp://*/???": {"myapp://h/abc": true, "myapp://h/%61": false, "myapp://h/%ff": true}, // %ff is not UTF-8
		"myapp://h?":    {"myapp://h1": true, "myapp://h": false, "myapp://h12": false},
		"exp+app://127.0.0.?": {
			"exp+app://127.0.0.1": true, "exp+app://127.0.0.x": false, "exp+app://127.0.0.1:8081": false,
		},
		"myapp://": {"myapp://anything/at/all": true, "myapp:/a": false},
		"myapp:/":  {"myapp:/a": true, "myapp://a": true, "myapp:a": false},
	} {
		origins := web.NewOrigins("https://own.example", pattern)
		for target, want := range cases {
			if got := origins.TrustsRedirect(target); got != want {
				t.Errorf("pattern %s: TrustsRedirect(%q) = %v, want %v", pattern, target, got, want)
			}
		}
	}
}
