package copy

import (
	"context"
	_ "embed" // rows_to_remove.sql
	"fmt"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// A later pass removes rows that are deleted in the source, unless rows of other tables refer to them.

// lockRowsToRemoveSQL adds the rows that are about to be deleted to the table affected, and locks them: until the
// transaction ends, no other transaction can insert rows that refer to them. A user is deleted together with the
// accounts, the profile and the sessions, or none of these rows is deleted.
//
//go:embed rows_to_remove.sql
var lockRowsToRemoveSQL string

const countRemovalsSQL = `SELECT
  (SELECT count(*) FROM stage_user WHERE 'remove' IN (action, credential))
  + (SELECT count(*) FROM stage_identity WHERE action = 'remove')
  + (SELECT count(*) FROM stage_profile WHERE action = 'remove')
  + (SELECT count(*) FROM stage_factor WHERE action = 'remove')`

// keepReferenced changes the action from "remove" to "kept" for rows to which rows of other tables refer, and for users
// whose deletion the target rejected before (reject.go). The column referring names these tables or has the SQLSTATE.
func (t *transaction) keepReferenced(ctx context.Context) error {
	t.hasMoved = false
	var n int64
	if err := run.QueryNumbers(ctx, t.Dst, countRemovalsSQL, &n); err != nil || n == 0 {
		return err
	}
	references, err := run.ReadReferences(ctx, t.Dst, t.Pass.CarriesFactors())
	if err != nil {
		return err
	}
	if len(references) > 0 {
		lock := lockRowsToRemoveSQL
		if t.Pass.CarriesFactors() {
			lock += lockFactorsToRemoveSQL
		}
		if err := run.Exec(ctx, t.Dst, lock+"ANALYZE affected"); err != nil {
			return fmt.Errorf("lock the rows to remove: %w", err)
		}
		if _, err := run.FindAffected(ctx, t.Dst, references, 0); err != nil {
			return err
		}
		if t.hasMoved, err = t.releaseMoved(ctx, references); err != nil {
			return err
		}
	}
	sql := markReferencedSQL(t.Pass)
	if t.Pass.CarriesFactors() {
		sql += keepUsersWithFactorsSQL
	}
	return run.Exec(ctx, t.Dst, sql)
}

// markReferencedSQL returns SQL that sets the action "kept" and the column referring. Rows that are kept only because
// their user is kept get the empty text.
func markReferencedSQL(p *run.Pass) string {
	referenced := `(
  SELECT source, key, tables FROM ` + run.AffectedTables("effect <> '"+run.Removed+"'") + ` r
  UNION ALL
  ` + p.KeptByTarget() + `
)`
	return `
UPDATE stage_user s
SET action = 'kept', referring = r.tables,
  credential = CASE WHEN s.credential = 'remove' THEN 'kept' ELSE s.credential END
FROM ` + referenced + ` r
WHERE r.source = 'user' AND r.key = s.key AND s.action = 'remove';
UPDATE stage_user s SET credential = 'kept', credential_referring = r.tables
FROM ` + referenced + ` r
WHERE r.source IN ('credential', 'user') AND r.key = s.key AND s.credential = 'remove';
UPDATE stage_identity s SET action = 'kept', referring = r.tables
FROM ` + referenced + ` r
WHERE (r.source = 'identity' AND r.key = s.key OR r.source = 'user' AND r.key = s.user_id) AND s.action = 'remove';
UPDATE stage_profile s SET action = 'kept', referring = r.tables
FROM ` + referenced + ` r
WHERE r.source IN ('profile', 'user') AND r.key = s.key AND s.action = 'remove';
UPDATE stage_factor s SET action = 'kept', referring = r.tables
FROM ` + referenced + ` r
WHERE (r.source = 'factor' AND r.key = s.key OR r.source = 'user' AND r.key = s.user_id) AND s.action = 'remove';
UPDATE stage_identity s SET referring = ''
FROM stage_user u
WHERE u.key = s.user_id AND u.referring IS NOT NULL AND s.referring IS NOT NULL;
UPDATE stage_profile s SET referring = ''
FROM stage_user u
WHERE u.key = s.user_id AND u.referring IS NOT NULL AND s.referring IS NOT NULL;
UPDATE stage_factor s SET referring = ''
FROM stage_user u
WHERE u.key = s.user_id AND u.referring IS NOT NULL AND s.referring IS NOT NULL;
`
}
