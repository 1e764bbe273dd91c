package importer_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/placeholder"
)

// Each of the 1,000 users keeps the id and has an account with the subject that the provider returns at a sign-in.
func TestAccountsOfAllProvidersAreImported(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	people := supabasetest.FillSocial(t, from, 1000)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	var want []string
	for _, p := range people {
		want = append(want, fmt.Sprint(p.UserID, " ", p.ProviderID, " ", p.Subject))
	}
	slices.Sort(want)
	got := importtest.Column(t, m.To, `select concat_ws(' ', "userId", "providerId", "accountId") from account order by 1`)
	slices.Sort(got)
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("accounts: user, provider and subject (-got +want):\n%s", diff)
	}
	if n := importtest.Value(t, m.To, `select count(*)::text from supabase_import.quarantine where field = ''`); n != "0" {
		t.Errorf("the quarantine has %s whole rows, want 0", n)
	}
	emails := map[string]string{}
	for _, line := range importtest.Column(t, m.To, `select id || email from "user" where not "emailVerified"`) {
		emails[line[:36]] = line[36:]
	}
	for _, p := range people {
		email, unverified := emails[p.UserID]
		if unverified != (p.Placeholder || !p.Confirmed) || placeholder.Is(email) != p.Placeholder {
			t.Fatalf("the user %s of %s has the unverified email %q (none: %t), want a placeholder: %t, an unverified email: %t",
				p.UserID, p.Provider, email, !unverified, p.Placeholder, p.Placeholder || !p.Confirmed)
		}
	}
	checkTargetMatchesSource(t, m, importtest.BatchesOf100)
	importtest.CheckEqual(t, m, "after the import")
}

// insertThreeIdentities inserts three users: one of Microsoft without an object id, and two with the same Slack
// account.
const insertThreeIdentities = `
insert into auth.users (id, email, email_confirmed_at, created_at, updated_at)
select ('00000000-0000-4000-9000-00000000000' || n)::uuid, n || '@example.com', now(), now(), now()
from generate_series(1, 3) n;
insert into auth.identities (id, user_id, provider, provider_id, identity_data, created_at, updated_at) values
  ('00000000-0000-4000-a000-000000000001', '00000000-0000-4000-9000-000000000001', 'azure', 'AAAA', '{"sub": "AAAA"}',
    now(), now()),
  ('00000000-0000-4000-a000-000000000002', '00000000-0000-4000-9000-000000000002', 'slack', 'U1', '{}', now(), now()),
  ('00000000-0000-4000-a000-000000000003', '00000000-0000-4000-9000-000000000003', 'slack_oidc', 'U1', '{}',
    now() + interval '1 hour', now())`

// accountLines returns one text for each account, and one for each unresolved entry of the quarantine. A text begins
// with the last digit of the id.
func accountLines(t *testing.T, url string) []string {
	t.Helper()
	return importtest.Column(t, url, `
select right(id::text, 1) || ' ' || "providerId" || ' ' || "accountId" from account
union all
select right(key::text, 1) || ' ' || reason from supabase_import.quarantine where resolved is null
order by 1`)
}

// A sign-in to Supabase stores the object id of a Microsoft account. The next pass imports the account. Of two Slack
// identities with the same subject, the older one is imported.
func TestMicrosoftAccountIsImportedWhenItHasAnObjectID(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	importtest.Exec(t, from, insertThreeIdentities)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	want := []string{"1 provider_subject_incompatible", "2 slack U1", "3 account_conflict"}
	if diff := cmp.Diff(accountLines(t, m.To), want); diff != "" {
		t.Errorf("accounts and quarantine without an object id (-got +want):\n%s", diff)
	}
	importtest.Exec(t, from, `update auth.identities set updated_at = now() + interval '1 minute',
	identity_data = '{"sub": "AAAA", "custom_claims": {"oid": "0b5a0c2e-1111-4222-8333-444455556666"}}'
where provider = 'azure'`)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	want[0] = "1 microsoft 0b5a0c2e-1111-4222-8333-444455556666"
	if diff := cmp.Diff(accountLines(t, m.To), want); diff != "" {
		t.Errorf("accounts and quarantine with an object id (-got +want):\n%s", diff)
	}
	importtest.CheckEqual(t, m, "after the second pass")
}

