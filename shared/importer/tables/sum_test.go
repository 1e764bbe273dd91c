package tables_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// Before and after the changes, the numbers are equal in SQL, and json has no comparison at all.
func TestRollbackKeepsTablesWhereOnlyTheTextOfAValueChanged(t *testing.T) {
	t.Parallel()
	m := importUsers(t, "notes")
	dbtest.Exec(t, m.From, `create table a (x numeric); insert into a values (1.0);
		create table b (x jsonb); insert into b values ('{"n": 1.0}');
		create table c (x json, p point); insert into c values ('{"n":1}', '(1,2)');
		create table d (x text); insert into d values (null);
		create table same (x numeric, y json, z text); insert into same values (1.0, '{}', 'z')`)
	move(t, m, tables.Options{})
	dbtest.Exec(t, m.To, `update a set x = 1.00; update b set x = '{"n": 1.00}'; update c set x = '{"n": 1}';
		update d set x = ''; update same set x = 1.0, y = '{}', z = 'z'`)
	result, err := tables.Rollback(t.Context(), m.Env(), "supabase", false)
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, o := range result.Kept {
		kept = append(kept, o.Kind+" "+o.Name)
	}
	want := []string{"TABLE public.a", "TABLE public.b", "TABLE public.c", "TABLE public.d"}
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("kept objects (-want +got):\n%s", diff)
	}
}
