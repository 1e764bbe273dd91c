package importer_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/copy"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// dropProfileConstraints drops the constraints that allow only one profile for each user.
const dropProfileConstraints = `alter table public.profiles drop constraint profiles_pkey;
	alter table public.profiles alter user_id drop not null, alter created_at drop not null,
	alter updated_at drop not null;`

// insertMoreProfiles inserts further profiles of some users, older, newer and of the same age, profiles without times,
// and profiles without a user. It leaves out users that do not exist, because of the foreign key.
const insertMoreProfiles = `
insert into public.profiles select user_id, 'under_18', education_level, 'student', primary_goal, learning_mode,
  learning_speed, 7, 'fr', created_at, updated_at + (n - 2) * interval '1 day'
  from public.profiles cross join generate_series(1, 3) n where left(user_id::text, 1) in ('1', '7', 'c')
  and updated_at between '2000-01-01' and '2100-01-01' and user_id in (select id from auth.users);
insert into public.profiles select user_id, age_range, education_level, tech_background, primary_goal, learning_mode,
  learning_speed, time_per_week, preferred_language, null, null
  from public.profiles where left(user_id::text, 1) in ('2', 'c') and user_id in (select id from auth.users);
insert into public.profiles select null, age_range, education_level, tech_background, primary_goal, learning_mode,
  learning_speed, time_per_week, preferred_language, created_at, updated_at
  from public.profiles where left(user_id::text, 1) = '4';
insert into public.profiles (user_id) values (null), (null);
update public.profiles set created_at = null, updated_at = null where left(user_id::text, 1) in ('5', '6');
update public.profiles set created_at = null where left(user_id::text, 1) = '8';
update public.profiles set updated_at = null where left(user_id::text, 1) = '9';`

func TestImportCopiesTheNewestProfileOfEachUser(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, rand.Uint64N(1e9), 500)
	importtest.Exec(t, from, dropProfileConstraints+insertMoreProfiles)
	m := importtest.NewImport(t, from)
	st := importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	if n := st.Reasons["profile profile_duplicate"]; n < 30 {
		t.Errorf("%d profiles are quarantined as duplicates, want at least 30", n)
	}
	if n := st.Reasons["profile profile_without_user"]; n < 10 {
		t.Errorf("%d profiles without a user are quarantined, want at least 10", n)
	}
	plan, err := importtest.NewImport(t, from).Plan(t.Context(), importtest.BatchesOf100)
	if err != nil || plan.Reasons["profile profile_duplicate"] != st.Reasons["profile profile_duplicate"] ||
		plan.Reasons["profile profile_without_user"] != st.Reasons["profile profile_without_user"] {
		t.Errorf("the plan expects the reasons %v (error %v), want as many duplicates and profiles without a user as the "+
			"run has: %v", plan.Reasons, err, st.Reasons)
	}
	checkTargetMatchesSource(t, m, importtest.BatchesOf100)
	importtest.CheckEqual(t, m, "after the import")
	first := importtest.Contents(t, m.To, importtest.QueriesOfImportedTables)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	if diff := importtest.Diff(importtest.Contents(t, m.To, importtest.QueriesOfImportedTables), first); diff != "" {
		t.Errorf("a second pass changed rows of the target:%s", diff)
	}

	importtest.Exec(
		t,
		from,
		`update public.profiles set updated_at = '2031-01-01', learning_mode = 'textual' where ctid in (select min(ctid)
			from public.profiles where left(user_id::text, 1) = '1' group by user_id);
delete from public.profiles where user_id is null and time_per_week is null;
delete from public.profiles where left(user_id::text, 1) = '7' and preferred_language = 'fr';`,
	)
	for _, quick := range []bool{true, false} {
		if _, err := m.Run(t.Context(), importtest.BatchesOf100, quick, 2); err != nil {
			t.Fatalf("a pass with quick %t: got %v, want no error", quick, err)
		}
	}
	checkTargetMatchesSource(t, m, importtest.BatchesOf100)
	importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf100)
}

