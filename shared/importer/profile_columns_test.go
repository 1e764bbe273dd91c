package importer_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// userProfiles is the SQL for a table public.user_profiles with the rows of public.profiles. Its columns have the names
// that an ORM for TypeScript gives them.
const userProfiles = `
CREATE TABLE public.user_profiles AS
SELECT user_id AS "userId", age_range AS "ageRange", education_level AS education, tech_background::varchar AS "Tech",
  primary_goal AS goal, learning_mode AS "learning-mode", learning_speed, time_per_week::bigint AS "hours=week",
  preferred_language AS lang, created_at AS "createdAt", updated_at AS "updatedAt"
FROM public.profiles;
ALTER TABLE public.user_profiles ADD PRIMARY KEY ("userId");`

// ofUserProfiles are the options that read userProfiles.
func ofUserProfiles() importer.Options {
	return importer.Options{
		BatchSize: 100, MFA: "allow", Profiles: "public.user_profiles", ProfileKey: "userId",
		ProfileColumns: map[string]string{
			"ageRange": "age_range", "education": "education_level", "Tech": "tech_background", "goal": "primary_goal",
			"learning-mode": "learning_mode", "hours=week": "time_per_week", "lang": "preferred_language",
			"createdAt": "created_at", "updatedAt": "updated_at",
		},
	}
}

// The expectation of checkTargetMatchesSource is computed from public.profiles, which has the same rows.
func TestTableWithOtherColumnNamesFillsUserProfile(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 92, 500)
	importtest.Exec(t, from, userProfiles)
	m := importtest.NewImport(t, from)
	o := ofUserProfiles()
	importtest.RunToCompletion(t, m, o)
	checkTargetMatchesSource(t, m, o)
	importtest.CheckEqual(t, m, "after the import")

	importtest.Exec(t, from, `
update public.user_profiles set "learning-mode" = 'textual', "updatedAt" = now() where left("userId"::text, 1) = '1';
update public.profiles set learning_mode = 'textual', updated_at = now() where left(user_id::text, 1) = '1';
update public.user_profiles set lang = 'eo', "hours=week" = 77 where left("userId"::text, 1) = '2';
update public.profiles set preferred_language = 'eo', time_per_week = 77 where left(user_id::text, 1) = '2';
delete from public.user_profiles where left("userId"::text, 1) = '3';
delete from public.profiles where left(user_id::text, 1) = '3';`)
	if _, err := m.Run(t.Context(), importer.Options{}, true, 2); err != nil {
		t.Fatal(err)
	}
	if n := importtest.Value(t, m.To, `select count(*)::text from user_profile
		where left(user_id::text, 1) = '1' and learning_mode = 'textual'`); n == "0" {
		t.Error("profiles that a quick pass changed because of the column \"updatedAt\": got none, want some")
	}
	importtest.RunToCompletion(t, m, importer.Options{})
	checkTargetMatchesSource(t, m, o)
	importtest.CheckEqual(t, m, "after a later pass")
	importtest.CheckSameAsNewImport(t, m, o)

	importtest.RollBackAfterDryRun(t, m, importer.RollbackOptions{})
	want := map[string]int64{"user": 0, "account": 0, "user_profile": 0}
	if diff := cmp.Diff(want, importtest.CountImportedRows(t, m.To)); diff != "" {
		t.Errorf("rows after the rollback (-want +got):\n%s", diff)
	}
}

// usersTable is the SQL for a table public.users with one row for each user of a source that FillBulk filled. Its
// columns user_id and preferred_language are other things than in user_profile.
const usersTable = `
CREATE TABLE public.users (
  user_id bigint GENERATED ALWAYS AS IDENTITY,
  id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE,
  lang text,
  preferred_language jsonb NOT NULL DEFAULT '["en", "de"]',
  hours_per_week text,
  inserted_at timestamp NOT NULL DEFAULT '2020-02-03 04:05:06',
  secret text DEFAULT 'sk'
);
INSERT INTO public.users (id, lang, hours_per_week)
SELECT id, (ARRAY['de', 'a language that is too long', NULL])[1 + row_number() OVER (ORDER BY id) % 3],
  CASE row_number() OVER (ORDER BY id) WHEN 1 THEN '-1' WHEN 2 THEN '5000000000' ELSE '7' END
FROM auth.users;`

