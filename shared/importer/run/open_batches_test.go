package run

import "testing"

// After a lost connection, the pass lists its open batches again. A parked batch counts as done, because the events
// counted it before: the progress bar must not go back.
func TestOpenBatchesCountsParkedBatchesAsDone(t *testing.T) {
	t.Parallel()
	e, conn := newEnvWithRuns(t, "a")
	for number := range 3 {
		_, err := conn.Exec(t.Context(), `INSERT INTO supabase_import.batch (run, number, low)
VALUES (1, $1, '00000000-0000-0000-0000-000000000000')`, number)
		if err != nil {
			t.Fatal(err)
		}
	}
	p := &Pass{ID: 1, Run: "a", Number: 1, Batches: 3, Epoch: takeLeaseOf(t, e, "a")}
	if err := p.Park(t.Context(), e, Batch{Number: 1}, "SQLSTATE 22P02"); err != nil {
		t.Fatal(err)
	}
	open, done, err := p.OpenBatches(t.Context(), e, Shard{Count: 1})
	if err != nil || len(open) != 2 || done != 1 {
		t.Errorf("the batches after one of three was parked: got %d open, %d done, error %v; want 2 open, 1 done, no error",
			len(open), done, err)
	}
}
