package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
)

// The test replaces the logger of the process, so it is not parallel.
func TestDevLogsOnceWhyRequestsOfAnotherOriginFail(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	h := withOriginHints(config.API{
		Origin:         "http://localhost:3000",
		TrustedOrigins: []string{"http://127.0.0.1:5173", "http://localhost:5173", "myapp://"},
	}, http.NotFoundHandler())
	for _, c := range []struct {
		origin string
		want   []string
	}{
		{"", nil},
		{"null", nil},
		{"http://localhost:3000", nil},
		{"http://localhost:5173", nil}, // the port is not part of a site
		{
			"http://127.0.0.1:5173",
			[]string{"not same-site", "http://127.0.0.1:5173", "http://localhost:3000", "bearer", originHintsPage},
		},
		{"myapp://", []string{"not same-site", "bearer"}},
		{
			"http://127.0.0.1:3000",
			[]string{"not trusted", "http://127.0.0.1:3000", "BETTER_AUTH_TRUSTED_ORIGINS", originHintsPage},
		},
		{"https://app.example.com", []string{"not trusted", "https://app.example.com"}},
	} {
		log.Reset()
		for range 3 {
			r := httptest.NewRequest("POST", "/api/auth/sign-up/email", nil)
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
		lines := strings.Count(log.String(), "\n")
		if lines != min(len(c.want), 1) {
			t.Errorf("log lines for the origin %s: got %d, want %d\n%s", c.origin, lines, min(len(c.want), 1), log.String())
		}
		for _, want := range c.want {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log for the origin %s: want %q in it, got\n%s", c.origin, want, log.String())
			}
		}
	}
	log.Reset()
	for i := range 1000 {
		r := httptest.NewRequest("GET", "/health", nil)
		r.Header.Set("Origin", fmt.Sprintf("https://app%d.example.com", i))
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	if lines := strings.Count(log.String(), "\n"); lines > maxCheckedOrigins {
		t.Errorf("log lines for a thousand origins: got %d, want at most %d", lines, maxCheckedOrigins)
	}
}

func TestSameSiteComparesSchemeAndRegistrableDomain(t *testing.T) {
	t.Parallel()
	for pair, want := range map[[2]string]bool{
		{"http://localhost:1", "http://localhost:2"}:           true,
		{"http://127.0.0.1:1", "http://localhost:1"}:           false,
		{"http://127.0.0.1:1", "http://127.0.0.1:2"}:           true,
		{"https://a.example.co.uk", "https://b.example.co.uk"}: true,
		{"https://a.co.uk", "https://b.co.uk"}:                 false,
		{"https://a.vercel.app", "https://b.vercel.app"}:       false,
		{"http://a.example.com", "https://a.example.com"}:      false,
		{"capacitor://localhost", "http://localhost:3000"}:     false,
	} {
		if got := isSameSite(pair[0], pair[1]); got != want {
			t.Errorf("isSameSite of the origins %v: got %v, want %v", pair, got, want)
		}
	}
}
