package run_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// otherTables is the SQL for tables with one row for each user, with keys of every kind.
const otherTables = `
CREATE TABLE public.users (id uuid PRIMARY KEY REFERENCES auth.users, number bigint, lang text, other uuid, "N" uuid);
INSERT INTO public.users SELECT id, 1, 'de', (SELECT id FROM auth.users LIMIT 1) FROM auth.users;
CREATE VIEW public.people AS SELECT id, lang FROM public.users;`

func TestProfileColumnsThatDoNotFitAreRefusedBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 3, 3, 3)
	importtest.Exec(t, from, otherTables)
	lang := map[string]string{"lang": "preferred_language"}
	for name, test := range map[string]struct {
		options importer.Options
		want    string // "": no refusal
	}{
		"a primary key": {importer.Options{Profiles: "public.users", ProfileKey: "id", ProfileColumns: lang}, ""},
		"a view":        {importer.Options{Profiles: "public.people", ProfileKey: "id", ProfileColumns: lang}, ""},
		"no key": {
			importer.Options{Profiles: "public.users", ProfileColumns: lang},
			"with --profile-key (columns of type uuid: id, other, N)",
		},
		"a missing key": {
			importer.Options{Profiles: "public.users", ProfileKey: "ID", ProfileColumns: lang},
			"public.users has no column ID for --profile-key; columns of type uuid: id, other, N",
		},
		"a bigint as the key": {
			importer.Options{Profiles: "public.users", ProfileKey: "number", ProfileColumns: lang}, "is of type bigint",
		},
		"a key with duplicates": {
			importer.Options{Profiles: "public.users", ProfileKey: "other", ProfileColumns: lang},
			"public.users.other is the id of a user that another row has in 2 rows, but --profile-key needs a column with a " +
				"different id in each row; columns of type uuid that are NOT NULL and unique: id",
		},
		"a key with NULLs": {
			importer.Options{Profiles: "public.users", ProfileKey: "N", ProfileColumns: lang},
			"public.users.N is NULL in 3 rows",
		},
		"a missing column": {
			importer.Options{Profiles: "public.users", ProfileKey: "id", ProfileColumns: map[string]string{"x": "age_range"}},
			"public.users has no column x for --profile-column x=age_range; it has id, number, lang, other, N",
		},
		"an unknown field": {
			importer.Options{Profiles: "public.users", ProfileKey: "id", ProfileColumns: map[string]string{"lang": "language"}},
			`user_profile has no column "language"; it has age_range, `,
		},
		"no mapped column": {
			importer.Options{Profiles: "public.users", ProfileKey: "id"}, "name such columns with --profile-column OLD=NEW",
		},
		"a missing default table": {
			importer.Options{Profiles: "public.absent", ProfileKey: "id"}, "the source has no table public.absent",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := importtest.NewImport(t, from)
			p, err := m.Plan(t.Context(), test.options)
			text := strings.Join(p.Refusals, "\n")
			if err != nil {
				text = err.Error()
			}
			if (test.want == "") != (text == "") || !strings.Contains(text, test.want) {
				t.Errorf("plan: got %q, want %q", text, test.want)
			}
			if test.want == "" {
				return
			}
			_, err = m.Begin(t.Context(), test.options, false)
			if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("begin: got %v, want ErrRefused with %q", err, test.want)
			}
			schemas := importtest.Value(t, m.To, "SELECT count(*)::text FROM pg_namespace WHERE nspname = 'supabase_import'")
			if schemas != "0" {
				t.Errorf("after the refusal: got %s schemas supabase_import, want none", schemas)
			}
		})
	}
}

func TestDefaultTableThatIsMissingIsRefusedWithAKey(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	importtest.Exec(t, from, "DROP TABLE public.profiles")
	p, err := importtest.NewImport(t, from).Plan(t.Context(), importer.Options{ProfileKey: "id"})
	if err != nil || len(p.Refusals) != 1 || !strings.Contains(p.Refusals[0], "the source has no table public.profiles") {
		t.Errorf("got the refusals %q and %v, want one that names public.profiles", p.Refusals, err)
	}
}

