package importer_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// confirmedUsers returns at least eight users of the source who have a confirmed email and can sign in with their
// password.
func confirmedUsers(t *testing.T, from string, summary supabasetest.Summary) []supabasetest.KnownUser {
	t.Helper()
	ids := importtest.SortedUsers(t, from)
	users := slices.DeleteFunc(
		slices.Clone(summary.KnownUsers),
		func(p supabasetest.KnownUser) bool { return !p.SignsIn || !slices.Contains(ids, p.ID) },
	)
	if len(users) < 8 {
		t.Fatalf("%d users of the source have a confirmed email and a password, want at least 8", len(users))
	}
	return users
}

// insertSignUp inserts an unverified user with this email, a password, a session and a link that resets the password
// into the target, and returns the id of the user.
func insertSignUp(t *testing.T, to, email string) string {
	t.Helper()
	return importtest.Value(
		t,
		to,
		`with u as (insert into "user" (name, email, "emailVerified") values ('Signed Up', $1, false) returning id),
a as (insert into account ("accountId", "providerId", "userId", password, "updatedAt")
  select id, 'credential', id, 'a hash', now() from u),
s as (insert into session ("expiresAt", token, "updatedAt", "userId") select now() + interval '1 day', id, now(), id
  from u),
v as (insert into verification (identifier, value, "expiresAt")
  select 'reset-password:' || id, id, now() + interval '1 hour' from u)
select id::text from u`,
		email,
	)
}

const selectIDByEmail = `select id::text from "user" where email = $1`

func TestImportGivesTheEmailOfAnUnverifiedSignUpToTheConfirmedUser(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	summary := supabasetest.Fill(t, from, 80, 300)
	confirmed := confirmedUsers(t, from, summary)[0]
	m := importtest.NewImport(t, from)
	x := startXenon(t, m.To)
	const otherPassword = "the password of the sign-up"
	x.signUp(confirmed.Email, otherPassword)
	unverified := importtest.Value(t, m.To, selectIDByEmail, confirmed.Email)
	before := importtest.Contents(
		t,
		m.To,
		importtest.QueriesOfImportedTables,
		map[string]string{"session": importtest.QueriesOutsideRun["session"]},
	)
	others := importtest.Column(t, m.To, importtest.QueriesOutsideRun["verification"])
	if len(others) == 0 {
		t.Fatal("the request for a password reset stored no link")
	}

	plan, err := m.Plan(t.Context(), importtest.BatchesOf100)
	if err != nil || len(plan.Refusals) > 0 {
		t.Fatalf("the plan has the refusals %v and the error %v, want none", plan.Refusals, err)
	}
	if n := plan.Reasons["user address_released"]; n != 1 ||
		!strings.Contains(strings.Join(plan.Warnings, "\n"), unverified) {
		t.Errorf("the plan counts %d users who lose the email and has the warnings %q, want 1 and a warning that names %s",
			n, plan.Warnings, unverified)
	}
	st := importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	if got := importtest.Value(t, m.To, selectIDByEmail, confirmed.Email); got != confirmed.ID {
		t.Errorf("after the import the user %s has the email, want the confirmed user %s", got, confirmed.ID)
	}
	if !x.signIn(confirmed.Email, confirmed.Password) || x.signIn(confirmed.Email, otherPassword) {
		t.Error("after the import the confirmed user cannot sign in with the email, or the password of the sign-up works")
	}
	got := importtest.Value(
		t,
		m.To,
		`select concat_ws(' ', email, "emailVerified", (select count(*) from session where "userId" = u.id), (select count(*)
			from account where "userId" = u.id)) from "user" u where id = $1`,
		unverified,
	)
	if want := unverified + "@unverified.supabase-migration.invalid f 0 0"; got != want {
		t.Errorf("email, emailVerified, sessions and accounts of the unverified user are %q, want %q", got, want)
	}
	if left := importtest.Column(t, m.To, importtest.QueriesOutsideRun["verification"]); len(left) != 0 {
		t.Errorf("after the import %d links of the unverified user are stored, want 0", len(left))
	}
	if n := st.Reasons["user address_released"]; n != 1 {
		t.Errorf("%d users are in the quarantine with address_released, want 1", n)
	}
	// The changes of the sign-ins are undone.
	importtest.Exec(
		t,
		m.To,
		`delete from session; update account a set password = q.password
			from (select l.user_id, l.residue::jsonb->>'encrypted_password' as password from supabase_import.ledger l
			where l.source = 'user') q
where a.id = q.user_id and a.id = '`+confirmed.ID+`';
update account set "updatedAt" = u."updatedAt" from "user" u where account.id = u.id and u.id = '`+confirmed.ID+`'`,
	)
	importtest.CheckVerificationIsEqual(t, m)
	first := importtest.Contents(t, m.To, importtest.QueriesOfImportedTables)
	importtest.Exec(t, from, `update auth.users set updated_at = updated_at where id = '`+confirmed.ID+`'`)
	if again := importtest.RunToCompletion(t, m, importtest.BatchesOf100); again.Reasons["user address_released"] != 1 {
		t.Errorf("after a second pass %d entries with address_released are unresolved, want 1",
			again.Reasons["user address_released"])
	}
	if diff := importtest.Diff(importtest.Contents(t, m.To, importtest.QueriesOfImportedTables), first); diff != "" {
		t.Errorf("a second pass changed rows of the target:%s", diff)
	}

	dryRun, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	undone := importtest.RollBack(t, m, false)
	if undone.Restored != 1 || dryRun.Restored != 1 {
		t.Errorf("the rollback restored %d emails, and its dry run counted %d, want 1", undone.Restored, dryRun.Restored)
	}
	if diff := importtest.Diff(
		importtest.Contents(
			t,
			m.To,
			importtest.QueriesOfImportedTables,
			map[string]string{"session": importtest.QueriesOutsideRun["session"]},
		),
		before,
	); diff != "" {
		t.Errorf("after the rollback the target differs from that before the import:%s", diff)
	}
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	if got := importtest.Value(t, m.To, selectIDByEmail, confirmed.Email); got != confirmed.ID {
		t.Errorf("after a rollback and another run the user %s has the email, want %s", got, confirmed.ID)
	}
}

