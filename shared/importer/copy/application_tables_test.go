package copy_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

func TestLaterPassKeepsDeletedUsersWithRowsInApplicationTables(t *testing.T) {
	t.Parallel()
	m, userIDs := importtest.ImportWithApplicationTables(t, 301)
	rowsOfUsers := map[string]string{
		"user":         `select r::text from "user" r where id = ` + importtest.SQLAnyOf(userIDs),
		"account":      `select r::text from account r where "userId" = ` + importtest.SQLAnyOf(userIDs),
		"user_profile": `select r::text from user_profile r where user_id = ` + importtest.SQLAnyOf(userIDs),
		"session":      `select r::text from session r where "userId" = ` + importtest.SQLAnyOf(userIDs),
	}
	before, application := importtest.Contents(t, m.To, rowsOfUsers), importtest.ApplicationRowTexts(t, m.To)
	withoutRows := importtest.Value(
		t,
		m.To,
		`select id::text from "user" u where not (id = `+importtest.SQLAnyOf(
			userIDs,
		)+`) and id <> (select max(id::text)::uuid from "user") limit 1`,
	)
	importtest.Exec(
		t,
		m.From,
		`delete from public.profiles where user_id = `+importtest.SQLAnyOf(
			userIDs,
		)+` or user_id = '`+withoutRows+`'; delete from auth.users where id = `+importtest.SQLAnyOf(
			userIDs,
		)+` or id = '`+withoutRows+`'`,
	)
	for pass := 2; pass <= 3; pass++ {
		st := importtest.RunToCompletion(t, m, importtest.BatchesOf100)
		if diff := importtest.Diff(importtest.Contents(t, m.To, rowsOfUsers), before); diff != "" {
			t.Errorf("pass %d changed rows of kept users: %s", pass, diff)
		}
		if diff := importtest.Diff(importtest.ApplicationRowTexts(t, m.To), application); diff != "" {
			t.Errorf("pass %d changed rows of application tables: %s", pass, diff)
		}
		kept, want := importtest.UsersKeptAfterSourceDeletion(t, m), importtest.ExpectedReferringTables(userIDs)
		if diff := cmp.Diff(kept, want); diff != "" {
			t.Errorf("pass %d: users that the quarantine lists as kept, with the tables (-got +want):\n%s", pass, diff)
		}
		if len(st.Parked) > 0 || st.Reasons["user target_modified"] > 0 {
			t.Errorf("pass %d: got the parked batches %v and %d users with target_modified, want none",
				pass, st.Parked, st.Reasons["user target_modified"])
		}
		if n := importtest.Value(t, m.To, `select count(*)::text from "user" where id = $1`, withoutRows); n != "0" {
			t.Error("the deleted user without rows in application tables is still in the target, want the user removed")
		}
		v := importtest.Verify(t, m)
		if !v.Equal || v.Different != 0 {
			t.Errorf("pass %d: the verification has equal %t, differences %v, equations %v; want true and no difference",
				pass, v.Equal, v.Differences, v.Equations)
		}
		reported := map[string]string{}
		for _, r := range v.Remaining {
			if r.Source == mapping.User {
				reported[r.ID] = r.Why
			}
		}
		if diff := cmp.Diff(reported, importtest.ExpectedReferringTables(userIDs)); diff != "" {
			t.Errorf("pass %d: users that the verification lists as kept, with the tables (-got +want):\n%s", pass, diff)
		}
	}
	importtest.Exec(
		t,
		m.To,
		`update "user" set "invitedBy" = null; truncate shop.orders, shop.order_items, notes, audit, debt, deposits, badges,
			drafts, memberships, grants,
  tenants, devices, payouts, enrolments, events, clicks, shop.letters, heirlooms_old`,
	)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	if n := importtest.Value(
		t,
		m.To,
		`select count(*)::text from "user" where id = `+importtest.SQLAnyOf(userIDs),
	); n != "0" ||
		len(importtest.UsersKeptAfterSourceDeletion(t, m)) != 0 {
		t.Errorf("after the application's rows are deleted: %s users are left and %v are listed as kept, want none",
			n, importtest.UsersKeptAfterSourceDeletion(t, m))
	}
	if v := importtest.Verify(t, m); !v.Equal || v.Remain != 0 {
		t.Errorf(
			"the last verification has equal %t, %d kept rows, differences %v, equations %v; want true, 0 and no difference",
			v.Equal,
			v.Remain,
			v.Differences,
			v.Equations,
		)
	}
}

