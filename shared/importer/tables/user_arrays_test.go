package tables_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/projecttest"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// updateOfPage finds the statement of docs/move-tables.md that removes ids from an array.
var updateOfPage = regexp.MustCompile(`(?s)UPDATE tasks t\n.*?;\n`)

// Arrays keep the ids of users who stay behind, whatever --orphans says. The statement of the page removes them.
func TestArraysOfUserIdsAreMovedAsTheyAre(t *testing.T) {
	t.Parallel()
	m := importUsersInto(t, "tasks", "public")
	result := move(t, m, tables.Options{Orphans: tables.Null})
	const strangers = `SELECT count(*)::text FROM tasks, unnest(assignees) id WHERE id IN ('` + projecttest.SoftDeleted +
		`', '` + projecttest.Rejected + `')`
	before, after := importtest.Value(t, m.From, strangers), importtest.Value(t, m.To, strangers)
	if before == "0" || before != after {
		t.Errorf("ids of users who stayed behind in arrays: got %s, want the %s of the source, and some", after, before)
	}
	checkVerified(t, m)
	for _, table := range result.Tables {
		if table.Name == "public.tasks" && table.Quarantined > 0 {
			t.Errorf("quarantined rows of public.tasks: got %d, want none", table.Quarantined)
		}
	}
	page, err := os.ReadFile("../../../docs/move-tables.md")
	if err != nil {
		t.Fatal(err)
	}
	const kept = `SELECT board_id || ' ' || number || ' ' || array_to_string(ARRAY(SELECT id FROM unnest(assignees) id
  WHERE id NOT IN ('` + projecttest.SoftDeleted + `', '` + projecttest.Rejected + `')), ',') FROM tasks ORDER BY 1`
	want := importtest.Column(t, m.From, kept)
	dbtest.Exec(t, m.To, updateOfPage.FindString(string(page)))
	if got := importtest.Value(t, m.To, strangers); got != "0" {
		t.Errorf("such ids after the statement of the page: got %s, want 0", got)
	}
	const all = "SELECT board_id || ' ' || number || ' ' || array_to_string(assignees, ',') FROM tasks ORDER BY 1"
	if diff := cmp.Diff(want, importtest.Column(t, m.To, all)); diff != "" {
		t.Errorf("arrays after the statement of the page (-want +got):\n%s", diff)
	}
}
