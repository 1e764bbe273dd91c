package dbtest

import (
	"strings"
	"testing"
)

const leftBehind = `SELECT concat_ws(' ', to_regclass('pg_temp.t'), current_setting('work_mem'),
	(SELECT max(locktype) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'))`

func TestQueriesOfATestUseOneConnection(t *testing.T) {
	t.Parallel()
	url := NewEmpty(t)
	pid := func(t *testing.T) int { return Value[int](t, url, "SELECT pg_backend_pid()") }
	first, before := pid(t), Value[string](t, url, leftBehind)
	Exec(t, url, "SET work_mem = '99MB'; CREATE TEMP TABLE t (id int); SELECT pg_advisory_lock(1)")
	if got := Value[string](t, url, leftBehind); got != before {
		t.Errorf("the session after settings, a temporary table and a lock: got %q, want %q", got, before)
	}
	if got := pid(t); got != first {
		t.Errorf("the connection of the next query: got the process %d, want %d", got, first)
	}
	t.Run("another test", func(t *testing.T) {
		if got := pid(t); got == first {
			t.Errorf("the connection of another test: got the process %d of the first test, want another one", got)
		}
	})
}

func TestSettingsOfTheDatabaseTakeEffectForTheNextQuery(t *testing.T) {
	t.Parallel()
	url := NewEmpty(t)
	database := Value[string](t, url, "SELECT quote_ident(current_database())")
	Exec(t, url, "ALTER DATABASE "+database+" SET work_mem = '99MB'")
	if got := Value[string](t, url, "SHOW work_mem"); got != "99MB" {
		t.Errorf("work_mem after ALTER DATABASE: got %s, want 99MB", got)
	}
}

func TestAConnectionThatTheServerEndedIsReplaced(t *testing.T) {
	t.Parallel()
	url, other := NewEmpty(t), NewEmpty(t)
	Exec(t, other, "SELECT pg_terminate_backend($1)", Value[int](t, url, "SELECT pg_backend_pid()"))
	if got := Value[string](t, url, "SELECT 'an answer'"); !strings.HasPrefix(got, "an") {
		t.Errorf("a query after the end of its connection: got %q, want an answer", got)
	}
}
