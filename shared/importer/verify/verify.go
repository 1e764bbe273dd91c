// Package verify compares the copied rows with the source. Each server computes a row count and a sum of hashes for
// each table of a batch (sums.go). If these differ, both servers list their rows with their hashes, and the result
// lists the rows that differ (rows.go). The result adds up the batches, and checks with equations that no row is
// missing or duplicated (result.go).
package verify

import (
	"context"
	"errors"
	"sync"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// defaultWorkers is the number of batches that are compared at the same time.
const defaultWorkers = 2

// Run compares all copied rows with the source and stores the result with the run. It changes no row of the source or
// of the copied tables. workers is the number of batches that it compares at the same time; 0 means 2.
func Run(ctx context.Context, env *run.Env, name string, workers int) (Result, error) {
	defer env.KeepConnections()()
	if _, err := env.TakeLease(ctx, name); err != nil {
		return Result{}, err
	}
	defer env.ReleaseLease(ctx)
	if err := run.StartVerification(ctx, env, name); err != nil {
		return Result{}, err
	}
	if workers <= 0 {
		workers = defaultWorkers
	}
	if err := compareUnverifiedBatches(ctx, env, name, run.WholeRun, workers); err != nil {
		return Result{}, err
	}
	return ReadResult(ctx, env, name)
}

// Shard compares the batches of a shard that are not verified yet, and stores the results. done is false if the
// deadline of ctx was reached: then the caller calls Shard again. The caller calls run.StartVerification before the
// shards, and ReadResult after them.
func Shard(ctx context.Context, env *run.Env, name string, shard run.Shard) (done bool, err error) {
	err = compareUnverifiedBatches(ctx, env, name, shard, 1)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return false, nil
	}
	return err == nil, err
}

// compareUnverifiedBatches compares the batches of a shard that are not verified yet.
func compareUnverifiedBatches(ctx context.Context, env *run.Env, name string, shard run.Shard, workers int) error {
	p, err := run.Join(ctx, env, name)
	if err != nil {
		return err
	}
	v, err := p.ReadVerification(ctx, env, shard)
	if err != nil {
		return err
	}
	setUp := ""
	if p.Options.Sessions {
		setUp = run.CreateSessionStage
	}
	var mu sync.Mutex
	return run.ForEachBatch(
		ctx,
		env,
		p,
		v.Due,
		workers,
		setUp,
		func(ctx context.Context, w *run.Worker, b run.Batch) error {
			began := env.Now()
			found, err := compareBatch(ctx, w, b, v.NoSharedIDs)
			if err == nil && p.Options.Sessions {
				err = compareSessions(ctx, w, b, &found)
			}
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
		},
	)
}
