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

// batch undoes one batch in one transaction, together with the record of it. The transaction has one view of the
// target: when another session changes a user after it was looked at, the deletion fails, and the batch is done again.
func (r *rollback) batch(ctx context.Context, i int) error {
	if err := run.Exec(ctx, r.dst, "BEGIN ISOLATION LEVEL REPEATABLE READ"); err != nil {
		return err
	}
	if !r.DryRun {
		if done, err := r.hold(ctx, r.batches[i]); err != nil || done {
			return err
		}
	}
	return r.step(ctx, i)
}

// hold keeps other processes from taking the run over while the transaction lasts, and reads what is stored: the answer
// to an earlier commit may have been lost on the way. done: it was, and the batch is done.
func (r *rollback) hold(ctx context.Context, b run.Batch) (done bool, err error) {
	undone, err := run.LockForRollback(ctx, r.dst, r.id, r.epoch)
	if err != nil {
		return false, err
	}
	s, err := decodeState(undone)
	if err != nil {
		return false, err
	}
	if r.state = s; s.Next <= b.Number {
		return false, nil
	}
	return true, run.Exec(ctx, r.dst, "ROLLBACK")
}

// step undoes one batch in a transaction that is open, and ends it where no later batch has to see it.
func (r *rollback) step(ctx context.Context, i int) error {
	b, began := r.batches[i], r.env.Now()
	e := run.Event{
		Run: r.name, Action: "rollback", DryRun: r.DryRun, Batch: b.Number, Batches: len(r.batches), Done: i + 1,
	}
	var err error
	if e.Rows, err = run.CountEntries(ctx, r.dst, r.id, b.Scope); err != nil {
		return err
	}
	result, err := r.undo(ctx, b)
	if err != nil {
		return err
	}
	s := r.state.plus(result)
	s.Next = b.Number + 1
	if err := r.end(ctx, s); err != nil {
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

// end ends a batch: a real one is recorded and committed, a dry one is taken back, unless later ones have to see it.
func (r *rollback) end(ctx context.Context, s state) error {
	switch {
	case r.mustSeeAll():
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

// undo decides which users of a batch go, counts, and removes them. A dry run deletes the rows, too, to see whether it
// can, and leaves the ledger alone.
func (r *rollback) undo(ctx context.Context, b run.Batch) (Result, error) {
	if err := run.Exec(ctx, r.dst, r.findTouched(b.Scope)); err != nil {
		return Result{}, fmt.Errorf("compare with what the run wrote: %w", err)
	}
	for {
		if err := r.findHolding(ctx, b.Scope); err != nil {
			return Result{}, err
		}
		result, err := r.count(ctx, b.Scope)
		if err != nil {
			return result, err
		}
		refusal, err := r.try(ctx, r.removal(b))
		if err != nil || refusal == "" {
			return result, err
		}
		ids, err := run.QueryTexts(ctx, r.dst, "SELECT user_id::text FROM undo WHERE goes ORDER BY 1")
		if err != nil {
			return result, fmt.Errorf("list who goes: %w", err)
		}
		switch found, err := r.keepRefused(ctx, b.Scope, ids, refusal); {
		case err != nil:
			return result, err
		case !found:
			return result, fmt.Errorf("remove: the target refuses it: %s", refusal)
		}
	}
}

// removal is the request for one batch.
func (r *rollback) removal(b run.Batch) string {
	switch {
	case !r.DryRun:
		return r.remove(b)
	case r.mustSeeAll():
		return r.deletions(b.Scope, "") + run.RestoreEmails(r.id)
	}
	return r.deletions(b.Scope, "")
}

// try carries out statements behind a savepoint. refusal is the target's, and then nothing was done; "" if there is
// none.
func (r *rollback) try(ctx context.Context, sql string) (refusal string, err error) {
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

const keepUser = `WITH o AS (
  UPDATE undo SET goes = false, touched = true WHERE user_id = $1::uuid
)
INSERT INTO holding VALUES ($1::uuid, $2, 0)`

// keepRefused finds, by halves, the users whom the target refuses to delete for a reason that no foreign key shows,
// such as a trigger, and keeps them.
func (r *rollback) keepRefused(
	ctx context.Context, s mapping.Scope, ids []string, refusal string,
) (found bool, err error) {
	if len(ids) == 1 {
		_, err := r.dst.Exec(ctx, keepUser, ids[0], refusal)
		return true, run.Wrap("keep a user", err)
	}
	for _, half := range [][]string{ids[:len(ids)/2], ids[len(ids)/2:]} {
		refusal, err := r.try(ctx, r.deletions(s, " AND o.user_id = ANY ("+mapping.UUIDs(half)+")"))
		if err != nil {
			return found, err
		}
		if refusal == "" {
			if err := run.Exec(ctx, r.dst, "ROLLBACK TO SAVEPOINT trial"); err != nil {
				return found, err
			}
			continue
		}
		one, err := r.keepRefused(ctx, s, half, refusal)
		if err != nil {
			return found, err
		}
		found = found || one
	}
	return found, nil
}
