package copy

import (
	"fmt"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// classifyAllSQL returns SQL that sets the action of every staged user, credential account, identity, profile and
// second factor.
func classifyAllSQL(p *run.Pass, s mapping.Scope) string {
	sql := run.NoNestedLoop + stageDeletedRowsSQL(p, s)
	for _, t := range p.TargetRows() {
		sql += classifySQL(p.ID, t, s)
	}
	sql += "RESET enable_nestloop;\n"
	if p.CarriesFactors() {
		sql += rejectSecondFactorsSQL + keepUsersWithFactorsSQL
	}
	return sql + keepChildRowsSQL + keepFactorsSQL
}

// stageDeletedRowsSQL returns SQL that stages the rows that the ledger has and the source no longer has, so that the
// copy removes their target rows.
func stageDeletedRowsSQL(p *run.Pass, s mapping.Scope) string {
	sql, id, others := "", p.ID, []mapping.Kind{mapping.Factor, mapping.Passkey}
	if p.CarriesFactors() {
		others = others[1:]
	}
	for _, k := range []struct {
		kind  mapping.Kind
		stage string
	}{
		{mapping.User, "stage_user"},
		{mapping.Identity, "stage_identity"},
		{mapping.Profile, "stage_profile"},
		{mapping.Factor, "stage_factor"},
	} {
		if k.kind == mapping.Factor && !p.CarriesFactors() {
			continue // they are in stage_other
		}
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
`, run.Entries(id, s, "l", others...))
}

// classifySQL returns SQL that sets the action of every staged row of a kind:
//
//	new        the target has no row, and the run never wrote one: insert
//	same       the run wrote the target row, and it equals the staged row
//	update     the run wrote the target row, it is unchanged since, and it differs from the staged row: update
//	remove     the run wrote the target row, it is unchanged since, and the staged row must not be copied: delete
//	identical  another program wrote the target row, and it equals the staged row: no change
//	taken      another program wrote the target row, and it differs from the staged row: a rejection follows
//	kept       the target row was changed or deleted since the run wrote it; or it differs from the staged row now, and
//	           was identical or kept in an earlier pass; or it differs and is a password of another program; or the
//	           target rejected the new version of the row: no change
//	none       the staged row must not be copied, and the target has no row for it that the run wrote: no change
func classifySQL(id int, t mapping.TargetRow, s mapping.Scope) string {
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

// keepChildRowsSQL sets the action "kept" for rows of a user whose own action is "kept": the run does not add
// identities or a profile to such a user, nor a credential account if the user was deleted in the target. If the target
// rejected the user, the run does not remove identities or the profile either.
const keepChildRowsSQL = `
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

// rejectSecondFactorsSQL sets the action "taken" for new second factors of users who have another one in the target
// that stays. Code keeps one row of "twoFactor" for each user; no index does.
const rejectSecondFactorsSQL = `
UPDATE stage_factor s SET action = 'taken'
WHERE s.action = 'new' AND s.reason IS NULL AND EXISTS (
  SELECT FROM "twoFactor" t
  WHERE t."userId" = s.user_id AND t.id <> s.key
    AND NOT EXISTS (SELECT FROM stage_factor o WHERE o.key = t.id AND o.action = 'remove'));
`

// keepUsersWithFactorsSQL sets the action "kept" for users who keep a second factor that changed in the target, if the
// update of the user would change "twoFactorEnabled": a user with the flag and without the row, or the other way round,
// could not sign in, or could sign in without a code.
const keepUsersWithFactorsSQL = `
UPDATE stage_user s SET action = 'kept'
FROM "user" u
WHERE s.action = 'update' AND u.id = s.key AND s."twoFactorEnabled" IS DISTINCT FROM u."twoFactorEnabled"
  AND EXISTS (SELECT FROM stage_factor f WHERE f.user_id = s.key AND f.action = 'kept');
`

// keepFactorsSQL sets the action "kept" for second factors of users whose own action is "kept": the run does not add or
// remove them, because it does not change "twoFactorEnabled" either.
const keepFactorsSQL = `
UPDATE stage_factor s SET action = 'kept'
FROM stage_user p
WHERE p.key = s.user_id AND s.action IN ('new', 'remove')
  AND (p.action = 'kept' OR p.reason = 'target_error' AND s.action = 'remove');
`
