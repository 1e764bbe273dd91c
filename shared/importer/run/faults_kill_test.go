package run_test

import (
	"bufio"
	"bytes"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/sample"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

const (
	killCount    = 100
	sampledKills = 5
)

// TestR56_KilledAnywhere kills the process at random moments of an import and starts a new process each time, until one
// completes the import. The target makes the import take many paths: users of the target have an email, an id and an
// account of the source, and the target rejects a row.
func TestR56_KilledAnywhere(t *testing.T) {
	t.Parallel()
	c := child{From: supabasetest.New(t), Options: importer.Options{BatchSize: 20, MFA: "allow"}, Concurrency: 2}
	supabasetest.Fill(t, c.From, 56, 200)
	c.To = importtest.TargetWithConflicts(t, c.From)
	took, done := c.runAndKill(t, time.Hour)
	if !done {
		t.Fatal("the import without kills did not complete")
	}
	want := importtest.Contents(t, c.To, importtest.QueriesOfImportedTables, importtest.QueriesOfLedger)

	kills := killCount
	if !sample.RunsAllCases() {
		kills = sampledKills
	}
	t.Logf("%d kills; the import without kills took %v", kills, took)
	random := sample.NewRandom(t)
	targets, killedAfterClose := 0, 0
	for killed := 0; killed < kills; targets++ {
		c.To = importtest.TargetWithConflicts(t, c.From)
		done = false
		for first := true; !done; first = false {
			var lasted time.Duration
			lasted, done = c.runAndKill(t, time.Duration(random.Int64N(int64(took))))
			if done && first { // this import was complete before the kill: it was faster than the first one
				took = min(took, lasted)
			}
			if !done {
				killed++
				c.waitUntilFree(t)
				if done = c.hasClosedPass(t); done {
					killedAfterClose++
				}
			}
		}
		if diff := importtest.Diff(
			importtest.Contents(t, c.To, importtest.QueriesOfImportedTables, importtest.QueriesOfLedger),
			want,
		); diff != "" {
			t.Fatalf("after %d kills the target differs from that of an import without kills:%s", killed, diff)
		}
	}
	importtest.CheckVerificationIsEqual(t, &importer.Import{From: c.From, To: c.To, Holder: "test", Now: time.Now})
	t.Logf("%d imports completed, %d of them were killed after ClosePass", targets, killedAfterClose)
}

// runAndKill starts the child process and kills it after some time, unless its import has completed by then. It returns
// the duration and whether the import completed.
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
	took := time.Since(began)
	killed := !timer.Stop()
	waited := cmd.Wait()
	if waited != nil && !killed {
		t.Fatalf("the import ended with %v: %s", waited, stderr.String())
	}
	return took, err == nil
}

// waitUntilFree waits until the server has closed the idle connections of the killed process and that of its lease.
// Then the lease must be free.
func (c child) waitUntilFree(t *testing.T) {
	t.Helper()
	importtest.Eventually(t, "the server to close the connections of the process", func() bool {
		return importtest.Value(
			t,
			c.To,
			`select (count(*) = 0)::text from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()
				and application_name = 'xenon migrate' and (state = 'idle' or query like '%holder_backend%')`,
		) == "true"
	})
}

// hasClosedPass reports whether the killed process had closed the pass.
func (c child) hasClosedPass(t *testing.T) bool {
	t.Helper()
	if importtest.Value(t, c.To, "select (to_regclass('supabase_import.run') is not null)::text") == "false" {
		return false
	}
	return len(importtest.Column(t, c.To, "select name from supabase_import.run where state = 'complete'")) > 0
}
