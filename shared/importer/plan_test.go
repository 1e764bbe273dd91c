package importer_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

func TestPlanAndRunHaveTheSameNumberOfBatches(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	for _, c := range [][2]int{{0, 1}, {10, 3}} {
		users, batches := c[0], c[1]
		if users > 0 {
			supabasetest.FillBulk(t, from, users, users, 0)
		}
		m, o := importtest.NewImport(t, from), importer.Options{BatchSize: 4}
		p, err := m.Plan(t.Context(), o)
		if err != nil || p.Batches != batches || len(p.Refusals) > 0 {
			t.Errorf("%d users: the plan has %d batches, the refusals %v and the error %v, want %d batches",
				users, p.Batches, p.Refusals, err, batches)
		}
		if st := importtest.RunToCompletion(t, m, o); st.Batches != batches {
			t.Errorf("%d users: the run has %d batches, want %d", users, st.Batches, batches)
		}
	}
	p, err := importtest.NewImport(t, from).Plan(t.Context(), importer.Options{BatchSize: 5})
	if err != nil || p.Batches != 2 {
		t.Errorf("10 users, 5 in a batch: the plan has %d batches (error %v), want 2", p.Batches, err)
	}
}

// A view or row security can hide rows. Then a count returns 0, but the statistics of Postgres have a number of rows.
func TestPlanRefusesASourceWhoseUsersOnlyTheStatisticsHave(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	importtest.Exec(t, from, `analyze`)
	m := importtest.NewImport(t, from)
	plan := func() []string {
		t.Helper()
		p, err := m.Plan(t.Context(), importer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return p.Refusals
	}
	if got := plan(); len(got) > 0 {
		t.Errorf("an empty source: the plan has the refusals %v, want none", got)
	}
	supabasetest.FillBulk(t, from, 10, 10, 5)
	importtest.Exec(t, from, `analyze auth.users, auth.identities, public.profiles`)
	importtest.Exec(t, from, `delete from auth.identities; delete from public.profiles`)
	if got := plan(); len(got) > 0 {
		t.Errorf("users without identities and profiles: the plan has the refusals %v, want none", got)
	}
	importtest.Exec(t, from, `delete from auth.users`)
	if got := plan(); len(got) != 1 || !strings.Contains(got[0], "the statistics have about 10") {
		t.Errorf("no users, but statistics of 10: the plan has the refusals %v, want one that names the statistics", got)
	}
}

func TestPlanCountsTablesThatAreNotCopied(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 3, 3, 0)
	importtest.Exec(t, from, `insert into auth.sessions (id, user_id) select gen_random_uuid(), id from auth.users`)
	p, err := importtest.NewImport(t, from).Plan(t.Context(), importer.Options{})
	if err != nil || p.NotCarried["auth.sessions"] != 3 {
		t.Errorf("the plan counts %v as not copied (error %v), want 3 sessions", p.NotCarried, err)
	}
	if _, found := p.NotCarried["auth.saml_relay_states"]; found {
		t.Error("the plan has a number of rows of auth.saml_relay_states, which does not exist, want none")
	}

	role := importtest.CreateRole(t, from, `grant usage on schema auth to %[1]s;
grant select on auth.users, auth.identities, auth.mfa_factors to %[1]s;
alter role %[1]s bypassrls`)
	p, err = importtest.NewImport(t, role).Plan(t.Context(), importer.Options{Profiles: "none"})
	if err != nil || !slices.Contains(p.NotChecked, "auth.sessions: no privilege to read it") {
		t.Errorf("a role without a privilege on auth.sessions: the plan lists %v as not checked, with the refusals %v and "+
			"the error %v, want the sessions among them", p.NotChecked, p.Refusals, err)
	}
	want := map[string]int64{"auth.users": 3, "auth.identities": 3, "auth.mfa_factors": 0}
	if diff := cmp.Diff(want, p.Source.Rows); diff != "" {
		t.Errorf("numbers of rows of the source in the plan (-want +got):\n%s", diff)
	}
}

func TestPlanNeedsTheSchemaOfTheProfileTable(t *testing.T) {
	t.Parallel()
	m := importtest.NewImport(t, supabasetest.New(t))
	_, err := m.Plan(t.Context(), importer.Options{Profiles: "profiles"})
	if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), "such as public.profiles") {
		t.Errorf("a profile table without a schema: got %v, want ErrRefused with the name to write", err)
	}
}
