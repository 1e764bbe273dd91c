package dbtest

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// R44: in transaction mode a server connection belongs to a client for one transaction only, so two clients can use the
// same backend, one after the other.
func TestR44_PgbouncerPoolsTransactions(t *testing.T) {
	t.Parallel()
	url := StartPgbouncer(t, New(t))
	first, second := connect(t, url), connect(t, url)
	backend := func(conn *pgx.Conn) int {
		return queryValue[int](t, conn, "SELECT pg_backend_pid()", pgx.QueryExecModeExec)
	}
	if a, b := backend(first), backend(second); a != b {
		t.Errorf("backends of two idle connections: got %d and %d, want the same one", a, b)
	}
	tx, err := first.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a, b := backend(tx.Conn()), backend(second); a == b {
		t.Errorf("backends of an open transaction and of another connection: got %d for both, want two different ones", a)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestPgbouncerRejectsStatementTimeoutAtStartup(t *testing.T) {
	t.Parallel()
	config, err := pgx.ParseConfig(StartPgbouncer(t, New(t)))
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["statement_timeout"] = "1000"
	if _, err = pgx.ConnectConfig(t.Context(), config); err == nil ||
		!strings.Contains(err.Error(), "unsupported startup parameter") {
		t.Errorf("connect with statement_timeout: got the error %v, want \"unsupported startup parameter\"", err)
	}
}
