package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/web"
)

// FuzzBody checks that the response to every body is JSON with a status below 500.
func FuzzBody(f *testing.F) {
	mux := web.Routes{"POST /x": func(w http.ResponseWriter, r *http.Request) error {
		var in struct {
			Name     string               `json:"name"`
			Email    string               `json:"email" check:"email"`
			Password string               `json:"password" check:"nonempty"`
			Image    web.Nullable[string] `json:"image"`
			Remember *bool                `json:"rememberMe"`
		}
		if err := web.ReadBody(w, r, true); err != nil {
			return err
		}
		origins := web.NewOrigins("https://own.example", "*.app.example")
		if err := origins.CheckRedirects(r); err != nil {
			return err
		}
		if err := web.Decode(r, &in, "object", "record"); err != nil {
			return err
		}
		return web.WriteJSON(w, http.StatusOK, in.Name)
	}}.Mux(config.API{})
	const form = "application/x-www-form-urlencoded"
	for _, body := range []string{
		`{"name":"a","email":"a@b.co","password":"p","image":null,"rememberMe":true}`, `{"name":["a"],"callbackURL":{}}`,
		`[]`, `"\ud800"`, `null`,
		"\uFEFF{}", `{"a":1e999}`, `{"name":"\u0000","name":"b"}`, strings.Repeat("[",
			200), "name=a&name=b&%zz=%", `{"callbackURL":"/\\evil"}`,
	} {
		f.Add("application/json", body)
		f.Add(form, body)
		f.Add("text/plain; charset=utf-8", body)
	}
	f.Fuzz(func(t *testing.T, contentType, body string) {
		r := httptest.NewRequest("POST", "/x", strings.NewReader(body))
		r.Header["Content-Type"] = []string{contentType}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError || !json.Valid(w.Body.Bytes()) {
			t.Errorf("Content-Type %q, body %q: got %d %s, want JSON and a status below 500", contentType, body, w.Code, w.Body)
		}
	})
}

// FuzzHeaders checks that no header causes a panic. A request with cookies is accepted only if its Origin is an https
// URL with the trusted host. An IP address is never longer than an IPv6 address, and a redirect target never begins
// with // or has a backslash or a line break.
func FuzzHeaders(f *testing.F) {
	origins := web.NewOrigins("https://own.example")
	for _, origin := range []string{
		"https://own.example", "https://own.example.", "https://own.example@evil.example", "null", "https://evil.example",
		"HTTPS://OWN.EXAMPLE:443",
		"https://own.example\\@evil.example", " https://own.example", "https:own.example", "//own.example", "https://[::1]:x",
		"https://own.example%2f@x",
	} {
		f.Add(origin, "1.2.3.4, 5.6.7.8", "[2001:db8::1]:443", "/cb?x=1")
	}
	f.Fuzz(func(t *testing.T, origin, forwarded, viewer, target string) {
		r := httptest.NewRequest("POST", "/x", nil)
		r.Header = http.Header{
			"Cookie": {"a=b"}, "Origin": {origin}, "X-Forwarded-For": {forwarded}, "Cloudfront-Viewer-Address": {viewer},
		}
		passed := origins.CheckOrigin(r) == nil
		if lower := strings.ToLower(origin); passed &&
			(!strings.HasPrefix(lower, "https://") || !strings.Contains(lower, "own.example")) {
			t.Errorf("a request with cookies from the untrusted origin %q is accepted, want it rejected", origin)
		}
		for _, from := range []config.ClientIP{
			{},
			{Source: config.ClientIPFromCloudFront},
			{Source: config.ClientIPFromForwardedFor},
			{Source: config.ClientIPFromForwardedFor, Hops: 2},
		} {
			if ip := (web.Clients{From: from}).IP(r); len(ip) > len("2001:0db8:0000:0000:0000:0000:0000:0000") {
				t.Errorf("X-Forwarded-For %q, Cloudfront-Viewer-Address %q: got IP %q, want at most the length of an IPv6 address",
					forwarded, viewer, ip)
			}
		}
		if origins.TrustsRedirect(target) && (strings.HasPrefix(target, "//") || strings.ContainsAny(target, "\\\t\n\r")) {
			t.Errorf("the redirect target %q is accepted, want it rejected", target)
		}
	})
}