// A password, an identity and a profile are deleted in the source, and rows of application tables refer to them in the
// target. The user still exists in the source.
func TestLaterPassKeepsAccountPasswordAndProfileWithRowsInApplicationTables(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 302, 300)
	importtest.Exec(
		t,
		from,
		`insert into auth.identities (id, user_id, provider, provider_id, identity_data, created_at, updated_at)
select gen_random_uuid(), id, 'gitlab', 'second ' || id, '{}', now(), now() from auth.users u
  where encrypted_password like '$2a$04%' and deleted_at is null
  and not exists (select from auth.identities i where i.user_id = u.id and i.provider not in ('email', 'phone'))`,
	)
	m := importtest.NewImport(t, from)
	importtest.Exec(
		t,
		m.To,
		`create table payouts (account uuid references account on delete cascade);
			create table enrolments (profile uuid references user_profile on delete set null)`,
	)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	id := func(condition string) string {
		return importtest.Value(
			t,
			m.To,
			`select min(u.id::text) from "user" u join user_profile p on p.user_id = u.id join account c on c."userId" = u.id
				and c."providerId" = 'credential'
join account a on a."userId" = u.id and a."providerId" <> 'credential' where `+condition,
		)
	}
	linked := id("true")
	other := id("u.id <> '" + linked + "'")
	importtest.Exec(
		t,
		m.To,
		fmt.Sprintf(
			`insert into payouts select id from account where "userId" = '%s'; insert into enrolments select id from user_profile
				where user_id = '%[1]s'`,
			linked,
		),
	)
	parts := fmt.Sprintf("in ('%s', '%s')", linked, other)
	importtest.Exec(
		t,
		from,
		`update auth.users set encrypted_password = null where id `+parts+
			`; delete from auth.identities where provider not in ('email', 'phone') and user_id `+parts+
			`; delete from public.profiles where user_id `+parts,
	)
	rows := map[string]string{
		"account":      `select r::text from account r where "userId" = '` + linked + `'`,
		"user_profile": `select r::text from user_profile r where user_id = '` + linked + `'`,
		"payouts":      `select r::text from payouts r`,
		"enrolments":   `select r::text from enrolments r`,
	}
	before := importtest.Contents(t, m.To, rows)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	if diff := importtest.Diff(importtest.Contents(t, m.To, rows), before); diff != "" {
		t.Errorf("two passes changed rows to which application tables refer, or rows of these tables: %s", diff)
	}
	reported := importtest.Column(
		t,
		m.To,
		`select distinct source || ' ' || field || ' ' || detail from supabase_import.quarantine
			where reason = 'removed_at_source' and resolved is null and user_id = $1 order by 1`,
		linked,
	)
	want := []string{"identity  public.payouts: 1", "profile  public.enrolments: 1", "user credential public.payouts: 1"}
	if diff := cmp.Diff(reported, want); diff != "" {
		t.Errorf("rows that the quarantine lists as kept (-got +want):\n%s", diff)
	}
	if n := importtest.Value(t, m.To, `select count(*)::text from account where "userId" = $1`, other); n != "0" {
		t.Errorf("%s accounts of the user without rows in application tables are left, want 0", n)
	}
	if v := importtest.Verify(t, m); !v.Equal || v.Remain < 3 {
		t.Errorf("the verification has equal %t, %d kept rows, differences %v, equations %v; want true and at least 3 rows",
			v.Equal, v.Remain, v.Differences, v.Equations)
	}
	importtest.Exec(t, m.To, "truncate payouts, enrolments")
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf100)
}

func TestLaterPassUpdatesProfilesInPlaceIfApplicationTablesReferToThem(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 303, 100)
	m := importtest.NewImport(t, from)
	importtest.Exec(
		t,
		m.To,
		`create table enrolments (profile uuid references user_profile
			on delete cascade, learner uuid references user_profile (user_id) on delete restrict)`,
	)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	importtest.Exec(t, m.To, `insert into enrolments select id, user_id from user_profile`)
	before := importtest.Value(t, m.To, "select count(*)::text from enrolments")
	importtest.Exec(
		t,
		from,
		`update public.profiles set learning_mode = case learning_mode when 'visual' then 'textual' else 'visual'
			end, updated_at = '2026-01-02 03:04:05Z'`,
	)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	if after := importtest.Value(t, m.To, "select count(*)::text from enrolments"); after != before || before == "0" {
		t.Errorf("after the pass %s rows of the application refer to profiles, want %s as before", after, before)
	}
	if n := importtest.Value(
		t,
		m.To,
		"select count(*)::text from user_profile where updated_at = '2026-01-02 03:04:05Z'",
	); n != before {
		t.Errorf("%s profiles have the new updated_at of the source, want all %s", n, before)
	}
	importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf100)
}

