// Package supabasetest creates a Supabase database for one test, with every kind of row that occurs in real projects.
package supabasetest

import (
	"context"
	_ "embed"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

//go:embed schema.sql
var schema string

// New returns the URL of a database of the test's own with the tables of a Supabase project and no rows. It is dropped
// at the end of the test.
func New(t testing.TB) string {
	t.Helper()
	url := dbtest.Empty(t)
	Make(t, url)
	return url
}

// Make makes the tables in an empty database.
func Make(t testing.TB, url string) {
	t.Helper()
	on(t, url, "make the tables of a Supabase project", func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, schema)
		return err
	})
}

// on runs work on a connection to the source, and fails the test if that fails.
func on(t testing.TB, url, what string, work func(context.Context, *pgx.Conn) error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect to the source: %v", err)
	}
	defer conn.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // work has returned its error
	if err := work(t.Context(), conn); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
