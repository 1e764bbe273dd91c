package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// If the command fails, it leaves no incomplete file.
func TestReturnToSourceFileIsCompleteOrAbsent(t *testing.T) {
	t.Parallel()
	_, _, env := newMigration(t, 0)
	file := filepath.Join(t.TempDir(), "back.sql")
	code, _, stderr := runXenon(t, []string{"migrate", "rollback", "--yes", "--return-to-source", file}, env...)
	if _, err := os.Stat(file); code != exitFailed || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("return to source without a run: got the exit code %d and %v, want a failure and no file\n%s",
			code, err, stderr)
	}
}

// The target has tables of the application that refer to users. A run never deletes rows of these tables; a rollback
// deletes them only with --force --cascade. verify and rollback list each user that is kept because of such rows, with
// the names of the tables.
func TestMigrateKeepsRowsOfOtherTables(t *testing.T) {
	t.Parallel()
	_, target, env := newMigration(t, 300)
	source := env[1]
	if code, out, stderr := runXenon(
		t,
		[]string{"migrate", "run", "--mfa", "allow", "--batch-size", "100"},
		env...); code != exitNeedsDecision {
		t.Fatalf("migrate run: got the exit code %d, want 3\n%s%s", code, out, stderr)
	}
	const first = `(select min(id::text)::uuid from "user")`
	dbtest.Exec(
		t,
		target,
		`create table orders (id int primary key generated always as identity, buyer uuid not null references "user"
			on delete cascade);
create table order_items (order_id int references orders on delete cascade);
  create table audit (actor uuid references "user" on delete set null);
insert into orders (buyer) select `+first+` from generate_series(1, 300); insert into order_items select id from orders;
	insert into audit select `+first,
	)
	var id string
	conn, err := pgx.Connect(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.QueryRow(t.Context(), "select "+first+"::text").Scan(&id); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close(t.Context())
	dbtest.Exec(
		t,
		source,
		`delete from public.profiles where user_id = '`+id+`'; delete from auth.users where id = '`+id+`'`,
	)
	held := id + "  public.audit: 1, public.orders: 300"
	const orders, items, audit = "select count(*) from orders", "select count(*) from order_items",
		"select count(actor) from audit"
	for _, s := range []struct {
		args   []string
		code   int
		want   []string
		orders int
	}{
		{[]string{"plan", "--mfa", "allow"}, exitDone, []string{
			"public.orders (buyer) → public.\"user\": when the referenced row is deleted, the row is deleted, too",
			"public.order_items (order_id) → public.orders",
			"public.audit (actor) → public.\"user\": when the referenced row is deleted, the reference is set to NULL",
		}, 300},
		{[]string{"run"}, exitNeedsDecision, []string{"user removed_at_source", "3 of 3 batches done"}, 300},
		{
			[]string{"verify"},
			exitDone,
			[]string{"Deleted in the source, kept in the target", held, "All copied rows are equal"},
			300,
		},
		{[]string{"rollback", "--dry-run"}, exitNeedsDecision, []string{
			"user would be removed", held,
			"users would be kept: rows of other tables refer to them", "Use --force --cascade",
		}, 300},
		{
			[]string{"rollback", "--force", "--yes"},
			exitNeedsDecision,
			[]string{"user removed", held, "300  rows of public.orders prevent the removal of users"},
			300,
		},
		{
			[]string{"rollback", "--force", "--cascade", "--dry-run"},
			exitDone,
			[]string{
				"300  rows of public.orders would be removed", "300  rows of public.order_items would be removed",
				"1  rows of public.audit would be changed",
			},
			300,
		},
		{[]string{"rollback", "--force", "--cascade", "--yes"}, exitDone, []string{
			"300  rows of public.orders would be removed", "300  rows of public.orders removed; the quarantine keeps a copy",
			"1  rows of public.audit changed (reference set to NULL",
		}, 0},
	} {
		code, out, stderr := runXenon(t, append([]string{"migrate"}, s.args...), env...)
		if code != s.code {
			t.Errorf("migrate %v: got the exit code %d, want %d\n%s%s", s.args, code, s.code, out, stderr)
		}
		for _, want := range s.want {
			if !strings.Contains(out+stderr, want) {
				t.Errorf("the output of migrate %v: want %q in it, got\n%s%s", s.args, want, out, stderr)
			}
		}
		if n := dbtest.Value[int](
			t,
			target,
			orders,
		); n != s.orders || dbtest.Value[int](t, target, items) != s.orders ||
			dbtest.Value[int](t, target, audit) != min(1, s.orders) {
			t.Errorf(
				"rows after migrate %v: got %d orders, %d items and %d audit entries with an actor, want %d, %d and %d",
				s.args,
				n,
				dbtest.Value[int](t, target, items),
				dbtest.Value[int](t, target, audit),
				s.orders,
				s.orders,
				min(1, s.orders),
			)
		}
	}
	if n := dbtest.Value[int](
		t,
		target,
		`select count(*) from supabase_import.quarantine where reason = 'cascaded' and original is not null`,
	); n != 601 {
		t.Errorf("rows of other tables in the quarantine after the rollback: got %d, want 601", n)
	}
}
