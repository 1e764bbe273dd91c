package limit_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// The test replaces the logger of the process, so it must not run in parallel.
func TestWarnsOnceAboutUnknownIPAddresses(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	cfg := config.API{RateLimit: true, ClientIP: config.ClientIP{Source: config.ClientIPFromCloudFront}}
	limits := limit.New(cfg, new(store.Store), web.Clients{From: cfg.ClientIP}, time.Now)
	succeed := func(http.ResponseWriter, *http.Request) error { return nil }
	h := limits.HandleInMemory("/health", web.NewError(429, "", ""), succeed)
	for range 3 {
		if err := h(httptest.NewRecorder(), httptest.NewRequest("GET", "/health", nil)); err != nil {
			t.Fatal(err)
		}
	}
	if got := log.String(); strings.Count(got, "share one counter") != 1 || !strings.Contains(got, "CLIENT_IP") {
		t.Errorf("three requests without an IP address logged %q, want one warning that names CLIENT_IP", got)
	}
}

// The first rule that matches applies, as in Better Auth's customRules. If none matches, Better Auth's own rules apply.
func TestRateLimitRulesMatchLikeCustomRules(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := store.Open(dbtest.FixedURL(url), 1)
	t.Cleanup(db.Close)
	cfg, err := config.LoadAPI(func(name string) string {
		return map[string]string{
			"DATABASE_URL": url, "BETTER_AUTH_SECRET": strings.Repeat("x", 32),
			"RATE_LIMIT_RULES": `{
				"/token": {"window": 10, "max": 5}, "/a/*": {"window": 10, "max": 2},
				"/a/**": {"window": 10, "max": 4}, "/a/b": {"window": 10, "max": 1}
			}`,
		}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	failing := func(http.ResponseWriter, *http.Request, *store.Store) error { // runs no statement; Handle counts it
		return web.NewError(400, "", "")
	}
	for path, want := range map[string]int{
		"/token": 5, "/a/b": 2, "/a/b/c": 4, "/sign-in/email": 3, "/sign-in-elsewhere": 3,
	} {
		h := limit.New(cfg, db, web.Clients{}, time.Now).Handle(path, web.NewError(429, "", "too many"), failing)
		passed := 0
		for range 10 {
			err := h(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
			if err.Error() != "too many" {
				passed++
			}
		}
		if passed != want {
			t.Errorf("path %s: %d of 10 requests were within the limit, want %d", path, passed, want)
		}
	}
}
