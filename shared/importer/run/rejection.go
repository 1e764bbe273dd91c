package run

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// Rejections are stored in the table supabase_import.ruling. Rejections for conflicts within the source are found when
// a pass begins (conflicts.go). Rejections by the target have reasons that begin with "target_"; package copy finds
// them (reject.go), again in every pass.

const (
	createConflicts = `CREATE TEMP TABLE conflict ON COMMIT DROP AS
SELECT s::supabase_import.source AS source, r AS reason, k AS key, u AS user_id
FROM unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[]) x (s, r, k, u)`

	// clearFingerprints clears the fingerprints of the rows whose rejections changed and of those that the target
	// rejected, so that the next copy reads them again.
	clearFingerprints = `UPDATE supabase_import.ledger l SET raw = NULL
WHERE run = $1 AND (
  (source, key) IN (
    SELECT source, key
    FROM supabase_import.ruling x
    WHERE run = $1 AND (reason LIKE 'target\_%' OR NOT EXISTS (
      SELECT FROM conflict c WHERE c.source = x.source AND c.reason = x.reason AND c.key = x.key)))
  OR (source, key) IN (
    SELECT source, key
    FROM conflict c
    WHERE NOT EXISTS (
      SELECT FROM supabase_import.ruling x
      WHERE x.run = $1 AND x.source = c.source AND x.reason = c.reason AND x.key = c.key)))`

	deleteConflicts = `DELETE FROM supabase_import.ruling WHERE run = $1 AND reason NOT LIKE 'target\_%'`

	insertConflicts = `INSERT INTO supabase_import.ruling (run, user_id, source, key, reason)
SELECT $1, user_id, source, key, reason FROM conflict`

	deleteForeignAccounts = "DELETE FROM supabase_import.foreign_account WHERE run = $1"

	insertForeignAccounts = `INSERT INTO supabase_import.foreign_account
SELECT $1, a."providerId", a."accountId", a.id
FROM account a
WHERE a."providerId" <> 'credential'
  AND NOT EXISTS (
    SELECT FROM supabase_import.ledger l
    WHERE l.run = $1 AND l.user_id = a."userId" AND l.source = 'identity' AND l.key = a.id AND l.written IS NOT NULL)`
)

// replaceConflicts stores the conflicts between rows of the source in place of those of the last pass. It also makes a
// new list of the accounts of the target that this run did not write.
func replaceConflicts(ctx context.Context, tx pgx.Tx, id int, conflicts []mapping.Rejection) error {
	var kinds, reasons, keys, users []string
	for _, c := range conflicts {
		kinds, reasons = append(kinds, string(c.Kind)), append(reasons, c.Reason)
		keys, users = append(keys, c.Key), append(users, c.User)
	}
	if _, err := tx.Exec(ctx, createConflicts, kinds, reasons, keys, users); err != nil {
		return fmt.Errorf("store the conflicts: %w", err)
	}
	for _, sql := range []string{
		clearFingerprints, deleteConflicts, insertConflicts, deleteForeignAccounts, insertForeignAccounts,
	} {
		if _, err := tx.Exec(ctx, sql, id); err != nil {
			return fmt.Errorf("store the conflicts: %w", err)
		}
	}
	return nil
}

// ReadRejections reads the rejections in a scope. The result includes the rows that are deleted in the source and kept
// in the target, with the reason "removed_at_source", or "removed_at_source.credential" for a credential account.
func (p *Pass) ReadRejections(ctx context.Context, db *pgx.Conn, s mapping.Scope) (mapping.Rejections, error) {
	r := mapping.Rejections{}
	rows, err := db.Query(ctx, fmt.Sprintf(`SELECT source::text, reason, key::text
FROM supabase_import.ruling l
WHERE l.run = %[1]d AND %[2]s
UNION ALL
SELECT source::text, concat_ws('.', reason, nullif(field, '')), key::text
FROM supabase_import.quarantine l
WHERE l.run = %[1]d AND %[2]s AND l.reason = '`+mapping.KeptAfterSourceDeletion+`' AND l.resolved IS NULL`,
		p.ID, s.Contains("l.user_id")))
	if err != nil {
		return nil, fmt.Errorf("read rejections: %w", err)
	}
	var x mapping.Rejection
	_, err = pgx.ForEachRow(rows, []any{&x.Kind, &x.Reason, &x.Key}, func() error { r.Add(x); return nil })
	return r, Wrap("read rejections", err)
}

// ClearTargetRejections returns SQL that deletes the rejections by the target in a scope, so that the copy tries to
// write these rows again.
func (p *Pass) ClearTargetRejections(s mapping.Scope) string {
	return fmt.Sprintf("DELETE FROM supabase_import.ruling l\nWHERE l.run = %d AND %s AND l.reason LIKE 'target\\_%%'",
		p.ID, s.Contains("l.user_id"))
}

// RejectStaged returns SQL that stores a rejection for rows of the stage. from is the text after FROM: it gives the
// table of the stage the alias s and selects the rows. reason is an SQL expression.
func (p *Pass) RejectStaged(k mapping.Kind, reason, from string) string {
	return fmt.Sprintf(`INSERT INTO supabase_import.ruling (run, user_id, source, key, reason)
SELECT DISTINCT %d, s.user_id, '%s'::supabase_import.source, s.key, %s
FROM %s
ON CONFLICT DO NOTHING;
`, p.ID, k, reason, from)
}

// ForeignAccounts returns a FROM item with the accounts of the target that the run did not write, as they were when the
// pass began.
func (p *Pass) ForeignAccounts() string {
	return fmt.Sprintf("(SELECT * FROM supabase_import.foreign_account WHERE run = %d)", p.ID)
}

// RejectedRows are rows of one user that the import rejects together. Either the target rejected one of these rows, or
// it rejected the deletion of the user.
type RejectedRows struct {
	User   string
	Kind   mapping.Kind
	Keys   []string
	Reason string
	Detail string // contains no values of rows
}

const rejectRows = `WITH before AS (
  DELETE FROM supabase_import.ruling
  WHERE run = $1 AND user_id = $2::uuid AND reason = $6
    AND NOT (source = $3::supabase_import.source AND key = ANY ($4::uuid[]))
)
INSERT INTO supabase_import.ruling (run, user_id, source, key, reason, detail)
SELECT $1, $2::uuid, $3::supabase_import.source, key, $6, $5::text
FROM unnest($4::uuid[]) key
ON CONFLICT (run, user_id, source, key, reason) DO UPDATE SET detail = excluded.detail`

// RejectRows rejects these rows of a user, and no other rows of the user for this reason. Its commit waits for the
// disk, unlike all other commits of a worker (WorkerSession): if a crash lost the rejection, the search for the row
// that the target rejects would continue with the next row.
func (p *Pass) RejectRows(ctx context.Context, db *pgx.Conn, x RejectedRows) error {
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL synchronous_commit = on"); err != nil {
			return fmt.Errorf("set synchronous_commit: %w", err)
		}
		_, err := tx.Exec(ctx, rejectRows, p.ID, x.User, string(x.Kind), x.Keys, x.Detail, x.Reason)
		return err
	})
}

// KeptByTarget returns SQL for the users whose deletion the target rejected. The columns are those of AffectedTables;
// tables has the SQLSTATE.
func (p *Pass) KeptByTarget() string {
	return fmt.Sprintf(`SELECT 'user' AS source, user_id AS key, detail AS tables
  FROM supabase_import.ruling
  WHERE run = %d AND reason = '`+mapping.TargetKeeps+`'`, p.ID)
}
