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

// confirmedUsers returns users of the source with a confirmed email who can sign in with their password.
func confirmedUsers(t *testing.T, from string, summary supabasetest.Summary) []supabasetest.KnownUser {
	t.Helper()
	ids := importtest.SortedUsers(t, from)
	users := slices.DeleteFunc(
		slices.Clone(summary.KnownUsers),
		func(p supabasetest.KnownUser) bool { return !p.SignsIn || !slices.Contains(ids, p.ID) },
	)
	if len(users) < 8 {
		t.Fatalf("only %d users have a confirmed email and a password, want at least 8", len(users))
	}
	return users
}

// insertSignUp inserts an unverified user with that email, a password, a session and a reset link into the target, and
// returns the id.
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

const userWithEmail = `select id::text from "user" where email = $1`

func TestImportGivesEmailOfUnverifiedSignUpToConfirmedUser(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	summary := supabasetest.Fill(t, from, 80, 300)
	confirmed := confirmedUsers(t, from, summary)[0]
	m := importtest.Open(t, from)
	x := startXenon(t, m.To)
	const otherPassword = "the password of the sign-up"
	x.signUp(confirmed.Email, otherPassword)
	unverified := importtest.Value(t, m.To, userWithEmail, confirmed.Email)
	before := importtest.Contents(
		t,
		m.To,
		importtest.Imported,
		map[string]string{"session": importtest.OutsideRun["session"]},
	)
	others := importtest.Column(t, m.To, importtest.OutsideRun["verification"])
	if len(others) == 0 {
		t.Fatal("no reset link is stored")
	}

	plan, err := m.Plan(t.Context(), importtest.Allow)
	if err != nil || len(plan.Refusals) > 0 {
		t.Fatalf("plan: %v, %v", plan.Refusals, err)
	}
	if n := plan.Reasons["user address_released"]; n != 1 ||
		!strings.Contains(strings.Join(plan.Warnings, "\n"), unverified) {
		t.Errorf("the plan counts %d users who lose the email, want 1; its warnings: %q", n, plan.Warnings)
	}
	st := importtest.Complete(t, m, importtest.Allow)
	if got := importtest.Value(t, m.To, userWithEmail, confirmed.Email); got != confirmed.ID {
		t.Errorf("the email belongs to %s, want the confirmed user %s", got, confirmed.ID)
	}
	if !x.signIn(confirmed.Email, confirmed.Password) || x.signIn(confirmed.Email, otherPassword) {
		t.Error("the confirmed user cannot sign in, or the password of the sign-up still works")
	}
	got := importtest.Value(
		t,
		m.To,
		`select concat_ws(' ', email, "emailVerified", (select count(*) from session where "userId" = u.id), (select count(*)
			from account where "userId" = u.id)) from "user" u where id = $1`,
		unverified,
	)
	if want := unverified + "@unverified.supabase-migration.invalid f 0 0"; got != want {
		t.Errorf("email, verified, sessions and accounts of the unverified user are %q, want %q", got, want)
	}
	if left := importtest.Column(t, m.To, importtest.OutsideRun["verification"]); len(left) != 0 {
		t.Errorf("%d links of the unverified user are still valid", len(left))
	}
	if n := st.Reasons["user address_released"]; n != 1 {
		t.Errorf("%d users are in the quarantine with address_released, want 1", n)
	}
	importtest.Exec(
		t,
		m.To,
		`delete from session; update account a set password = q.password
			from (select l.user_id, l.residue::jsonb->>'encrypted_password' as password from supabase_import.ledger l
			where l.source = 'user') q
where a.id = q.user_id and a.id = '`+confirmed.ID+`';
update account set "updatedAt" = u."updatedAt" from "user" u where account.id = u.id and u.id = '`+confirmed.ID+`'`,
	) // undo the changes of the sign-in
	importtest.CheckVerifies(t, m)
	first := importtest.Contents(t, m.To, importtest.Imported)
	importtest.Exec(t, from, `update auth.users set updated_at = updated_at where id = '`+confirmed.ID+`'`)
	if again := importtest.Complete(t, m, importtest.Allow); again.Reasons["user address_released"] != 1 {
		t.Error("a second pass resolves the entry of the quarantine")
	}
	if diff := importtest.Diff(importtest.Contents(t, m.To, importtest.Imported), first); diff != "" {
		t.Errorf("a second pass changes rows:%s", diff)
	}

	dryRun, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	undone := importtest.RollBack(t, m, false)
	if undone.Restored != 1 || dryRun.Restored != 1 {
		t.Errorf("%d users got their email back, and %d in the dry run, want 1", undone.Restored, dryRun.Restored)
	}
	if diff := importtest.Diff(
		importtest.Contents(t, m.To, importtest.Imported, map[string]string{"session": importtest.OutsideRun["session"]}),
		before,
	); diff != "" {
		t.Errorf("the target is not as it was before:%s", diff)
	}
	importtest.Complete(t, m, importtest.Allow)
	if got := importtest.Value(t, m.To, userWithEmail, confirmed.Email); got != confirmed.ID {
		t.Errorf("after a rollback and another run the email belongs to %s, want %s", got, confirmed.ID)
	}
}

