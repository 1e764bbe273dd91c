package run_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// Some of the tables do not exist in the source, such as auth.refresh_tokens.
func TestPlanCountsEveryTableThatIsNotCopied(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 2, 2, 0)
	importtest.Exec(t, from, "insert into auth.sessions (id, user_id) select gen_random_uuid(), id from auth.users")
	p, err := importtest.NewImport(t, from).Plan(t.Context(), importer.Options{})
	want := map[string]int64{
		"auth.sessions": 2, "auth.one_time_tokens": 0, "auth.sso_providers": 0, "auth.sso_domains": 0,
		"auth.saml_providers": 0, "auth.audit_log_entries": 0,
	}
	if diff := cmp.Diff(want, p.NotCarried); diff != "" || err != nil {
		t.Errorf("error %v, want nil; counted rows (-want +got):\n%s", err, diff)
	}
}

// The role may read the table, but row security would hide its rows.
func TestPlanNamesTablesWithRowSecurityAsNotChecked(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	importtest.Exec(t, from, `alter table auth.users disable row level security;
alter table auth.identities disable row level security;
alter table auth.mfa_factors disable row level security`)
	role := importtest.CreateRole(t, from,
		"grant usage on schema auth to %[1]s; grant select on all tables in schema auth to %[1]s")
	p, err := importtest.NewImport(t, role).Plan(t.Context(), importer.Options{Profiles: "none"})
	if err != nil || len(p.Refusals) != 0 || !slices.Contains(p.NotChecked, "auth.sessions: no privilege to read it") {
		t.Errorf("got the tables not checked %v, refusals %v and error %v, want auth.sessions not checked and no more",
			p.NotChecked, p.Refusals, err)
	}
}

func TestPlanCountsTheRowsOfEachKindByTheirOutcome(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 3, 4, 2)
	importtest.Exec(t, from, `insert into auth.mfa_factors (id, user_id, factor_type, status, created_at, updated_at)
		select gen_random_uuid(), min(id::text)::uuid, 'totp', 'verified', now(), now() from auth.users`)
	p, err := importtest.NewImport(t, from).Plan(t.Context(), importer.Options{MFA: "allow"})
	if err != nil {
		t.Fatal(err)
	}
	want := mapping.Counts{
		mapping.User:     {mapping.Copied: 3},
		mapping.Identity: {mapping.Copied: 1, mapping.Folded: 3},
		mapping.Profile:  {mapping.Copied: 2},
		mapping.Factor:   {mapping.Quarantined: 1},
		mapping.Passkey:  {},
	}
	if diff := cmp.Diff(want, p.Expected); diff != "" {
		t.Errorf("expected outcomes in the plan (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int64{"bcrypt": 3}, p.Hashes); diff != "" {
		t.Errorf("numbers of users by password format (-want +got):\n%s", diff)
	}
	names := []string{}
	for _, provider := range p.Providers {
		names = append(names, provider.Name)
	}
	if diff := cmp.Diff([]string{"github"}, names); diff != "" {
		t.Errorf("names of the providers in the plan (-want +got):\n%s", diff)
	}
}

func TestPlanCountsNoRowsIfATableDoesNotFit(t *testing.T) {
	t.Parallel()
	p, err := importtest.NewImport(t, supabasetest.New(t)).Plan(t.Context(), importer.Options{Profiles: "public.absent"})
	if err != nil || len(p.Refusals) != 1 || len(p.Source.Rows) != 0 || len(p.NotChecked) != 0 {
		t.Errorf("got the refusals %q, the rows %v, the tables not checked %v and the error %v, want one refusal and no more",
			p.Refusals, p.Source.Rows, p.NotChecked, err)
	}
}
