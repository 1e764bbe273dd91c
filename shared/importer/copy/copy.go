// Package copy copies batches of users. It reads the users of a batch, with all identities, factors and profiles, in
// one snapshot of the source and streams them by COPY into temporary tables of the target (the stage). The target
// classifies every staged row by comparing it with its own rows and with the ledger. Then the copy writes rows, ledger
// and quarantine in one transaction. So an interruption leaves no user partly copied, and copying a batch again changes
// nothing.
//
// The copy retries in two cases. If a connection breaks, it opens a new one and repeats the transaction
// (run.Env.Retry). If the target rejects a row, it stores a rejection and repeats the transaction without the row
// (reject.go).
package copy

import (
	"context"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/sessions"
)

// defaultWorkers is the number of batches that are copied at the same time.
const defaultWorkers = 2

// Run begins a pass, copies all open batches, and closes the pass. workers is the number of batches that it copies at
// the same time; 0 means 2.
func Run(ctx context.Context, env *run.Env, o mapping.Options, quick bool, workers int) (run.Status, error) {
	defer env.KeepConnections()()
	name, err := run.OpenPass(ctx, env, o, quick)
	if err != nil {
		return run.Status{}, err
	}
	defer env.ReleaseLease(ctx)
	if workers <= 0 {
		workers = defaultWorkers
	}
	if err := copyOpenBatches(ctx, env, name, run.WholeRun, workers); err != nil {
		return run.Status{}, err
	}
	return run.ClosePass(ctx, env, name)
}

// Shard copies the open batches of a shard. done is true when no batch is open, and false if the deadline of ctx was
// reached: then the caller calls Shard again. Before, this process or another one with the same Holder has to call
// run.Begin. If copying a batch fails with an error of the cause run.BadRow, Shard parks the batch. Any
// other error ends the call.
func Shard(ctx context.Context, env *run.Env, name string, shard run.Shard) (done bool, err error) {
	err = copyOpenBatches(ctx, env, name, shard, 1)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return false, nil
	}
	return err == nil, err
}

var errConnectionBreaks = errors.New("the connection to the target breaks repeatedly")

// copyOpenBatches copies the open batches of a shard until none is open. A copied batch can be open again, because a
// crash of the target can lose the last commits. If run.Tries rounds in a row finish no batch, copyOpenBatches returns
// ErrUnavailable.
func copyOpenBatches(ctx context.Context, env *run.Env, name string, shard run.Shard, workers int) error {
	p, err := run.Join(ctx, env, name)
	if err != nil {
		return err
	}
	for roundsWithoutProgress := 0; roundsWithoutProgress < run.Tries; {
		open, done, err := p.OpenBatches(ctx, env, shard)
		if err != nil || len(open) == 0 {
			return err
		}
		n, err := copyBatches(ctx, env, p, open, done, workers)
		switch {
		case err != nil:
			return err
		case n == 0:
			roundsWithoutProgress++
		default:
			roundsWithoutProgress = 0
		}
	}
	return run.Unavailable(errConnectionBreaks)
}

// copyBatches copies batches and returns how many of them are done or parked. done is the number of batches that were
// done or parked before.
func copyBatches(
	ctx context.Context, env *run.Env, p *run.Pass, batches []run.Batch, done, workers int,
) (n int, err error) {
	var mu sync.Mutex
	copyOne := func(ctx context.Context, w *run.Worker, b run.Batch) error {
		event := run.Event{Run: p.Run, Action: "copy", Pass: p.Number, Batch: b.Number, Batches: p.Batches}
		began := env.Now()
		counts, isDone, err := (&worker{Worker: w}).copyAndMarkDone(ctx, b)
		if err != nil && run.CauseOf(err) == run.BadRow && ctx.Err() == nil {
			isDone, event.Parked = true, run.WithoutDetail(err)
			err = p.Park(ctx, env, b, event.Parked)
		}
		if err != nil || !isDone {
			return err
		}
		event.Rows, event.Copied, event.Unchanged = counts.rows, counts.written, counts.unchanged
		event.Identical, event.Folded, event.Quarantined = counts.identical, counts.folded, counts.quarantined
		event.Took = env.Now().Sub(began)
		mu.Lock()
		defer mu.Unlock()
		n++
		event.Done = done + n
		env.Report(event)
		return nil
	}
	err = run.ForEachBatch(ctx, env, p, batches, workers, setUpSQL(p), copyOne)
	return n, err
}

