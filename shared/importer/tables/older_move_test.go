package tables_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// olderLedger changes the ledger of a move to that of the first version that moved tables.
const olderLedger = `DROP TABLE supabase_import.moved_transaction;
DELETE FROM supabase_import.moved_object WHERE section = 'user triggers';
ALTER TABLE supabase_import.moved_object DROP drops;
ALTER TABLE supabase_import.moved_table ADD sum numeric;
ALTER TABLE supabase_import.moved_row ALTER original TYPE jsonb USING original::jsonb;`

// Without the ids of the transactions it is not known which rows are unchanged, so users and tables stay.
func TestMoveOfAnOlderVersionKeepsUsersAndTables(t *testing.T) {
	t.Parallel()
	m, users := moveOwnTables(t, "xenon")
	dbtest.Exec(t, m.To, olderLedger)
	checkVerified(t, m)
	deleteAtSource(t, m, users[0])
	laterPass(t, m)
	if diff := cmp.Diff(users, targetUsers(t, m)); diff != "" {
		t.Errorf("users of the target (-want +got):\n%s", diff)
	}
	got := importtest.Column(t, m.To, `SELECT user_id || ' ' || detail FROM supabase_import.quarantine
WHERE source = 'user' AND reason = 'removed_at_source' AND resolved IS NULL`)
	if len(got) != 1 || !strings.HasPrefix(got[0], users[0]) || !strings.Contains(got[0], "public.letters: 1") {
		t.Errorf("kept users: got %q, want %s with a row of public.letters", got, users[0])
	}
	// The same command again adds what the ledger lacks, and still knows no unchanged row.
	result := move(t, m, tables.Options{Triggers: true})
	if n := result.Objects["USER TRIGGER"]; result.State != tables.Complete || n != 1 {
		t.Errorf("the move again: got the state %s and %d triggers on users, want complete and 1", result.State, n)
	}
	laterPass(t, m)
	if diff := cmp.Diff(users, targetUsers(t, m)); diff != "" {
		t.Errorf("users of the target after a further pass (-want +got):\n%s", diff)
	}
	rollback, err := tables.Rollback(t.Context(), m.Env(), "supabase", false)
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, k := range rollback.Kept {
		if k.Kind == "TABLE" && k.Name == "public.letters" {
			reasons = append(reasons, k.Reason)
		}
	}
	const want = "an older version of xenon moved its rows"
	if len(reasons) != 1 || !strings.HasPrefix(reasons[0], want) {
		t.Errorf("reasons why the rollback keeps public.letters: got %q, want one that begins with %q", reasons, want)
	}
}

// An older version was interrupted before it copied all rows. This version continues, and records its own transactions.
func TestMoveThatAnOlderVersionBeganIsContinued(t *testing.T) {
	t.Parallel()
	m := importUsers(t, "notes")
	_, err := tables.Prepare(t.Context(), m.Env(), "supabase", tables.Options{}, installedPgDumps(t))
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, m.To, olderLedger)
	if result := move(t, m, tables.Options{}); result.State != tables.Complete {
		t.Errorf("the continued move: got the state %s, want complete", result.State)
	}
	checkVerified(t, m)
	rollback, err := tables.Rollback(t.Context(), m.Env(), "supabase", false)
	if err != nil || len(rollback.Kept) > 0 {
		t.Errorf("rollback: got %+v, %v, want nothing kept", rollback, err)
	}
}