// Supabase soft-deletes a user: it sets deleted_at and keeps the row and the identities.
func TestLaterPassKeepsSoftDeletedUsersWithRowsInApplicationTables(t *testing.T) {
	t.Parallel()
	m, userIDs := importtest.ImportWithApplicationTables(t, 304)
	before, application := importtest.CountImportedRows(t, m.To), importtest.ApplicationRowTexts(t, m.To)
	importtest.Exec(t, m.From, `update auth.users set deleted_at = now() where id = `+importtest.SQLAnyOf(userIDs))
	for range 2 {
		importtest.RunToCompletion(t, m, importtest.BatchesOf100)
		kept, want := importtest.UsersKeptAfterSourceDeletion(t, m), importtest.ExpectedReferringTables(userIDs)
		if diff := cmp.Diff(kept, want); diff != "" {
			t.Errorf("users that the quarantine lists as kept, with the tables (-got +want):\n%s", diff)
		}
		if diff := cmp.Diff(importtest.CountImportedRows(t, m.To), before); diff != "" {
			t.Errorf("numbers of rows in the target, want them unchanged (-got +want):\n%s", diff)
		}
		if diff := importtest.Diff(importtest.ApplicationRowTexts(t, m.To), application); diff != "" {
			t.Errorf("the pass changed rows of application tables: %s", diff)
		}
		if v := importtest.Verify(t, m); !v.Equal {
			t.Errorf("the verification has the differences %v and equations %v, want equal", v.Differences, v.Equations)
		}
	}
	importtest.Exec(t, m.From, `update auth.users set deleted_at = null where id = `+importtest.SQLAnyOf(userIDs))
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	if v := importtest.Verify(t, m); !v.Equal || v.Remain != 0 || len(importtest.UsersKeptAfterSourceDeletion(t, m)) != 0 {
		t.Errorf("after the users are restored in the source: %d kept rows (%v), differences %v, equations %v; "+
			"want no kept row and no difference", v.Remain,
			importtest.UsersKeptAfterSourceDeletion(t, m), v.Differences, v.Equations)
	}
}

func TestLaterPassKeepsAndListsAUserWhoseDeletionATriggerPrevents(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 305, 200)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	ids := importtest.Column(t, m.To, `select id::text from "user" order by id`)
	kept, deleted := ids[0], ids[1]
	importtest.Exec(
		t,
		m.To,
		`create function refuse() returns trigger language plpgsql as $$ begin if old.id = '`+kept+
			`' then raise exception 'secret %', old.email; end if; return old; end $$;
create trigger refuse before delete on "user" for each row execute function refuse()`,
	)
	importtest.Exec(
		t,
		from,
		`delete from public.profiles where user_id in ('`+kept+`', '`+deleted+`');
delete from auth.users where id in ('`+kept+`', '`+deleted+`')`,
	)
	for range 2 {
		importtest.RunToCompletion(t, m, importtest.BatchesOf100)
		if diff := cmp.Diff(
			importtest.UsersKeptAfterSourceDeletion(t, m),
			map[string]string{kept: "SQLSTATE P0001"},
		); diff != "" {
			t.Errorf("users that the quarantine lists as kept, with the error (-got +want):\n%s", diff)
		}
		if n := importtest.Value(t, m.To, `select count(*)::text from "user" where id in ($1, $2)`, kept, deleted); n != "1" {
			t.Errorf("%s of the two users are in the target, want the one whose deletion the trigger prevents", n)
		}
		if v := importtest.Verify(t, m); !v.Equal {
			t.Errorf("the verification has equal false, differences %v, equations %v; want true", v.Differences, v.Equations)
		}
	}
	importtest.Exec(t, m.To, `drop trigger refuse on "user"`)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf100)
}

// The application inserts an order of a user while the pass is about to remove the user. The pass waits for the
// transaction of the application.
func TestLaterPassKeepsAUserForWhomTheApplicationInsertsAnOrderAtTheSameTime(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 306, 100)
	m := importtest.NewImport(t, from)
	importtest.Exec(t, m.To, `create table orders (buyer uuid references "user" on delete cascade)`)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	id := importtest.Value(t, m.To, `select min(id::text) from "user"`)
	importtest.Exec(
		t,
		from,
		`delete from public.profiles where user_id = '`+id+`'; delete from auth.users where id = '`+id+`'`,
	)
	tx, err := importtest.Connect(t, m.To).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "insert into orders values ($1)", id); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := m.Run(t.Context(), importtest.BatchesOf100, false, 1)
		done <- err
	}()
	importtest.AwaitLockWait(t, m.To, "the pass waits for the user")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := importtest.Value(t, m.To, "select count(*)::text from orders"); n != "1" {
		t.Errorf("after the pass there are %s orders, want 1", n)
	}
	if diff := cmp.Diff(
		importtest.UsersKeptAfterSourceDeletion(t, m),
		map[string]string{id: "public.orders: 1"},
	); diff != "" {
		t.Errorf("users that the quarantine lists as kept, with the tables (-got +want):\n%s", diff)
	}
}
