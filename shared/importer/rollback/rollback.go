// Package rollback rolls back a run (Run), writes SQL that copies changed passwords and emails back to Supabase
// (ReturnToSource), and ends a run permanently (Finalize).
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

// rollback rolls back a run, one batch after another.
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
	state      progress
	// hasSessions is true if the run has imported sessions of Supabase.
	hasSessions bool
}

// Run removes the rows that the run copied and that are unchanged since, child rows first, batch by batch. It does not
// read the source.
//
// Run treats a user with the accounts and the profile as one unit. The user counts as changed if one of these rows was
// changed, added or deleted, or if a row of another table refers to one of them or to a session of the user. Sessions
// themselves do not count. For a user that existed before the run, Run checks and removes only the rows that the run
// added. Kept users stay in the ledger, and a later run does not change them either. Rows that Force removes although
// they changed are saved in the quarantine first, with the reason "rolled_back". Rows of other tables are deleted or
// changed only with Cascade, and are saved with the reason "cascaded".
//
// A dry run executes every batch and rolls it back, so it returns the same Result as a real rollback.
//
// Run can be interrupted and repeated: it continues where it stopped, and if nothing is left to do, it returns the
// earlier result. At the deadline of ctx it returns the result so far, without an error. A dry run returns the error,
// because it cannot continue.
func Run(ctx context.Context, env *run.Env, name string, o Options) (Result, error) {
	if o.Cascade && !o.Force {
		return Result{}, fmt.Errorf("%w: cascade requires force", run.ErrRefused)
	}
	r := &rollback{env: env, name: name, Options: o, state: progress{Result: newResult()}}
	err := r.runAll(ctx)
	run.Close(r.dst)
	if !env.Shared && !o.DryRun {
		env.ReleaseLease(ctx)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && !o.DryRun {
		return r.state.Result, nil
	}
	return r.state.Result, err
}

func (r *rollback) runAll(ctx context.Context) (err error) {
	if !r.DryRun {
		if r.epoch, err = r.env.TakeLease(ctx, r.name); err != nil {
			return err
		}
	}
	if err := r.retry(ctx, r.start); err != nil || r.state.Done {
		return err
	}
	if r.needsOneTransaction() {
		return r.retry(ctx, r.dryRunAll)
	}
	for i, b := range r.batches {
		if b.Number < r.state.Next {
			continue
		}
		err := r.retry(ctx, func(ctx context.Context) error { return r.rollBackBatch(ctx, i) })
		if err != nil {
			return fmt.Errorf("roll back batch %d: %w", b.Number, err)
		}
	}
	return r.retry(ctx, r.finish)
}

// needsOneTransaction reports whether a dry run must execute all batches in one transaction. With Cascade, or if rows
// of the import's tables refer to each other, one batch can remove rows that refer to a user of a later batch.
func (r *rollback) needsOneTransaction() bool {
	return r.DryRun && (r.Cascade || r.hasReferencesBetweenImportTables())
}

// hasReferencesBetweenImportTables reports whether the tables of the import have foreign keys to each other that
// Xenon's own schema does not have.
func (r *rollback) hasReferencesBetweenImportTables() bool {
	return slices.ContainsFunc(r.references, func(r run.Reference) bool { return r.FromDeletable })
}

// dryRunAll runs all batches in one transaction and rolls it back.
func (r *rollback) dryRunAll(ctx context.Context) error {
	r.state = progress{Result: newResult()}
	if err := run.Exec(ctx, r.dst, "BEGIN ISOLATION LEVEL REPEATABLE READ"); err != nil {
		return err
	}
	for i, b := range r.batches {
		if err := r.runBatch(ctx, i); err != nil {
			return fmt.Errorf("try batch %d: %w", b.Number, err)
		}
	}
	if err := run.Exec(ctx, r.dst, "ROLLBACK"); err != nil {
		return err
	}
	return r.finish(ctx)
}

// retry calls f with an open connection. If the connection breaks, or another session changes a user that f has read,
// it calls f again with a new connection.
func (r *rollback) retry(ctx context.Context, f func(context.Context) error) error {
	return r.env.Retry(ctx, func() (err error) {
		if r.dst == nil || r.dst.IsClosed() {
			r.dst, err = r.env.Target(ctx, run.WorkerSession+createUndoTablesSQL+run.CreateAffected)
			if err != nil {
				return err
			}
		}
		err = f(ctx)
		if err != nil {
			run.Close(r.dst) // it may be in a failed transaction
		}
		return err
	})
}

// start reads the run and the catalog of the target. Unless it is a dry run, start also opens the rollback.
func (r *rollback) start(ctx context.Context) error {
	stored, err := run.Find(ctx, r.dst, r.name)
	if err != nil {
		return err
	}
	if stored.State == run.Finalized {
		return fmt.Errorf("%w: the run %q is finalized and cannot be rolled back", run.ErrRefused, r.name)
	}
	switch moved, err := stored.HasMovedTables(ctx, r.dst); {
	case err != nil:
		return err
	case moved:
		return fmt.Errorf("%w: tables of the project were moved after the users, and their rows refer to them: "+
			"run xenon migrate tables --rollback first", run.ErrRefused)
	}
	r.id, r.mapping.Options = stored.ID, stored.Plan.Options
	if r.mapping.Target, err = stored.TargetTables(ctx, r.dst); err != nil {
		return err
	}
	if r.references, err = run.ReadReferences(ctx, r.dst, r.mapping.CarriesFactors()); err != nil {
		return err
	}
	if r.hasSessions, err = stored.HasSessions(ctx, r.dst); err != nil {
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

// open continues an interrupted rollback, or begins one. A new rollback adds its counts of removed rows to those of an
// earlier rollback, and checks the users that the earlier one kept again.
func (r *rollback) open(ctx context.Context, stored run.Run) error {
	undone, hasEntries, err := stored.ReadRollback(ctx, r.dst)
	if err != nil {
		return err
	}
	was := progress{Result: newResult()}
	if undone != nil {
		if was, err = decodeProgress(undone); err != nil {
			return err
		}
	}
	r.state = was
	isInterrupted := undone != nil && !was.Done && was.Force == r.Force && was.Cascade == r.Cascade
	isOver := was.Done && stored.State == run.RolledBack && !hasEntries
	if isInterrupted || isOver {
		return nil
	}
	r.state = newProgress(r.Options)
	r.state.Removed, r.state.Sessions = was.Removed, was.Sessions
	addCounts(r.state.Cascaded, was.Cascaded)
	addCounts(r.state.Changed, was.Changed)
	text, err := json.Marshal(r.state)
	if err != nil {
		return err
	}
	return run.Wrap("open the rollback", run.StartRollback(ctx, r.dst, r.id, r.epoch, text))
}

// finish stores the rollback as done, unless it is a dry run.
func (r *rollback) finish(ctx context.Context) error {
	s := r.state
	s.Done = true
	if !r.DryRun {
		text, err := json.Marshal(s)
		if err != nil {
			return err
		}
		if r.hasSessions {
			if err := run.RemoveBridge(ctx, r.dst); err != nil {
				return err
			}
		}
		if err := run.FinishRollback(ctx, r.dst, r.id, r.epoch, text); err != nil {
			return fmt.Errorf("close the rollback: %w", err)
		}
	}
	r.state = s
	return nil
}
