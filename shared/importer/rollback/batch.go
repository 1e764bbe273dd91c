package rollback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// rollBackBatch rolls back the batch with index i in one transaction, which also records the progress. The transaction
// has one snapshot of the target: if another session changes a user after the transaction has read the user, the
// deletion fails and the batch is repeated.
func (r *rollback) rollBackBatch(ctx context.Context, i int) error {
	if err := run.Exec(ctx, r.dst, "BEGIN ISOLATION LEVEL REPEATABLE READ"); err != nil {
		return err
	}
	if !r.DryRun {
		if done, err := r.lockRun(ctx, r.batches[i]); err != nil || done {
			return err
		}
	}
	return r.runBatch(ctx, i)
}

// lockRun locks the run for the transaction, so that no other process takes the lease, and reads the stored state. done
// is true if an earlier commit of this batch succeeded although its answer was lost.
func (r *rollback) lockRun(ctx context.Context, b run.Batch) (done bool, err error) {
	undone, err := run.LockForRollback(ctx, r.dst, r.id, r.epoch)
	if err != nil {
		return false, err
	}
	s, err := decodeProgress(undone)
	if err != nil {
		return false, err
	}
	if r.state = s; s.Next <= b.Number {
		return false, nil
	}
	return true, run.Exec(ctx, r.dst, "ROLLBACK")
}

// runBatch rolls back the batch with index i in an open transaction. It also ends the transaction, unless later batches
// have to see its changes.
func (r *rollback) runBatch(ctx context.Context, i int) error {
	b, began := r.batches[i], r.env.Now()
	e := run.Event{
		Run: r.name, Action: "rollback", DryRun: r.DryRun, Batch: b.Number, Batches: len(r.batches), Done: i + 1,
	}
	var err error
	if e.Rows, err = run.CountEntries(ctx, r.dst, r.id, b.Scope); err != nil {
		return err
	}
	result, err := r.removeUsers(ctx, b)
	if err != nil {
		return err
	}
	s := r.state.plus(result)
	s.Next = b.Number + 1
	if err := r.endBatch(ctx, s); err != nil {
		return err
	}
	r.state = s
	for _, n := range result.Removed {
		e.Copied += n
	}
	e.Took = r.env.Now().Sub(began)
	r.env.Report(e)
	return nil
}

// endBatch records and commits a batch. In a dry run it rolls the batch back, unless later batches have to see its
// changes.
func (r *rollback) endBatch(ctx context.Context, s progress) error {
	switch {
	case r.needsOneTransaction():
		return nil
	case r.DryRun:
		return run.Exec(ctx, r.dst, "ROLLBACK")
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := run.SaveRollback(ctx, r.dst, r.id, text); err != nil {
		return fmt.Errorf("record the rollback of the batch: %w", err)
	}
	return run.Exec(ctx, r.dst, "COMMIT")
}

// removeUsers decides which users of a batch are removed, counts their rows and removes them. A dry run also deletes
// the rows, to find out whether the target allows it; the caller rolls these deletions back. A dry run does not change
// the ledger.
func (r *rollback) removeUsers(ctx context.Context, b run.Batch) (Result, error) {
	if err := run.Exec(ctx, r.dst, r.findChangedUsersSQL(b.Scope)); err != nil {
		return Result{}, fmt.Errorf("compare with what the run wrote: %w", err)
	}
	for {
		if err := r.keepReferencedUsers(ctx, b.Scope); err != nil {
			return Result{}, err
		}
		result, err := r.countRows(ctx, b.Scope)
		if err != nil {
			return result, err
		}
		rejection, err := r.tryStatements(ctx, r.removeBatchSQL(b))
		if err != nil || rejection == "" {
			return result, err
		}
		ids, err := run.QueryTexts(ctx, r.dst, "SELECT user_id::text FROM undo WHERE is_removed ORDER BY 1")
		if err != nil {
			return result, fmt.Errorf("list the users to remove: %w", err)
		}
		switch found, err := r.keepRejected(ctx, b.Scope, ids, rejection); {
		case err != nil:
			return result, err
		case !found:
			return result, fmt.Errorf("remove: the target rejects it: %s", rejection)
		}
	}
}

// removeBatchSQL returns the SQL that removes the rows of one batch. In a dry run it does not change the ledger, and it
// restores emails only if all batches are in one transaction.
func (r *rollback) removeBatchSQL(b run.Batch) string {
	switch {
	case !r.DryRun:
		return r.rollbackSQL(b)
	case r.needsOneTransaction():
		return r.deletionsSQL(b.Scope, "") + run.RestoreEmails(r.id)
	}
	return r.deletionsSQL(b.Scope, "")
}

// tryStatements runs statements after a savepoint. If the target rejects them, it rolls back to the savepoint and
// returns the error of the target as rejection.
func (r *rollback) tryStatements(ctx context.Context, sql string) (rejection string, err error) {
	err = run.Exec(ctx, r.dst, "SAVEPOINT trial;\n"+sql)
	if err == nil {
		return "", nil
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || run.CauseOf(err) != run.BadRow {
		return "", fmt.Errorf("remove: %w", err)
	}
	return run.StateAndTable(e), run.Exec(ctx, r.dst, "ROLLBACK TO SAVEPOINT trial")
}

const keepUserSQL = `WITH o AS (
  UPDATE undo SET is_removed = false, is_changed = true WHERE user_id = $1::uuid
)
INSERT INTO holding VALUES ($1::uuid, $2, 0)`

// keepRejected finds, by halving the list of users, the users whose deletion the target rejects with an error, such as
// that of a trigger. It keeps these users. found is true if there is one. rejection is the error for the whole list.
func (r *rollback) keepRejected(
	ctx context.Context, s mapping.Scope, ids []string, rejection string,
) (found bool, err error) {
	if len(ids) == 1 {
		_, err := r.dst.Exec(ctx, keepUserSQL, ids[0], rejection)
		return true, run.Wrap("keep a user", err)
	}
	for _, half := range [][]string{ids[:len(ids)/2], ids[len(ids)/2:]} {
		rejection, err := r.tryStatements(ctx, r.deletionsSQL(s, " AND o.user_id = ANY ("+mapping.UUIDArray(half)+")"))
		if err != nil {
			return found, err
		}
		if rejection == "" {
			if err := run.Exec(ctx, r.dst, "ROLLBACK TO SAVEPOINT trial"); err != nil {
				return found, err
			}
			continue
		}
		foundInHalf, err := r.keepRejected(ctx, s, half, rejection)
		if err != nil {
			return found, err
		}
		found = found || foundInHalf
	}
	return found, nil
}
