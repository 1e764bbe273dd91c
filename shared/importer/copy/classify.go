package copy

import (
	"fmt"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// classifyAll says for every staged row what happens to its target row.
func classifyAll(p *run.Pass, s mapping.Scope) string {
	sql := run.NoNestedLoop + stageVanished(p.ID, s)
	for _, t := range p.TargetRows() {
		sql += classify(p.ID, t, s)
	}
	return sql + "RESET enable_nestloop;\n" + keepDependants
}

// stageVanished stages what the ledger knows and the source no longer has, so that it is removed.
func stageVanished(id int, s mapping.Scope) string {
	sql := ""
	for _, k := range []struct {
		kind  mapping.Kind
		stage string
	}{{mapping.User, "stage_user"}, {mapping.Identity, "stage_identity"}, {mapping.Profile, "stage_profile"}} {
		sql += fmt.Sprintf(`INSERT INTO %[1]s (key, user_id, raw, reason)
SELECT l.key, l.user_id, NULL, '`+mapping.DeletedInSource+`'
FROM %[2]s
WHERE l.outcome <> 'deleted' AND NOT EXISTS (SELECT FROM %[1]s s WHERE s.key = l.key);
`, k.stage, run.Entries(id, s, "l", k.kind))
	}
	return sql + fmt.Sprintf(`INSERT INTO stage_other (key, user_id, raw, reason, source)
SELECT l.key, l.user_id, NULL, '`+mapping.DeletedInSource+`', l.source::text
FROM %s
WHERE l.outcome <> 'deleted' AND NOT EXISTS (SELECT FROM stage_other s WHERE s.key = l.key);
`, run.Entries(id, s, "l", mapping.Factor, mapping.Passkey))
}

// classify writes into the action of every staged row of a kind:
//
//	new        there is no target row and never was: insert
//	same       the run wrote it, and it is as it should be
//	update     the run wrote it, nothing changed it since, and it should be different
//	remove     the run wrote it, nothing changed it since, and it should not be there
//	identical  another program wrote it, and it is as it should be
//	taken      another program wrote it, and it is different: a rejection follows
//	kept       the run wrote it, and it was changed or removed since: left alone
//	none       there is none and should be none, or another program wrote it
func classify(id int, t mapping.TargetRow, s mapping.Scope) string {
	isUntouched := fmt.Sprintf("l.%s IS NOT NULL AND l.%[1]s = e.hash", t.Hash)
	return fmt.Sprintf(`UPDATE %[1]s s SET %[2]s = CASE
  WHEN NOT (%[3]s) THEN CASE
    WHEN e.key IS NULL THEN 'none'
    WHEN %[4]s AND s.reason IS DISTINCT FROM '`+mapping.TargetError+`' THEN 'remove'
    WHEN l.%[5]s IS NOT NULL THEN 'kept'
    ELSE 'none' END
  WHEN e.key IS NULL THEN CASE WHEN l.%[5]s IS NULL THEN 'new' ELSE 'kept' END
  WHEN %[4]s THEN CASE WHEN e.shown = %[6]s::text THEN 'same' ELSE 'update' END
  WHEN l.%[5]s IS NOT NULL THEN 'kept'
  WHEN e.shown = %[6]s::text THEN 'identical'
  WHEN l.outcome IN ('identical', 'kept') OR %[7]t THEN 'kept'
  ELSE 'taken' END
FROM (
  SELECT coalesce(l.key, e.key) AS key, l.outcome, l.written, l.credential, e.key AS there, e.hash, e.shown
  FROM %[8]s
  FULL JOIN (
    SELECT DISTINCT ON (1) %[9]s AS key, %[10]s AS hash, %[11]s::text AS shown
    FROM %[12]s AND %[13]s
    ORDER BY 1
  ) e ON e.key = l.key
) x
CROSS JOIN LATERAL (SELECT x.there AS key, x.hash, x.shown) e
CROSS JOIN LATERAL (SELECT x.written, x.credential, x.outcome) l
WHERE x.key = s.key;
UPDATE %[1]s s SET %[2]s = 'none' WHERE NOT (%[3]s) AND %[2]s = 'new';
`, t.Stage, t.Action, t.Wanted, isUntouched, t.Hash, t.Staged(), t.Action == "credential",
		run.Entries(id, s, "l", t.Kind), t.Key, mapping.Hash64(t.Stored()), t.Stored(), t.From, s.Contains(t.Owner))
}

// keepDependants keeps the run from adding rows to a user who is not there, and from removing rows of a user whose
// change the target refused: what the target has of them stays as it is.
const keepDependants = `
UPDATE stage_user SET credential = 'kept'
WHERE action = 'kept' AND credential = 'new' AND NOT EXISTS (SELECT FROM "user" u WHERE u.id = key);
UPDATE stage_identity s SET action = 'kept'
FROM stage_user p
WHERE p.key = s.user_id AND p.action = 'kept' AND s.action = 'new';
UPDATE stage_profile s SET action = 'kept'
FROM stage_user p
WHERE p.key = s.user_id AND p.action = 'kept' AND s.action = 'new';
UPDATE stage_identity s SET action = 'kept'
FROM stage_user p
WHERE p.key = s.user_id AND p.reason = 'target_error' AND s.action = 'remove';
UPDATE stage_profile s SET action = 'kept'
FROM stage_user p
WHERE p.key = s.user_id AND p.reason = 'target_error' AND s.action = 'remove';
`
