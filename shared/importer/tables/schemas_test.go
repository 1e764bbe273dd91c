package tables_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// Of two schemas that refer to each other, one is moved. The other one stays, with what needs it, and is named.
func TestOnlyTheChosenSchemasAreMoved(t *testing.T) {
	t.Parallel()
	m := importInto(t, `create schema shop; create schema "Back Office";
		create table topics (id int primary key); insert into topics values (1);
		create table shop.orders (id int primary key, buyer uuid references auth.users, topic int references topics);
		insert into shop.orders select n, (select min(id::text)::uuid from auth.users), 1 from generate_series(1, 30) n;
		create view shop.topics as select * from public.topics;
		create table "Back Office".notes (id int primary key, about int references shop.orders)`, "")
	before := objects(t, m.To)
	checkRefused(t, m, tables.Options{Schemas: []string{"shop", "office"}}, installedPgDumps(t),
		`the project has no schema "office" of its own; it has Back Office, public, shop`)
	result := move(t, m, tables.Options{Schemas: []string{"shop"}})
	want := tables.Result{Schemas: []string{"shop"}, LeftBehind: []string{"schema Back Office", "schema public"}}
	got := tables.Result{Schemas: result.Schemas, LeftBehind: result.LeftBehind}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("schemas of the move (-want +got):\n%s", diff)
	}
	problems := []string{
		`VIEW shop.topics was left out: relation "public.topics" does not exist`,
		"the foreign key orders_topic_fkey of shop.orders is left out: public.topics is not moved",
	}
	if diff := cmp.Diff(problems, result.Problems()); diff != "" || result.Rows() != 30 {
		t.Errorf("got %d rows, want 30; problems (-want +got):\n%s", result.Rows(), diff)
	}
	checkVerified(t, m)
	const others = `SELECT to_regclass('public.topics') IS NULL AND to_regnamespace('"Back Office"') IS NULL`
	if !dbtest.Value[bool](t, m.To, others) {
		t.Error("objects of the other schemas in the target: got some, want none")
	}
	if kept := keptByRollback(t, m); len(kept) > 0 {
		t.Errorf("kept objects: got %q, want none", kept)
	}
	after := objects(t, m.To)
	if diff := cmp.Diff(before, after); diff != "" || !slices.Contains(after, "schema public") {
		t.Errorf("objects of the target after the rollback (-before the move +now):\n%s", diff)
	}
}
