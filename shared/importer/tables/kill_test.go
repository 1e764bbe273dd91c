package tables_test

import (
	"bufio"
	"bytes"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/childtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/sample"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

const (
	killCount    = 60
	sampledKills = 3
)

// The process is killed at random moments of a move and started again each time, until it completes. The target must
// then be as after a move without kills.
func TestMoveThatIsKilledAnywhereContinues(t *testing.T) {
	t.Parallel()
	for project, options := range map[string]tables.Options{
		"notes":       {Orphans: tables.Quarantine},
		"starter-kit": {Triggers: true},
	} {
		t.Run(project, func(t *testing.T) {
			t.Parallel()
			killAndContinue(t, importUsers(t, project), options)
		})
	}
}

func killAndContinue(t *testing.T, m *importer.Import, o tables.Options) {
	t.Helper()
	c := child{From: m.From, To: m.To, Schema: m.Schema, Options: o, PgDumps: installedPgDumps(t)}
	took, done := c.runAndKill(t, time.Hour)
	if !done {
		t.Fatal("the move without kills did not complete")
	}
	want := movedRows(t, m)
	if n := len(importtest.Column(t, m.To, madeTriggers)); (n > 0) != o.Triggers {
		t.Fatalf("triggers on the table of users after the move without kills: got %d, with the options %+v", n, o)
	}
	kills := killCount
	if !sample.RunsAllCases() {
		kills = sampledKills
	}
	random := sample.NewRandom(t)
	moves := 0
	for killed := 0; killed < kills; moves++ {
		if _, err := tables.Rollback(t.Context(), m.Env(), "supabase", false); err != nil {
			t.Fatal(err)
		}
		for done = false; !done; {
			if _, done = c.runAndKill(t, time.Duration(random.Int64N(int64(took)))); !done {
				killed++
				waitUntilFree(t, m)
			}
		}
		if diff := cmp.Diff(want, movedRows(t, m)); diff != "" {
			t.Fatalf("after %d kills (-without kills +now):\n%s", killed, diff)
		}
		checkVerified(t, m)
	}
	t.Logf("%d kills in %d moves; a move without kills took %v", kills, moves, took)
}

// madeTriggers lists the triggers on auth.users that the move has made on the table of users.
const madeTriggers = "select name from supabase_import.moved_object where kind = 'USER TRIGGER' and state = 'done'"

// movedRows returns the rows of the moved tables and the stored state of the move.
func movedRows(t *testing.T, m *importer.Import) map[string][]string {
	t.Helper()
	all := map[string]string{
		"objects": "select kind || ' ' || name || ' ' || state from supabase_import.moved_object order by 1",
		"keys": `select table_name || ' ' || name || ' ' || state || ' ' || orphans from supabase_import.moved_key
			order by 1`,
		"changed": "select table_name || ' ' || action || ' ' || original from supabase_import.moved_row order by 1",
		"triggers": `select tgrelid::regclass || ' ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
			order by 1`,
		"sequences": `select concat(schemaname, '.', sequencename, ' ', last_value) from pg_sequences
			where schemaname = 'public' order by 1`,
	}
	for _, table := range importtest.Column(t, m.To, "select name from supabase_import.moved_table") {
		all[table] = "select r::text from only " + table + " r order by 1"
	}
	return importtest.Contents(t, m.To, all)
}

// command returns the command of the child process.
func (c child) command(t *testing.T) *exec.Cmd {
	t.Helper()
	return childtest.Command(t, c)
}

// runAndKill starts the child process and kills it after some time, unless it has completed by then. It returns the
// duration and whether the move completed.
func (c child) runAndKill(t *testing.T, after time.Duration) (time.Duration, bool) {
	t.Helper()
	cmd := c.command(t)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	if _, err := r.ReadBytes('\n'); err != nil {
		t.Fatalf("the child did not start: %v", err)
	}
	began := time.Now()
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	_, err = r.ReadBytes('\n')
	took, killed := time.Since(began), !timer.Stop()
	if waited := cmd.Wait(); waited != nil && !killed {
		t.Fatalf("the move ended with %v: %s", waited, stderr.String())
	}
	return took, err == nil
}

// waitUntilFree waits until both servers have closed the connections of the killed process.
func waitUntilFree(t *testing.T, m *importer.Import) {
	t.Helper()
	importtest.Eventually(t, "the servers to close the connections of the process", func() bool {
		const open = `select (count(*) = 0)::text from pg_stat_activity where pid <> pg_backend_pid()
			and datname = current_database() and application_name = 'xenon migrate'`
		return importtest.Value(t, m.From, open) == "true" && importtest.Value(t, m.To, open) == "true"
	})
}