// Accounts move from a user of a later batch to one of an earlier batch, the other way round, and to a new identity.
func TestLaterPassesCopyAccountsThatMovedToAnotherUser(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	importtest.Exec(t, from, `
insert into auth.users (id, email, email_confirmed_at, created_at, updated_at)
select ('00000000-0000-4000-9000-00000000000' || n)::uuid, n || '@example.com', now(), now(), now()
from generate_series(1, 4) n;
insert into auth.identities (id, user_id, provider, provider_id, identity_data, created_at, updated_at)
select ('00000000-0000-4000-a000-00000000000' || n)::uuid, ('00000000-0000-4000-9000-00000000000' || n)::uuid, 'google',
  'subject ' || n, '{}', now(), now()
from generate_series(1, 4) n`)
	m := importtest.NewImport(t, from)
	o := importtest.BatchesOf40
	o.BatchSize = 2
	importtest.RunToCompletion(t, m, o)
	// The first batch has the users 1 and 2, the second 3 and 4. User 1 gets the account of user 3, user 4 gets that of
	// user 1, and user 3 gets that of user 2 as a new identity.
	importtest.Exec(t, from, `
update auth.identities set provider_id = 'other ' || provider_id where id::text like '%3' or id::text like '%4';
update auth.identities set provider_id = 'subject 3' where id::text like '%1';
update auth.identities set provider_id = 'subject 1' where id::text like '%4';
delete from auth.identities where id::text like '%2';
insert into auth.identities (id, user_id, provider, provider_id, identity_data, created_at, updated_at) values
  ('00000000-0000-4000-a000-000000000009', '00000000-0000-4000-9000-000000000003', 'google', 'subject 2', '{}', now(),
    now())`)
	importtest.RunToCompletion(t, m, o)
	importtest.RunToCompletion(t, m, o)
	want := []string{
		"1 google subject 3", "2 deleted_in_source", "3 google other subject 3", "4 google subject 1", "9 google subject 2",
	}
	if diff := cmp.Diff(accountLines(t, m.To), want); diff != "" {
		t.Errorf("accounts and quarantine after the third pass (-got +want):\n%s", diff)
	}
	importtest.CheckEqual(t, m, "after the third pass")
}

// A user of the first batch gets the account that a user of the second batch had, as a new identity. The account of the
// other user is removed although nothing else of that user has changed.
func TestAccountThatMovedToAnEarlierBatchIsRemovedFromItsUser(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	importtest.Exec(t, from, `
insert into auth.users (id, email, email_confirmed_at, created_at, updated_at)
select ('00000000-0000-4000-9000-00000000000' || n)::uuid, n || '@example.com', now(), now(), now()
from generate_series(1, 2) n;
insert into auth.identities (id, user_id, provider, provider_id, identity_data, created_at, updated_at) values
  ('00000000-0000-4000-a000-000000000002', '00000000-0000-4000-9000-000000000002', 'google', 'subject', '{}', now(),
    now())`)
	m := importtest.NewImport(t, from)
	o := importtest.BatchesOf40
	o.BatchSize = 1
	runBatchesInOrder := func() {
		t.Helper()
		if st, err := m.Run(t.Context(), o, false, 1); err != nil || st.State != "complete" {
			t.Fatalf("run the import with one worker: got the state %q, %v, want complete", st.State, err)
		}
	}
	runBatchesInOrder()
	importtest.Exec(t, from, `
delete from auth.identities;
insert into auth.identities (id, user_id, provider, provider_id, identity_data, created_at, updated_at) values
  ('00000000-0000-4000-a000-000000000001', '00000000-0000-4000-9000-000000000001', 'google', 'subject', '{}', now(),
    now())`)
	runBatchesInOrder()
	want := []string{"1 google subject", "2 deleted_in_source"}
	if diff := cmp.Diff(accountLines(t, m.To), want); diff != "" {
		t.Errorf("accounts and quarantine after the second pass (-got +want):\n%s", diff)
	}
	importtest.CheckEqual(t, m, "after the second pass")
}

