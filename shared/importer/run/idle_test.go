package run

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// connectionOf returns the connection that a phase gets, after f has used it.
func connectionOf(t *testing.T, e *Env, f func(context.Context, *pgx.Conn) error) (used *pgx.Conn) {
	t.Helper()
	_ = e.WithTarget(t.Context(), func(ctx context.Context, dst *pgx.Conn) error {
		used = dst
		return f(ctx, dst)
	})
	if used == nil {
		t.Fatal("a phase without a connection, want one")
	}
	return used
}

func execSQL(sql string) func(context.Context, *pgx.Conn) error {
	return func(ctx context.Context, conn *pgx.Conn) error { return Exec(ctx, conn, sql) }
}

func TestPhasesUseTheSameConnectionUntilTheCallEnds(t *testing.T) {
	t.Parallel()
	e := &Env{To: dbtest.NewEmpty(t), RetryDelay: 1}
	alone := connectionOf(t, e, execSQL(""))
	if !alone.IsClosed() {
		t.Error("the connection of a phase alone is open, want it closed")
	}
	end := e.KeepConnections()
	endOfPart := e.KeepConnections()
	first := connectionOf(t, e, execSQL(`SET enable_nestloop = off; SET search_path = ''; SET timezone = 'Asia/Tokyo';
PREPARE prepared AS SELECT 1; SELECT pg_advisory_lock(1)`))
	endOfPart()
	var left, settings string
	second := connectionOf(t, e, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT concat_ws(' ', (SELECT name FROM pg_prepared_statements
  WHERE name = 'prepared'), (SELECT max(locktype) FROM pg_locks
  WHERE pid = pg_backend_pid() AND locktype = 'advisory')),
concat_ws(', ', current_setting('enable_nestloop'), current_setting('search_path'), current_setting('timezone'),
  current_setting('application_name'), current_setting('statement_timeout'))`).Scan(&left, &settings)
	})
	if second != first {
		t.Error("the second phase has a new connection, want that of the first")
	}
	if want := `on, "$user", public, UTC, xenon migrate, 5min`; left != "" || settings != want {
		t.Errorf("the second phase: got the settings %s and of the first phase %q, want %s and nothing",
			settings, left, want)
	}
	end()
	if !second.IsClosed() {
		t.Error("the connection is open after the call, want it closed")
	}
}

func TestSomeConnectionsAreNotUsedAgain(t *testing.T) {
	t.Parallel()
	e := &Env{To: dbtest.NewEmpty(t), RetryDelay: 1}
	defer e.KeepConnections()()
	for name, f := range map[string]func(context.Context, *pgx.Conn) error{
		"an error":            func(context.Context, *pgx.Conn) error { return errors.New("a failure") },
		"an open transaction": execSQL("BEGIN"),
		"a temporary table":   execSQL("CREATE TEMP TABLE stage (id int)"),
		"a connection that breaks": func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, `SELECT pg_terminate_backend(pg_backend_pid())`)
			return errors.Join(errors.New("not again"), err)
		},
	} {
		used := connectionOf(t, e, f)
		if next := connectionOf(t, e, execSQL("SELECT 1")); next == used || !used.IsClosed() {
			t.Errorf("%s: the next phase has the same connection: %t, closed: %t, want another one and true",
				name, next == used, used.IsClosed())
		}
	}
}

// An unused connection can break, or its server can restart.
func TestAnUnusedConnectionThatBreaksIsReplacedWithoutAWait(t *testing.T) {
	t.Parallel()
	waits := 0
	e := &Env{To: dbtest.NewEmpty(t), Progress: func(Event) { waits++ }}
	defer e.KeepConnections()()
	used := connectionOf(t, e, execSQL("SELECT 1"))
	if !dbtest.Value[bool](t, e.To, "SELECT pg_terminate_backend($1)", used.PgConn().PID()) {
		t.Fatal("the connection is not ended, want its end")
	}
	err := e.WithTarget(t.Context(), execSQL("SELECT 1"))
	if err != nil || waits > 0 {
		t.Errorf("the next phase: got the error %v and %d waits, want none", err, waits)
	}
}
