package health_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/health"
	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/schema"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

func newMux(t *testing.T, url string) http.Handler {
	t.Helper()
	db := store.Open(dbtest.FixedURL(url), 1)
	t.Cleanup(db.Close)
	limits := limit.New(config.API{}, db, web.Clients{}, time.Now)
	return health.New(config.API{}, db, limits).HealthRoutes().Mux(config.API{})
}

func getPath(t *testing.T, mux http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
	return w
}

func TestR47_HealthChecksTheDatabase(t *testing.T) {
	t.Parallel()
	const down = `{"status":"error","database":"disconnected"}`
	proxy := dbtest.NewProxy(t, dbtest.New(t))
	mux := newMux(t, proxy.URL())
	check := func(when string, status int, body string) {
		t.Helper()
		w := getPath(t, mux, "/health")
		if w.Code != status || w.Body.String() != body || status == 503 && w.Header().Get("Retry-After") == "" {
			t.Errorf("GET /health, database %s: got %d %s, want %d %s, and Retry-After with 503",
				when, w.Code, w.Body, status, body)
		}
		if live := getPath(t, mux, "/api/auth/ok"); live.Code != 200 || live.Body.String() != `{"ok":true}` {
			t.Errorf(`GET /api/auth/ok, database %s: got %d %s, want 200 {"ok":true}`, when, live.Code, live.Body)
		}
	}
	check("up", 200, `{"status":"ok","database":"connected"}`)
	proxy.RefuseConnections()
	check("refused", 503, down)
	proxy.Resume()
	check("resumed", 200, `{"status":"ok","database":"connected"}`)
	proxy.Freeze()
	check("frozen", 503, down)
	proxy.Resume()
	check("resumed after the freeze", 200, `{"status":"ok","database":"connected"}`)
}

func TestR47_HealthFailsWithoutTheSchema(t *testing.T) {
	t.Parallel()
	w := getPath(t, newMux(t, dbtest.NewEmpty(t)), "/health")
	if w.Code != 503 || w.Body.String() != `{"status":"error","database":"schema"}` {
		t.Errorf(`GET /health without the tables: got %d %s, want 503 and "database":"schema"`, w.Code, w.Body)
	}
}

func TestHealthAcceptsTheColumnsForMetadata(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	if added, err := migrations.AddMetadata(t.Context(), url, schema.Public); !added || err != nil {
		t.Fatalf("add the columns: got %t and the error %v, want true", added, err)
	}
	if w := getPath(t, newMux(t, url), "/health"); w.Code != 200 {
		t.Errorf("GET /health with the columns for metadata: got %d %s, want 200", w.Code, w.Body)
	}
}

// With EVENTS=on and without triggers, changes would write no events.
func TestHealthFailsWithoutTheTriggersOfEvents(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := store.Open(dbtest.FixedURL(url), 1).UseEvents(true)
	t.Cleanup(db.Close)
	limits := limit.New(config.API{}, db, web.Clients{}, time.Now)
	mux := health.New(config.API{}, db, limits).HealthRoutes().Mux(config.API{})
	w := getPath(t, mux, "/health")
	if w.Code != 503 || w.Body.String() != `{"status":"error","database":"schema"}` {
		t.Errorf(`GET /health without triggers: got %d %s, want 503 and "database":"schema"`, w.Code, w.Body)
	}
	err := db.CheckReady(t.Context())
	if err == nil || !strings.Contains(err.Error(), "repair: xenon schema up --events on") {
		t.Errorf("CheckReady without triggers: got the error %v, want the command that makes them", err)
	}
	if _, err := migrations.SwitchEvents(t.Context(), url, schema.Public, true); err != nil {
		t.Fatal(err)
	}
	ready := store.Open(dbtest.FixedURL(url), 1).UseEvents(true)
	t.Cleanup(ready.Close)
	if err := ready.CheckReady(t.Context()); err != nil {
		t.Errorf("CheckReady with triggers: got the error %v, want none", err)
	}
}

// The table account has a required column that Xenon does not fill, as another version of Better Auth could add it.
func TestHealthReportsTablesThatDoNotMatch(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), `ALTER TABLE account ADD note text NOT NULL`); err != nil {
		t.Fatal(err)
	}
	w := getPath(t, newMux(t, url), "/health")
	const want = `{"status":"error","database":"schema"}`
	if w.Code != 503 || w.Body.String() != want || w.Header().Get("Retry-After") == "" {
		t.Errorf("GET /health with an unknown required column: got %d %s %v, want 503 %s and Retry-After",
			w.Code, w.Body, w.Header(), want)
	}
}

