package run

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// The column undone of a run has the progress of its rollback as JSON. Package rollback reads and writes this JSON.

const rollbackQuery = `SELECT undone::text, EXISTS (SELECT FROM supabase_import.ledger WHERE run = $1)
FROM supabase_import.run
WHERE id = $1`

// ReadRollback reads the progress of a rollback, which is nil if there was none, and whether the ledger has entries.
func (r *Run) ReadRollback(ctx context.Context, dst *pgx.Conn) (undone []byte, hasEntries bool, err error) {
	var text *string
	if err := dst.QueryRow(ctx, rollbackQuery, r.ID).Scan(&text, &hasEntries); err != nil {
		return nil, false, fmt.Errorf("read the rollback: %w", err)
	}
	if text != nil {
		undone = []byte(*text)
	}
	return undone, hasEntries, nil
}

func (r *Run) readRollback(ctx context.Context, dst *pgx.Conn) ([]byte, error) {
	undone, _, err := r.ReadRollback(ctx, dst)
	return undone, err
}

const startRollback = `WITH r AS (
  UPDATE supabase_import.run SET state = 'running', pass = 0, finished_at = NULL, undone = $2::jsonb
  WHERE id = $1 AND epoch = $3
  RETURNING id
)
UPDATE supabase_import.batch b
SET pass = -1, parked = NULL, verification = 0, verified_pass = NULL, verified_at = NULL,
  checksums = NULL, differences = NULL, different = NULL
FROM r
WHERE b.run = r.id`

// StartRollback stores that a rollback has begun, with its progress as JSON. It resets the batches: a pass that begins
// later copies all of them.
func StartRollback(ctx context.Context, dst *pgx.Conn, id int, epoch int64, undone []byte) error {
	return execWithLease(ctx, dst, startRollback, id, string(undone), epoch)
}

const finishRollback = `UPDATE supabase_import.run SET state = 'rolled back', finished_at = now(), undone = $2::jsonb
WHERE id = $1 AND epoch = $3`

// FinishRollback stores that a rollback is done, with its result as JSON. Unlike the commits of the batches, this
// commit waits for the disk.
func FinishRollback(ctx context.Context, dst *pgx.Conn, id int, epoch int64, undone []byte) error {
	err := Exec(ctx, dst, fmt.Sprintf(
		"SET synchronous_commit = on; DELETE FROM supabase_import.foreign_account WHERE run = %d", id))
	if err != nil {
		return err
	}
	return execWithLease(ctx, dst, finishRollback, id, string(undone), epoch)
}

// execWithLease runs a statement that has the epoch as a condition. If the statement changes no row, another process
// has the lease, and execWithLease returns ErrHeld.
func execWithLease(ctx context.Context, dst *pgx.Conn, sql string, args ...any) error {
	tag, err := dst.Exec(ctx, sql, args...)
	if err == nil && tag.RowsAffected() == 0 {
		return errLeaseLost()
	}
	return err
}

// LockForRollback locks the row of the run until the end of the transaction, so that no other process takes the lease,
// and reads the stored progress of the rollback. It returns ErrHeld if another process has the lease.
func LockForRollback(ctx context.Context, dst *pgx.Conn, id int, epoch int64) (undone []byte, err error) {
	var hasLease bool
	var text string
	err = dst.QueryRow(ctx, `SELECT epoch = $2, undone::text
FROM supabase_import.run
WHERE id = $1
FOR NO KEY UPDATE`, id, epoch).Scan(&hasLease, &text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("lock the run: %w", err)
	case !hasLease:
		return nil, errLeaseLost()
	}
	return []byte(text), nil
}

// SaveRollback stores the progress of a rollback and renews the lease.
func SaveRollback(ctx context.Context, dst *pgx.Conn, id int, undone []byte) error {
	_, err := dst.Exec(ctx, `UPDATE supabase_import.run SET undone = $2::jsonb, held_until = now() + $3::interval
WHERE id = $1`, id, string(undone), leaseDuration)
	return err
}

