package tables_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/projecttest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// installedPgDumps returns the pg_dump programs of this machine.
func installedPgDumps(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump")
	if err != nil {
		t.Fatal(err)
	}
	if path, err := exec.LookPath("pg_dump"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		t.Fatal("pg_dump is not installed: install the client programs of Postgres, such as postgresql-client")
	}
	return found
}

// importUsers imports the users of a project into a new target, which rejects one of them. Xenon's tables are in the
// schema xenon if the project needs their names, and for about half of the other projects.
func importUsers(t *testing.T, project string) *importer.Import {
	t.Helper()
	if project == "own-users" || len(project)%2 == 0 {
		return importUsersInto(t, project, "xenon")
	}
	return importUsersInto(t, project, "public")
}

// importUsersInto is like importUsers, for a schema of Xenon's tables. The tests of this process that begin with the
// same project and schema copy one target.
func importUsersInto(t *testing.T, project, schema string) *importer.Import {
	t.Helper()
	m := &importer.Import{From: projecttest.New(t, project), Holder: "test", Now: time.Now, Schema: schema}
	content := strings.Join([]string{"imported", thisProcess, project, schema}, " ")
	m.To = dbtest.NewFilled(t, content, func(ctx context.Context, url string) error {
		return fillTarget(ctx, m.From, url, schema)
	})
	return m
}

// thisProcess is another text in each process: a target that another build of the import filled is not used.
var thisProcess = rand.Text()

// fillTarget imports the users of a project into an empty database, which rejects one of them.
func fillTarget(ctx context.Context, from, to, schema string) error {
	if _, err := migrations.UpIn(ctx, to, schema); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, to)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, projecttest.RejectHalSQL(schema))
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return err
	}
	m := importer.Import{From: from, To: to, Holder: "test", Now: time.Now, Schema: schema}
	_, err = m.Run(ctx, importer.Options{MFA: "allow", Profiles: "none"}, false, 0)
	return err
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func TestEveryProjectIsMovedVerifiedUsedAndRolledBack(t *testing.T) {
	t.Parallel()
	for _, project := range projecttest.Projects() {
		t.Run(project, func(t *testing.T) {
			t.Parallel()
			m := importUsers(t, project)
			before := objects(t, m.To)
			result, err := tables.Run(t.Context(), m.Env(), "supabase", tables.Options{}, installedPgDumps(t), 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d rows, %v, left out %v", result.Rows(), result.Objects, result.Problems())
			checkVerified(t, m)
			checkSequences(t, m)
			checkAnswers(t, m, project)
			rollback, err := tables.Rollback(t.Context(), m.Env(), "supabase", false)
			if err != nil {
				t.Fatal(err)
			}
			if len(rollback.Kept) > 0 {
				t.Errorf("objects that the rollback kept: got %v, want none", rollback.Kept)
			}
			if diff := cmp.Diff(before, objects(t, m.To)); diff != "" {
				t.Errorf("objects of the target after the rollback (-before the move +now):\n%s", diff)
			}
		})
	}
}

// checkSequences compares the values of the project's sequences, also those of identity columns.
func checkSequences(t *testing.T, m *importer.Import) {
	t.Helper()
	const values = `SELECT format('%I.%I %s', schemaname, sequencename, coalesce(last_value::text, 'unused'))
FROM pg_sequences
WHERE schemaname NOT IN ('auth', 'storage', 'extensions', 'supabase_import', 'xenon')
  AND sequencename !~ '^(goose|user_event)_'
ORDER BY 1`
	if diff := cmp.Diff(importtest.Column(t, m.From, values), importtest.Column(t, m.To, values)); diff != "" {
		t.Errorf("values of the sequences (-source +target):\n%s", diff)
	}
}

// checkVerified verifies the move.
func checkVerified(t *testing.T, m *importer.Import) {
	t.Helper()
	v, err := tables.Verify(t.Context(), m.Env(), "supabase", 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range v.Tables {
		if !s.Equal {
			t.Errorf("%s: got %d rows with the sum %s, want %d rows with the sum %s",
				s.Name, s.TargetRows, s.TargetSum, s.SourceRows, s.SourceSum)
		}
	}
	for _, k := range v.Kinds {
		if len(k.Missing) > 0 || len(k.Different) > 0 || len(k.Extra) > 0 {
			t.Errorf("%s: missing %q, different %q, extra %q", k.Kind, k.Missing, k.Different, k.Extra)
		}
	}
	if !v.Equal {
		t.Error("the target is not equal to the source")
	}
}

// refersToStrangers has requests that the target rejects, because a trigger writes rows that refer to a user who stayed
// behind. A user who has such rows needs --orphans.
var refersToStrangers = map[string]string{"chat": "insert into messages"}

func refersToStranger(project string, r projecttest.Request) bool {
	start := refersToStrangers[project]
	return start != "" && strings.HasPrefix(r.SQL, start)
}

// checkAnswers sends the requests of the project to source and target and compares the answers.
func checkAnswers(t *testing.T, m *importer.Import, project string) {
	t.Helper()
	requests := projecttest.Requests(t, project)
	want := projecttest.Ask(t, connect(t, m.From), requests...)
	got := projecttest.Ask(t, connect(t, m.To), requests...)
	for i, r := range requests {
		if want[i] != got[i] && !refersToStranger(project, r) {
			t.Errorf("%s as %s\ngot:  %s\nwant: %s", r.SQL, r.As, got[i], want[i])
		}
	}
}

// objects returns the names of the relations, functions, types and schemas of a database.
func objects(t *testing.T, url string) []string {
	t.Helper()
	all := importtest.Column(t, url, `
select 'relation ' || c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'supabase_import')
union all
select 'function ' || p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
union all
select 'type ' || t.oid::regtype from pg_type t join pg_namespace n on n.oid = t.typnamespace
where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'supabase_import')
union all
select 'schema ' || nspname from pg_namespace where nspname !~ '^pg_'`)
	slices.Sort(all)
	return all
}