// The column user_id is a text.
func TestImportQuarantinesProfilesWhoseUserIDIsNotAUUID(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 87, 250)
	importtest.Exec(
		t,
		from,
		`create table public.people as select upper(user_id::text) as user_id, age_range, time_per_week, created_at
			from public.profiles;
insert into public.people values ('text', '18_24', 1, now()), ('', null, null, null), (null, null, 2, null);
insert into public.people select lower(user_id), 'under_18', 3, '2035-01-01' from public.people
  where user_id like '0%';`,
	)
	m := importtest.NewImport(t, from)
	o := importer.Options{BatchSize: 40, MFA: "allow", Profiles: "public.people"}
	st := importtest.RunToCompletion(t, m, o)
	if n := st.Reasons["profile profile_without_user"]; n != 3 {
		t.Errorf("%d profiles without a user are quarantined, want 3", n)
	}
	if n := st.Reasons["profile profile_duplicate"]; n == 0 {
		t.Error("no profile is quarantined as a duplicate, want at least one")
	}
	if got := importtest.Value(
		t,
		m.To,
		`select string_agg(distinct time_per_week::text, ' ') from user_profile where user_id::text like '0%'`,
	); got != "3" {
		t.Errorf("the target has profiles with the hours %q, want 3, the hours of the newest profiles", got)
	}
	importtest.CheckEqual(t, m, "after the import")
}

func TestImportAcceptsAProfileTableWithSomeOfTheColumns(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 88, 250)
	for i, columns := range []string{
		"user_id, age_range", "user_id, age_range, education_level, tech_background, primary_goal, learning_mode, " +
			"learning_speed, preferred_language",
		"user_id, time_per_week", "user_id::text, learning_mode::varchar",
	} {
		t.Run(columns, func(t *testing.T) {
			t.Parallel()
			table := fmt.Sprintf("public.known_%d", i)
			importtest.Exec(t, from, "create table "+table+" as select "+columns+" from public.profiles")
			m := importtest.NewImport(t, from)
			o := importer.Options{BatchSize: 100, MFA: "allow", Profiles: table}
			importtest.RunToCompletion(t, m, o)
			importtest.CheckEqual(t, m, "after the import")
			if n := importtest.Value(t, m.To, "select count(*)::text from user_profile"); n == "0" {
				t.Error("the import copied no profile, want at least one")
			}
		})
	}
}

// Without the option the table is one of the project's own tables: TestDefaultTableWithOtherColumnsIsAnOwnTable.
func TestImportAcceptsTheDefaultProfileTableWithoutAProfileColumn(t *testing.T) {
	t.Parallel()
	for _, columns := range []string{"user_id", "user_id, created_at"} {
		t.Run(columns, func(t *testing.T) {
			t.Parallel()
			from := supabasetest.New(t)
			supabasetest.Fill(t, from, 88, 250)
			importtest.Exec(
				t,
				from,
				"create table known as select "+columns+" from public.profiles; drop table public.profiles; alter table known "+
					"rename to profiles",
			)
			m := importtest.NewImport(t, from)
			o := importtest.BatchesOf100
			o.Profiles = "public.profiles"
			importtest.RunToCompletion(t, m, o)
			importtest.CheckEqual(t, m, "after the import")
			if n := importtest.Value(t, m.To, "select count(*)::text from user_profile"); n == "0" {
				t.Error("the import copied no profile, want at least one")
			}
		})
	}
}

func TestProfileWithoutTimesGetsTheTimesOfItsUser(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 89, 250)
	importtest.Exec(t, from, `create table public.timeless as select user_id, age_range from public.profiles`)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importer.Options{BatchSize: 100, MFA: "allow", Profiles: "public.timeless"})
	got := importtest.Column(
		t,
		m.To,
		`select row(p.user_id, p.created_at, p.updated_at)::text from user_profile p order by 1`,
	)
	want := importtest.Column(
		t,
		m.To,
		`select row(u.id, u."createdAt", u."updatedAt")::text from "user" u join user_profile p on p.user_id = u.id
			order by 1`,
	)
	if diff := cmp.Diff(got, want); diff != "" || len(want) < 100 {
		t.Errorf("%d profiles, want at least 100; times of profiles (-got +times of their users):\n%.2000s", len(want), diff)
	}
}

