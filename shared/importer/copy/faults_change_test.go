package copy_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// The test changes, adds and deletes rows of the source during the first two passes.
func TestRunImportsChangesOfTheSourceDuringTheCopy(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 70, 400)
	m := importtest.NewImport(t, from)
	seed := uint64(0)
	m.Progress = func(e importer.Event) {
		if e.Batch%2 == 0 {
			seed++
			supabasetest.Change(t, from, seed, 30)
		}
	}
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	m.Progress = nil
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf40)
}

func TestLaterPassesImportEmailsThatChangeOwners(t *testing.T) {
	t.Parallel()
	// exchange returns SQL that swaps the emails of two users, in three steps because their index is not deferrable.
	exchange := func(a, b string) string {
		return fmt.Sprintf(`do $$ declare a text; b text; begin
  select email into a from auth.users where id = '%[1]s'; select email into b from auth.users where id = '%[2]s';
  update auth.users set email = 'aside@example.com' where id = '%[1]s';
  update auth.users set email = a where id = '%[2]s';
  update auth.users set email = b where id = '%[1]s';
end $$;`, a, b)
	}
	for name, change := range map[string]func(ids []string) string{
		"two users in one batch swap emails":   func(ids []string) string { return exchange(ids[0], ids[1]) },
		"two users in two batches swap emails": func(ids []string) string { return exchange(ids[0], ids[len(ids)-1]) },
		"three users rotate emails": func(ids []string) string {
			return exchange(ids[0], ids[len(ids)/2]) + exchange(ids[0], ids[len(ids)-1])
		},
		"a user in an early batch takes the email of a user in a late batch": func(ids []string) string {
			return exchange(ids[0], ids[len(ids)-1]) + `update auth.users set email = 'new@example.com' where id = '` +
				ids[len(ids)-1] +
				`'`
		},
		"a user in a late batch takes the email of a user in an early batch": func(ids []string) string {
			return exchange(ids[0], ids[len(ids)-1]) + `update auth.users set email = 'new@example.com' where id = '` + ids[0] +
				`'`
		},
		"a user takes the email of a deleted user": func(ids []string) string {
			return exchange(ids[0], ids[len(ids)-1]) + `delete from auth.users where id = '` + ids[len(ids)-1] + `'`
		},
		"two users get the same email": func(ids []string) string {
			return `update auth.users u set email = upper(o.email) from auth.users o where u.id = '` + ids[0] +
				`' and o.id = '` + ids[len(ids)-1] + `'`
		},
		"an SSO user gets the email of another user": func(ids []string) string {
			return `update auth.users u set email = o.email, is_sso_user = true from auth.users o where u.id = '` + ids[0] +
				`' and o.id = '` + ids[len(ids)-1] + `'`
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := supabasetest.New(t)
			supabasetest.Fill(t, from, 71, 200)
			m := importtest.NewImport(t, from)
			importtest.RunToCompletion(t, m, importtest.BatchesOf40)
			importtest.Exec(t, from, change(importtest.SortedUsers(t, from)))
			importtest.RunToCompletion(t, m, importtest.BatchesOf40)
			// The pass before can give a user a temporary email after it has copied the batch of that user. This pass copies the
			// user again.
			importtest.RunToCompletion(t, m, importtest.BatchesOf40)
			importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf40)
		})
	}
}

// Two users of the source have the same email, and the confirmed one keeps it. Then the other one is confirmed instead.
func TestLaterPassGivesTheEmailToTheUserWhoIsConfirmedNow(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 72, 200)
	ids := importtest.SortedUsers(t, from)
	importtest.Exec(
		t,
		from,
		`update auth.users u set email = upper(o.email), email_confirmed_at = null from auth.users o where u.id = '`+ids[0]+
			`' and o.id = '`+ids[len(ids)-1]+`'`,
	)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	if n := importtest.Value(
		t,
		m.To,
		`select count(*)::text from supabase_import.ruling where reason = 'email_conflict' and key = $1::uuid`,
		ids[0],
	); n != "1" {
		t.Fatal("the run has no rejection email_conflict of the unconfirmed user, want one")
	}
	importtest.Exec(
		t,
		from,
		`update auth.users set email_confirmed_at = null where id = '`+ids[len(ids)-1]+
			`'; update auth.users set email_confirmed_at = now() where id = '`+ids[0]+`'`,
	)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf40)
}

