package importer_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/profilefields"
	"github.com/xenon-auth/xenon/shared/profilefields/declaration"
	"github.com/xenon-auth/xenon/shared/schema"
)

func exampleFields(t *testing.T) profilefields.Fields {
	t.Helper()
	fields, err := declaration.Load(filepath.Join("..", "..", "examples", "profile-fields", "profile.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return fields
}

// insertPeople creates six users, and a table with columns of the example declaration, with other types and one other
// name.
const insertPeople = `
insert into auth.users (id, email, email_confirmed_at, created_at, updated_at)
select md5('person ' || n)::uuid, 'person' || n || '@example.com', now(), now(), now() from generate_series(1, 6) n;
create table public.people (user_id uuid primary key, n int, display_name text, postal_code text, track text,
  shirt text, seats text, year_of_birth bigint, newsletter text, visible boolean, colour text);
insert into public.people select md5('person ' || p.column1)::uuid, p.* from (values
  (1, 'Ada', '10115', 'advanced', 'm', '12', 1815, 'TRUE', true, 'red'),
  (2, '', 'low case', 'expert', 'XXL', '13', 1776, 'maybe', null, null),
  (3, repeat('x', 81), null, null, null, null, null, null, false, null),
  (4, 'Bob', 'SW1A 1AA', 'beginner', 's', ' 3', 2100, 'f', true, null),
  (5, null, '12345678901', 'teacher', null, '-1', 2101, 'false', null, null),
  (6, 'Eve', null, 'teacher', 'l', '1', 1900, 't', true, null)) p;`

func TestImportFillsDeclaredFields(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	importtest.Exec(t, from, insertPeople)
	m := importtest.NewImport(t, from)
	fields := exampleFields(t)
	m.ProfileFields = mapping.ProfileFieldsOf(fields)
	o := importer.Options{
		BatchSize: 20, MFA: "allow", Profiles: "public.people", ProfileColumns: map[string]string{"shirt": "shirt_size"},
		ProfileValues: map[string]map[string]string{"track": {"expert": "advanced"}},
	}
	plan, err := m.Plan(t.Context(), o)
	if err != nil || !strings.Contains(strings.Join(plan.Refusals, "\n"), "user_profile.seats: found no such column") {
		t.Errorf("plan before schema up: got the refusals %v and the error %v, want the missing columns", plan.Refusals, err)
	}
	if _, err := migrations.ChangeProfile(t.Context(), m.To, schema.Public, fields); err != nil {
		t.Fatal(err)
	}
	st := importtest.RunToCompletion(t, m, o)
	importtest.CheckEqual(t, m, "after the import")
	rows := importtest.Value(t, m.To, `
		SELECT string_agg(concat_ws('|', coalesce(display_name, '-'), coalesce(postal_code, '-'), track,
		  coalesce(shirt_size, '-'), seats, coalesce(year_of_birth::text, '-'), coalesce(newsletter::text, '-'), visible),
		  E'\n' ORDER BY email)
		FROM user_profile JOIN "user" u ON u.id = user_id`)
	want := `Ada|10115|advanced|m|12|-|true|t
-|-|advanced|-|1|-|-|f
-|-|beginner|-|1|-|-|f
Bob|SW1A 1AA|beginner|s|1|2100|false|t
-|-|teacher|-|1|-|false|f
Eve|-|teacher|l|1|1900|true|t`
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("imported profiles (-want +got):\n%s", diff)
	}
	for reason, n := range map[string]int64{
		"profile.display_name value_too_long": 1, "profile.display_name check_violation": 1,
		"profile.postal_code check_violation": 1, "profile.postal_code value_too_long": 1,
		"profile.shirt_size enum_unknown": 1, "profile.seats check_violation": 3,
		"profile.year_of_birth check_violation": 3, "profile.newsletter check_violation": 1,
		"profile.track enum_unknown": 0,
	} {
		if got := st.Reasons[reason]; got != n {
			t.Errorf("%s: got %d values in the quarantine, want %d; all reasons: %v", reason, got, n, st.Reasons)
		}
	}
	m.ProfileFields = nil
	again := importtest.RunToCompletion(t, m, importer.Options{BatchSize: 20})
	if again.Reasons["profile.seats check_violation"] != 3 {
		t.Errorf("a pass without PROFILE_FIELDS: got the reasons %v, want the fields with which the run began", again.Reasons)
	}
	m.ProfileFields = mapping.ProfileFieldsOf(fields)
	m.ProfileFields[0].Max = 10
	if _, err := m.Begin(t.Context(), o, false); !errors.Is(err, importer.ErrRefused) ||
		!strings.Contains(err.Error(), "profileFields") {
		t.Errorf("a pass with other fields: got the error %v, want a refusal that names profileFields", err)
	}
}

func TestImportLeavesOutProfilesIfProfileIsOff(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 5, 60)
	m := importtest.NewImport(t, from)
	m.ProfilesOff = true
	plan, err := m.Plan(t.Context(), importtest.BatchesOf100)
	if err != nil || plan.Options.Profiles != mapping.NoProfiles ||
		!strings.Contains(strings.Join(plan.Warnings, "\n"), "PROFILE is off, so the import leaves out the profiles") {
		t.Errorf("plan: got the profiles %q, the warnings %v and the error %v, want none and a warning",
			plan.Options.Profiles, plan.Warnings, err)
	}
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	if n := importtest.Value(t, m.To, "SELECT count(*)::text FROM user_profile"); n != "0" {
		t.Errorf("the import has copied %s profiles, want none", n)
	}
	o := importtest.BatchesOf100
	o.Profiles = "public.profiles"
	_, err = m.Plan(t.Context(), o)
	if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), "PROFILE is off") {
		t.Errorf("plan with --profiles: got the error %v, want a refusal", err)
	}
}