// otherData has rows that make an unverified target user keep the email. $1 is the id.
var otherData = map[string]string{
	"has a profile": `insert into user_profile (user_id) values ($1)`,
	"has a linked account": `insert into account ("accountId", "providerId", "userId", "updatedAt")
		values ('47', 'github', $1, now())`,
	"has rows in public.n": `insert into note values ($1)`,
	"has rows in public.k": `insert into key select id from account where "userId" = $1`,
	"is banned":            `update "user" set banned = true where id = $1`,
}

func TestPlanRefusesUnverifiedHolderWithOtherData(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	confirmed := confirmedUsers(t, from, supabasetest.Fill(t, from, 81, 250))[0]
	for why, sql := range otherData {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			m := importtest.Open(t, from)
			importtest.Exec(
				t,
				m.To,
				`create table note (author uuid references "user" on delete cascade);
					create table key (account uuid references account on delete cascade)`,
			)
			holder := insertSignUp(t, m.To, confirmed.Email)
			importtest.Exec(t, m.To, strings.ReplaceAll(sql, "$1", "'"+holder+"'"))
			before := importtest.Contents(t, m.To, importtest.Imported, importtest.OutsideRun)
			plan, err := m.Plan(t.Context(), importtest.Allow)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Join(plan.Refusals, "\n")
			for _, want := range []string{holder, confirmed.ID, why} {
				if !strings.Contains(text, want) {
					t.Errorf("the plan does not contain %q: %q", want, text)
				}
			}
			if strings.Contains(text, confirmed.Email) {
				t.Error("the plan shows the email itself")
			}
			if _, err := m.Run(t.Context(), importtest.Allow, false, 1); !errors.Is(err, importer.ErrRefused) {
				t.Errorf("the run began: %v", err)
			}
			if diff := importtest.Diff(
				importtest.Contents(t, m.To, importtest.Imported, importtest.OutsideRun),
				before,
			); diff != "" {
				t.Errorf("the target is not as it was before:%s", diff)
			}
			importtest.Exec(t, m.To, `update "user" set "emailVerified" = true where id = '`+holder+`'`)
			if plan, err := m.Plan(
				t.Context(),
				importtest.Allow,
			); err != nil || len(plan.Refusals) > 0 ||
				plan.Collisions["target_email_taken"] != 1 {
				t.Errorf("after the email is verified: %v, %v, %v", plan.Refusals, plan.Collisions, err)
			}
		})
	}
}

