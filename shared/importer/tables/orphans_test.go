package tables_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// move moves the tables of an import.
func move(t *testing.T, m *importer.Import, o tables.Options) tables.Result {
	t.Helper()
	result, err := tables.Run(t.Context(), m.Env(), "supabase", o, installedPgDumps(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestOrphansAreKeptNulledOrQuarantined(t *testing.T) {
	t.Parallel()
	for _, orphans := range []string{tables.Keep, tables.Null, tables.Quarantine} {
		t.Run(orphans, func(t *testing.T) {
			t.Parallel()
			m := importUsers(t, "notes")
			result := move(t, m, tables.Options{Orphans: orphans})
			checkVerified(t, m)
			var nulled, quarantined, unvalidated int64
			for _, table := range result.Tables {
				nulled, quarantined = nulled+table.Nulled, quarantined+table.Quarantined
			}
			for _, k := range result.Keys {
				if k.Orphans > 0 {
					unvalidated++
				}
			}
			t.Logf("%d references set to NULL, %d rows quarantined, %d foreign keys with orphans",
				nulled, quarantined, unvalidated)
			if (nulled > 0) != (orphans == tables.Null) || (quarantined > 0) != (orphans == tables.Quarantine) {
				t.Errorf("got %d references set to NULL and %d rows quarantined with --orphans %s", nulled, quarantined, orphans)
			}
			if (unvalidated == 0) != (orphans == tables.Quarantine) {
				t.Errorf("foreign keys with orphans: got %d with --orphans %s", unvalidated, orphans)
			}
			stored := importtest.Value(t, m.To, `select count(*)::text || ' ' || count(original)::text
				from supabase_import.moved_row`)
			if want := strings.Fields(stored); want[0] != want[1] {
				t.Errorf("rows of moved_row with the original: got %s of %s, want all", want[1], want[0])
			}
		})
	}
}

func TestRollbackOfUsersNeedsTheRollbackOfTablesFirst(t *testing.T) {
	t.Parallel()
	m := importUsers(t, "starter-kit")
	move(t, m, tables.Options{})
	_, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{})
	if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), "xenon migrate tables --rollback") {
		t.Errorf("rollback of the users: got %v, want a refusal that names xenon migrate tables --rollback", err)
	}
	if _, err := tables.Rollback(t.Context(), m.Env(), "supabase", false); err != nil {
		t.Fatal(err)
	}
	result, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{})
	if err != nil || result.Left != 0 || !result.Done {
		t.Errorf("rollback of the users after that of the tables: got %+v, %v, want no user left", result, err)
	}
}
