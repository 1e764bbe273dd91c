//go:build node

package statemachine

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/stepfn"
	"github.com/xenon-auth/xenon/shared/importer/tables"
	"github.com/xenon-auth/xenon/shared/postgres"
)

// threeTables are tables of a project: each refers to the one before, and the first to users.
const threeTables = `CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
AS $$ SELECT nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$;

CREATE TABLE public.authors (id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE, nickname text);
INSERT INTO public.authors SELECT id, 'author' FROM auth.users WHERE deleted_at IS NULL ORDER BY id LIMIT 40;
ALTER TABLE public.authors ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.authors USING (auth.uid() = id);

CREATE TABLE public.posts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author uuid REFERENCES public.authors, title text NOT NULL
);
INSERT INTO public.posts (author, title) SELECT id, 'post' FROM public.authors, generate_series(1, 5);
CREATE INDEX ON public.posts (author);

CREATE TABLE public.replies (post bigint REFERENCES public.posts, body text);
INSERT INTO public.replies SELECT id, 'reply' FROM public.posts, generate_series(1, 2);
`

const tablesInput = `{"mfa":"hold","profiles":"none","concurrency":2}`

// newProject returns a testbed whose source has the three tables, and whose target has the users.
func newProject(t *testing.T) *testbed {
	t.Helper()
	s := newTestbed(t, 200)
	dbtest.Exec(t, s.from, threeTables)
	m := &importer.Import{From: s.from, To: s.to, Holder: "the test", Now: time.Now}
	if _, err := m.Run(t.Context(), importer.Options{MFA: "hold", Profiles: "none"}, false, 2); err != nil {
		t.Fatal(err)
	}
	return s
}

// prepare creates the tables, as `xenon migrate tables --prepare` does.
func (s *testbed) prepare() {
	s.t.Helper()
	m := &importer.Import{From: s.from, To: s.to, Holder: "the test", Now: time.Now}
	o := tables.Options{Exclude: []string{"public.profiles"}}
	_, err := tables.Prepare(s.t.Context(), m.Env(), "supabase", o, postgres.Programs("pg_dump"))
	if err != nil {
		s.t.Fatal(err)
	}
}

// checkTables compares the tables in the output of an execution, without the numbers of objects.
func (s *testbed) checkTables(e executionResult, want *stepfn.TablesResult) {
	s.t.Helper()
	got := s.checkComplete(e).Tables
	if got != nil && got.Verification != nil {
		for _, kind := range got.Verification.Objects {
			if kind.Source != kind.Target || kind.Source == 0 {
				s.t.Errorf("objects of the kind %s: got %d in the source and %d in the target, want the same number",
					kind.Kind, kind.Source, kind.Target)
			}
		}
		got.Verification.Objects = nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("the tables in the output (-want +got):\n%s", diff)
	}
}

// movedTables is the result of a complete move of the three tables.
var movedTables = &stepfn.TablesResult{
	Done: true, State: tables.Complete, Tables: 3, Rows: 640, Problems: []string{},
	Verification: &stepfn.TablesVerification{
		Equal: true, After: "public.replies", Tables: 3, Rows: 640, Different: []string{},
	},
}

// lock locks a table of a database until the returned function is called.
func lock(t *testing.T, url, table string) (unlock func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Error(err)
		return func() {}
	}
	unlock = func() { _ = conn.Close(context.WithoutCancel(t.Context())) }
	t.Cleanup(unlock)
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Error(err)
	}
	return unlock
}

// The first execution says that no tables are prepared. Then the tables are prepared. The second execution copies and
// compares them, and the third one finds nothing to copy. After a change in the target, a further one needs attention.
func TestPreparedTablesAreCopiedAndCompared(t *testing.T) {
	t.Parallel()
	s := newProject(t)
	s.checkTables(s.startAndWait("users", tablesInput), &stepfn.TablesResult{
		Done: true, State: stepfn.NoTables, Problems: []string{},
	})
	s.prepare()
	for _, name := range []string{"tables", "again"} {
		e := s.startAndWait(name, tablesInput)
		s.checkTables(e, movedTables)
		if n := e.Entered["Copy tables"]; n != 1 || e.Entered["Verify tables"] != 1 {
			t.Errorf("%s: got %v entered states, want Copy tables and Verify tables once", name, e.Entered)
		}
	}
	for query, want := range map[string]int64{
		"select count(*) from public.replies":                                                                        400,
		"select count(*) from pg_policies where tablename = 'authors'":                                               1,
		`select count(*) from pg_constraint where confrelid = '"user"'::regclass and conrelid = 'authors'::regclass`: 1,
	} {
		if got := dbtest.Value[int64](t, s.to, query); got != want {
			t.Errorf("%s in the target: got %d, want %d", query, got, want)
		}
	}
	for _, metric := range []string{`"TableRows":`, `"TableRowsVerified":`} {
		if !strings.Contains(s.lambda.log.String(), metric) {
			t.Errorf("the log of functions/migrate has no %s, want the metrics of the tables", metric)
		}
	}
	dbtest.Exec(t, s.to, "UPDATE public.posts SET title = 'other' WHERE id = 7; DROP POLICY own ON public.authors")
	e := s.startAndWait("changed", tablesInput)
	if e.Error != "NeedsAttention" || !strings.Contains(e.Cause, "xenon migrate tables --verify") {
		t.Errorf("an execution after a change in the target: got %s %s, want NeedsAttention with a command", e.Error, e.Cause)
	}
}

