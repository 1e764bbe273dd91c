// Package copy copies batches of users. A batch reads its users with all identities, factors and profiles in one
// snapshot of the source, streams them by COPY into temporary tables of the target (the stage), classifies every staged
// row against what the target and the ledger have, and writes rows, ledger and quarantine in one transaction. So a
// batch is wholly there or not at all, and copying it again changes nothing.
//
// Two things are tried again. A connection that breaks is made anew and the transaction repeated (run.Env.Retry). A row
// that the target rejects is recorded as a rejection, and the transaction repeated without it (reject.go).
package copy

import (
	"context"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// defaultWorkers is how many batches are copied at a time.
const defaultWorkers = 2

// Run begins a pass, copies every open batch, so many at a time (0 is 2), and closes the pass.
func Run(ctx context.Context, env *run.Env, o mapping.Options, quick bool, workers int) (run.Status, error) {
	st, err := run.Begin(ctx, env, o, quick)
	if err != nil {
		return st, err
	}
	defer env.Release(ctx)
	if workers <= 0 {
		workers = defaultWorkers
	}
	if err := copyOpen(ctx, env, st.Run, run.WholeRun, workers); err != nil {
		return st, err
	}
	return run.ClosePass(ctx, env, st.Run)
}

// Shard copies the open batches of a shard until none is left (true) or ctx is about to end (false: call again).
// run.Begin has to come first, in this or another process of the same Holder. A batch that the target rejects for good
// is parked; any other error ends the shard.
func Shard(ctx context.Context, env *run.Env, name string, shard run.Shard) (done bool, err error) {
	err = copyOpen(ctx, env, name, shard, 1)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return false, nil
	}
	return err == nil, err
}

var errBreaks = errors.New("the target keeps breaking the connection")

// copyOpen copies the open batches of a shard until none is left. A batch may be open again after it was copied: a
// crash of the target may have taken it back.
func copyOpen(ctx context.Context, env *run.Env, name string, shard run.Shard, workers int) error {
	p, err := run.Join(ctx, env, name)
	if err != nil {
		return err
	}
	for fruitless := 0; fruitless < run.Tries; {
		open, done, err := p.OpenBatches(ctx, env, shard)
		if err != nil || len(open) == 0 {
			return err
		}
		n, err := copyBatches(ctx, env, p, open, done, workers)
		switch {
		case err != nil:
			return err
		case n == 0:
			fruitless++
		default:
			fruitless = 0
		}
	}
	return run.Unavailable(errBreaks)
}

// copyBatches copies batches and says how many of them are done.
func copyBatches(
	ctx context.Context, env *run.Env, p *run.Pass, batches []run.Batch, done, workers int,
) (n int, err error) {
	var mu sync.Mutex
	copyOne := func(ctx context.Context, w *run.Worker, b run.Batch) error {
		event := run.Event{Run: p.Run, Action: "copy", Pass: p.Number, Batch: b.Number, Batches: p.Batches}
		began := env.Now()
		did, isDone, err := (&worker{Worker: w}).batch(ctx, b)
		if err != nil && run.CauseOf(err) == run.BadRow && ctx.Err() == nil {
			isDone, event.Parked = true, run.WithoutDetail(err)
			err = p.Park(ctx, env, b, event.Parked)
		}
		if err != nil || !isDone {
			return err
		}
		event.Rows, event.Copied, event.Unchanged = did.rows, did.written, did.unchanged
		event.Identical, event.Folded, event.Quarantined = did.identical, did.folded, did.quarantined
		event.Took = env.Now().Sub(began)
		mu.Lock()
		defer mu.Unlock()
		n++
		event.Done = done + n
		env.Report(event)
		return nil
	}
	err = run.ForEachBatch(ctx, env, p, batches, workers, p.StageTables()+run.CreateAffected, copyOne)
	return n, err
}

// rowCounts are the rows of a batch by what the copy did with them.
type rowCounts struct{ rows, written, unchanged, identical, folded, quarantined int64 }

func (a rowCounts) plus(b rowCounts) rowCounts {
	return rowCounts{
		a.rows + b.rows, a.written + b.written, a.unchanged + b.unchanged, a.identical + b.identical, a.folded + b.folded,
		a.quarantined + b.quarantined,
	}
}

// worker copies one batch.
type worker struct {
	*run.Worker
	wroteOn *pgx.Conn // the connection on which the batch first committed rows
}

// batch copies one batch and marks it done. No commit before the mark waits for the disk
// (run.WorkerSession), so a crash of the target may take commits back after they were answered. A crash also breaks
// every connection: the mark is good only on the connection that all of the batch went through. On any other the batch
// stays open.
func (w *worker) batch(ctx context.Context, b run.Batch) (did rowCounts, isDone bool, err error) {
	if did, err = w.copyBatch(ctx, b); err != nil {
		return did, false, err
	}
	err = w.Retry(ctx, func(ctx context.Context) error {
		isDone = w.wroteOn == nil || w.wroteOn == w.Dst
		if !isDone {
			return nil
		}
		return w.Pass.MarkDone(ctx, w.Env, w.Dst, b, did.rows)
	})
	return did, isDone, err
}

// copyBatch copies all users of a batch the first time, and later those with a change.
func (w *worker) copyBatch(ctx context.Context, b run.Batch) (did rowCounts, err error) {
	s := b.Scope
	if b.Copied {
		err := w.Retry(ctx, func(ctx context.Context) (err error) {
			s.IDs, did, err = w.changed(ctx, b.Scope)
			return err
		})
		if err != nil || len(s.IDs) == 0 {
			return did, err
		}
	}
	copied, err := w.copyScope(ctx, b, s)
	return did.plus(copied), err
}
