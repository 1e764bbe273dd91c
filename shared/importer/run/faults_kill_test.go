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
	kills        = 100
	sampledKills = 25
)

// TestR56_KilledAnywhere kills the importing process at moments spread over an import, lets another process continue,
// and so on until one completes. The target covers every path: other users have an email, an id and a subject, and a
// row is refused.
func TestR56_KilledAnywhere(t *testing.T) {
	t.Parallel()
	c := child{From: supabasetest.New(t), Options: importer.Options{BatchSize: 20, MFA: "allow"}, Concurrency: 2}
	supabasetest.Fill(t, c.From, 56, 200)
	c.To = importtest.Occupied(t, c.From)
	took, done := c.until(t, time.Hour)
	if !done {
		t.Fatal("the undisturbed import did not complete")
	}
	want := importtest.Contents(t, c.To, importtest.Imported, importtest.Ledger)

	kills := kills
	if !sample.Whole() {
		kills = sampledKills
	}
	t.Logf("%d moments; the undisturbed import took %v", kills, took)
	moments := sample.Random(t)
	targets, late := 0, 0
	for killed := 0; killed < kills; targets++ {
		c.To = importtest.Occupied(t, c.From)
		done = false
		for first := true; !done; first = false {
			var lasted time.Duration
			lasted, done = c.until(t, time.Duration(moments.Int64N(int64(took))))
			if done && first { // the machine was faster this time
				took = min(took, lasted)
			}
			if !done {
				killed++
				c.waitUntilFree(t)
				if done = c.closed(t); done {
					late++
				}
			}
		}
		if diff := importtest.Diff(importtest.Contents(t, c.To, importtest.Imported, importtest.Ledger), want); diff != "" {
			t.Fatalf("after %d kills the target differs from that of an undisturbed import:%s", killed, diff)
		}
	}
	importtest.CheckVerifies(t, &importer.Import{From: c.From, To: c.To, Holder: "test", Now: time.Now})
	t.Logf("%d imports came to their end in spite of it, %d were killed after it", targets, late)
}

// until starts the child, kills it after a while, and returns how long it ran and whether it completed.
func (c child) until(t *testing.T, while time.Duration) (time.Duration, bool) {
	t.Helper()
	cmd := c.command(t)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
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
	alarm := time.AfterFunc(while, func() { _ = cmd.Process.Kill() })
	_, err = r.ReadBytes('\n')
	took := time.Since(began)
	killed := !alarm.Stop()
	waited := cmd.Wait()
	if waited != nil && !killed {
		t.Fatalf("the import ended with %v: %s", waited, complaint.String())
	}
	return took, err == nil
}

// waitUntilFree waits until the server has noticed that the holder is gone. Then the lease must be free.
func (c child) waitUntilFree(t *testing.T) {
	t.Helper()
	importtest.Eventually(t, "the server to see that the process is gone", func() bool {
		return importtest.Value(
			t,
			c.To,
			`select (count(*) = 0)::text from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()
				and application_name = 'xenon migrate' and (state = 'idle' or query like '%holder_backend%')`,
		) == "true"
	})
}

// closed reports whether the killed process had closed the pass.
func (c child) closed(t *testing.T) bool {
	t.Helper()
	if importtest.Value(t, c.To, "select (to_regclass('supabase_import.run') is not null)::text") == "false" {
		return false
	}
	return len(importtest.Column(t, c.To, "select name from supabase_import.run where state = 'complete'")) > 0
}
