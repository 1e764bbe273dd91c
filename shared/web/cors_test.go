package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/web"
)

func TestR32_OnlyTrustedOriginsGetCORSHeaders(t *testing.T) {
	t.Parallel()
	routes := web.Routes{"POST /x": func(w http.ResponseWriter, _ *http.Request) error {
		web.ExposeHeader(w.Header(), "set-auth-jwt", "a token")
		return web.WriteJSON(w, 200, true)
	}, web.PreflightRoute: web.AnswerUnhandledOptions}
	mux := routes.Mux(config.API{
		Origin:         "https://own.example",
		TrustedOrigins: []string{"https://app.example", "*.preview.example"},
	})
	for _, c := range []struct {
		name, method, path, origin string
		requestMethod              string // the header Access-Control-Request-Method of a preflight
		status                     int
		allow                      string // the response header Access-Control-Allow-Origin
	}{
		{"trusted", "POST", "/x", "https://app.example", "", 200, "https://app.example"},
		{"by pattern, echoed exactly", "POST", "/x", "https://a.preview.example", "", 200, "https://a.preview.example"},
		{"own origin gets no CORS headers", "POST", "/x", "https://own.example", "", 200, ""},
		{"untrusted", "POST", "/x", "https://evil.example", "", 200, ""},
		{"look-alike", "POST", "/x", "https://app.example.evil.example", "", 200, ""},
		{"null", "POST", "/x", "null", "", 200, ""},
		{"no origin", "POST", "/x", "", "", 200, ""},
		{"preflight", "OPTIONS", "/x", "https://app.example", "POST", 204, "https://app.example"},
		{
			"preflight of a function that serves another path", "OPTIONS", "/api/y/z", "https://app.example", "POST", 204,
			"https://app.example",
		},
		{"preflight from another origin", "OPTIONS", "/x", "https://evil.example", "POST", 404, ""},
		{"preflight from another origin to another path", "OPTIONS", "/api/y/z", "https://evil.example", "POST", 404, ""},
		{"OPTIONS that is not a preflight", "OPTIONS", "/x", "https://app.example", "", 404, "https://app.example"},
	} {
		r := httptest.NewRequest(c.method, c.path, nil)
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		if c.requestMethod != "" {
			r.Header.Set("Access-Control-Request-Method", c.requestMethod)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		h := w.Header()
		if w.Code != c.status || h.Get("Access-Control-Allow-Origin") != c.allow || h.Get("Vary") != "Origin" {
			t.Errorf("request, %s: got status %d, allowed origin %q, Vary %q; want %d, %q and Origin",
				c.name, w.Code, h.Get("Access-Control-Allow-Origin"), h.Get("Vary"), c.status, c.allow)
		}
		if allowed := h.Get("Access-Control-Allow-Credentials") == "true"; allowed != (c.allow != "") {
			t.Errorf("%s: credentials are allowed: %v, want them allowed only if the origin is", c.name, allowed)
		}
		exposed := "set-auth-jwt"
		if c.allow != "" {
			exposed = "ETag, Retry-After, X-Request-Id, X-Retry-After, set-auth-jwt"
		}
		if c.status == 200 && h.Get("Access-Control-Expose-Headers") != exposed {
			t.Errorf("request, %s: got Access-Control-Expose-Headers %q, want %q",
				c.name, h.Get("Access-Control-Expose-Headers"), exposed)
		}
		if c.status == 204 && (!strings.Contains(h.Get("Access-Control-Allow-Methods"), c.requestMethod) ||
			h.Get("Access-Control-Allow-Headers") == "" || h.Get("Access-Control-Max-Age") == "") {
			t.Errorf("request, %s: got headers %v, want the allowed methods and headers and the maximum age", c.name, h)
		}
	}
}

// The JWKS and the provider metadata are the same for every origin. A CDN that caches them must not return the CORS
// headers of another origin.
func TestAnyOriginMayReadTheKeySet(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/api/auth/jwks", "/.well-known/jwks.json", "/.well-known/openid-configuration"} {
		checkAnyOriginMayRead(t, path)
	}
}

func checkAnyOriginMayRead(t *testing.T, path string) {
	t.Helper()
	fails := false
	routes := web.Routes{"GET " + path: func(w http.ResponseWriter, _ *http.Request) error {
		if fails {
			return web.NewError(http.StatusServiceUnavailable, "", "")
		}
		return web.WriteJSON(w, 200, true)
	}}
	mux := routes.Mux(config.API{Origin: "https://own.example", TrustedOrigins: []string{"https://app.example"}})
	for _, origin := range []string{"", "https://own.example", "https://app.example", "https://other.example", "null"} {
		for _, c := range []struct {
			method string
			fails  bool
			want   int
		}{{"GET", false, 200}, {"GET", true, 503}, {"OPTIONS", false, 204}} {
			fails = c.fails
			r := httptest.NewRequest(c.method, path, nil)
			if origin != "" {
				r.Header.Set("Origin", origin)
			}
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			h := w.Header()
			if w.Code != c.want || h.Get("Access-Control-Allow-Origin") != "*" ||
				h.Get("Access-Control-Allow-Credentials") != "" || h.Get("Vary") != "" {
				t.Errorf("%s %s from %q: got %d %v; want %d, any origin allowed, no credentials and no Vary",
					c.method, path, origin, w.Code, h, c.want)
			}
			if exposed := h.Get("Access-Control-Expose-Headers"); c.method == "GET" &&
				!strings.Contains(exposed, "Retry-After") {
				t.Errorf("%s %s from %q: got exposed headers %q, want Retry-After in them",
					c.method, path, origin, exposed)
			}
		}
	}
}

// A host without a scheme means https, and also http if the site itself is http.
func TestAHostWithoutASchemeMeansHTTPS(t *testing.T) {
	t.Parallel()
	for own, want := range map[string]map[string]bool{
		"https://own.example": {
			"https://a.app.example": true, "http://a.app.example": false, "ws://a.app.example": false,
			"intent://a.app.example": false,
			"chrome://a.app.example": false, "https://exact.example": true, "http://exact.example": false,
		},
		"http://localhost:3000": {
			"https://a.app.example": true, "http://a.app.example": true, "ws://a.app.example": false,
			"http://exact.example": true,
		},
	} {
		origins := web.NewOrigins(own, "*.app.example", "exact.example")
		for origin, want := range want {
			if got := origins.TrustsOrigin(origin); got != want {
				t.Errorf("site %s with two trusted hosts: TrustsOrigin(%q) = %v, want %v", own, origin, got, want)
			}
		}
	}
}

// If a label has other text besides the wildcard, the wildcard does not match dots, because the matched host could
// belong to another owner.
func TestWildcardBesideOtherTextDoesNotMatchDots(t *testing.T) {
	t.Parallel()
	origins := web.NewOrigins("https://own.example", "https://my-app-*.vercel.app", "https://*.example.com:*")
	for origin, want := range map[string]bool{
		"https://my-app-git-main.vercel.app": true, "https://my-app-x.evil.vercel.app": false,
		"https://my-app-.vercel.app":       true,
		"https://evil.my-app-x.vercel.app": false, "https://my-app-x.vercel.app.evil.com": false,
		"https://my-app-x.vercel.app:8443": false,
		"https://a.example.com:8443":       true, "https://a.b.example.com:1": true, "https://a.example.com": false,
		"https://example.com:1": false,
	} {
		if got := origins.TrustsOrigin(origin); got != want {
			t.Errorf("TrustsOrigin(%q) = %v, want %v", origin, got, want)
		}
	}
}