// During the pass, a user of the target signs in with a provider.
func TestAccountThatAUserOfTheTargetGetsDuringThePassIsKept(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	importtest.Exec(t, from, insertThreeIdentities)
	m := importtest.NewImport(t, from)
	m.Shared = true
	if _, err := m.Begin(t.Context(), importtest.BatchesOf40, false); err != nil {
		t.Fatal(err)
	}
	id := insertSignUp(t, m.To, "early@example.com")
	importtest.Exec(t, m.To, `insert into account ("userId", "providerId", "accountId", "updatedAt") values ('`+id+`',
  'slack', 'U1', now()); delete from account where "providerId" = 'credential'`)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	got := importtest.Column(t, m.To, `select "userId"::text from account`)
	if diff := cmp.Diff(got, []string{id}); diff != "" {
		t.Errorf("users of the target with an account (-got +want):\n%s", diff)
	}
	want := []string{"1 provider_subject_incompatible", "2 target_account_taken", "3 account_conflict"}
	reasons := importtest.Column(t, m.To, `select right(key::text, 1) || ' ' || reason from supabase_import.quarantine
order by 1`)
	if diff := cmp.Diff(reasons, want); diff != "" {
		t.Errorf("identities in the quarantine, with the reason (-got +want):\n%s", diff)
	}
}

// For each provider the plan counts the users, the users who will have neither a password nor another account after the
// import, and the identities that are not imported.
func TestPlanListsProvidersWithTheirUsers(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	importtest.Exec(t, from, `
insert into auth.users (id, email, email_confirmed_at, encrypted_password, deleted_at)
select ('00000000-0000-4000-9000-00000000000' || n)::uuid, n || '@example.com', case when n <> 5 then now() end,
  case when n in (2, 5) then '$2a$04$cfA8HO.F9ViPz93OF78zGODEtV2Djz8YnyCZ2y1/GpMcLiFel/rdW' end,
  case when n = 6 then now() end
from generate_series(1, 8) n;
insert into auth.identities (user_id, provider, provider_id, identity_data)
select ('00000000-0000-4000-9000-00000000000' || n)::uuid, provider, provider || n, '{}'
from (values (1, 'google'), (2, 'google'), (3, 'google'), (3, 'github'), (4, 'azure'), (5, 'google'), (6, 'google'),
  (7, 'sso:00000000-0000-4000-8000-000000000001'), (7, 'sso:00000000-0000-4000-8000-000000000002'), (8, 'google'),
  (8, 'linkedin'), (1, 'email')) v (n, provider);
insert into auth.identities (user_id, provider, provider_id, identity_data)
values ('00000000-0000-4000-9000-000000000001', 'google', 'the second one of 1', '{}')`)
	m := importtest.NewImport(t, from)
	plan, err := m.Plan(t.Context(), importtest.BatchesOf40)
	if err != nil {
		t.Fatal(err)
	}
	want := []run.Provider{
		{
			Name: "azure", ID: "microsoft", Identities: 1, Users: 1, Only: 1,
			Settings:     []string{"MICROSOFT_CLIENT_ID", "MICROSOFT_CLIENT_SECRET"},
			CallbackPath: "/api/auth/callback/microsoft",
			NotImported:  mapping.Reasons{"provider_subject_incompatible": 1},
		},
		{
			Name: "github", ID: "github", Identities: 1, Users: 1,
			Settings:     []string{"GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET"},
			CallbackPath: "/api/auth/callback/github",
			NotImported:  mapping.Reasons{},
		},
		{
			Name: "google", ID: "google", Identities: 7, Users: 5, Only: 3,
			Settings:     []string{"GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET"},
			CallbackPath: "/api/auth/callback/google",
			NotImported:  mapping.Reasons{"parent_quarantined": 1},
		},
		{Name: "linkedin", Identities: 1, Users: 1, NotImported: mapping.Reasons{"provider_unmapped": 1}},
		{Name: "sso", Identities: 2, Users: 1, Only: 1, NotImported: mapping.Reasons{"sso_identity": 2}},
	}
	if diff := cmp.Diff(plan.Providers, want); diff != "" {
		t.Errorf("providers in the plan (-got +want):\n%s", diff)
	}
	if n := plan.Providers[2].Copied(); n != 6 {
		t.Errorf("Copied() of Google = %d, want 6", n)
	}
}
