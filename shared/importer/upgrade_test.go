package importer_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// importOfOlderRelease returns an import between two databases with the rows of testdata/older, which an older release
// wrote. The source has 66 users. The target has the rows of the files and rejects one profile. The run of the older
// release has batches of 10 users.
func importOfOlderRelease(t *testing.T, files ...string) *importer.Import {
	t.Helper()
	from, to := supabasetest.New(t), dbtest.New(t)
	load := func(url, file string) {
		text, err := os.ReadFile(filepath.Join("testdata", "older", file))
		if err != nil {
			t.Fatal(err)
		}
		importtest.Exec(t, url, "set session_replication_role = replica;\n"+string(text))
	}
	load(from, "source.sql")
	for _, file := range files {
		load(to, file)
	}
	load(to, "target_rules.sql")
	return importtest.ImportBetween(from, to)
}

// checksumsOfOlderRows returns the checksums of the rows that the older release expected for the complete run, with the
// hash function of this release.
func checksumsOfOlderRows(t *testing.T) (sums map[string]run.Checksum) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "older", "checksums.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &sums); err != nil {
		t.Fatal(err)
	}
	return sums
}

var optionsForBatchesOfTen = importer.Options{BatchSize: 10, MFA: "allow"}

// The second pass of the run was interrupted after three of seven batches. This release continues the run, expects the
// same rows as the older release, and rolls the run back. It does so, too, if the target got columns for metadata
// since.
func TestRunThatOlderReleaseBeganIsContinued(t *testing.T) {
	t.Parallel()
	for name, metadata := range map[string]bool{"same columns": false, "columns for metadata": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := importOfOlderRelease(t, "interrupted_target.sql", "interrupted_ledger.sql")
			if metadata {
				addMetadataColumns(t, m.To, "public")
			}
			continueRunOfOlderRelease(t, m)
			if metadata {
				importtest.Exec(t, m.To, `alter table "user" drop "userMetadata", drop "appMetadata"`)
			}
			checkTargetAsBeforeImport(t, m)
		})
	}
}

// continueRunOfOlderRelease completes, verifies and rolls back the interrupted run.
func continueRunOfOlderRelease(t *testing.T, m *importer.Import) {
	t.Helper()
	st, err := m.Status(t.Context(), "supabase")
	if err != nil || st.State != run.Running || st.Pass != 2 || st.Done != 3 {
		t.Fatalf("the run is %q in pass %d with %d batches done (error %v), want running in pass 2 with 3",
			st.State, st.Pass, st.Done, err)
	}
	unchanged := int64(0)
	m.Progress = func(e importer.Event) { unchanged += e.Unchanged }
	importtest.RunToCompletion(t, m, optionsForBatchesOfTen)
	m.Progress = nil
	if unchanged == 0 {
		t.Error("the continued run reports 0 unchanged rows, want the rows whose hash the older release stored")
	}
	v, err := m.Verify(t.Context(), "supabase", 2)
	if err != nil || !v.Equal {
		t.Fatalf("the verification of the continued run has %d differences (error %v), want 0: %+v, %+v",
			v.Different, err, v.Differences, v.Equations)
	}
	if diff := cmp.Diff(checksumsOfOlderRows(t), v.Checksums); diff != "" {
		t.Errorf("checksums (-rows of the older release +rows of this release):\n%s", diff)
	}
	if _, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{}); err != nil {
		t.Fatal(err)
	}
}

// A rollback was interrupted after three of seven batches. This release continues it, and its result includes the rows
// that the older release removed.
func TestRollbackThatOlderReleaseBeganIsContinued(t *testing.T) {
	t.Parallel()
	m := importOfOlderRelease(t, "rollback_target.sql", "rollback_ledger.sql")
	left := importtest.CountImportedRows(t, m.To)["user"]
	r := importtest.RollBack(t, m, false)
	if r.Removed["user"] <= left || r.Left != 0 {
		t.Errorf("the result has %d removed and %d kept users, want more removed than this release found (%d), and none kept",
			r.Removed["user"], r.Left, left)
	}
	checkTargetAsBeforeImport(t, m)
}

// A new import of the same source has the same rows, if it maps providers as the older release did, and the target has
// the same columns.
func TestRowsEqualThoseOfOlderRelease(t *testing.T) {
	t.Parallel()
	m := importOfOlderRelease(t, "target_rows.sql")
	importtest.Exec(t, m.To, `alter table "user" drop column role, drop column "twoFactorEnabled"`)
	o := optionsForBatchesOfTen
	o.ProviderMap = 1
	importtest.RunToCompletion(t, m, o)
	v, err := m.Verify(t.Context(), "supabase", 2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(checksumsOfOlderRows(t), v.Checksums); diff != "" {
		t.Errorf("checksums (-rows of the older release +rows of this release):\n%s", diff)
	}
}

// checkTargetAsBeforeImport fails the test unless the target has exactly the rows from before the import.
func checkTargetAsBeforeImport(t *testing.T, m *importer.Import) {
	t.Helper()
	before := importOfOlderRelease(t, "target_rows.sql")
	if diff := importtest.Diff(
		importtest.Contents(t, m.To, importtest.QueriesOfImportedTables),
		importtest.Contents(t, before.To, importtest.QueriesOfImportedTables),
	); diff != "" {
		t.Errorf("after the rollback the target differs from that before the import: %s", diff)
	}
}
