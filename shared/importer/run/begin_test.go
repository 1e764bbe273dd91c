package run_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

func TestPassIsRefusedIfMoreThanHalfOfTheUsersAreMissing(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 8, 8, 0)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	deleteHalf := `delete from auth.users where id in (select id from auth.users order by id
		limit (select count(*) / 2 from auth.users))`
	importtest.Exec(t, from, deleteHalf)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40) // the source has 4 of 8 users
	importtest.Exec(t, from, deleteHalf+"; delete from auth.users where id = (select max(id::text)::uuid from auth.users)")
	_, err := m.Run(t.Context(), importtest.BatchesOf40, false, 1) // the source has 1 of 4 users
	if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), "has 1 rows, but the run has read 4 users") {
		t.Errorf("a pass after 3 of 4 users are deleted: got %v, want ErrRefused that names 1 and 4 users", err)
	}
	o := importtest.BatchesOf40
	o.AllowDeletions = true
	importtest.RunToCompletion(t, m, o)
	if n := importtest.CountImportedRows(t, m.To)["user"]; n != 1 {
		t.Errorf("a pass with AllowDeletions: %d users are left in the target, want 1", n)
	}
}

// Supabase sets updated_at before it commits. So a quick pass copies rows with an updated_at after the start of the
// previous pass, and also those of the ten minutes before the start.
func TestQuickPassCopiesRowsOfTheTenMinutesBeforeTheLastPass(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 2, 2, 0)
	m := importtest.NewImport(t, from)
	o := importer.Options{BatchSize: 1}
	importtest.RunToCompletion(t, m, o)
	importtest.Exec(t, from, `update auth.users u set raw_user_meta_data = '{"name": "New"}',
		updated_at = now() - case when u.id = (select min(id::text)::uuid from auth.users) then interval '8 min'
		else interval '20 min' end`)
	if _, err := m.Run(t.Context(), o, true, 1); err != nil {
		t.Fatal(err)
	}
	areNew := func() string {
		return strings.Join(importtest.Column(t, m.To, `select (name = 'New')::text from "user" order by id`), " ")
	}
	if names := areNew(); names != "true false" {
		t.Errorf("has each user the new name after the quick pass: got %s, want true for the first user alone", names)
	}
	importtest.RunToCompletion(t, m, o)
	if names := areNew(); names != "true true" {
		t.Errorf("users with the new name after a pass that is not quick: got %s, want both", names)
	}
}

func TestPlanStopsAfterTheFirstStepWithARefusal(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 3, 3, 0)
	importtest.Exec(t, from, "insert into auth.sessions (id, user_id) select gen_random_uuid(), id from auth.users")
	role := importtest.CreateRole(t, from, importtest.ReadGrants+"revoke select on auth.mfa_factors from %[1]s")
	p, err := importtest.NewImport(t, role).Plan(t.Context(), importer.Options{})
	if err != nil || len(p.Refusals) != 1 || !strings.Contains(p.Refusals[0], "auth.mfa_factors") {
		t.Errorf("the role cannot read auth.mfa_factors: refusals %q, error %v; want one refusal that names the table",
			p.Refusals, err)
	}
	if len(p.NotCarried) != 0 || len(p.Hashes) != 0 {
		t.Errorf("after the refusal the plan has counts of tables %v and of hashes %v, want none: later steps must not run",
			p.NotCarried, p.Hashes)
	}
}

func TestPlanHasNoCollisionForATargetUserWithAnotherIDAndEmail(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 3, 3, 0)
	m := importtest.NewImport(t, from)
	importtest.Exec(t, m.To, `insert into "user" (name, email, "emailVerified") values ('', 'another@user.example', true)`)
	p, err := m.Plan(t.Context(), importer.Options{})
	if err != nil || len(p.Collisions) != 0 || len(p.Warnings) != 0 || len(p.Refusals) != 0 {
		t.Errorf("got collisions %v, warnings %q, refusals %q and error %v, want none", p.Collisions, p.Warnings, p.Refusals,
			err)
	}
}

func TestPlanCountsUsersOfTheTargetWithTheSameIDOrEmail(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 4, 4, 0)
	m := importtest.NewImport(t, from)
	users := importtest.Column(t, from, "select id::text from auth.users order by id")
	emails := importtest.Column(t, from, "select email from auth.users order by id")
	importtest.Exec(t, m.To, `insert into "user" (id, name, email, "emailVerified") values
		('`+users[0]+`', '', 'another@user.example', true), ('`+users[1]+`', '', 'third@user.example', true),
		(gen_random_uuid(), '', '`+emails[2]+`', true), (gen_random_uuid(), '', '`+emails[3]+`', false)`)
	p, err := m.Plan(t.Context(), importer.Options{})
	want := map[string]int64{"target_id_taken": 2, "target_email_taken": 1, "address_released": 1}
	if diff := cmp.Diff(want, p.Collisions); diff != "" || err != nil || len(p.Refusals) != 0 {
		t.Errorf("got refusals %q and error %v, want none; collisions (-want +got):\n%s", p.Refusals, err, diff)
	}
	if len(p.Warnings) != 2 {
		t.Errorf("got warnings %q, want one about the released email and one about the ids", p.Warnings)
	}
}

// A later pass has the options of the run, so it makes no plan of its own, which would need --mfa.
func TestLaterPassNeedsNoOptionsOfTheFirst(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 2, 2, 0)
	importtest.Exec(t, from, `insert into auth.mfa_factors (id, user_id, factor_type, status, created_at, updated_at)
		select gen_random_uuid(), min(id::text)::uuid, 'totp', 'verified', now(), now() from auth.users`)
	m := importtest.NewImport(t, from)
	if _, err := m.Begin(t.Context(), importer.Options{}, false); !errors.Is(err, importer.ErrRefused) {
		t.Errorf("a new run without the option: got %v, want ErrRefused", err)
	}
	importtest.RunToCompletion(t, m, importer.Options{MFA: "allow"})
	if st := importtest.RunToCompletion(t, m, importer.Options{}); st.Pass != 2 {
		t.Errorf("got pass %d, want 2", st.Pass)
	}
}

func TestBeginKeepsTheLeaseOnlyIfItSucceeds(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 2, 2, 0)
	one := importtest.NewImport(t, from)
	other := importtest.ImportBetween(one.From, one.To)
	other.Holder = "other"
	importtest.RunToCompletion(t, one, importer.Options{BatchSize: 1})
	if _, err := one.Begin(t.Context(), importer.Options{BatchSize: 2}, false); !errors.Is(err, importer.ErrRefused) {
		t.Errorf("another batch size: got %v, want ErrRefused", err)
	}
	if _, err := other.Begin(t.Context(), importer.Options{}, false); err != nil {
		t.Errorf("after the refusal another process begins: got %v", err)
	}
	if _, err := one.Begin(t.Context(), importer.Options{}, false); !errors.Is(err, importer.ErrHeld) {
		t.Errorf("while another process has the run: got %v, want ErrHeld", err)
	}
}
