package importer_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/importer"
)

func execute(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// An import works with all tables that Xenon's requests accept: in a separate schema, created by an ORM with timestamps
// of three digits without time zone, and created by Better Auth 1.7.0.
func TestImportIntoTablesOfOtherTools(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 5, 300)
	prisma, err := os.ReadFile("../schema/testdata/prisma.sql")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ before, schema string }{
		"a separate schema": {
			`CREATE TABLE "user" (n int); CREATE TABLE account (n int); CREATE TABLE session (n int);
				CREATE TABLE user_profile (n int)`,
			"xenon",
		},
		"an ORM": {
			strings.ReplaceAll(string(prisma), `"id" UUID NOT NULL`, `"id" UUID NOT NULL DEFAULT gen_random_uuid()`),
			"public",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := dbtest.Empty(t)
			execute(t, to, test.before)
			if _, err := migrations.UpIn(t.Context(), to, test.schema); err != nil {
				t.Fatal(err)
			}
			if name == "an ORM" {
				execute(t, to, `ALTER TABLE account ADD issuer text NOT NULL`)
			}
			m := &importer.Import{From: from, To: to, Schema: test.schema, Holder: "test", Now: time.Now}
			if _, err := m.Run(t.Context(), importtest.Allow, false, 2); err != nil {
				t.Fatal(err)
			}
			verified, err := m.Verify(t.Context(), "supabase", 2)
			if err != nil || !verified.Equal {
				t.Errorf("got %+v, %v, want source and target equal", verified, err)
			}
			m.Progress = func(e importer.Event) {
				if e.Action == "copy" && e.Copied != 0 {
					t.Errorf("batch %d of the second pass wrote %d rows, want none", e.Batch, e.Copied)
				}
			}
			if _, err := m.Run(t.Context(), importtest.Allow, false, 2); err != nil {
				t.Fatal(err)
			}
			m.Progress = nil
			undone, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{})
			if err != nil || undone.Left != 0 || undone.Removed["user"] == 0 {
				t.Errorf("rollback: got %+v, %v, want no kept user", undone, err)
			}
		})
	}
}

func TestPlanRefusesTablesThatDoNotMatch(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	to := dbtest.New(t)
	execute(t, to, `ALTER TABLE session ADD device text NOT NULL`)
	m := &importer.Import{From: from, To: to, Holder: "test", Now: time.Now}
	plan, err := m.Plan(t.Context(), importtest.Allow)
	if err != nil || len(plan.Refusals) != 2 ||
		!strings.Contains(plan.Refusals[0], "session.device: found NOT NULL without a default") ||
		!strings.Contains(plan.Refusals[1], "SCHEMA=xenon") {
		t.Errorf("got %q, %v, want the column, and SCHEMA=xenon", plan.Refusals, err)
	}
	m.Schema = "nowhere"
	if plan, err = m.Plan(
		t.Context(),
		importtest.Allow,
	); err != nil || len(plan.Refusals) == 0 ||
		!strings.Contains(plan.Refusals[0], "xenon schema up") {
		t.Errorf("without the schema: got %q, %v, want xenon schema up", plan.Refusals, err)
	}
	if text := strings.Join(plan.Refusals, "\n"); strings.Contains(text, "SCHEMA=") {
		t.Errorf("without the schema: got %q, want no mention of another schema", text)
	}
	if len(plan.Warnings)+len(plan.ProfileColumns.Unmapped) > 0 {
		t.Errorf(
			"without the schema: got %q, %v, want no text about the columns of profiles",
			plan.Warnings,
			plan.ProfileColumns,
		)
	}
}
