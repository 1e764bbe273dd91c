package importer_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/sample"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// checkTargetMatchesSource compares the target, the ledger and the quarantine with what expectedState computes from the
// source.
func checkTargetMatchesSource(t *testing.T, m *importer.Import, o importer.Options, existing ...existingUser) {
	t.Helper()
	source := readSource(t, m.From)
	source.withMetadata = hasMetadataColumns(t, m.To)
	want, got := expectedState(o, source, existing...), readTarget(t, m.To)
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("result of the import (-got +expected from the rows of the source):\n%.6000s", diff)
	}
}

func TestR55_EveryFieldIsCopied(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		seed     uint64
		metadata bool // the target has the columns for metadata
		options  importer.Options
	}{
		{1, false, importer.Options{MFA: "allow"}},
		{2, true, importer.Options{
			MFA: "hold", Unconfirmed: "allow",
			Providers: map[string]string{"azure": "oid", "custom:acme": "acme"},
		}},
		{3, false, importer.Options{MFA: "hold", ProfileValues: map[string]map[string]string{
			"age_range": {"35_44": "35_plus"}, "education_level": {"bachelors": "undergrad"},
			"learning_mode": {"hands_on": "code_first", "visual": "nonsense"},
		}}},
		{4, false, importer.Options{MFA: "carry"}},
		{rand.Uint64N(1e9), rand.N(2) == 0, importer.Options{MFA: []string{"allow", "carry"}[rand.N(2)]}},
	} {
		t.Run(fmt.Sprint("seed ", test.seed), func(t *testing.T) {
			t.Parallel()
			users := 600
			if sample.RunsAllCases() {
				users = 1500
			}
			from := supabasetest.New(t)
			supabasetest.Fill(t, from, test.seed, users)
			m := withSecret(importtest.NewImport(t, from))
			if test.metadata {
				addMetadataColumns(t, m.To, "public")
			}
			test.options.BatchSize = users / 8
			if _, err := m.Run(t.Context(), test.options, false, 2); err != nil {
				t.Fatal(err)
			}
			checkTargetMatchesSource(t, m, test.options)
			importtest.CheckEqual(t, m, "after the import")
		})
	}
}

// insertExistingUsers inserts users with a third of the emails of the source into an empty target: in turn an
// unverified user, a verified one, and an unverified one with a row in a table of an application.
func insertExistingUsers(t *testing.T, m *importer.Import, o importer.Options) (all []existingUser) {
	t.Helper()
	var emails []string
	for _, u := range expectedState(o, readSource(t, m.From)).Users {
		if !strings.HasSuffix(u.Email, placeholderSuffix) {
			emails = append(emails, u.Email)
		}
	}
	slices.Sort(emails)
	for i, email := range emails[:len(emails)/3] {
		id := insertSignUp(t, m.To, email)
		if i%3 == 1 {
			importtest.Exec(t, m.To, `update "user" set "emailVerified" = true where id = '`+id+`'`)
		}
		if i%3 == 2 {
			importtest.Exec(t, m.To, `insert into mark values ('`+id+`')`)
		}
	}
	before := readTargetTables(t, m.To)
	digests, marks := map[string]string{}, map[string]bool{}
	var id, text string
	var marked bool
	importtest.ForEachRow(
		t,
		importtest.Connect(t, m.To),
		`select u.id::text, exists (select from mark where "user" = u.id), (to_jsonb(u) || jsonb_build_object('credential',
			jsonb_build_object(
  'accounts', (select jsonb_agg(to_jsonb(a)) from account a
  where a."userId" = u.id), 'sessions', (select jsonb_agg(to_jsonb(n)) from session n where n."userId" = u.id))))::text
from "user" u`,
		[]any{&id, &marked, &text},
		func() { digests[id], marks[id] = shortDigest(text), marked },
	)
	for account, a := range before.Accounts {
		u := before.Users[a.User]
		all = append(
			all,
			existingUser{
				id:           a.User,
				email:        u.Email,
				rowDigest:    digests[a.User],
				verified:     u.Verified,
				hasOtherRows: marks[a.User],
				row:          u,
				account:      a,
				accountID:    account,
			},
		)
	}
	return all
}

func TestImportReleasesOrRejectsEmailsOfExistingUsersAsExpected(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, rand.Uint64N(1e9), 250)
	m := importtest.NewImport(t, from)
	m.Shared = true
	o := importer.Options{MFA: "allow", BatchSize: 50}
	// The users sign up after the plan, because some of them would be a refusal of the plan.
	if _, err := m.Begin(t.Context(), o, false); err != nil {
		t.Fatal(err)
	}
	importtest.Exec(t, m.To, `create table mark ("user" uuid references "user")`)
	existing := insertExistingUsers(t, m, o)
	importtest.RunToCompletion(t, m, o)
	checkTargetMatchesSource(t, m, o, existing...)
}