// In the target, other users have an email, an id and an account of users of the source.
func TestRunChangesNoRowsOfOtherUsersOfTheTarget(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 73, 300)
	m := importtest.NewImport(t, from)
	m.To = importtest.TargetWithConflicts(t, from)
	others := `select r::text from "user" r where name in ('Another User', 'Holds the Email') union all select r::text
		from account r where id = '00000000-0000-4000-8000-000000000002'`
	before := importtest.Column(t, m.To, others)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	rejections := `select distinct reason from supabase_import.ruling where reason like 'target%' order by 1`
	if diff := cmp.Diff(
		importtest.Column(t, m.To, rejections),
		[]string{"target_account_taken", "target_email_taken", "target_error", "target_id_taken"},
	); diff != "" {
		t.Errorf("reasons of the rejections by the target (-got +want):\n%s", diff)
	}
	first := importtest.Contents(t, m.To, importtest.QueriesOfImportedTables)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	if diff := importtest.Diff(importtest.Contents(t, m.To, importtest.QueriesOfImportedTables), first); diff != "" {
		t.Errorf("a second pass changed rows of the target:%s", diff)
	}
	if diff := cmp.Diff(importtest.Column(t, m.To, others), before); diff != "" {
		t.Errorf("the import changed rows of other users (-got +want):\n%s", diff)
	}
	importtest.Exec(
		t,
		m.To,
		`delete from "user" where name in ('Another User', 'Holds the Email', 'Signed Up First'); drop trigger refuse
			on user_profile`,
	)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf40)
}

// One user is renamed in the target and one is deleted there. A pass does not overwrite them, although the source
// changed, too.
func TestLaterPassKeepsChangesOfTheTarget(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 74, 200)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	ids := importtest.SortedUsers(t, from)
	renamed, deleted := ids[0], ids[len(ids)-1]
	importtest.Exec(
		t,
		m.To,
		`update "user" set name = 'Target Name' where id = '`+renamed+`'; delete from "user" where id = '`+deleted+`'`,
	)
	importtest.Exec(
		t,
		from,
		`update auth.users set raw_user_meta_data = '{"name": "Source Name"}', updated_at = now() where id in ('`+renamed+
			`', '`+deleted+`');
insert into auth.identities (id, user_id, provider, provider_id, identity_data, created_at, updated_at)
select md5(id::text)::uuid, id, 'gitlab', md5(id::text), '{}', now(), now() from auth.users where id = '`+deleted+`'`,
	)
	for pass := 2; pass <= 3; pass++ {
		importtest.RunToCompletion(t, m, importtest.BatchesOf40)
		if got := importtest.Column(
			t,
			m.To,
			`select name from "user" where id = any($1::uuid[])`,
			[]string{renamed, deleted},
		); len(got) != 1 ||
			got[0] != "Target Name" {
			t.Errorf("pass %d: the names of both users in the target are %q, want Target Name and no deleted user", pass, got)
		}
		if got := importtest.Column(
			t,
			m.To,
			`select distinct outcome::text from supabase_import.ledger where source = 'user' and user_id = any($1::uuid[])`,
			[]string{renamed, deleted},
		); len(got) != 1 ||
			got[0] != "kept" {
			t.Errorf("pass %d: the outcomes of both users in the ledger are %q, want kept", pass, got)
		}
		if got := importtest.Column(
			t,
			m.To,
			`select distinct user_id::text from supabase_import.quarantine where reason = 'target_modified' and source = 'user'
				and resolved is null`,
		); len(
			got,
		) != 2 {
			t.Errorf("pass %d: %d users have the reason target_modified in the quarantine, want both", pass, len(got))
		}
		importtest.Exec(t, from, `update auth.users set updated_at = now() where id in ('`+renamed+`', '`+deleted+`')`)
	}
}
