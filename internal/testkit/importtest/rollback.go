package importtest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/report"
)

// QueriesOutsideRun has queries for tables of Better Auth to which a run does not write.
var QueriesOutsideRun = map[string]string{
	"session":      `select r::text from session r order by id`,
	"verification": `select r::text from verification r order by id`,
}

// RollBack rolls the run back. It fails the test unless the rollback is complete.
func RollBack(t *testing.T, m *importer.Import, force bool) importer.RollbackResult {
	t.Helper()
	return RollBackWithOptions(t, m, importer.RollbackOptions{Force: force})
}

// RollBackWithOptions is like RollBack, with any options.
func RollBackWithOptions(t *testing.T, m *importer.Import, o importer.RollbackOptions) importer.RollbackResult {
	t.Helper()
	u, err := m.Rollback(t.Context(), "supabase", o)
	if err != nil {
		t.Fatal(err)
	}
	if !u.Done {
		t.Error("the result of the rollback: got Done = false, want true")
	}
	return u
}

// CountImportedRows returns the number of rows of each table of Better Auth and Xenon to which a run writes.
func CountImportedRows(t *testing.T, url string) map[string]int64 {
	t.Helper()
	n := map[string]int64{}
	for table, rows := range Contents(t, url, QueriesOfImportedTables) {
		n[table] = int64(len(rows))
	}
	return n
}

// RollBackAfterDryRun rolls back after a dry run. It fails the test if the dry run changed a row, or if its result
// differs from that of the rollback.
func RollBackAfterDryRun(t *testing.T, m *importer.Import, o importer.RollbackOptions) importer.RollbackResult {
	t.Helper()
	before := []map[string][]string{
		Contents(t, m.To, QueriesOfImportedTables, QueriesOutsideRun, QueriesOfLedger),
		ApplicationRowTexts(t, m.To),
	}
	dry := o
	dry.DryRun = true
	counted, err := m.Rollback(t.Context(), "supabase", dry)
	if err != nil {
		t.Fatalf("run the rollback as a dry run: %v", err)
	}
	after := []map[string][]string{
		Contents(t, m.To, QueriesOfImportedTables, QueriesOutsideRun, QueriesOfLedger),
		ApplicationRowTexts(t, m.To),
	}
	for i, now := range after {
		if diff := Diff(now, before[i]); diff != "" {
			t.Errorf("the dry run of the rollback changed rows, want none changed: %s", diff)
		}
	}
	earlier := countRowsRemovedBefore(t, m)
	done := RollBackWithOptions(t, m, o)
	for table, n := range earlier {
		counted.Removed[table] += n
	}
	if diff := cmp.Diff(counted, done, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the results of the dry run and the rollback, want the same (-dry run +rollback):\n%s", diff)
	}
	return done
}

// countRowsRemovedBefore returns the numbers of rows, by table, that earlier rollbacks of the run removed. The result
// of a rollback includes them.
func countRowsRemovedBefore(t *testing.T, m *importer.Import) map[string]int64 {
	t.Helper()
	r, err := report.Read(t.Context(), m.Env(), "supabase")
	if err != nil {
		t.Fatal(err)
	}
	if r.Rollback == nil {
		return nil
	}
	return r.Rollback.Removed
}