func TestErrorPageRedirectsWithSafeCodesOnly(t *testing.T) {
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
		w := getPath(t, mux, "/api/auth/error"+query)
		if w.Code != 302 || w.Header().Get("Location") != want || w.Body.Len() > 0 || w.Header().Get("Content-Type") != "" {
			t.Errorf("GET /api/auth/error with the query %q: got %d %q, want 302 to %s without a body and a content type",
				query, w.Code, w.Header().Get("Location"), want)
		}
	}
}

// Some uptime monitors send HEAD.
func TestHeadAnswersAsGetWithoutABody(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t))
	server := httptest.NewServer(newMux(t, proxy.URL()))
	t.Cleanup(server.Close)
	for _, c := range []struct {
		path string
		down bool
		want int
	}{{"/health", false, 200}, {"/api/auth/ok", false, 200}, {"/health", true, 503}} {
		if c.down {
			proxy.RefuseConnections()
		}
		for _, method := range []string{"GET", "HEAD"} {
			r, err := http.NewRequestWithContext(t.Context(), method, server.URL+c.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || resp.StatusCode != c.want || (len(body) == 0) != (method == "HEAD") ||
				resp.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%s %s: got %d %q %v, want %d, JSON, and no body only for HEAD",
					method, c.path, resp.StatusCode, body, err, c.want)
			}
		}
	}
}

func TestHealthIsLimitedInMemory(t *testing.T) {
	t.Parallel()
	wire := &dbtest.CountingDialer{}
	url := dbtest.New(t)
	db := store.Open(dbtest.FixedURL(url), 1)
	db.Dial = wire.Dial
	t.Cleanup(db.Close)
	now := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	cfg := config.API{RateLimit: true}
	mux := health.New(cfg, db, limit.New(cfg, db, web.Clients{}, func() time.Time { return now })).HealthRoutes().Mux(cfg)
	for i := range 100 {
		if w := getPath(t, mux, "/health"); w.Code != 200 {
			t.Fatalf("request %d: got %d %s, want 200", i+1, w.Code, w.Body)
		}
	}
	before := wire.RoundTrips()
	w := getPath(t, mux, "/health")
	if w.Code != 429 || w.Header().Get("X-Retry-After") != "10" || wire.RoundTrips() != before {
		t.Errorf("request above the limit: got %d, X-Retry-After %q and %d round trips, want 429, 10 and 0",
			w.Code, w.Header().Get("X-Retry-After"), wire.RoundTrips()-before)
	}
	now = now.Add(10 * time.Second)
	if w := getPath(t, mux, "/health"); w.Code != 200 {
		t.Errorf("request after the window of ten seconds: got %d, want 200", w.Code)
	}
}

// Even with the strictest rule, a monitor that sends a request every second is never rejected. In the test, every
// second request comes a millisecond early.
func TestHealthAllowsOneRequestASecond(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	rules := []config.RateLimitRule{{Path: "/health", Window: time.Minute, Max: 1}}
	cfg := config.API{RateLimit: true, RateLimitRules: rules}
	limits := limit.New(cfg, new(store.Store), web.Clients{}, func() time.Time { return now })
	probed := 0
	probe := func(http.ResponseWriter, *http.Request) error { probed++; return nil }
	h := limits.HandleInMemory("/health", web.NewError(429, "", ""), probe)
	for i := range 300 {
		now = now.Add(time.Second - time.Duration(i%2)*time.Millisecond)
		if err := h(httptest.NewRecorder(), httptest.NewRequest("GET", "/health", nil)); err != nil {
			t.Fatalf("request %d, about a second after the one before: got the error %v, want none", i+1, err)
		}
	}
	if err := h(httptest.NewRecorder(), httptest.NewRequest("GET", "/health", nil)); err != nil || probed != 301 {
		t.Errorf("request at the same time: got the error %v after %d allowed requests, want no error after 301",
			err, probed)
	}
}

func TestErrorPageIsOnTheSite(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ siteURL, want string }{
		{"", "/?error=x"},
		{"http://localhost:3000/learn", "/learn/?error=x"},
		{"https://www.example.com/learn", "https://www.example.com/learn/?error=x"},
	} {
		cfg := config.API{Origin: "http://localhost:3000", SiteURL: c.siteURL}
		w := getPath(t, health.New(cfg, nil, limit.New(cfg, nil, web.Clients{}, time.Now)).HealthRoutes().Mux(cfg),
			"/api/auth/error?error=x")
		if got := w.Header().Get("Location"); w.Code != http.StatusFound || got != c.want {
			t.Errorf("GET /api/auth/error with the site at %q: got %d to %s, want 302 to %s", c.siteURL, w.Code, got, c.want)
		}
	}
}