// statementsThatKeepEmail has statements after which the unverified user $1 of the target keeps the email, by the
// reason that the plan gives.
var statementsThatKeepEmail = map[string]string{
	"has a profile": `insert into user_profile (user_id) values ($1)`,
	"has a linked account": `insert into account ("accountId", "providerId", "userId", "updatedAt")
		values ('47', 'github', $1, now())`,
	"has rows in public.n": `insert into note values ($1)`,
	"has rows in public.k": `insert into key select id from account where "userId" = $1`,
	"is banned":            `update "user" set banned = true where id = $1`,
}

func TestPlanIsRefusedIfAnUnverifiedUserWithOtherDataHasAConfirmedEmail(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	confirmed := confirmedUsers(t, from, supabasetest.Fill(t, from, 81, 250))[0]
	for why, sql := range statementsThatKeepEmail {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			m := importtest.NewImport(t, from)
			importtest.Exec(
				t,
				m.To,
				`create table note (author uuid references "user" on delete cascade);
					create table key (account uuid references account on delete cascade)`,
			)
			holder := insertSignUp(t, m.To, confirmed.Email)
			importtest.Exec(t, m.To, strings.ReplaceAll(sql, "$1", "'"+holder+"'"))
			before := importtest.Contents(t, m.To, importtest.QueriesOfImportedTables, importtest.QueriesOutsideRun)
			plan, err := m.Plan(t.Context(), importtest.BatchesOf100)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Join(plan.Refusals, "\n")
			for _, want := range []string{holder, confirmed.ID, why} {
				if !strings.Contains(text, want) {
					t.Errorf("the refusal of the plan does not contain %q: %q", want, text)
				}
			}
			if strings.Contains(text, confirmed.Email) {
				t.Errorf("the refusal of the plan contains the email, want only ids: %q", text)
			}
			if _, err := m.Run(t.Context(), importtest.BatchesOf100, false, 1); !errors.Is(err, importer.ErrRefused) {
				t.Errorf("a run with this plan: got %v, want ErrRefused", err)
			}
			if diff := importtest.Diff(
				importtest.Contents(t, m.To, importtest.QueriesOfImportedTables, importtest.QueriesOutsideRun),
				before,
			); diff != "" {
				t.Errorf("the refused run changed the target:%s", diff)
			}
			importtest.Exec(t, m.To, `update "user" set "emailVerified" = true where id = '`+holder+`'`)
			plan, err = m.Plan(t.Context(), importtest.BatchesOf100)
			if err != nil || len(plan.Refusals) > 0 || plan.Collisions["target_email_taken"] != 1 {
				t.Errorf("the plan after the email is verified has the refusals %v, the collisions %v and the error %v, want only "+
					"one target_email_taken", plan.Refusals, plan.Collisions, err)
			}
		})
	}
}