// The key of a view has no unique index. A duplicate that a later pass finds goes to the quarantine.
func TestDuplicateOfAKeyWithoutAnIndexGoesToTheQuarantine(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 3, 3, 0)
	importtest.Exec(t, from, otherTables+`
CREATE TABLE public.more AS SELECT id, lang FROM public.users LIMIT 0;
CREATE VIEW public.everyone AS SELECT id, lang FROM public.users UNION ALL SELECT id, lang FROM public.more;`)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importer.Options{
		Profiles: "public.everyone", ProfileKey: "id", ProfileColumns: map[string]string{"lang": "preferred_language"},
	})
	importtest.CheckEqual(t, m, "after the first pass")
	importtest.Exec(t, from, "INSERT INTO public.more SELECT id, 'fr' FROM auth.users LIMIT 1")
	st := importtest.RunToCompletion(t, m, importer.Options{})
	importtest.CheckEqual(t, m, "after the second pass")
	if n := st.Reasons["profile profile_duplicate"]; n != 1 {
		t.Errorf("profiles that are quarantined as duplicates: got %d, want 1", n)
	}
}

func TestProfilesOfABatchAreReadByTheIndexOfTheRenamedKey(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 3, 3, 0)
	importtest.Exec(t, from, otherTables)
	o := importer.Options{
		Profiles: "public.users", ProfileKey: "id", ProfileColumns: map[string]string{"lang": "preferred_language"},
	}
	env := importtest.NewImport(t, from).Env()
	err := env.WithBoth(t.Context(), func(ctx context.Context, src, dst *pgx.Conn) error {
		m, err := run.ReadMapping(ctx, src, dst, o)
		if err != nil {
			return err
		}
		if err := run.Exec(ctx, src, "SET enable_seqscan = off"); err != nil {
			return err
		}
		scope := mapping.Scope{Low: mapping.MinUUID, High: "80000000-0000-0000-0000-000000000000"}
		for name, query := range map[string]string{
			"projection": m.Profiles(scope, mapping.Rejections{}), "fingerprints": m.Fingerprints(scope),
		} {
			lines, err := run.QueryTexts(ctx, src, "EXPLAIN (COSTS OFF, VERBOSE) "+query)
			if err != nil {
				return err
			}
			plan := strings.Join(lines, "\n")
			if !strings.Contains(plan, "Index Cond: ((users.id >= '") || strings.Contains(plan, "Subquery Scan on p") {
				t.Errorf("%s: got the plan\n%s\nwant a range of the primary key of public.users, without a subquery", name, plan)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestProfileColumnsCanChangeUntilAProfileIsCopied(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 2, 2, 0)
	importtest.Exec(t, from, `DROP TABLE public.profiles; CREATE TABLE public.profiles (
  id uuid PRIMARY KEY REFERENCES auth.users, stranger uuid UNIQUE NOT NULL DEFAULT gen_random_uuid(), lang text);
INSERT INTO public.profiles SELECT id, gen_random_uuid(), 'de' FROM auth.users`)
	m := importtest.NewImport(t, from)
	lang := map[string]string{"lang": "preferred_language"}
	importtest.RunToCompletion(t, m, importer.Options{ProfileKey: "stranger", ProfileColumns: lang})
	st := importtest.RunToCompletion(t, m, importer.Options{ProfileKey: "id"})
	if n := importtest.CountImportedRows(t, m.To)["user_profile"]; n != 2 || st.Reasons["profile orphan_profile"] != 0 {
		t.Errorf(
			"after the key is corrected: got %d profiles and the reasons %v, want 2 profiles and no orphans",
			n,
			st.Reasons,
		)
	}
	_, err := m.Begin(t.Context(), importer.Options{ProfileKey: "stranger"}, false)
	if !errors.Is(err, importer.ErrRefused) {
		t.Errorf("another key after profiles are copied: got %v, want ErrRefused", err)
	}
}

func TestPlanListsTablesWithOneRowForEachUser(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 2, 2, 2)
	importtest.Exec(t, from, otherTables+`
CREATE SCHEMA app;
CREATE TABLE app."Users" (key bigint PRIMARY KEY, "userId" uuid UNIQUE REFERENCES auth.users, "ageRange" text,
  language text, created timestamptz);
CREATE TABLE app.posts (id bigint PRIMARY KEY, author uuid REFERENCES auth.users, lang text);`)
	p, err := importtest.NewImport(t, from).Plan(t.Context(), importer.Options{})
	if err != nil || len(p.Refusals)+len(p.Warnings) > 0 {
		t.Fatalf("got the refusals %q, the warnings %q and the error %v, want none", p.Refusals, p.Warnings, err)
	}
	want := []run.ProfileCandidate{
		{
			Table: "app.Users", Key: "userId", Fields: []string{"age_range", "preferred_language"},
			Options: importer.Options{Profiles: "app.Users", ProfileKey: "userId", ProfileColumns: map[string]string{
				"ageRange": "age_range", "language": "preferred_language", "created": "created_at",
			}},
		},
		{
			Table: "public.profiles", Key: "user_id", Read: true, Options: importer.Options{Profiles: "public.profiles"},
			Fields: []string{
				"age_range", "education_level", "learning_mode", "learning_speed", "preferred_language", "primary_goal",
				"tech_background", "time_per_week",
			},
		},
		{
			Table: "public.users", Key: "id", Fields: []string{"preferred_language"},
			Options: importer.Options{
				Profiles: "public.users", ProfileKey: "id", ProfileColumns: map[string]string{"lang": "preferred_language"},
			},
		},
	}
	if diff := cmp.Diff(want, p.ProfileCandidates); diff != "" {
		t.Errorf("candidates (-want +got):\n%s", diff)
	}
	if p.Options.Profiles != "public.profiles" {
		t.Errorf("the table with the columns of user_profile: got the option %q, want public.profiles", p.Options.Profiles)
	}
	for _, c := range p.ProfileCandidates {
		p, err := importtest.NewImport(t, from).Plan(t.Context(), c.Options)
		if err != nil || len(p.Refusals) > 0 || p.Options.Profiles != c.Table {
			t.Errorf("plan with the options of %s: got the refusals %q and %v, want none", c.Table, p.Refusals, err)
		}
	}
}

func TestDefaultTableWithOtherColumnsIsAnOwnTable(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		table     string
		isWarning bool // the plan says it in a warning, because the table is no candidate
	}{
		"the key is id": {`TABLE public.profiles (id uuid PRIMARY KEY REFERENCES auth.users, lang text)`, false},
		"other columns": {
			`TABLE public.profiles (user_id uuid PRIMARY KEY REFERENCES auth.users, bio text)`, false,
		},
		"no foreign key":           {`TABLE public.profiles (id uuid PRIMARY KEY, age_range text)`, true},
		"a view":                   {`VIEW public.profiles AS SELECT id, email FROM auth.users`, true},
		"a number as the key":      {`TABLE public.profiles (user_id bigint PRIMARY KEY, age_range text)`, true},
		"a number beside the uuid": {`TABLE public.profiles (id bigint, "user" uuid UNIQUE REFERENCES auth.users)`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := supabasetest.New(t)
			supabasetest.FillBulk(t, from, 2, 2, 0)
			importtest.Exec(t, from, "DROP TABLE public.profiles; CREATE "+test.table)
			m := importtest.NewImport(t, from)
			p, err := m.Plan(t.Context(), importer.Options{})
			if err != nil || len(p.Refusals) > 0 || p.Options.Profiles != "none" {
				t.Fatalf("plan: got the profiles %q, refusals %q and %v, want none", p.Options.Profiles, p.Refusals, err)
			}
			warning := strings.Contains(strings.Join(p.Warnings, "\n"), "is one of your own tables")
			if warning != test.isWarning || (len(p.ProfileCandidates) == 0) != test.isWarning {
				t.Errorf("got the warnings %q and the candidates %v, want a warning: %t, otherwise a candidate", p.Warnings,
					p.ProfileCandidates, test.isWarning)
			}
			importtest.RunToCompletion(t, m, importer.Options{})
			importtest.CheckEqual(t, m, "after the import")
			if n := importtest.CountImportedRows(t, m.To)["user_profile"]; n != 0 {
				t.Errorf("got %d profiles, want none", n)
			}
		})
	}
}