// CountEntries counts the ledger's entries in a scope.
func CountEntries(ctx context.Context, dst *pgx.Conn, id int, s mapping.Scope) (n int64, err error) {
	err = dst.QueryRow(ctx, "SELECT count(*) FROM "+Entries(id, s, "l")).Scan(&n)
	return n, Wrap("count the ledger", err)
}

// QuarantineChangedRows returns SQL that copies rows of changed users into the quarantine, before a rollback deletes
// them. id, owner and row are SQL expressions on a row of table. condition joins this row with the table undo (alias
// o).
func QuarantineChangedRows(run int, k mapping.Kind, id, owner, row, table, condition string) string {
	return fmt.Sprintf(`INSERT INTO supabase_import.quarantine AS q
  (run, user_id, source, key, field, reason, original, resolved)
SELECT %d, %s, '%s', %s, '', 'rolled_back', to_jsonb(%s), now()
FROM %s, undo o
WHERE o.is_changed AND %s
ON CONFLICT (run, user_id, source, key, field, reason)
DO UPDATE SET original = excluded.original, last_seen = now(), resolved = now();
`, run, owner, k, id, row, table, condition)
}

// QuarantineCascadedRows returns SQL that copies rows of an application's table, the FROM item from, into the
// quarantine, before a rollback deletes or changes them.
func QuarantineCascadedRows(run int, from string) string {
	return fmt.Sprintf(`INSERT INTO supabase_import.quarantine
  (run, user_id, source, key, field, reason, detail, original, resolved)
SELECT DISTINCT ON (g.rel, g.tid) %d, g.key, 'user', gen_random_uuid(), g.name, 'cascaded',
  CASE g.effect WHEN '%s' THEN 'deleted' ELSE 'reference removed' END, to_jsonb(c), now()
FROM affected g
JOIN undo o ON o.user_id = g.key
JOIN %s c ON c.tableoid = g.rel AND c.ctid = g.tid
WHERE o.is_removed AND g.effect IN ('%[2]s', '%[4]s')
ORDER BY g.rel, g.tid, g.effect DESC;
`, run, Deletes, from, Changes)
}

// DeleteEntries returns SQL that deletes the ledger entries of the users that the rollback deletes (column is_removed
// of table undo) and opens the batch again. It deletes the rejections of the batch and marks its quarantine entries as
// resolved, except those of users that the rollback keeps and those of released emails (RestoreEmails resolves these).
func DeleteEntries(run int, b Batch) string {
	scope := b.Contains("l.user_id")
	const unlessKept = "NOT EXISTS (SELECT FROM undo o WHERE o.user_id = l.user_id AND NOT o.is_removed)"
	return fmt.Sprintf(`DELETE FROM supabase_import.ledger l USING undo o
WHERE l.run = %[1]d AND l.user_id = o.user_id AND o.is_removed AND %[2]s;
DELETE FROM supabase_import.ruling l
WHERE l.run = %[1]d AND %[2]s AND `+unlessKept+`;
UPDATE supabase_import.quarantine l SET resolved = now()
WHERE l.run = %[1]d AND %[2]s AND l.resolved IS NULL AND l.reason <> '%[4]s' AND `+unlessKept+`;
UPDATE supabase_import.batch
SET copied = false, pass = 0, rows = 0, quarantined = (
  SELECT count(*)
  FROM supabase_import.ledger l
  WHERE l.run = %[1]d AND %[2]s AND l.outcome = 'quarantined')
WHERE run = %[1]d AND number = %[3]d`, run, scope, b.Number, mapping.EmailReleased)
}

// CountUnknownUsers counts the users of the target that the run neither wrote nor found identical.
func CountUnknownUsers(ctx context.Context, dst *pgx.Conn, id int) (n int64, err error) {
	err = dst.QueryRow(ctx, `SELECT count(*)
FROM "user" u
WHERE NOT EXISTS (
  SELECT FROM supabase_import.ledger l
  WHERE l.run = $1 AND l.user_id = u.id AND l.source = 'user' AND l.outcome IN `+CopiedOutcomes+`)`, id).Scan(&n)
	return n, Wrap("count users that the run did not copy", err)
}
