//go:build unix && download

// This test needs the internet, so make test does not run it: go test -tags download -run TestDownload
// ./shared/postgres

package postgres

import (
	"os"
	"strings"
	"testing"
)

func TestDownload(t *testing.T) {
	packageInstallDirs = nil // finds no installed Postgres
	t.Setenv("PATH", "/bin:/usr/bin")
	s := startServer(t, Options{Fast: true, Log: os.Stderr})
	if got, want := queryText(t, s.URL("postgres"), "SHOW server_version"), "18."; !strings.HasPrefix(got, want) {
		t.Errorf("downloaded Postgres: got version %s, want %s", got, want)
	}
	order := "SELECT string_agg(c, '' ORDER BY c) || lower('É') || (SELECT datlocprovider::text FROM pg_database WHERE " +
		"datname = 'postgres') FROM unnest('{é,b,Z}'::text[]) c"
	if got, want := queryText(t, s.URL("postgres"), order), "Zbééb"; got != want {
		t.Errorf("sorted letters, lower case of É and locale provider: got %s, want %s", got, want)
	}
}
