//go:build node

package statemachine

import (
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// The state machine calls functions/migrate again if the process was killed or if Lambda could not start it. The import
// is complete, and no row is copied twice.
func TestKilledFunctionsAreRetried(t *testing.T) {
	t.Parallel()
	s := newTestbed(t, 1000)
	kills, throttled := 6, 3
	s.setFault(func(t *task) *functionAnswer {
		switch {
		case t.action.Action == "begin" && throttled > 0:
			throttled--
			a := newFailedAnswer("Lambda.TooManyRequestsException", "Rate Exceeded")
			return &a
		case t.action.Action == "copy" && kills > 0:
			wait := time.Duration(kills) * 40 * time.Millisecond
			kills--
			t.during = func(p *process) {
				time.Sleep(wait)
				p.kill()
			}
		}
		return nil
	})
	got := s.startAndWait("killed", `{"mfa":"hold","batchSize":100,"concurrency":2}`)
	s.checkComplete(got)
	if got.Retried["Begin"] != 3 || got.Retried["Copy lane"] == 0 {
		t.Errorf("retries by state: got %v, want Begin 3 times and Copy lane at least once", got.Retried)
	}
}

// The copy of one shard fails on every retry. The state machine parks the shard (it records the error and goes on), the
// other shards finish, and the state Gate fails. A redrive, which starts at Gate, tries the parked shard again.
func TestFailingShardIsParkedAndRedriven(t *testing.T) {
	t.Parallel()
	s := newTestbed(t, 800)
	const input = `{"mfa":"hold","batchSize":100,"concurrency":2}`
	s.setFault(func(t *task) *functionAnswer {
		if t.action.Action == "copy" && t.action.Shard.Index == 3 {
			a := newFailedAnswer("Unavailable", "database unavailable: no connection")
			return &a
		}
		return nil
	})
	failed := s.startAndWait("parked", input)
	if failed.Status != "FAILED" || failed.Error != "NeedsAttention" || failed.Last.State != "Gate" {
		t.Fatalf("the execution with a failing shard: got %s %s in %s, want FAILED NeedsAttention in Gate",
			failed.Status, failed.Error, failed.Last.State)
	}
	if failed.Retried["Copy lane"] != 8 || failed.Caught["Copy lane"] != 1 || failed.Entered["Park lane"] != 1 {
		t.Errorf("the execution with a failing shard: got the retries %v and the caught errors %v, want 8 retries and then "+
			"one caught error of Copy lane", failed.Retried, failed.Caught)
	}
	if failed.Entered["Copy tables"] != 0 {
		t.Error("the execution entered Copy tables although a batch of users is open, want it not to")
	}
	if !strings.Contains(failed.Cause, "of 8 batches 1 are open or parked") {
		t.Errorf("the cause of the failure: got %s, want 1 of 8 batches open or parked", failed.Cause)
	}
	parked := dbtest.Value[string](
		t,
		s.to,
		"select string_agg(number || ' ' || parked, ';') from supabase_import.batch where parked is not null",
	)
	if want := "3 Unavailable: database unavailable: no connection"; parked != want {
		t.Errorf("the number and error of parked batches: got %q, want %q", parked, want)
	}
	if open := dbtest.Value[int64](t, s.to, "select count(*) from supabase_import.batch where not copied"); open != 1 {
		t.Errorf("batches that are not copied: got %d, want only the one of the parked shard", open)
	}
	again := s.redrive("parked", failed, 1)
	if again.Status != "FAILED" || again.Error != "NeedsAttention" || again.Entered["Begin"] != 1 {
		t.Errorf("a redrive while the shard still fails: got %s %s and %d times the state Begin, want FAILED NeedsAttention "+
			"and Begin once", again.Status, again.Error, again.Entered["Begin"])
	}
	s.setFault(nil)
	s.checkComplete(s.redrive("parked", again, 2))
}

// The target rejects a row of one batch with an error that is not about the row: a missing privilege. The shard of the
// batch is parked without a retry, and the other shards finish. When the target accepts the row again, another
// execution copies the rest.
func TestRejectedBatchIsParkedWithoutRetry(t *testing.T) {
	t.Parallel()
	s := newTestbed(t, 800)
	const input = `{"mfa":"hold","batchSize":100,"concurrency":2}`
	id := dbtest.Value[string](t, s.from, "select id::text from auth.users order by id offset 350 limit 1")
	dbtest.Exec(
		t,
		s.to,
		`create function refuse() returns trigger language plpgsql as $$ begin raise insufficient_privilege; end $$;
create trigger refuse before insert on "user" for each row when (new.id = '`+id+`') execute function refuse()`,
	)
	failed := s.startAndWait("refused", input)
	if failed.Status != "FAILED" || failed.Error != "NeedsAttention" || failed.Caught["Copy lane"] != 1 ||
		len(failed.Retried) != 0 {
		t.Fatalf(
			"the execution: got %s %s, the caught errors %v and the retries %v, want FAILED NeedsAttention, one caught error "+
				"in Copy lane and no retry",
			failed.Status,
			failed.Error,
			failed.Caught,
			failed.Retried,
		)
	}
	parked := dbtest.Value[string](
		t,
		s.to,
		"select string_agg(number || ' ' || parked, ';') from supabase_import.batch where parked is not null",
	)
	if !strings.HasPrefix(parked, "3 Refused: ") || !strings.Contains(parked, "42501") {
		t.Errorf("the number and error of parked batches: got %q, want batch 3 with the SQLSTATE 42501", parked)
	}
	if n := dbtest.Value[int64](t, s.to, `select count(*) from "user"`); n < 600 {
		t.Errorf("users in the target: got %d, want at least the 600 of the other shards", n)
	}
	dbtest.Exec(t, s.to, `drop trigger refuse on "user"`)
	s.checkComplete(s.startAndWait("allowed", input))
}

// The target is unavailable for two seconds during the copy. The execution completes without a redrive.
func TestImportContinuesAfterTargetWasUnavailable(t *testing.T) {
	t.Parallel()
	s := newTestbed(t, 400)
	proxy := dbtest.NewProxy(t, s.to)
	s.startFunction(s.from, proxy.URL())
	copies := 0
	s.setFault(func(t *task) *functionAnswer {
		if t.action.Action == "copy" {
			copies++
			if copies == 3 {
				proxy.RefuseConnections()
				time.AfterFunc(2*time.Second, proxy.Resume)
			}
		}
		return nil
	})
	s.checkComplete(s.startAndWait("unavailable", `{"mfa":"hold","batchSize":20,"concurrency":2}`))
}

// While an execution has the lease of the import, a second execution fails with the error Held, whose cause names the
// first execution. The first execution completes.
func TestSecondExecutionFailsWhileFirstHasTheLease(t *testing.T) {
	t.Parallel()
	s := newTestbed(t, 600)
	const input = `{"mfa":"hold","batchSize":100,"concurrency":2}`
	verifying, release := make(chan struct{}), make(chan struct{})
	first := true
	s.setFault(func(t *task) *functionAnswer {
		if t.action.Action == "verify" && first {
			first = false
			close(verifying)
			t.hold = release
		}
		return nil
	})
	ended := make(chan executionResult, 1)
	go func() { ended <- s.startAndWait("one", input) }()
	<-verifying
	second := s.startAndWait("two", input)
	close(release)
	if second.Status != "FAILED" || second.Error != "Held" || !strings.Contains(second.Cause, "the execution one") ||
		second.Retried["Begin"] != 8 {
		t.Errorf(
			"the second execution: got %s %s %s and the retries %v, want FAILED Held after 8 retries of Begin, with "+
				"\"the execution one\" in the cause",
			second.Status,
			second.Error,
			second.Cause,
			second.Retried,
		)
	}
	s.checkComplete(<-ended)
	s.checkComplete(s.startAndWait("three", input)) // without waiting: the first execution has released the lease
}