// setUpSQL returns SQL that creates the temporary tables of a worker.
func setUpSQL(p *run.Pass) string {
	sql := p.StageTables() + run.CreateAffected
	if p.Options.Sessions {
		sql += run.CreateSessionStage
	}
	return sql
}

// rowCounts counts the rows of a batch: all source rows, and the rows by outcome. changed counts users (changes.go).
type rowCounts struct{ rows, written, unchanged, identical, folded, quarantined, changed int64 }

func (a rowCounts) plus(b rowCounts) rowCounts {
	return rowCounts{
		a.rows + b.rows, a.written + b.written, a.unchanged + b.unchanged, a.identical + b.identical, a.folded + b.folded,
		a.quarantined + b.quarantined, a.changed + b.changed,
	}
}

// worker copies one batch.
type worker struct {
	*run.Worker
	commitConn    *pgx.Conn // the connection on which the batch first committed rows
	countsChanges bool      // set rowCounts.changed
}

// copyAndMarkDone copies one batch and marks it done. Commits before the mark do not wait for the disk
// (run.WorkerSession), so a crash of the target can lose commits that it already confirmed. A crash also breaks every
// connection. So copyAndMarkDone marks the batch done only on the connection on which it first committed rows. If this
// connection is lost, the batch stays open.
func (w *worker) copyAndMarkDone(ctx context.Context, b run.Batch) (counts rowCounts, isDone bool, err error) {
	if counts, err = w.copyBatch(ctx, b); err != nil {
		return counts, false, err
	}
	if w.Pass.Options.Sessions {
		if _, err := w.copySessions(ctx, b); err != nil {
			return counts, false, err
		}
	}
	err = w.Retry(ctx, func(ctx context.Context) error {
		isDone = w.commitConn == nil || w.commitConn == w.Dst
		if !isDone {
			return nil
		}
		return w.Pass.MarkDone(ctx, w.Env, w.Dst, b, counts.rows)
	})
	return counts, isDone, err
}

// copySessions copies the sessions of a batch, or of the users of b.IDs, whose users are copied. It returns their
// number. Every pass copies all of them, because the end of a session leaves no trace in the source.
func (w *worker) copySessions(ctx context.Context, b run.Batch) (n int64, err error) {
	err = w.Retry(ctx, func(ctx context.Context) (err error) {
		n, err = sessions.Copy(ctx, w.Worker, b)
		if err == nil && w.commitConn == nil {
			w.commitConn = w.Dst
		}
		return err
	})
	return n, err
}

// copyBatch copies all users of a batch that was never copied, and only the changed users of any other batch.
func (w *worker) copyBatch(ctx context.Context, b run.Batch) (counts rowCounts, err error) {
	s := b.Scope
	if b.Copied {
		err := w.Retry(ctx, func(ctx context.Context) error {
			n, isSame, err := w.countUnchanged(ctx, b.Scope)
			if err == nil && isSame {
				s.IDs, counts = nil, rowCounts{rows: n, unchanged: n}
				return nil
			}
			if err == nil {
				s.IDs, counts, err = w.listChangedUsers(ctx, b.Scope)
			}
			return err
		})
		if err != nil || len(s.IDs) == 0 {
			return counts, err
		}
	}
	copied, err := w.copyScope(ctx, b, s)
	return counts.plus(copied), err
}
