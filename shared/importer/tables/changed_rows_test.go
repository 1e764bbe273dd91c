package tables_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// After each of these statements, the rows look as before, also to a comparison in SQL.
func TestRollbackKeepsTablesWithAWrittenRow(t *testing.T) {
	t.Parallel()
	m := importUsers(t, "notes")
	dbtest.Exec(t, m.From, `create table a (x numeric); insert into a values (1.0);
		create table b (x jsonb); insert into b values ('{"n": 1.0}');
		create table c (x text); insert into c values ('c');
		create table d (x text primary key); insert into d values ('d');
		create table locked (x text primary key); insert into locked values ('l')`)
	move(t, m, tables.Options{})
	dbtest.Exec(t, m.To, `update a set x = 1.00; update b set x = '{"n": 1.00}'; update c set x = 'c';
		delete from d; insert into d values ('d'); begin; select from locked for update; commit`)
	dbtest.Exec(t, m.To, "vacuum full a, locked")
	kept := keptByRollback(t, m)
	want := []string{"TABLE public.a", "TABLE public.b", "TABLE public.c", "TABLE public.d"}
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("kept objects (-want +got):\n%s", diff)
	}
}

// A restored target has the ids of the ledger's transactions, but another transaction wrote all rows.
func TestRollbackKeepsTheTablesOfARestoredTarget(t *testing.T) {
	t.Parallel()
	m := importUsers(t, "notes")
	dbtest.Exec(t, m.From, `create table a (x int); insert into a values (1)`)
	move(t, m, tables.Options{})
	dbtest.Exec(t, m.To, `create temp table l as select * from supabase_import.moved_transaction;
		delete from supabase_import.moved_transaction; insert into supabase_import.moved_transaction select * from l`)
	if kept := keptByRollback(t, m); !slices.Contains(kept, "TABLE public.a") {
		t.Errorf("kept objects: got %v, want TABLE public.a among them", kept)
	}
}

// keptByRollback rolls back the move and returns the kinds and names of the objects that it keeps.
func keptByRollback(t *testing.T, m *importer.Import) (kept []string) {
	t.Helper()
	result, err := tables.Rollback(t.Context(), m.Env(), "supabase", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range result.Kept {
		kept = append(kept, o.Kind+" "+o.Name)
	}
	return kept
}
