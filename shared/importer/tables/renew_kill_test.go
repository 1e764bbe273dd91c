package tables_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/sample"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// removeMetadata removes the columns for metadata. Nothing uses them after a rollback of the tables.
const removeMetadata = `ALTER TABLE "user" DROP COLUMN "userMetadata", DROP COLUMN "appMetadata"`

// moveThenAddMetadata moves the tables, and then adds the columns for metadata, so that the next move makes triggers
// and the view auth.users again.
func moveThenAddMetadata(t *testing.T, m *importer.Import) {
	t.Helper()
	move(t, m, tables.Options{Triggers: true})
	addMetadata(t, m)
}

// renewedState returns what the renewal changes: the view, triggers and functions, and what is stored about them.
func renewedState(t *testing.T, m *importer.Import) map[string][]string {
	t.Helper()
	return importtest.Contents(t, m.To, map[string]string{
		"view":      "select pg_get_viewdef('auth.users'::regclass)",
		"triggers":  "select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal order by 1",
		"functions": `select pg_get_functiondef(oid) from pg_proc where proname like '%\_xenon' order by 1`,
		"objects": `select name || ' ' || state || ' ' || sql || ' ' || coalesce(reason, '') || ' ' || drops::text
			from supabase_import.moved_object where kind = 'USER TRIGGER' order by 1`,
		"definitions": "select kind || ' ' || name || ' ' || digest from supabase_import.moved_definition order by 1",
		"views of users": `select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where c.relname in ('users_then', 'users') order by 1`,
	})
}

// The process is killed at random moments while it makes triggers and the view auth.users again. Until the next run
// completes this, each trigger is the old one or the new one, so a sign-up never fails and never lacks its rows.
func TestRenewalOfTriggersThatIsKilledAnywhereContinues(t *testing.T) {
	t.Parallel()
	m := importInto(t, metadataTriggers, "")
	m.Schema = "public"
	c := child{
		From: m.From, To: m.To, Schema: m.Schema, Options: tables.Options{Triggers: true}, PgDumps: installedPgDumps(t),
	}
	moveThenAddMetadata(t, m)
	took, done := c.runAndKill(t, time.Hour)
	if !done {
		t.Fatal("the renewal without kills did not complete")
	}
	want := renewedState(t, m)
	kills, random := sampledKills, sample.NewRandom(t)
	if sample.RunsAllCases() {
		kills = killCount
	}
	for killed := 0; killed < kills; {
		beginAgainWithoutMetadata(t, m)
		for done = false; !done; {
			if _, done = c.runAndKill(t, time.Duration(random.Int64N(int64(took)))); !done {
				killed++
				waitUntilFree(t, m)
				checkSignUpAddsMember(t, m)
			}
		}
		if diff := cmp.Diff(want, renewedState(t, m)); diff != "" {
			t.Fatalf("after %d kills (-without kills +now):\n%s", killed, diff)
		}
		checkVerified(t, m)
	}
}

// beginAgainWithoutMetadata restores the state before the renewal.
func beginAgainWithoutMetadata(t *testing.T, m *importer.Import) {
	t.Helper()
	if kept := keptByRollback(t, m); len(kept) > 0 {
		t.Fatalf("kept objects: got %q, want none", kept)
	}
	dbtest.Exec(t, m.To, removeMetadata)
	moveThenAddMetadata(t, m)
}

// checkSignUpAddsMember adds a user as a sign-up does, and removes the user with the row that the trigger has added.
func checkSignUpAddsMember(t *testing.T, m *importer.Import) {
	t.Helper()
	id := addUser(t, m, "Ann", "ann@example.com")
	const rows = "SELECT count(*)::text FROM members WHERE id::text = $1"
	if got := importtest.Value(t, m.To, rows, id); got != "1" {
		t.Errorf("rows of members for a new user after a kill: got %s, want 1", got)
	}
	dbtest.Exec(t, m.To, "DELETE FROM members")
	dbtest.Exec(t, m.To, `DELETE FROM "user" WHERE id = $1`, id)
}

// The process is killed after it has replaced the old trigger and before it commits: the trial sign-up waits for a
// lock. The transaction ends with the process, and the old trigger stays.
func TestRenewalThatIsKilledBeforeItsCommitKeepsTheOldTrigger(t *testing.T) {
	t.Parallel()
	m := importInto(t, metadataTriggers, "")
	m.Schema = "public"
	moveThenAddMetadata(t, m)
	const definitions = "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = 'add_member_xenon'"
	before := importtest.Value(t, m.To, definitions)
	// The trial sign-up, after drop and create, inserts into this table.
	unlock := lockTable(t, m.To, "members")
	c := child{
		From: m.From, To: m.To, Schema: m.Schema, Options: tables.Options{Triggers: true}, PgDumps: installedPgDumps(t),
	}
	cmd := c.command(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	importtest.Eventually(t, "the trial sign-up to wait for the lock", func() bool {
		return dbtest.Value[bool](t, m.To, `SELECT EXISTS (SELECT FROM pg_stat_activity
WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0 AND query LIKE '%trial_id%')`)
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the error says that it was killed
	unlock()
	waitUntilFree(t, m)
	if diff := cmp.Diff(before, importtest.Value(t, m.To, definitions)); diff != "" {
		t.Errorf("the function of the trigger after the kill (-before +now):\n%s", diff)
	}
	checkSignUpAddsMember(t, m)
	if result := move(t, m, tables.Options{Triggers: true}); len(result.Problems()) > 0 {
		t.Errorf("problems of the next run: got %q, want none", result.Problems())
	}
	if got := addUserWithMetadata(t, m); got != wantMetadata {
		t.Errorf("metadata in the triggers and in auth.users: got %q, want %q", got, wantMetadata)
	}
}