// Users sign up in the target after the plan and between two passes.
func TestEveryPassTakesConfirmedEmailsFromUnverifiedSignUps(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	users := confirmedUsers(t, from, supabasetest.Fill(t, from, 82, 300))
	early, late, busy := users[0], users[1], users[2]
	m := importtest.NewImport(t, from)
	m.Shared = true
	if _, err := m.Begin(t.Context(), importtest.BatchesOf40, false); err != nil {
		t.Fatal(err)
	}
	insertSignUp(t, m.To, early.Email)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	if got := importtest.Value(t, m.To, selectIDByEmail, early.Email); got != early.ID {
		t.Errorf("a user signed up after the plan: the user %s has the email, want %s", got, early.ID)
	}

	importtest.Exec(
		t,
		from,
		fmt.Sprintf(
			`update auth.users set email = 'new.late@example.com' where id = '%s'; update auth.users
				set email = 'New.Busy@example.com' where id = '%s'`,
			late.ID,
			busy.ID,
		),
	)
	insertSignUp(t, m.To, "new.late@example.com")
	holder := insertSignUp(t, m.To, "new.busy@example.com")
	importtest.Exec(t, m.To, `insert into user_profile (user_id) values ('`+holder+`')`)
	st := importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	if got := importtest.Value(t, m.To, selectIDByEmail, "new.late@example.com"); got != late.ID {
		t.Errorf("a user signed up between two passes: the user %s has the email, want %s", got, late.ID)
	}
	if got := importtest.Value(t, m.To, selectIDByEmail, "new.busy@example.com"); got != holder {
		t.Errorf("a user with a profile signed up between two passes: the user %s has the email, want %s", got, holder)
	}
	if st.Reasons["user.email target_email_unverified"] != 1 || st.Reasons["user address_released"] != 2 {
		t.Errorf("the reasons in the quarantine are %v, want 1 target_email_unverified and 2 address_released", st.Reasons)
	}
	v := importtest.Verify(t, m)
	if v.Equal || v.Different != 0 {
		t.Errorf("the verification has equal %t and %d differences, want false and 0: only the equation about emails of "+
			"unverified users does not hold", v.Equal, v.Different)
	}
	importtest.Exec(t, m.To, `delete from "user" where id = '`+holder+`'`)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	if got := importtest.Value(t, m.To, selectIDByEmail, "new.busy@example.com"); got != busy.ID {
		t.Errorf("after the user with the profile is deleted, the user %s has the email, want %s", got, busy.ID)
	}
	importtest.CheckEqual(t, m, "after the user with the profile is deleted")
}

// After each batch, users sign up in the target with all confirmed emails that no user has there.
func TestSignUpsDuringTheRunLoseConfirmedEmails(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 85, 400)
	m := importtest.NewImport(t, from)
	owner := map[string]string{}
	var id, email string
	importtest.ForEachRow(
		t,
		importtest.Connect(t, from),
		`select id::text, email from auth.users where id::text = any('{`+strings.Join(
			importtest.SortedUsers(t, from),
			",",
		)+`}')`,
		[]any{&id, &email},
		func() { owner[email] = id },
	)
	db := importtest.Connect(t, m.To)
	m.Progress = func(importer.Event) {
		for email := range owner {
			if _, err := db.Exec(
				t.Context(),
				`insert into "user" (name, email, "emailVerified") values ('Signed Up', $1, false) on conflict do nothing`,
				email,
			); err != nil {
				t.Error(err)
			}
		}
	}
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	got := map[string]string{}
	importtest.ForEachRow(t, db, `select id::text, email from "user"`, []any{&id, &email}, func() {
		if owner[email] != "" {
			got[email] = id
		}
	})
	if diff := cmp.Diff(got, owner); diff != "" {
		t.Errorf("users of the target by email (-got +want):\n%s", diff)
	}
	if n := importtest.Value(
		t,
		m.To,
		`select count(*)::text from supabase_import.quarantine where reason = 'address_released'`,
	); n == "0" {
		t.Error("no entry of the quarantine has address_released, want at least one sign-up that lost its email")
	}
	importtest.CheckEqual(t, m, "after the import")
}

