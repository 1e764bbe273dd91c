package copy_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/copy"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

func TestRunCopiesWithTheDefaultNumberOfWorkers(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 3, 3, 3)
	m := importtest.NewImport(t, from)
	var done []int
	m.Progress = func(e importer.Event) { done = append(done, e.Done) }
	if st, err := m.Run(t.Context(), importer.Options{BatchSize: 1}, false, 0); err != nil || st.State != "complete" {
		t.Errorf("Run with 0 workers: got the state %q, %v, want complete", st.State, err)
	}
	if diff := cmp.Diff([]int{1, 2, 3}, done); diff != "" {
		t.Errorf("number of done batches in each event (-want +got):\n%s", diff)
	}
}

// If the deadline was reached, Step Functions calls Shard again.
func TestShardIsDoneWhenNoBatchIsOpen(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 3, 3, 3)
	m := importtest.NewImport(t, from)
	m.Shared = true
	st, err := m.Begin(t.Context(), importer.Options{BatchSize: 2}, false)
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if done, err := copy.Shard(ended, m.Env(), st.Run, run.WholeRun); done || err != nil {
		t.Errorf("Shard after the deadline: got %t, %v, want false without an error", done, err)
	}
	if done, err := copy.Shard(t.Context(), m.Env(), "another run", run.WholeRun); done || err == nil {
		t.Errorf("Shard of a run that does not exist: got %t, %v, want false and an error", done, err)
	}
	if done, err := copy.Shard(t.Context(), m.Env(), st.Run, run.WholeRun); !done || err != nil {
		t.Errorf("Shard without a deadline: got %t, %v, want true", done, err)
	}
	if n := importtest.CountImportedRows(t, m.To)["user"]; n != 3 {
		t.Errorf("%d users are in the target, want 3", n)
	}
}
