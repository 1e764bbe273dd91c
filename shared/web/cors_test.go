package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/web"
)

func TestR32_CORS(t *testing.T) {
	t.Parallel()
	routes := web.Routes{"POST /x": func(w http.ResponseWriter, _ *http.Request) error {
		web.Expose(w.Header(), "set-auth-jwt", "a token")
		return web.JSON(w, 200, true)
	}}
	mux := routes.Mux(config.Config{Origin: "https://own.example", TrustedOrigins: []string{"https://app.example", "*.preview.example"}})
	for _, c := range []struct {
		name, method, path, origin, asks string
		status                           int
		allow                            string
	}{
		{"trusted", "POST", "/x", "https://app.example", "", 200, "https://app.example"},
		{"by pattern, echoed exactly", "POST", "/x", "https://a.preview.example", "", 200, "https://a.preview.example"},
		{"own origin needs nothing", "POST", "/x", "https://own.example", "", 200, ""},
		{"untrusted", "POST", "/x", "https://evil.example", "", 200, ""},
		{"look-alike", "POST", "/x", "https://app.example.evil.example", "", 200, ""},
		{"null", "POST", "/x", "null", "", 200, ""},
		{"no origin", "POST", "/x", "", "", 200, ""},
		{"preflight", "OPTIONS", "/x", "https://app.example", "POST", 204, "https://app.example"},
		{"preflight from elsewhere", "OPTIONS", "/x", "https://evil.example", "POST", 404, ""},
		{"preflight for a method that is not there", "OPTIONS", "/x", "https://app.example", "DELETE", 404, "https://app.example"},
		{"preflight for a path that is not there", "OPTIONS", "/y", "https://app.example", "POST", 404, "https://app.example"},
		{"no preflight", "OPTIONS", "/x", "https://app.example", "", 404, "https://app.example"},
	} {
		r := httptest.NewRequest(c.method, c.path, nil)
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		if c.asks != "" {
			r.Header.Set("Access-Control-Request-Method", c.asks)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		h := w.Header()
		if w.Code != c.status || h.Get("Access-Control-Allow-Origin") != c.allow || h.Get("Vary") != "Origin" {
			t.Errorf("%s: got %d, allowed %q, Vary %q", c.name, w.Code, h.Get("Access-Control-Allow-Origin"), h.Get("Vary"))
		}
		if allowed := h.Get("Access-Control-Allow-Credentials") == "true"; allowed != (c.allow != "") {
			t.Errorf("%s: credentials allowed: %v", c.name, allowed)
		}
		if c.status == 200 && h.Get("Access-Control-Expose-Headers") != "set-auth-jwt" {
			t.Errorf("%s: exposed %q", c.name, h.Get("Access-Control-Expose-Headers"))
		}
		if c.status == 204 && (h.Get("Access-Control-Allow-Methods") != c.asks || h.Get("Access-Control-Allow-Headers") == "" || h.Get("Access-Control-Max-Age") == "") {
			t.Errorf("%s: got %v", c.name, h)
		}
	}
}
