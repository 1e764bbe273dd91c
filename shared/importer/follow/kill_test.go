package follow_test

import (
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/sample"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// The process is killed at random moments of its polls, while the source changes, and started again each time.
func TestFollowLosesNothingWhenItIsKilled(t *testing.T) {
	t.Parallel()
	c := child{From: supabasetest.New(t), To: dbtest.New(t)}
	supabasetest.CreateSessionTables(t, c.From)
	supabasetest.Fill(t, c.From, 56, 400)
	supabasetest.FillSessions(t, c.From, 300)
	took, killed := c.runUnlessKilled(t, time.Hour)
	if killed {
		t.Fatal("the first process was killed")
	}
	kills, random := 3, sample.NewRandom(t)
	if sample.RunsAllCases() {
		kills = 60
	}
	count := 0
	for seed := uint64(1); count < kills; seed++ {
		supabasetest.Change(t, c.From, seed, 60)
		changeSessions(t, c.From, seed)
		ran, wasKilled := c.runUnlessKilled(t, time.Duration(random.Int64N(int64(took))))
		if wasKilled {
			count++
		} else {
			took = ran
		}
	}
	if _, killed := c.runUnlessKilled(t, time.Hour); killed {
		t.Fatal("the last process was killed")
	}
	m := &importer.Import{From: c.From, To: c.To, Holder: "test", Now: time.Now, Secret: testSecret}
	importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf100)
	checkSameSessions(t, m)
}

// runUnlessKilled starts a process that follows the source until it is idle, and kills it after some time. It returns
// how long the process ran.
func (c child) runUnlessKilled(t *testing.T, after time.Duration) (took time.Duration, killed bool) {
	t.Helper()
	cmd := c.command(t)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	killed = !timer.Stop()
	if err != nil && !killed {
		t.Fatalf("the process ended with %v", err)
	}
	c.waitUntilFree(t)
	return time.Since(began), killed
}

// waitUntilFree waits until the server has closed the connections of the killed process.
func (c child) waitUntilFree(t *testing.T) {
	t.Helper()
	importtest.Eventually(t, "the server to close the connections of the process", func() bool {
		return importtest.Value(t, c.To, `select count(*)::text from pg_stat_activity
where datname = current_database() and application_name = 'xenon migrate'`) == "0"
	})
}