func TestPlanRefusesATableThatCannotHaveProfiles(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 90, 250)
	importtest.Exec(t, from, `create table public."MyProfiles" as select user_id, age_range from public.profiles;
create table public.accounts (id uuid, age_range text);
create table public.numbered as select 1::bigint as user_id, age_range from public.profiles;
create table public.stripe_customers as select user_id, 'cus_1' as stripe_customer_id, created_at from public.profiles;
create table public.slugs as select 'user-' || age_range as user_id, age_range from public.profiles;
create foreign data wrapper elsewhere; create server elsewhere foreign data wrapper elsewhere;
create foreign table public.remote (user_id uuid, age_range text) server elsewhere;`)
	for table, want := range map[string]string{
		"public.profile":          "the source has no table public.profile for",
		"public.myprofiles":       "the source has public.MyProfiles",
		`public."MyProfiles"`:     "without quotes; the source has public.MyProfiles",
		"public.accounts":         "has no column user_id",
		"public.numbered":         "has no column user_id of type uuid or text",
		"public.stripe_customers": "has none of the columns of user_profile",
		"public.slugs":            "has no UUID in any row",
		"public.remote":           "is a foreign table",
		"auth.users":              "auth.users has no column user_id",
		"public.MyProfiles":       "",
	} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			m := importtest.NewImport(t, from)
			o := importer.Options{MFA: "allow", Profiles: table}
			plan, err := m.Plan(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Join(plan.Refusals, "\n")
			if !strings.Contains(text, want) || (want == "") != (text == "") || len(plan.Refusals) > 1 {
				t.Errorf("the plan has the refusals %q, want one with %q (\"\": none)", text, want)
			}
			if _, err := m.Begin(t.Context(), o, false); errors.Is(err, importer.ErrRefused) != (want != "") {
				t.Errorf("Begin: got %v, want ErrRefused: %t", err, want != "")
			}
		})
	}
}

func TestPlanListsMappedAndUnmappedProfileColumns(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	importtest.Exec(
		t,
		from,
		`alter table public.profiles add column avatar_url text, add column bio text,
			drop column updated_at, add column updated_at date`,
	)
	m := importtest.NewImport(t, from)
	plan, err := m.Plan(t.Context(), importtest.BatchesOf100)
	if err != nil {
		t.Fatal(err)
	}
	want := mapping.ProfileColumnPlaces{
		Mapped: []string{
			"age_range",
			"education_level",
			"tech_background",
			"primary_goal",
			"learning_mode",
			"learning_speed",
			"time_per_week",
			"preferred_language",
		},
		Unmapped: []string{"avatar_url", "bio", "updated_at"},
	}
	if diff := cmp.Diff(plan.ProfileColumns, want); diff != "" {
		t.Errorf("columns of the profile table in the plan (-got +want):\n%s", diff)
	}
	importtest.Exec(
		t,
		from,
		`drop table public.profiles; create table public.profiles (user_id uuid primary key, bio text)`,
	)
	o := importtest.BatchesOf100
	o.Profiles = "public.profiles"
	plan, err = m.Plan(t.Context(), o)
	if err != nil || len(plan.Refusals) > 0 ||
		!strings.Contains(strings.Join(plan.Warnings, "\n"), "user_profile has no column of public.profiles") {
		t.Errorf("a profile table without a known column: the plan has the warnings %q, the refusals %q and the error %v, "+
			"want only a warning", plan.Warnings, plan.Refusals, err)
	}
}

func TestRunCanChangeItsProfileTableUntilAProfileIsCopied(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 91, 250)
	importtest.Exec(
		t,
		from,
		`create table public.wrong as select gen_random_uuid() as user_id, age_range from public.profiles`,
	)
	with := func(table string) importer.Options {
		o := importtest.BatchesOf100
		o.Profiles = table
		return o
	}
	for name, quick := range map[string]bool{"a full pass": false, "a quick pass": true} {
		m := importtest.NewImport(t, from)
		st := importtest.RunToCompletion(t, m, with("public.wrong"))
		if st.Reasons["profile orphan_profile"] == 0 {
			t.Fatal("no profile of public.wrong is quarantined, want at least one")
		}
		_, err := m.Begin(t.Context(), with("public.absent"), false)
		if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), "the source has no table public.absent") {
			t.Errorf("%s: Begin with the profiles of public.absent: got %v, want ErrRefused that names the table", name, err)
		}
		if _, err := m.Run(t.Context(), with("public.profiles"), quick, 2); err != nil {
			t.Fatalf("%s with the profiles of public.profiles: got %v, want no error", name, err)
		}
		importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf100)
		_, err = m.Begin(t.Context(), with("none"), false)
		if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), "began with profiles") {
			t.Errorf("%s: Begin without profiles after profiles were copied: got %v, want ErrRefused that says that the run "+
				"began with profiles", name, err)
		}
	}

	interrupted := importtest.NewImport(t, from)
	interrupted.Shared = true
	if _, err := interrupted.Begin(t.Context(), with("public.wrong"), false); err != nil {
		t.Fatal(err)
	}
	done, err := copy.Shard(t.Context(), interrupted.Env(), "supabase", run.Shard{Index: 0, Count: 2})
	if err != nil || !done {
		t.Fatalf("copy of half of the batches: got done %t and error %v, want true", done, err)
	}
	importtest.RunToCompletion(t, interrupted, with("public.profiles"))
	importtest.CheckSameAsNewImport(t, interrupted, importtest.BatchesOf100)
}
