package health_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/dbtest"
	"github.com/xenon-auth/xenon/shared/health"
	"github.com/xenon-auth/xenon/shared/store"
)

func newMux(t *testing.T, url string) http.Handler {
	t.Helper()
	db := store.Open(func(context.Context) (string, error) { return url, nil }, nil, 1)
	t.Cleanup(db.Close)
	return health.New(db).Health().Mux(config.Config{})
}

func get(t *testing.T, mux http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
	return w
}

func TestR47_HealthAsksTheDatabase(t *testing.T) {
	t.Parallel()
	const down = `{"status":"error","database":"disconnected"}`
	proxy := dbtest.NewProxy(t, dbtest.New(t))
	mux := newMux(t, proxy.URL())
	check := func(when string, status int, body string) {
		t.Helper()
		w := get(t, mux, "/health")
		if w.Code != status || w.Body.String() != body || status == 503 && w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: got %d %s", when, w.Code, w.Body)
		}
		if live := get(t, mux, "/api/auth/ok"); live.Code != 200 || live.Body.String() != `{"ok":true}` {
			t.Errorf("%s: alive? got %d %s", when, live.Code, live.Body)
		}
	}
	check("up", 200, `{"status":"ok","database":"connected"}`)
	proxy.Refuse()
	check("refused", 503, down)
	proxy.Resume()
	check("back", 200, `{"status":"ok","database":"connected"}`)
	proxy.Freeze()
	check("frozen", 503, down)
	proxy.Resume()
	check("thawed", 200, `{"status":"ok","database":"connected"}`)
}

func TestR47_HealthWantsTheSchema(t *testing.T) {
	t.Parallel()
	if w := get(t, newMux(t, dbtest.Empty(t)), "/health"); w.Code != 503 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestErrorPageSendsOnlyHarmlessCodes(t *testing.T) {
	t.Parallel()
	mux := newMux(t, "postgres://nobody@127.0.0.1:1/none")
	for query, want := range map[string]string{
		"":                                   "/?error=UNKNOWN",
		"?error=INVALID_TOKEN":               "/?error=INVALID_TOKEN",
		"?error=it's-0k":                     "/?error=it%27s-0k",
		"?error=<script>":                    "/?error=UNKNOWN",
		"?error=a&error_description=b%20c":   "/?error=a&error_description=b+c",
		"?error=a%0d%0aSet-Cookie:x":         "/?error=UNKNOWN",
		"?error=a&error_description=x%0d%0a": "/?error=a&error_description=x%0D%0A",
	} {
		w := get(t, mux, "/api/auth/error"+query)
		if w.Code != 302 || w.Header().Get("Location") != want || w.Body.Len() > 0 || w.Header().Get("Content-Type") != "" {
			t.Errorf("%q: got %d %q", query, w.Code, w.Header().Get("Location"))
		}
	}
}
