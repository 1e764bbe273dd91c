package dbtest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Value returns the only column of a query's first row.
func Value[T any](t testing.TB, url, sql string, args ...any) (v T) {
	t.Helper()
	conn := openConnection(t, url)
	defer conn.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // the query has returned its error
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// Exec executes a statement. Without args, sql can be several statements, separated by semicolons.
func Exec(t testing.TB, url, sql string, args ...any) {
	t.Helper()
	conn := openConnection(t, url)
	defer conn.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // the statement has returned its error
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func openConnection(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}
