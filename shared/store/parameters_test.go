package store_test

import (
	"bytes"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// urlWithParameters returns the URL of a new database and adds parameters to its query.
func urlWithParameters(t *testing.T, parameters string) string {
	t.Helper()
	u, err := url.Parse(dbtest.New(t))
	if err != nil {
		t.Fatal("the URL of the test database cannot be parsed")
	}
	u.RawQuery = strings.Trim(u.RawQuery+"&"+parameters, "&")
	return u.String()
}

func TestConnectionsAreNamedXenonUnlessTheURLNamesThem(t *testing.T) {
	t.Parallel()
	for parameters, want := range map[string]string{"": "xenon", "application_name=mine": "mine"} {
		database := urlWithParameters(t, parameters)
		if err := openStore(t, database, 1).CheckReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := dbtest.Value[string](t, database, `SELECT application_name FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		if got != want {
			t.Errorf("URL with %q: got the application_name %q, want %q", parameters, got, want)
		}
	}
}

// This test is not parallel, because it replaces the default logger.
func TestIgnoredParametersAreLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(old)
	for parameters, want := range map[string]int{"": 0, "pgbouncer=true&connection_limit=1": 1} {
		log.Reset()
		db := openStore(t, urlWithParameters(t, parameters), 1)
		for range 2 {
			if err := db.CheckReady(t.Context()); err != nil {
				t.Fatal(err)
			}
			_ = db.Exec(t.Context(), `SELECT pg_terminate_backend(pg_backend_pid())`) // the next Ready connects again
		}
		if got := strings.Count(log.String(), "which are ignored"); got != want {
			t.Errorf("URL with %q, two connections: got %d warnings, want %d:\n%s", parameters, got, want, log.String())
		}
	}
}
