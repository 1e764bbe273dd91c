// Package supabasetest creates a Supabase database for one test, with the kinds of rows that occur in real projects.
package supabasetest

import (
	"context"
	_ "embed"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

//go:embed schema.sql
var schemaSQL string

// New creates a database for the test with the tables of a Supabase project and no rows, and returns its URL. The
// database is dropped at the end of the test.
func New(t testing.TB) string {
	t.Helper()
	url := dbtest.NewEmpty(t)
	CreateTables(t, url)
	return url
}

// CreateTables creates the tables of a Supabase project in an empty database.
func CreateTables(t testing.TB, url string) {
	t.Helper()
	withConnection(t, url, "create the tables of a Supabase project", func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, schemaSQL)
		return err
	})
}

// withConnection calls work with a connection to the source. If work returns an error, it fails the test with a text
// that begins with what.
func withConnection(t testing.TB, url, what string, work func(context.Context, *pgx.Conn) error) {
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
