package tables_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/projecttest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// importInto imports the users of a source with own SQL into a target with own SQL.
func importInto(t *testing.T, source, target string) *importer.Import {
	t.Helper()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 1, 20)
	dbtest.Exec(t, from, "drop table public.profiles;\n"+source)
	m := importtest.NewImport(t, from)
	if target != "" {
		dbtest.Exec(t, m.To, target)
	}
	if _, err := m.Run(t.Context(), importer.Options{MFA: "allow", Profiles: "none"}, false, 0); err != nil {
		t.Fatal(err)
	}
	return m
}

// checkRefused fails the test unless the move is refused with all these texts, and the target is as before.
func checkRefused(t *testing.T, m *importer.Import, o tables.Options, pgDumps []string, texts ...string) {
	t.Helper()
	before := objects(t, m.To)
	_, err := tables.Run(t.Context(), m.Env(), "supabase", o, pgDumps, 0)
	if !errors.Is(err, importer.ErrRefused) {
		t.Fatalf("got the error %v, want a refusal", err)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the refusal: got %q, want %q in it", err, text)
		}
	}
	if diff := cmp.Diff(before, objects(t, m.To)); diff != "" {
		t.Errorf("objects of the target after the refusal (-before +now):\n%s", diff)
	}
}

func TestMoveIsRefusedBeforeAnythingIsCreated(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		source, target string
		options        tables.Options
		want           []string
	}{
		"the target has the table with other columns": {
			source: `create table posts (id int primary key, title text); create table tags (id int primary key)`,
			target: `create table posts (id int primary key)`,
			want:   []string{`table public.posts: relation "posts" already exists in the target`, "SCHEMA=xenon"},
		},
		"a restrictive policy needs a function that stays behind": {
			source: `create schema cron; create function cron.is_open() returns boolean language sql return true;
				create table posts (id int primary key);
				create policy only_open on posts as restrictive using (cron.is_open())`,
			want: []string{"policy public.posts only_open", `schema "cron" does not exist`},
		},
		"a table to exclude does not exist": {
			source:  `create table posts (id int primary key)`,
			options: tables.Options{Exclude: []string{"public.nothing", "public.posts"}},
			want:    []string{"the source has no table public.nothing to exclude"},
		},
		"a schema does not exist": {
			source:  `create table posts (id int primary key)`,
			options: tables.Options{Schemas: []string{"shop"}},
			want:    []string{`the project has no schema "shop" of its own; it has public`},
		},
		"a wrong choice for orphans": {options: tables.Options{Orphans: "delete"}, want: []string{"orphans must be"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkRefused(t, importInto(t, test.source, test.target), test.options, installedPgDumps(t), test.want...)
		})
	}
}

