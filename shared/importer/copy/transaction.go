package copy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// transaction copies the users of a scope, in one transaction on each database.
type transaction struct {
	*worker
	scope mapping.Scope
	// clearsRejections is true if begin first deletes the stored rejections of rows that the target refused earlier, so
	// that these rows are tried again.
	clearsRejections bool

	stagedOn *pgx.Conn // the connection to the target on which the rows are staged; nil if none are
	isFresh  bool      // the ledger, "user" and user_profile have no row of the scope
	hasMoved bool      // moved rows are about to be deleted (moved.go)
	changed  int64     // staged users who changed in more than bookkeeping, if countsChanges is set
	// unreadable are staged second factors whose secret cannot be read, for instance because it changed since the pass
	// began.
	unreadable []mapping.Rejection
	counts     rowCounts
	isDone     bool // all users of the scope are written and committed; false if the scope needs another attempt
}

// maxAttempts limits the attempts to copy one scope. Each attempt but the last one ends with a new rejection, a
// temporary value or a released email.
const maxAttempts = 20

// copyUsers copies the users of a scope, and repeats the transaction after each new rejection or released email.
func (w *worker) copyUsers(
	ctx context.Context, b run.Batch, s mapping.Scope, clearsRejections bool,
) (rowCounts, error) {
	t := &transaction{worker: w, scope: s, clearsRejections: clearsRejections}
	for range maxAttempts {
		if err := w.Retry(ctx, t.runOnce); err != nil || t.isDone {
			return t.counts, err
		}
	}
	return t.counts, fmt.Errorf(
		"batch %d: each of %d attempts ended with a new rejection, a temporary value or a released email",
		b.Number, maxAttempts)
}

// runOnce makes one attempt: it stages the rows, unless they are staged already, and writes them. t.isDone is true if
// they are committed. Without an error and without isDone, the caller makes another attempt.
func (t *transaction) runOnce(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			t.rollBack(ctx)
		}
	}()
	if t.stagedOn != t.Dst {
		if rejected, err := t.begin(ctx); err != nil || rejected {
			return err
		}
	}
	err = t.write(ctx)
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == run.UniqueViolation {
		return t.resolveTakenValue(ctx, err)
	}
	return err
}

func (t *transaction) rollBack(ctx context.Context) {
	t.stagedOn = nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	for _, db := range []*pgx.Conn{t.Src, t.Dst} {
		if db != nil && !db.IsClosed() && run.Exec(ctx, db, "ROLLBACK") != nil {
			run.Close(db)
		}
	}
}

// begin begins the transaction and stages the users. It reports whether it rejected a staged row; then the transaction
// is already committed.
func (t *transaction) begin(ctx context.Context) (rejected bool, err error) {
	sql := "BEGIN"
	if t.clearsRejections {
		sql += ";\n" + t.Pass.ClearTargetRejections(t.scope)
	}
	if err := run.Exec(ctx, t.Dst, sql); err != nil {
		return false, fmt.Errorf("begin at the target: %w", err)
	}
	rejections, err := t.Pass.ReadRejections(ctx, t.Dst, t.scope)
	if err != nil {
		return false, err
	}
	if t.isFresh, err = t.Pass.LockRun(ctx, t.Dst, t.scope); err != nil {
		return false, err
	}
	if err := t.stage(ctx, rejections); err != nil {
		return false, err
	}
	if len(t.unreadable) > 0 {
		return t.storeRejections(ctx, t.Pass.StoreRejections(t.unreadable))
	}
	if t.isFresh && !t.Pass.HasForeignAccounts {
		return false, nil
	}
	if !t.isFresh {
		if err := run.Exec(ctx, t.Dst, classifyAllSQL(t.Pass, t.scope)); err != nil {
			return false, fmt.Errorf("classify: %w", err)
		}
	}
	if t.countsChanges {
		if err := run.QueryNumbers(ctx, t.Dst, countChangedUsersSQL(t.Pass, t.scope), &t.changed); err != nil {
			return false, fmt.Errorf("count the changed users: %w", err)
		}
	}
	return t.storeRejections(ctx, rejectTakenRowsSQL(t.Pass))
}

// write writes the staged rows, the ledger and the quarantine, and commits.
func (t *transaction) write(ctx context.Context) error {
	counts, toQuarantine, err := t.writeRows(ctx)
	if err != nil {
		return fmt.Errorf("write the batch: %w", err)
	}
	sql := t.Pass.RecordStaged(t.scope, t.isFresh)
	if !t.isFresh || toQuarantine > 0 {
		sql += t.Pass.QuarantineStaged(t.scope, t.isFresh)
	}
	if err := run.Exec(ctx, t.Dst, sql+"COMMIT"); err != nil {
		return fmt.Errorf("record the batch: %w", err)
	}
	counts.changed = t.changed
	t.counts, t.isDone, t.stagedOn = counts, true, nil
	if t.commitConn == nil {
		t.commitConn = t.Dst
	}
	return nil
}