// The run and every later pass also handle users who sign up after the plan.
func TestLaterPassTakesEmailFromUnverifiedSignUp(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	users := confirmedUsers(t, from, supabasetest.Fill(t, from, 82, 300))
	early, late, busy := users[0], users[1], users[2]
	m := importtest.Open(t, from)
	m.Shared = true
	if _, err := m.Begin(t.Context(), importtest.Small, false); err != nil {
		t.Fatal(err)
	}
	insertSignUp(t, m.To, early.Email)
	importtest.Complete(t, m, importtest.Small)
	if got := importtest.Value(t, m.To, userWithEmail, early.Email); got != early.ID {
		t.Errorf("signed up after the plan: the email belongs to %s, want %s", got, early.ID)
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
	st := importtest.Complete(t, m, importtest.Small)
	if got := importtest.Value(t, m.To, userWithEmail, "new.late@example.com"); got != late.ID {
		t.Errorf("signed up between two passes: the email belongs to %s, want %s", got, late.ID)
	}
	if got := importtest.Value(t, m.To, userWithEmail, "new.busy@example.com"); got != holder {
		t.Errorf("signed up between two passes, with a profile: the email belongs to %s, want %s", got, holder)
	}
	if st.Reasons["user.email target_email_unverified"] != 1 || st.Reasons["user address_released"] != 2 {
		t.Errorf("the quarantine has %v", st.Reasons)
	}
	v := importtest.Verify(t, m)
	if v.Equal || v.Different != 0 {
		t.Errorf(
			"verification: equal %t with %d differences; want an equation that an unverified user has an email",
			v.Equal,
			v.Different,
		)
	}
	importtest.Exec(t, m.To, `delete from "user" where id = '`+holder+`'`)
	importtest.Complete(t, m, importtest.Small)
	if got := importtest.Value(t, m.To, userWithEmail, "new.busy@example.com"); got != busy.ID {
		t.Errorf("after the holder is deleted the email belongs to %s, want %s", got, busy.ID)
	}
	importtest.CheckEqual(t, m, "after the holder is deleted")
}

// During the run, another client signs up with every email that is still free.
func TestSignUpsDuringImportLoseConfirmedEmails(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 85, 400)
	m := importtest.Open(t, from)
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
	m.Progress = func(importer.Event) { // called after every batch
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
	importtest.Complete(t, m, importtest.Small)
	got := map[string]string{}
	importtest.ForEachRow(t, db, `select id::text, email from "user"`, []any{&id, &email}, func() {
		if owner[email] != "" {
			got[email] = id
		}
	})
	if diff := cmp.Diff(got, owner); diff != "" {
		t.Errorf("owners of emails, got - want +:\n%s", diff)
	}
	if n := importtest.Value(
		t,
		m.To,
		`select count(*)::text from supabase_import.quarantine where reason = 'address_released'`,
	); n == "0" {
		t.Error("no user signed up during the import")
	}
	importtest.CheckEqual(t, m, "after the import")
}

func TestImportLeavesEmailToVerifiedUserOfTarget(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	users := confirmedUsers(t, from, supabasetest.Fill(t, from, 83, 300))
	verified, unconfirmed := users[0], users[1]
	importtest.Exec(t, from, `update auth.users set email_confirmed_at = null where id = '`+unconfirmed.ID+`'`)
	m := importtest.Open(t, from)
	for _, email := range []string{verified.Email, unconfirmed.Email} {
		insertSignUp(t, m.To, email)
	}
	importtest.Exec(t, m.To, `update "user" set "emailVerified" = true where email = '`+verified.Email+`'`)
	before := importtest.Column(t, m.To, importtest.Imported["user"])
	plan, err := m.Plan(t.Context(), importtest.Small)
	if err != nil || plan.Collisions["target_email_taken"] != 2 || len(plan.Refusals) != 0 {
		t.Errorf("the plan: %v, %v, %v", plan.Collisions, plan.Refusals, err)
	}
	importtest.Complete(t, m, importtest.Small)
	if lost := importtest.Missing(importtest.Column(t, m.To, importtest.Imported["user"]), before); len(lost) != 0 {
		t.Errorf("%d users of the target were changed", len(lost))
	}
	want := []string{"target_email_taken", "target_email_taken"}
	if diff := cmp.Diff(
		importtest.Column(t, m.To, `select reason from supabase_import.ruling where reason like 'target%' order by 1`),
		want,
	); diff != "" {
		t.Errorf("rejections, got - want +:\n%s", diff)
	}
	importtest.CheckEqual(t, m, "after the import")
}

// The source user who got an email changes it and is deleted. The rollback still returns the email to the target user.
func TestRollbackRestoresReleasedEmailThatAnotherUserHolds(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 84, 300)
	ids := importtest.SortedUsers(t, from)
	first, last := ids[0], ids[len(ids)-1]
	email := importtest.Value(t, from, `select email from auth.users where id = $1::uuid`, first)
	m := &importer.Import{From: from, Holder: "test", Now: time.Now}
	m.To = importtest.Open(t, from).To
	insertSignUp(t, m.To, email)
	before := importtest.Contents(
		t,
		m.To,
		importtest.Imported,
		map[string]string{"session": importtest.OutsideRun["session"]},
	)
	importtest.Complete(t, m, importtest.Small)
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
	importtest.Complete(t, m, importtest.Small)
	importtest.Exec(t, from, `delete from auth.users where id = '`+first+`'`)
	importtest.Complete(t, m, importtest.Small)
	if got := importtest.Value(t, m.To, userWithEmail, email); got != last {
		t.Fatalf("the email belongs to %s, want %s", got, last)
	}
	importtest.RollBack(t, m, false)
	if diff := importtest.Diff(
		importtest.Contents(t, m.To, importtest.Imported, map[string]string{"session": importtest.OutsideRun["session"]}),
		before,
	); diff != "" {
		t.Errorf("the target is not as it was before:%s", diff)
	}
}
