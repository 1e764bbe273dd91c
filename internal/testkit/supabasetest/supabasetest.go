// Package supabasetest creates a Supabase database for one test, with the kinds of rows that occur in real projects.
package supabasetest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

//go:embed schema.sql
var schemaSQL string

// New creates a database for the test with the tables of a Supabase project and no rows, and returns its URL. The
// database is dropped at the end of the test.
func New(t testing.TB) string {
	t.Helper()
	return NewFilled(t)
}

// NewFilled is like New, but the database also has what the SQL texts write. Each text is executed in a transaction and
// on a connection of its own. Tests with the same texts share the work.
func NewFilled(t testing.TB, texts ...string) string {
	t.Helper()
	texts = append([]string{schemaSQL}, texts...)
	return dbtest.NewFilled(t, strings.Join(texts, ""), func(ctx context.Context, url string) error {
		for _, sql := range texts {
			if err := exec(ctx, url, sql); err != nil {
				return err
			}
		}
		return nil
	})
}

// CreateTables creates the tables of a Supabase project in an empty database.
func CreateTables(t testing.TB, url string) {
	t.Helper()
	if err := exec(t.Context(), url, schemaSQL); err != nil {
		t.Fatalf("create the tables of a Supabase project: %v", err)
	}
}

// exec executes SQL in one transaction. The error has the line of the SQL to which Postgres points.
func exec(ctx context.Context, url, sql string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // the statements have returned their error
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%w, near %q", err, near(sql, err))
	}
	return nil
}

// near returns the line of an error in SQL, or "" if Postgres does not report a position.
func near(sql string, err error) string {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || pgErr.Position == 0 {
		return ""
	}
	before, after := string([]rune(sql)[:pgErr.Position-1]), string([]rune(sql)[pgErr.Position-1:])
	first, _, _ := strings.Cut(after, "\n")
	return before[strings.LastIndex(before, "\n")+1:] + first
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
