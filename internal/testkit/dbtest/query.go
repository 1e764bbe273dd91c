package dbtest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Value returns the only column of a query's first row.
func Value[T any](t testing.TB, url, sql string, args ...any) (v T) {
	t.Helper()
	err := WithConnection(t, url, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, sql, args...).Scan(&v)
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// Exec executes a statement. Without args, sql can be several statements, separated by semicolons.
func Exec(t testing.TB, url, sql string, args ...any) {
	t.Helper()
	err := WithConnection(t, url, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql, args...)
		if err == nil && changesNewConnections(sql) {
			closeConnection(ctx, conn)
		}
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