func TestColumnsWithTheNamesOfMappedOnesStayInTheLedger(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 6, 6, 0)
	importtest.Exec(t, from, usersTable)
	m := importtest.NewImport(t, from)
	o := importer.Options{BatchSize: 4, Profiles: "public.users", ProfileKey: "id", ProfileColumns: map[string]string{
		"lang": "preferred_language", "hours_per_week": "time_per_week", "inserted_at": "created_at",
	}}
	st := importtest.RunToCompletion(t, m, o)
	importtest.CheckEqual(t, m, "after the import")
	got := importtest.Column(t, m.To, `select concat_ws(' ', preferred_language, time_per_week,
		created_at at time zone 'UTC') from user_profile order by user_id`)
	const created = "2020-02-03 04:05:06"
	want := []string{
		"en " + created, "en " + created, "de 7 " + created, "en 7 " + created, "en 7 " + created, "de 7 " + created,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("profiles (-want +got):\n%s", diff)
	}
	if n, m := st.Reasons["profile.preferred_language value_too_long"],
		st.Reasons["profile.time_per_week check_violation"]; n != 2 || m != 2 {
		t.Errorf("quarantined fields: got %d languages and %d hours, want 2 and 2", n, m)
	}
	residue := importtest.Column(t, m.To, `select distinct string_agg(k, ' ' order by k)
		from supabase_import.ledger l, json_object_keys(l.residue::json) k
		where l.source = 'profile' and k not in ('preferred_language', 'time_per_week') group by l.key`)
	if diff := cmp.Diff([]string{"secret source_preferred_language source_user_id"}, residue); diff != "" {
		t.Errorf("columns that only the ledger has (-want +got):\n%s", diff)
	}
	original := importtest.Value(t, m.To, `select original->>'source_user_id' || ' ' || (original->>'time_per_week')
		from supabase_import.quarantine where field = 'time_per_week' and original->>'time_per_week' = '-1'`)
	if original != "1 -1" {
		t.Errorf("the row in the quarantine has the number and the hours %q, want \"1 -1\"", original)
	}
}

// starterKit is the SQL that replaces public.profiles by the table of Supabase's starter kit.
const starterKit = `
DROP TABLE public.profiles;
CREATE TABLE public.profiles (
  id uuid REFERENCES auth.users ON DELETE CASCADE NOT NULL PRIMARY KEY,
  updated_at timestamp with time zone,
  username text UNIQUE,
  full_name text,
  avatar_url text,
  website text
);
INSERT INTO public.profiles
SELECT id, '2021-01-01', email, 'hobby_project', 'https://example.com/a.png', 'https://example.com' FROM auth.users;`

func TestTableOfTheStarterKitIsReadOnlyIfAnOptionNamesIt(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 3, 3, 0)
	importtest.Exec(t, from, starterKit)
	m := importtest.NewImport(t, from)
	plan, err := m.Plan(t.Context(), importer.Options{})
	if err != nil || len(plan.Refusals)+len(plan.Warnings) > 0 || plan.Options.Profiles != "none" {
		t.Fatalf(
			"plan without options: got the profiles %q, refusals %q, warnings %q and %v, want none",
			plan.Options.Profiles,
			plan.Refusals,
			plan.Warnings,
			err,
		)
	}
	importtest.RunToCompletion(t, m, importer.Options{})
	importtest.CheckEqual(t, m, "without options")
	if n := importtest.CountImportedRows(t, m.To)["user_profile"]; n != 0 {
		t.Errorf("profiles of an import without options: got %d, want 0", n)
	}
	importtest.RunToCompletion(t, m, importer.Options{
		ProfileKey: "id", ProfileColumns: map[string]string{"full_name": "primary_goal"},
	})
	importtest.CheckEqual(t, m, "with a mapped column")
	got := importtest.Column(t, m.To, `select distinct primary_goal || ' ' || updated_at::date from user_profile`)
	if diff := cmp.Diff([]string{"hobby_project 2021-01-01"}, got); diff != "" {
		t.Errorf("different goals and times of the profiles (-want +got):\n%s", diff)
	}
}

func TestLaterPassWithOtherProfileColumnsIsRefused(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 3, 3, 0)
	importtest.Exec(t, from, starterKit)
	m := importtest.NewImport(t, from)
	first := importer.Options{ProfileKey: "id", ProfileColumns: map[string]string{"full_name": "primary_goal"}}
	importtest.RunToCompletion(t, m, first)
	for name, test := range map[string]struct {
		given importer.Options
		want  string
	}{
		"another key": {importer.Options{ProfileKey: "user_id"}, "began with profileKey id;"},
		"another column": {
			importer.Options{ProfileColumns: map[string]string{"website": "primary_goal"}}, "full_name:primary_goal",
		},
		"no table": {importer.Options{Profiles: "none"}, "began with profiles public.profiles"},
		"another table": {
			importer.Options{Profiles: "public.users", ProfileKey: "id"}, "began with profiles public.profiles",
		},
		"the same":        {first, ""},
		"no options":      {importer.Options{}, ""},
		"the same table":  {importer.Options{Profiles: "public.profiles"}, ""},
		"the same column": {importer.Options{ProfileColumns: first.ProfileColumns}, ""},
	} {
		_, err := m.Begin(t.Context(), test.given, false)
		if errors.Is(err, importer.ErrRefused) != (test.want != "") ||
			err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want ErrRefused with %q (\"\": no error)", name, err, test.want)
		}
	}
}