// Without a permissive policy the target shows fewer rows, never more.
func TestPermissivePolicyWhoseFunctionStaysBehindIsLeftOut(t *testing.T) {
	t.Parallel()
	m := importInto(t, `create schema cron; create function cron.is_open() returns boolean language sql return true;
		create table posts (id int primary key); alter table posts enable row level security;
		create policy only_open on posts using (cron.is_open()); create policy first on posts using (id = 1)`, "")
	want := []string{`POLICY public.posts only_open was left out: schema "cron" does not exist`}
	if diff := cmp.Diff(want, move(t, m, tables.Options{}).Problems()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	checkVerified(t, m)
	if got := importtest.Value(t, m.To, "SELECT string_agg(polname, ' ') FROM pg_policy"); got != "first" {
		t.Errorf("policies of the target: got %s, want first", got)
	}
}

func TestMoveWithoutAFittingPgDumpNamesThePackage(t *testing.T) {
	t.Parallel()
	m := importInto(t, "create table posts (id int primary key)", "")
	checkRefused(t, m, tables.Options{}, nil, "which needs pg_dump", "none is installed", "postgresql-client-")
	old := filepath.Join(t.TempDir(), "pg_dump")
	program := []byte("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
	if err := os.WriteFile(old, program, 0o755); err != nil {
		t.Fatal(err)
	}
	checkRefused(t, m, tables.Options{}, []string{old}, "installed: 9")
}

func TestMoveNeedsACompleteRun(t *testing.T) {
	t.Parallel()
	m := importtest.NewImport(t, projecttest.New(t, "starter-kit"))
	if _, err := m.Begin(t.Context(), importer.Options{MFA: "allow", Profiles: "none"}, false); err != nil {
		t.Fatal(err)
	}
	m.Env().ReleaseLease(t.Context())
	checkRefused(t, m, tables.Options{}, installedPgDumps(t), "copy the users first")
}

func TestDryRunSaysWhatWouldBeDoneAndChangesNothing(t *testing.T) {
	t.Parallel()
	m := importUsers(t, "documents")
	before := objects(t, m.To)
	result, err := tables.DryRun(t.Context(), m.Env(), "supabase", tables.Options{}, installedPgDumps(t))
	if err != nil {
		t.Fatal(err)
	}
	if !result.DryRun || len(result.Tables) < 4 || !slices.ContainsFunc(result.Problems(), func(line string) bool {
		return strings.Contains(line, "storage.objects is not moved")
	}) {
		t.Errorf("the dry run: got %+v, want all tables and the foreign key to storage.objects", result)
	}
	if diff := cmp.Diff(before, objects(t, m.To)); diff != "" {
		t.Errorf("objects of the target after the dry run (-before +now):\n%s", diff)
	}
	if _, err := tables.Verify(t.Context(), m.Env(), "supabase", 1); !errors.Is(err, tables.ErrNoMove) {
		t.Errorf("verify after the dry run: got %v, want %v", err, tables.ErrNoMove)
	}
}

func TestExcludedTablesStayBehindWithTheirForeignKeys(t *testing.T) {
	t.Parallel()
	m := importInto(t, `create table topics (id int primary key);
		create table posts (id int primary key, topic int references topics, author uuid references auth.users);
		create table days (day date not null) partition by range (day);
		create table days_2026 partition of days for values from ('2026-01-01') to ('2027-01-01');
		create table numbered (id int generated always as identity); create table counted (id serial)`, "")
	result := move(t, m, tables.Options{Exclude: []string{"topics", "public.days", "numbered", "counted"}})
	if len(result.Tables) != 1 || result.Tables[0].Name != "public.posts" {
		t.Errorf("moved tables: got %+v, want public.posts alone", result.Tables)
	}
	want := []string{"the foreign key posts_topic_fkey of public.posts is left out: public.topics is not moved"}
	if diff := cmp.Diff(want, result.Problems()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	checkVerified(t, m)
}

func TestTableWithARowThatTheTargetRejectsStaysEmpty(t *testing.T) {
	t.Parallel()
	m := importInto(t, `create function most() returns int immutable language sql return 30;
		create table games (id int primary key, points int check (points <= most()));
		insert into games select n, n from generate_series(1, 30) n;
		create or replace function most() returns int immutable language sql return 29;
		create table players (id int primary key); insert into players values (1)`, "")
	result := move(t, m, tables.Options{})
	for _, table := range result.Tables {
		if failed := table.Failed != ""; failed != (table.Name == "public.games") || failed == (table.Rows > 0) {
			t.Errorf("%s: got %d rows, failed: %q", table.Name, table.Rows, table.Failed)
		}
	}
	if n := dbtest.Value[int](t, m.To, "select count(*) from games"); n != 0 {
		t.Errorf("rows of the table that failed: got %d, want 0", n)
	}
	v, err := tables.Verify(t.Context(), m.Env(), "supabase", 1)
	if err != nil || v.Equal {
		t.Errorf("verify: got equal %t (error %v), want not equal", v.Equal, err)
	}
}

// A column of Xenon's own table, such as one of a later migration, is no change of a moved table.
func TestRollbackKeepsChangedTablesAndIgnoresThoseOfXenon(t *testing.T) {
	t.Parallel()
	m := importInto(t, `create table posts (id int primary key); create table tags (id int primary key)`, "")
	move(t, m, tables.Options{})
	dbtest.Exec(t, m.To, `alter table "user" add extra text; create index on posts (id); insert into tags values (1)`)
	for range 2 { // a repeated rollback keeps the same tables
		kept := keptByRollback(t, m)
		if diff := cmp.Diff([]string{"TABLE public.posts", "TABLE public.tags"}, kept); diff != "" {
			t.Errorf("kept objects (-want +got):\n%s", diff)
		}
	}
	dbtest.Exec(t, m.To, "drop index posts_id_idx; delete from tags")
	result, err := tables.Rollback(t.Context(), m.Env(), "supabase", false)
	if err != nil || len(result.Kept) > 0 {
		t.Errorf("the rollback after the correction: got %+v, %v, want nothing kept", result, err)
	}
}
