package tables_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// ownTables are tables with one row for each user, one of them partitioned, and foreign keys with ON DELETE CASCADE,
// RESTRICT and NO ACTION.
const ownTables = `create table letters (id uuid, part int, author uuid references auth.users on delete cascade,
  reply_to uuid, primary key (part, id), unique (id));
alter table letters add foreign key (reply_to) references letters (id);
create table stamps (id uuid primary key references letters (id) on delete restrict, buyer uuid references auth.users);
create table bare (owner uuid references auth.users on delete cascade);
create table visits (id uuid, at date, visitor uuid references auth.users on delete cascade, primary key (id, at))
  partition by range (at);
create table visits_2026 partition of visits for values from ('2026-01-01') to ('2027-01-01');
create table drafts (id uuid primary key, editor uuid references auth.users on delete set null);
delete from feedback;
insert into letters select id, 1, id, id from auth.users;
insert into stamps select id, id from auth.users;
insert into visits select id, '2026-05-01', id from auth.users;`

// moveOwnTables imports users, moves tables and returns the users of the target.
func moveOwnTables(t *testing.T, schema string) (m *importer.Import, users []string) {
	t.Helper()
	m = importUsersInto(t, "starter-kit", schema)
	dbtest.Exec(t, m.From, ownTables)
	users = targetUsers(t, m)
	dbtest.Exec(t, m.From, "insert into bare values ('"+users[4]+"'); insert into drafts values ('"+users[5]+"', '"+
		users[5]+"')")
	move(t, m, tables.Options{Orphans: tables.Null})
	return m, users
}

func targetUsers(t *testing.T, m *importer.Import) []string {
	t.Helper()
	return importtest.Column(t, m.To, `SELECT id::text FROM `+m.Schema+`."user" ORDER BY id`)
}

// laterPass runs a further pass.
func laterPass(t *testing.T, m *importer.Import) {
	t.Helper()
	o := importer.Options{MFA: "allow", Profiles: "none", AllowDeletions: true}
	if _, err := m.Run(t.Context(), o, false, 0); err != nil {
		t.Fatal(err)
	}
}

// deleteAtSource deletes a user with the rows in all tables.
func deleteAtSource(t *testing.T, m *importer.Import, user string) {
	t.Helper()
	dbtest.Exec(t, m.From, strings.ReplaceAll(`delete from stamps where id = 'USER';
delete from letters where author = 'USER';
delete from auth.users where id = 'USER'`, "USER", user))
}

func TestLaterPassDeletesAUserWithTheMovedRowsThatAreDeletedAtTheSource(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{"public", "xenon"} {
		t.Run(schema, func(t *testing.T) {
			t.Parallel()
			m, users := moveOwnTables(t, schema)
			checkVerified(t, m)
			deleteAtSource(t, m, users[0])
			laterPass(t, m)
			if diff := cmp.Diff(users[1:], targetUsers(t, m)); diff != "" {
				t.Errorf("users of the target (-want +got):\n%s", diff)
			}
			checkVerified(t, m)
			importtest.CheckEqual(t, m, "after the later pass")
			rollback, err := tables.Rollback(t.Context(), m.Env(), "supabase", false)
			if err != nil || len(rollback.Kept) > 0 {
				t.Errorf("rollback of the tables: got %v, kept %v, want no object kept", err, rollback.Kept)
			}
			result, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{})
			if err != nil || result.Left != 0 || !result.Done {
				t.Errorf("rollback of the users: got %+v, %v, want no user left", result, err)
			}
		})
	}
}

func TestLaterPassKeepsAUserWithOtherRows(t *testing.T) {
	t.Parallel()
	m, users := moveOwnTables(t, "xenon")
	dbtest.Exec(t, m.To, `update stamps set buyer = buyer where id = '`+users[1]+`';
insert into letters values (gen_random_uuid(), 2, '`+users[2]+`')`)
	for _, i := range []int{0, 1, 2, 4, 5} {
		deleteAtSource(t, m, users[i])
	}
	dbtest.Exec(t, m.From, `set session_replication_role = replica; delete from auth.users where id = '`+users[3]+`'`)
	laterPass(t, m)
	if diff := cmp.Diff(users[1:], targetUsers(t, m)); diff != "" {
		t.Errorf("users of the target (-want +got):\n%s", diff)
	}
	kept := importtest.Column(t, m.To, `SELECT concat_ws(' ', user_id, detail) FROM supabase_import.quarantine
WHERE source = 'user' AND reason = 'removed_at_source' AND resolved IS NULL ORDER BY user_id`)
	for i, table := range map[int]string{
		1: "public.stamps: 1", 2: "public.letters: 1", 3: "public.letters: 1", 4: "public.bare: 1",
		5: "public.drafts: 1",
	} {
		names := func(s string) bool { return strings.HasPrefix(s, users[i]) && strings.Contains(s, table) }
		if !slices.ContainsFunc(kept, names) {
			t.Errorf("kept users: got %q, want %s with %s", kept, users[i], table)
		}
	}
	for _, user := range users[1:6] {
		got := importtest.Value(t, m.To, `SELECT count(*)::text FROM stamps WHERE id = '`+user+`'`)
		if got != "1" {
			t.Errorf("moved rows of the kept user %s: got %s, want 1", user, got)
		}
	}
}
