package copy

import (
	"context"
	_ "embed" // gone_rows.sql
	"fmt"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// A later pass removes rows that are gone from the source, unless rows of other tables refer to it.

// goneRows lists the rows that are about to be deleted, and locks them: no other transaction can refer to them any more
// until the transaction ends. A user goes with accounts, profile and sessions, or stays with all of them.
//
//go:embed gone_rows.sql
var goneRows string

const countRemovals = `SELECT
  (SELECT count(*) FROM stage_user WHERE 'remove' IN (action, credential))
  + (SELECT count(*) FROM stage_identity WHERE action = 'remove')
  + (SELECT count(*) FROM stage_profile WHERE action = 'remove')`

// keepReferred turns removals into "kept" where rows of other tables refer to what would be deleted, or where the
// target refused the removal before (reject.go). The column referring says which tables.
func (t *transaction) keepReferred(ctx context.Context) error {
	var n int64
	if err := run.QueryNumbers(ctx, t.Dst, countRemovals, &n); err != nil || n == 0 {
		return err
	}
	references, err := run.ReadReferences(ctx, t.Dst)
	if err != nil {
		return err
	}
	if len(references) > 0 {
		if err := run.Exec(ctx, t.Dst, goneRows); err != nil {
			return fmt.Errorf("lock the rows to remove: %w", err)
		}
		if _, err := run.FindAffected(ctx, t.Dst, references, 0); err != nil {
			return err
		}
	}
	return run.Exec(ctx, t.Dst, markReferred(t.Pass))
}

// markReferred marks what stays, with the tables that refer to it.
func markReferred(p *run.Pass) string {
	referred := `(
  SELECT source, key, tables FROM ` + run.AffectedTables("effect <> '"+run.Removed+"'") + ` r
  UNION ALL
  ` + p.KeptByTarget() + `
)`
	return `
UPDATE stage_user s
SET action = 'kept', referring = r.tables,
  credential = CASE WHEN s.credential = 'remove' THEN 'kept' ELSE s.credential END
FROM ` + referred + ` r
WHERE r.source = 'user' AND r.key = s.key AND s.action = 'remove';
UPDATE stage_user s SET credential = 'kept', credential_referring = r.tables
FROM ` + referred + ` r
WHERE r.source IN ('credential', 'user') AND r.key = s.key AND s.credential = 'remove';
UPDATE stage_identity s SET action = 'kept', referring = r.tables
FROM ` + referred + ` r
WHERE (r.source = 'identity' AND r.key = s.key OR r.source = 'user' AND r.key = s.user_id) AND s.action = 'remove';
UPDATE stage_profile s SET action = 'kept', referring = r.tables
FROM ` + referred + ` r
WHERE r.source IN ('profile', 'user') AND r.key = s.key AND s.action = 'remove';
UPDATE stage_identity s SET referring = ''
FROM stage_user u
WHERE u.key = s.user_id AND u.referring IS NOT NULL AND s.referring IS NOT NULL;
UPDATE stage_profile s SET referring = ''
FROM stage_user u
WHERE u.key = s.user_id AND u.referring IS NOT NULL AND s.referring IS NOT NULL;
`
}
