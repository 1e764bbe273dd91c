// Package rollback undoes a run (Run), writes SQL that carries changed passwords and emails back to Supabase
// (ReturnToSource), and ends a run for good (Finalize).
package rollback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// rollback undoes a run, one batch after the other.
type rollback struct {
	Options
	env        *run.Env
	name       string
	epoch      int64
	id         int
	dst        *pgx.Conn
	batches    []run.Batch
	mapping    mapping.Mapping
	references []run.Reference
	state      state
}

// Run removes what the run copied and nothing has changed since, children first, batch by batch. It reads nothing of
// the source.
//
// A user is touched or untouched as a whole, with accounts and profile: any change, addition or removal counts. Rows of
// other tables that refer to any of this, or to a session of the user, count as a touch, too; sessions themselves do
// not. Of a user who was there before the run only what the run added is looked at and removed. Users who stay remain
// in the ledger, and a later run leaves them alone as well. What Force removes in spite of a change goes to the
// quarantine as it was last, with the reason "rolled_back"; rows of other tables are only ever deleted or changed with
// Cascade, and kept with the reason "cascaded".
//
// A dry run carries out every batch and takes it back, so that it finds what a real one would find.
//
// It can be stopped at any time and repeated: it goes on where it stopped, and when there is nothing left to do says
// again what was done. When ctx's time is up it returns without an error what was done so far; a dry run, which cannot
// go on from there, returns the error.
func Run(ctx context.Context, env *run.Env, name string, o Options) (Result, error) {
	if o.Cascade && !o.Force {
		return Result{}, fmt.Errorf("%w: cascade is for a forced rollback", run.ErrRefused)
	}
	r := &rollback{env: env, name: name, Options: o, state: state{Result: newResult()}}
	err := r.all(ctx)
	run.Close(r.dst)
	if !env.Shared && !o.DryRun {
		env.Release(ctx)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && !o.DryRun {
		return r.state.Result, nil
	}
	return r.state.Result, err
}

func (r *rollback) all(ctx context.Context) (err error) {
	if !r.DryRun {
		if r.epoch, err = r.env.Take(ctx, r.name); err != nil {
			return err
		}
	}
	if err := r.retry(ctx, r.start); err != nil || r.state.Done {
		return err
	}
	if r.mustSeeAll() {
		return r.retry(ctx, r.rehearse)
	}
	for i, b := range r.batches {
		if b.Number < r.state.Next {
			continue
		}
		err := r.retry(ctx, func(ctx context.Context) error { return r.batch(ctx, i) })
		if err != nil {
			return fmt.Errorf("roll back batch %d: %w", b.Number, err)
		}
	}
	return r.retry(ctx, r.finish)
}

// mustSeeAll says that a dry run has to see every batch as the batches before it leave the target: with Cascade a batch
// may remove rows that refer to a user of a later one, and so may a user who refers to another.
func (r *rollback) mustSeeAll() bool {
	return r.DryRun && (r.Cascade || r.refersToItself())
}

// refersToItself says that the import's own tables refer to each other.
func (r *rollback) refersToItself() bool {
	return slices.ContainsFunc(r.references, func(r run.Reference) bool { return r.IsOwn })
}

// rehearse does all batches in one transaction and takes them back.
func (r *rollback) rehearse(ctx context.Context) error {
	r.state = state{Result: newResult()}
	if err := run.Exec(ctx, r.dst, "BEGIN ISOLATION LEVEL REPEATABLE READ"); err != nil {
		return err
	}
	for i, b := range r.batches {
		if err := r.step(ctx, i); err != nil {
			return fmt.Errorf("rehearse batch %d: %w", b.Number, err)
		}
	}
	if err := run.Exec(ctx, r.dst, "ROLLBACK"); err != nil {
		return err
	}
	return r.finish(ctx)
}

// retry calls f with a connection that works, and again with a new one when it broke, or when another session changed a
// user whom f had looked at.
func (r *rollback) retry(ctx context.Context, f func(context.Context) error) error {
	return r.env.Retry(ctx, func() (err error) {
		if r.dst == nil || r.dst.IsClosed() {
			r.dst, err = r.env.Target(ctx, run.WorkerSession+workTables+run.CreateAffected)
			if err != nil {
				return err
			}
		}
		err = f(ctx)
		if err != nil {
			run.Close(r.dst) // in any state
		}
		return err
	})
}

// start reads the run, and opens a rollback where none was interrupted.
func (r *rollback) start(ctx context.Context) error {
	stored, err := run.Find(ctx, r.dst, r.name)
	if err != nil {
		return err
	}
	if stored.State == run.Finalized {
		return fmt.Errorf("%w: the run %q is finalized and cannot be rolled back", run.ErrRefused, r.name)
	}
	r.id = stored.ID
	if r.mapping.Target, err = run.ReadTargetCatalog(ctx, r.dst); err != nil {
		return err
	}
	if r.references, err = run.ReadReferences(ctx, r.dst); err != nil {
		return err
	}
	if r.batches, err = run.AllBatches(ctx, r.dst, r.id); err != nil {
		return err
	}
	if r.DryRun {
		return nil
	}
	return r.open(ctx, stored)
}

// open goes on with the rollback that is stored, or begins one. What an earlier rollback removed counts on; who stays
// is looked at anew.
func (r *rollback) open(ctx context.Context, stored run.Run) error {
	undone, hasEntries, err := stored.ReadRollback(ctx, r.dst)
	if err != nil {
		return err
	}
	was := state{Result: newResult()}
	if undone != nil {
		if was, err = decodeState(undone); err != nil {
			return err
		}
	}
	r.state = was
	isInterrupted := undone != nil && !was.Done && was.Force == r.Force && was.Cascade == r.Cascade
	isOver := was.Done && stored.State == run.RolledBack && !hasEntries
	if isInterrupted || isOver {
		return nil
	}
	r.state = newState(r.Options)
	r.state.Removed, r.state.Sessions = was.Removed, was.Sessions
	add(r.state.Cascaded, was.Cascaded)
	add(r.state.Changed, was.Changed)
	text, err := json.Marshal(r.state)
	if err != nil {
		return err
	}
	return run.Wrap("open the rollback", run.StartRollback(ctx, r.dst, r.id, r.epoch, text))
}

// finish closes the rollback.
func (r *rollback) finish(ctx context.Context) error {
	s := r.state
	s.Done = true
	if !r.DryRun {
		text, err := json.Marshal(s)
		if err != nil {
			return err
		}
		if err := run.FinishRollback(ctx, r.dst, r.id, r.epoch, text); err != nil {
			return fmt.Errorf("close the rollback: %w", err)
		}
	}
	r.state = s
	return nil
}
