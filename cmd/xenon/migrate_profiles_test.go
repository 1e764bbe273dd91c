package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// ownProfileTables is the SQL for tables with one row for each user: that of Supabase's starter kit, public.users, and
// a table with capitals.
const ownProfileTables = `
DROP TABLE public.profiles;
CREATE TABLE public.profiles (id uuid PRIMARY KEY REFERENCES auth.users, updated_at timestamptz, username text,
  full_name text, avatar_url text, website text);
CREATE TABLE public.users (id uuid PRIMARY KEY REFERENCES auth.users, lang text, age_range text);
CREATE TABLE public."UserProfiles" ("userId" uuid PRIMARY KEY REFERENCES auth.users, "Age Range" text);
INSERT INTO public.users SELECT id, 'de', '18_24' FROM auth.users;`

func TestMigratePlanProposesFlagsForTablesWithOneRowForEachUser(t *testing.T) {
	t.Parallel()
	source := newSourceWithProjectTables(t)
	dbtest.Exec(t, source, ownProfileTables)
	env := []string{"FROM_DATABASE_URL", source, "TO_DATABASE_URL", dbtest.New(t)}
	code, out, stderr := runXenon(t, []string{"migrate", "plan"}, env...)
	if code != exitDone {
		t.Fatalf("migrate plan: got the exit code %d, want 0\n%s%s", code, out, stderr)
	}
	for _, want := range []string{
		"Tables with one row for each user\n  They are your own tables: xenon migrate tables moves them whole",
		"  public.profiles, key id: no column has the name of a field of user_profile; to fill a field, name the column\n" +
			"    --profiles public.profiles --profile-key id --profile-column COLUMN=FIELD\n",
		"  public.users, key id: to fill age_range, preferred_language\n" +
			"    --profiles public.users --profile-key id --profile-column lang=preferred_language\n",
		"  public.UserProfiles, key userId: to fill age_range\n" +
			"    --profiles public.UserProfiles --profile-key userId --profile-column 'Age Range=age_range'\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output of migrate plan: want %q in it, got\n%s", want, out)
		}
	}
	if strings.Contains(out, "this run reads it") || strings.Contains(out, "Columns of ") {
		t.Errorf("the output of migrate plan: want no table that the run reads, got\n%s", out)
	}

	flags := []string{"--profiles", "public.users", "--profile-key", "id", "--profile-column", "lang=preferred_language"}
	code, out, stderr = runXenon(t, append([]string{"migrate", "plan"}, flags...), env...)
	for _, want := range []string{
		"  public.users, key id: this run reads it\n",
		"Columns of public.users with a column in user_profile\n  lang=preferred_language, age_range\n",
		"Next:\n  xenon migrate run " + strings.Join(flags, " "),
	} {
		if !strings.Contains(out, want) || code != exitDone {
			t.Errorf("migrate plan %v: got the exit code %d, want 0 and %q, got\n%s%s", flags, code, want, out, stderr)
		}
	}
	if code, out, stderr = runXenon(t, append([]string{"migrate", "run"}, flags...), env...); code != exitDone {
		t.Errorf("migrate run %v: got the exit code %d, want 0\n%s%s", flags, code, out, stderr)
	}
	n := dbtest.Value[int](t, env[3], `select count(*) from user_profile
		where preferred_language = 'de' and age_range = '18_24'`)
	if n != 3 {
		t.Errorf("profiles with the values of public.users: got %d, want 3", n)
	}
}

func TestMigratePlanHasTheProfileCandidatesInItsJSON(t *testing.T) {
	t.Parallel()
	source := newSourceWithProjectTables(t)
	dbtest.Exec(t, source, ownProfileTables)
	code, text, stderr := runXenon(t, []string{"migrate", "plan", "--json"},
		"FROM_DATABASE_URL", source, "TO_DATABASE_URL", dbtest.New(t))
	var plan planOutput
	if err := json.Unmarshal([]byte(text), &plan); err != nil || code != exitDone {
		t.Fatalf("migrate plan --json: got the exit code %d, %s and %v, want JSON\n%s", code, text, err, stderr)
	}
	var tables []string
	for _, c := range plan.ProfileCandidates {
		tables = append(tables, c.Table)
	}
	want := []string{"public.UserProfiles", "public.members", "public.profiles", "public.user_profiles", "public.users"}
	if !slices.Equal(tables, want) {
		t.Errorf("profileCandidates: got the tables %q, want %q", tables, want)
	}
	options := `{"profiles":"public.users","profileKey":"id","profileColumns":{"lang":"preferred_language"}}`
	if !strings.Contains(text, `"options":`+options) {
		t.Errorf("profileCandidates: got %s, want the options of public.users", text)
	}
}
