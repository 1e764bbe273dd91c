package dbtest_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// A client that is still sending rows of a COPY when the connection ends gets the error.
func TestClientThatSendsRowsReadsTheErrorThatEndsTheConnection(t *testing.T) {
	t.Parallel()
	p := dbtest.NewErrorProxy(t, dbtest.New(t))
	rows := bytes.Repeat([]byte("a row\n"), 100_000)
	for i := range 50 {
		db, err := pgx.Connect(t.Context(), p.URL())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(t.Context(), "create temporary table line (text text)"); err != nil {
			t.Fatal(err)
		}
		p.SetError(
			dbtest.ServerError{Severity: "FATAL", Code: "57P01", Message: "terminating connection"},
			dbtest.AtStatement,
			1,
			1,
		)
		_, err = db.PgConn().CopyFrom(t.Context(), bytes.NewReader(rows), "copy line from stdin")
		if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != "57P01" {
			t.Fatalf("attempt %d: COPY got the error %v, want SQLSTATE 57P01", i, err)
		}
		_ = db.Close(context.WithoutCancel(t.Context()))
	}
}