// One email is verified in the target. The other one is not confirmed in the source.
func TestImportLeavesVerifiedAndUnconfirmedEmailsToTheUsersOfTheTarget(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	users := confirmedUsers(t, from, supabasetest.Fill(t, from, 83, 300))
	verified, unconfirmed := users[0], users[1]
	importtest.Exec(t, from, `update auth.users set email_confirmed_at = null where id = '`+unconfirmed.ID+`'`)
	m := importtest.NewImport(t, from)
	for _, email := range []string{verified.Email, unconfirmed.Email} {
		insertSignUp(t, m.To, email)
	}
	importtest.Exec(t, m.To, `update "user" set "emailVerified" = true where email = '`+verified.Email+`'`)
	before := importtest.Column(t, m.To, importtest.QueriesOfImportedTables["user"])
	plan, err := m.Plan(t.Context(), importtest.BatchesOf40)
	if err != nil || plan.Collisions["target_email_taken"] != 2 || len(plan.Refusals) != 0 {
		t.Errorf("the plan has the collisions %v, the refusals %v and the error %v, want two target_email_taken",
			plan.Collisions, plan.Refusals, err)
	}
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	if lost := importtest.RowsMissingIn(
		importtest.Column(t, m.To, importtest.QueriesOfImportedTables["user"]),
		before,
	); len(
		lost,
	) != 0 {
		t.Errorf("the import changed %d users of the target, want 0", len(lost))
	}
	want := []string{"target_email_taken", "target_email_taken"}
	if diff := cmp.Diff(
		importtest.Column(t, m.To, `select reason from supabase_import.ruling where reason like 'target%' order by 1`),
		want,
	); diff != "" {
		t.Errorf("reasons of the rejections by the target (-got +want):\n%s", diff)
	}
	importtest.CheckEqual(t, m, "after the import")
}

// A source user gets the email of a target user, then another source user gets it, and the first one is deleted. The
// rollback returns the email to the target user.
func TestRollbackRestoresAReleasedEmailThatAnotherImportedUserHas(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 84, 300)
	ids := importtest.SortedUsers(t, from)
	first, last := ids[0], ids[len(ids)-1]
	email := importtest.Value(t, from, `select email from auth.users where id = $1::uuid`, first)
	m := &importer.Import{From: from, Holder: "test", Now: time.Now}
	m.To = importtest.NewImport(t, from).To
	insertSignUp(t, m.To, email)
	before := importtest.Contents(
		t,
		m.To,
		importtest.QueriesOfImportedTables,
		map[string]string{"session": importtest.QueriesOutsideRun["session"]},
	)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	importtest.Exec(
		t,
		from,
		fmt.Sprintf(
			`update auth.users set email = 'moved.on@example.com' where id = '%s'; update auth.users set email = '%s'
				where id = '%s'`,
			first,
			email,
			last,
		),
	)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	importtest.Exec(t, from, `delete from auth.users where id = '`+first+`'`)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	if got := importtest.Value(t, m.To, selectIDByEmail, email); got != last {
		t.Fatalf("before the rollback the user %s has the email, want %s", got, last)
	}
	importtest.RollBack(t, m, false)
	if diff := importtest.Diff(
		importtest.Contents(
			t,
			m.To,
			importtest.QueriesOfImportedTables,
			map[string]string{"session": importtest.QueriesOutsideRun["session"]},
		),
		before,
	); diff != "" {
		t.Errorf("after the rollback the target differs from that before the import:%s", diff)
	}
}
