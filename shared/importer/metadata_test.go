package importer_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// addMetadataColumns adds the columns of `xenon schema up --metadata` to a target.
func addMetadataColumns(t *testing.T, url, schema string) {
	t.Helper()
	if added, err := migrations.AddMetadata(t.Context(), url, schema); !added || err != nil {
		t.Fatalf("add the columns for metadata: got %t and the error %v, want true", added, err)
	}
}

// hasMetadataColumns reports whether the table "user" in the schema public has the columns for metadata.
func hasMetadataColumns(t *testing.T, url string) bool {
	t.Helper()
	has, err := migrations.HasMetadata(t.Context(), url, "public")
	if err != nil {
		t.Fatal(err)
	}
	return has
}

// countMetadata returns a query for the number of users with metadata in both columns.
func countMetadata(schema string) string {
	return `select count(*)::text from ` + schema + `."user" where num_nonnulls("userMetadata", "appMetadata") = 2`
}

// importWithMetadata returns an import of a source with this number of users into a target with the columns for
// metadata.
func importWithMetadata(t *testing.T, seed uint64, users int) *importer.Import {
	t.Helper()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, seed, users)
	m := importtest.NewImport(t, from)
	addMetadataColumns(t, m.To, "public")
	return m
}

// The verification names the column of a change, the next pass copies it, and the rollback removes all users.
func TestMetadataIsCopiedVerifiedAndRolledBack(t *testing.T) {
	t.Parallel()
	m := importWithMetadata(t, 31, 300)
	before := importtest.Contents(t, m.To, importtest.QueriesOfImportedTables)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	checkTargetMatchesSource(t, m, importtest.BatchesOf100)
	importtest.CheckEqual(t, m, "after the import")
	if n := importtest.Value(t, m.To, countMetadata("public")); n == "0" {
		t.Error("no user of the target has metadata after the import, want some")
	}

	u, _ := importtest.OrdinaryUsers(t, importtest.Connect(t, m.To), 2)
	src := importtest.Connect(t, m.From)
	importtest.ExecWithoutTriggers(t, src, u[0],
		`update auth.users set raw_user_meta_data = raw_user_meta_data || '{"plan": 1.10}' where id = $1`)
	importtest.ExecWithoutTriggers(t, src, u[1], `update auth.users set raw_app_meta_data = null where id = $1`)
	columns := map[string][]string{}
	for _, d := range importtest.Verify(t, m).Differences {
		columns[d.ID] = d.Columns
	}
	if diff := cmp.Diff(map[string][]string{u[0]: {"userMetadata"}, u[1]: {"appMetadata"}}, columns); diff != "" {
		t.Errorf("columns that differ after changes of the source, by user (-want +got):\n%s", diff)
	}
	copied := int64(0)
	m.Progress = func(e importer.Event) { copied += e.Copied }
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	m.Progress = nil
	if copied != 2 {
		t.Errorf("the pass after two changes copied %d rows, want 2", copied)
	}
	checkTargetMatchesSource(t, m, importtest.BatchesOf100)
	importtest.CheckEqual(t, m, "after the second pass")

	importtest.RollBack(t, m, false)
	after := importtest.Contents(t, m.To, importtest.QueriesOfImportedTables)
	if diff := importtest.Diff(after, before); diff != "" {
		t.Errorf("the target after the rollback differs from that before the import: %s", diff)
	}
}

// A user whose metadata the application changed in Xenon is not overwritten by a later pass, and a rollback keeps it.
func TestChangedMetadataCountsAsAChangeOfTheUser(t *testing.T) {
	t.Parallel()
	m := importWithMetadata(t, 32, 100)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	u, _ := importtest.OrdinaryUsers(t, importtest.Connect(t, m.To), 1)
	importtest.Exec(t, m.To, `update "user" set "userMetadata" = '{"own": 1}' where id = '`+u[0]+`'`)
	importtest.Exec(t, m.From, `update auth.users set raw_user_meta_data = '{"name": "Another"}' where id = '`+u[0]+`'`)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	metadata := `select "userMetadata"::text from "user" where id = '` + u[0] + `'`
	if got := importtest.Value(t, m.To, metadata); got != `{"own": 1}` {
		t.Errorf("metadata after a later pass: got %s, want that of the application", got)
	}
	if r := importtest.RollBack(t, m, false); !slices.Equal(r.KeptUsers, u) {
		t.Errorf("users that the rollback kept: got %v, want %v", r.KeptUsers, u)
	}
}

// The ledger keeps only values that the target does not have.
func TestMetadataInColumnsIsNotInTheResidue(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 33, 200)
	for _, hasColumns := range []bool{false, true} {
		m := importtest.NewImport(t, from)
		if hasColumns {
			addMetadataColumns(t, m.To, "public")
		}
		importtest.RunToCompletion(t, m, importtest.BatchesOf100)
		n := importtest.Value(t, m.To, `select count(*)::text from supabase_import.ledger
where source = 'user' and (residue::jsonb ? 'raw_user_meta_data' or residue::jsonb ? 'raw_app_meta_data')`)
		if (n == "0") != hasColumns {
			t.Errorf("the target has columns for metadata: %t; %s ledger entries have metadata, want 0 only with columns",
				hasColumns, n)
		}
	}
}

// A run that began before the columns were added does not fill them: the hashes in its ledger are those of rows without
// them. It can be continued, verified and rolled back, and a new run fills the columns.
func TestRunThatBeganBeforeTheColumnsForMetadataContinuesWithoutThem(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 34, 300)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	addMetadataColumns(t, m.To, "public")
	u, _ := importtest.OrdinaryUsers(t, importtest.Connect(t, m.To), 1)
	importtest.Exec(t, from, `update auth.users set raw_user_meta_data = '{"name": "Another Name"}'
where id = '`+u[0]+`'`)
	copied := int64(0)
	m.Progress = func(e importer.Event) { copied += e.Copied }
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	m.Progress = nil
	if copied != 1 {
		t.Errorf("the pass after one change copied %d rows, want 1", copied)
	}
	importtest.CheckEqual(t, m, "after the pass with the columns")
	if n := importtest.Value(t, m.To, countMetadata("public")); n != "0" {
		t.Errorf("%s users have metadata, want none: the run began before the columns were added", n)
	}
	var file strings.Builder
	if users, _, err := m.ReturnToSource(t.Context(), "supabase", &file); users != 0 || err != nil {
		t.Errorf("the return to the source: got %d users and the error %v, want none", users, err)
	}
	if r := importtest.RollBack(t, m, false); r.Left != 0 || r.Removed["user"] == 0 {
		t.Errorf("the rollback removed %d users and kept %d, want all removed", r.Removed["user"], r.Left)
	}
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	checkTargetMatchesSource(t, m, importtest.BatchesOf100)
}

func TestRunThatFillsTheColumnsForMetadataRefusesATargetWithoutThem(t *testing.T) {
	t.Parallel()
	m := importWithMetadata(t, 35, 50)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	importtest.Exec(t, m.To, `alter table "user" drop "appMetadata"`)
	_, err := m.Begin(t.Context(), importtest.BatchesOf40, false)
	if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), "the columns of the target changed") {
		t.Errorf("a pass after a column was dropped: got %v, want ErrRefused", err)
	}
	r, err := run.Find(t.Context(), importtest.Connect(t, m.To), "supabase")
	if diff := cmp.Diff([]string{"userMetadata", "appMetadata"}, r.Plan.MetadataColumns); err != nil || diff != "" {
		t.Errorf("columns for metadata in the stored plan: error %v (-want +got):\n%s", err, diff)
	}
}
