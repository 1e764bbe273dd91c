package run_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/copy"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// sourceWithProfileTables returns a source with two users and their profiles, and other tables. The profiles of
// public.wrong belong to no user.
func sourceWithProfileTables(t *testing.T) string {
	t.Helper()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 2, 2, 2)
	importtest.Exec(t, from, `
create table public.wrong as select gen_random_uuid() as user_id, age_range from public.profiles;
create table public.slugs as select 'user-' || age_range as user_id, age_range from public.profiles;
create table public.texts as select user_id::text, age_range from public.profiles;
create table public.accounts as select user_id as id, age_range from public.profiles`)
	return from
}

func optionsWithProfiles(table string) importer.Options {
	return importer.Options{BatchSize: 1, Profiles: table}
}

func TestPlanChecksTheProfileTable(t *testing.T) {
	t.Parallel()
	from := sourceWithProfileTables(t)
	m := importtest.NewImport(t, from)
	check := func(table, want string) {
		t.Helper()
		p, err := m.Plan(t.Context(), optionsWithProfiles(table))
		text := strings.Join(p.Refusals, "\n")
		if err != nil || (want == "") != (text == "") || !strings.Contains(text, want) || len(p.Refusals) > 1 {
			t.Errorf("profiles of %q: got refusals %q, %v, want %q", table, p.Refusals, err, want)
		}
	}
	check("public.absent", "has no table public.absent")
	check("public.slugs", "has no UUID in any row")
	check("public.accounts", "has no column user_id")
	check("public.texts", "")
	check("public.wrong", "")
	check("none", "")
	importtest.Exec(t, from, "drop table public.profiles")
	check("", "")
}

func TestQuickPassCopiesAllRowsOfAnotherProfileTable(t *testing.T) {
	t.Parallel()
	m := importtest.NewImport(t, sourceWithProfileTables(t))
	importtest.RunToCompletion(t, m, optionsWithProfiles("public.wrong"))
	refused := func(table, want string) {
		t.Helper()
		_, err := m.Begin(t.Context(), optionsWithProfiles(table), false)
		if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), want) {
			t.Errorf("begin with the profiles of %s: got %v, want ErrRefused with %q", table, err, want)
		}
	}
	refused("public.absent", "has no table public.absent")
	st, err := m.Run(t.Context(), optionsWithProfiles("public.profiles"), true, 1)
	if n := importtest.CountImportedRows(t, m.To)["user_profile"]; n != 2 || st.Pass != 2 || err != nil {
		t.Errorf("got %d profiles after pass %d, %v, want 2 after pass 2", n, st.Pass, err)
	}
	refused("public.wrong", "began with profiles public.profiles")
}

// The batch that is done already is copied again, because it has profiles now.
func TestInterruptedPassCopiesTheProfilesOfAnotherTable(t *testing.T) {
	t.Parallel()
	m := importtest.NewImport(t, sourceWithProfileTables(t))
	m.Shared = true
	if _, err := m.Begin(t.Context(), optionsWithProfiles("public.wrong"), false); err != nil {
		t.Fatal(err)
	}
	done, err := copy.Shard(t.Context(), m.Env(), "supabase", run.Shard{Index: 0, Count: 2})
	if !done || err != nil {
		t.Fatalf("the first batch: got %t, %v", done, err)
	}
	st := importtest.RunToCompletion(t, m, optionsWithProfiles("public.profiles"))
	if n := importtest.CountImportedRows(t, m.To)["user_profile"]; n != 2 || st.Pass != 1 {
		t.Errorf("got %d profiles after pass %d, want 2 after pass 1", n, st.Pass)
	}
}
