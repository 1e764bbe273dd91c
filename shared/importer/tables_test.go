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

// execute executes a statement on the database with this URL.
func execStatement(t *testing.T, url, sql string) {
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

// The import works in a separate schema, and with tables that an ORM created: with timestamps of three digits without
// time zone, and with the column issuer of Better Auth 1.7.0.
func TestImportWorksWithASeparateSchemaAndTablesOfAnORM(t *testing.T) {
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
			to := dbtest.NewEmpty(t)
			execStatement(t, to, test.before)
			if _, err := migrations.UpIn(t.Context(), to, test.schema); err != nil {
				t.Fatal(err)
			}
			if name == "an ORM" {
				execStatement(t, to, `ALTER TABLE account ADD issuer text NOT NULL`)
			} else {
				addMetadataColumns(t, to, test.schema)
			}
			m := &importer.Import{From: from, To: to, Schema: test.schema, Holder: "test", Now: time.Now}
			if _, err := m.Run(t.Context(), importtest.BatchesOf100, false, 2); err != nil {
				t.Fatal(err)
			}
			verified, err := m.Verify(t.Context(), "supabase", 2)
			if err != nil || !verified.Equal {
				t.Errorf("the verification after the import: got %+v, %v, want equal", verified, err)
			}
			if name != "an ORM" && importtest.Value(t, to, countMetadata(test.schema)) == "0" {
				t.Error("no user of the target has metadata after the import, want some")
			}
			m.Progress = func(e importer.Event) {
				if e.Action == "copy" && e.Copied != 0 {
					t.Errorf("batch %d of the second pass wrote %d rows, want none", e.Batch, e.Copied)
				}
			}
			if _, err := m.Run(t.Context(), importtest.BatchesOf100, false, 2); err != nil {
				t.Fatal(err)
			}
			m.Progress = nil
			undone, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{})
			if err != nil || undone.Left != 0 || undone.Removed["user"] == 0 {
				t.Errorf("the rollback: got %+v, %v, want removed users and no kept user", undone, err)
			}
		})
	}
}

func TestPlanRefusesTablesThatDifferFromThoseOfXenon(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	to := dbtest.New(t)
	execStatement(t, to, `ALTER TABLE session ADD device text NOT NULL`)
	m := &importer.Import{From: from, To: to, Holder: "test", Now: time.Now}
	plan, err := m.Plan(t.Context(), importtest.BatchesOf100)
	if err != nil || len(plan.Refusals) != 2 ||
		!strings.Contains(plan.Refusals[0], "session.device: found NOT NULL without a default") ||
		!strings.Contains(plan.Refusals[1], "SCHEMA=xenon") {
		t.Errorf("a further required column: the plan has the refusals %q (error %v), want one that names the column and "+
			"one with SCHEMA=xenon", plan.Refusals, err)
	}
	m.Schema = "nowhere"
	plan, err = m.Plan(t.Context(), importtest.BatchesOf100)
	if err != nil || len(plan.Refusals) == 0 || !strings.Contains(plan.Refusals[0], "xenon schema up") {
		t.Errorf("a schema that does not exist: the plan has the refusals %q (error %v), want `xenon schema up` in the first",
			plan.Refusals, err)
	}
	if text := strings.Join(plan.Refusals, "\n"); strings.Contains(text, "SCHEMA=") {
		t.Errorf("a schema that does not exist: the plan has the refusals %q, want no advice to use another schema", text)
	}
	if len(plan.Warnings)+len(plan.ProfileColumns.Unmapped) > 0 {
		t.Errorf("a schema that does not exist: the plan has the warnings %q and the profile columns %v, want none",
			plan.Warnings, plan.ProfileColumns)
	}
}