// If an invocation reaches its deadline while it copies or compares a table, the state machine calls the function
// again, and the function continues with this table.
func TestTablesContinueAfterTheTimeLimit(t *testing.T) {
	t.Parallel()
	s := newProject(t)
	s.prepare()
	// The first call of each action finds public.posts locked until its end.
	unlock := map[string]func(){"tables": lock(t, s.to, "public.posts"), "verifyTables": nil}
	calls := map[string]int{}
	s.setFault(func(task *task) *functionAnswer {
		action := task.action.Action
		if _, isOfTables := unlock[action]; !isOfTables {
			return nil
		}
		switch calls[action]++; {
		case calls[action] > 1:
			unlock[action]()
		case action == "verifyTables":
			unlock[action] = lock(t, s.from, "public.posts")
			fallthrough
		default:
			task.timeout = 4 * time.Second
		}
		return nil
	})
	e := s.startAndWait("short", tablesInput)
	s.checkTables(e, movedTables)
	if calls["tables"] < 2 || calls["verifyTables"] < 2 {
		t.Errorf("calls of the function: got %v, want at least 2 of both actions", calls)
	}
}

// A step of the move takes longer than the function may run, because the table is locked. The state machine stops to
// repeat it, the execution needs attention, and a redrive completes the move.
func TestStepThatTakesTooLongNeedsAttention(t *testing.T) {
	t.Parallel()
	s := newProject(t)
	s.prepare()
	unlock := lock(t, s.to, "public.posts")
	s.setFault(func(task *task) *functionAnswer {
		if task.action.Action == "tables" {
			task.timeout = 4 * time.Second
		}
		return nil
	})
	failed := s.startAndWait("long", tablesInput)
	if failed.Error != "NeedsAttention" || failed.Last.State != "Gate" || !strings.Contains(failed.Cause, "longer than") ||
		!strings.Contains(failed.Cause, "xenon migrate tables") || failed.Entered["Verify tables"] != 0 {
		t.Fatalf("an execution with a locked table: got %s in %s: %s, want NeedsAttention in Gate with a command",
			failed.Error, failed.Last.State, failed.Cause)
	}
	unlock()
	s.setFault(nil)
	s.checkTables(s.redrive("long", failed, 1), movedTables)
}

// The process of the function is killed several times while it copies, for the first time while it waits for a lock. No
// row is copied twice.
func TestKilledFunctionsContinueWithTheTables(t *testing.T) {
	t.Parallel()
	s := newProject(t)
	s.prepare()
	unlock := lock(t, s.to, "public.posts")
	kills := 0
	s.setFault(func(task *task) *functionAnswer {
		if task.action.Action == "tables" && kills < 4 {
			kills++
			wait := time.Duration(kills) * 50 * time.Millisecond
			task.during = func(p *process) {
				time.Sleep(wait)
				p.kill()
				unlock()
			}
		}
		return nil
	})
	e := s.startAndWait("killed", tablesInput)
	s.checkTables(e, movedTables)
	if e.Retried["Copy tables"] == 0 {
		t.Errorf("retries by state: got %v, want at least one of Copy tables", e.Retried)
	}
}

// largeTable has 600,000 rows and about 80 MB: two ranges of its key.
const largeTable = `CREATE TABLE public.logs (id bigint PRIMARY KEY, line text NOT NULL);
INSERT INTO public.logs SELECT n, repeat('x', 90) FROM generate_series(1, 600000) n;`

// Each range of the key of a large table is copied in a transaction of its own, also after an invocation that ended.
func TestLargeTableIsCopiedInRangesOfItsKey(t *testing.T) {
	t.Parallel()
	s := newProject(t)
	dbtest.Exec(t, s.from, largeTable)
	s.prepare()
	killed := false
	s.setFault(func(task *task) *functionAnswer {
		if task.action.Action == "tables" && !killed {
			killed = true
			task.during = func(p *process) {
				s.waitFor(`SELECT count(*) > 0 FROM supabase_import.moved_part WHERE table_name = 'public.logs' AND copied`)
				p.kill()
			}
		}
		return nil
	})
	e := s.startAndWait("large", tablesInput)
	want := *movedTables
	want.Tables, want.Rows = 4, 600_640
	verification := *want.Verification
	verification.Tables, verification.Rows = 4, 600_640
	want.Verification = &verification
	s.checkTables(e, &want)
	got := dbtest.Value[string](t, s.to, `SELECT count(*) || ' parts with ' || sum(rows) || ' rows, the smallest with '
  || CASE WHEN min(rows) > 50000 THEN 'more than 50000' ELSE min(rows)::text END
FROM supabase_import.moved_part WHERE table_name = 'public.logs' AND copied`)
	if wanted := "2 parts with 600000 rows, the smallest with more than 50000"; got != wanted {
		t.Errorf("the parts of the large table: got %s, want %s", got, wanted)
	}
}

// waitFor waits until a query of the target returns true, or the test ends.
func (s *testbed) waitFor(query string) {
	conn, err := pgx.Connect(s.t.Context(), s.to)
	if err != nil {
		s.t.Error(err)
		return
	}
	defer conn.Close(context.WithoutCancel(s.t.Context()))
	for happened := false; !happened; time.Sleep(time.Millisecond) {
		err := conn.QueryRow(s.t.Context(), query).Scan(&happened)
		switch {
		case s.t.Context().Err() != nil:
			return
		case err != nil:
			s.t.Error(err)
			return
		}
	}
}
