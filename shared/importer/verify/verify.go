// Package verify compares what was copied with the source. Both servers reduce their rows to a count and a sum of
// hashes for each table of a batch (sums.go). Where these differ, both list their rows with their hashes, and what does
// not pair off is named (rows.go). The result adds up the batches, and checks by equations that no row is lost or there
// twice (result.go).
package verify

import (
	"context"
	"errors"
	"sync"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// defaultWorkers is how many batches are compared at a time.
const defaultWorkers = 2

// Run compares everything copied with the source, so many batches at a time (0 is 2), and stores the result with the
// run. It changes no row of either side.
func Run(ctx context.Context, env *run.Env, name string, workers int) (Result, error) {
	if _, err := env.Take(ctx, name); err != nil {
		return Result{}, err
	}
	defer env.Release(ctx)
	if err := run.StartVerification(ctx, env, name); err != nil {
		return Result{}, err
	}
	if workers <= 0 {
		workers = defaultWorkers
	}
	if err := compareDue(ctx, env, name, run.WholeRun, workers); err != nil {
		return Result{}, err
	}
	return ReadResult(ctx, env, name)
}

// Shard compares the batches of a shard, from where it stopped; what it finds is stored. false: the time was up, call
// again. run.StartVerification comes before the shards, and ReadResult adds them up.
func Shard(ctx context.Context, env *run.Env, name string, shard run.Shard) (done bool, err error) {
	err = compareDue(ctx, env, name, shard, 1)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return false, nil
	}
	return err == nil, err
}

// compareDue compares the batches of a shard that are due.
func compareDue(ctx context.Context, env *run.Env, name string, shard run.Shard, workers int) error {
	p, err := run.Join(ctx, env, name)
	if err != nil {
		return err
	}
	v, err := p.ReadVerification(ctx, env, shard)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	return run.ForEachBatch(ctx, env, p, v.Due, workers, "", func(ctx context.Context, w *run.Worker, b run.Batch) error {
		began := env.Now()
		found, err := compare(ctx, w, b, v.NoSharedIDs)
		if err != nil {
			return err
		}
		err = w.Retry(ctx, func(ctx context.Context) error { return p.SaveResult(ctx, env, w.Dst, b, v.Number, found) })
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		v.Done++
		env.Report(run.Event{
			Run: name, Action: "verify", Pass: p.Number, Batch: b.Number, Batches: p.Batches, Done: v.Done,
			Rows: found.Rows(), Different: found.Different, Took: env.Now().Sub(began),
		})
		return nil
	})
}
