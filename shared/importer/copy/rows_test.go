package copy

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

func TestPlusAddsEachCount(t *testing.T) {
	t.Parallel()
	a := rowCounts{1, 2, 3, 4, 5, 6, 7}
	b := rowCounts{10, 20, 30, 40, 50, 60, 70}
	if got, want := a.plus(b), (rowCounts{11, 22, 33, 44, 55, 66, 77}); got != want {
		t.Errorf("%+v plus %+v: got %+v, want %+v", a, b, got, want)
	}
}

// connect returns a connection to a new database.
func connect(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dbtest.NewEmpty(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func TestCopyRowsCopiesTheRowsOfAQuery(t *testing.T) {
	t.Parallel()
	src, dst := connect(t), connect(t)
	if _, err := dst.Exec(t.Context(), "create table numbers (n int)"); err != nil {
		t.Fatal(err)
	}
	if err := copyRows(t.Context(), src, dst, "select generate_series(1, 50000)", "numbers (n)"); err != nil {
		t.Fatal(err)
	}
	var got [3]int
	err := dst.QueryRow(t.Context(), "select count(*), min(n), max(n) from numbers").Scan(&got[0], &got[1], &got[2])
	if diff := cmp.Diff([3]int{50000, 1, 50000}, got); diff != "" || err != nil {
		t.Errorf("error %v; number, minimum and maximum of the copied rows (-want +got):\n%s", err, diff)
	}
}

// The error is that of the database whose statement failed, with few rows, which fit into the buffer, and with many.
func TestCopyRowsReturnsTheErrorOfTheStatementThatFailed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ query, code, text string }{
		"the target rejects a row":            {"select 13", "23514", "write to the target: "},
		"the target rejects one of many rows": {"select generate_series(1, 200000)", "23514", "write to the target: "},
		"the source fails at its first row":   {"select 1 / 0", "22012", "division by zero"},
		"the source fails at a later row":     {"select 1 / (n - 90000) from generate_series(20, 200000) n", "22012", "zero"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src, dst := connect(t), connect(t)
			if _, err := dst.Exec(t.Context(), "create table numbers (n int check (n <> 13))"); err != nil {
				t.Fatal(err)
			}
			err := copyRows(t.Context(), src, dst, c.query, "numbers (n)")
			e, ok := errors.AsType[*pgconn.PgError](err)
			if !ok || e.Code != c.code || !strings.Contains(err.Error(), c.text) {
				t.Errorf("copyRows returned %v, want an error with SQLSTATE %s and %q", err, c.code, c.text)
			}
		})
	}
}
