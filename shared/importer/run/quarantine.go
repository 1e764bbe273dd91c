package run

import (
	"fmt"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// stagedKinds are the tables of the stage whose rows are all of one kind, with the kind as an SQL literal.
var stagedKinds = []struct{ kind, stage string }{
	{"'user'", "stage_user"},
	{"'identity'", "stage_identity"},
	{"'profile'", "stage_profile"},
	{"'factor'", "stage_factor"},
}

const (
	intoQuarantine = "INSERT INTO supabase_import.quarantine (run, user_id, source, key, field, reason, original)\n"

	onConflictUpdate = `
ON CONFLICT (run, user_id, source, key, field, reason)
DO UPDATE SET last_seen = now(), original = coalesce(excluded.original, quarantine.original), resolved = NULL;
`
)

// QuarantineStaged returns SQL that writes the rows and fields that are not copied into the quarantine, and marks older
// entries of the scope as resolved. isFresh is true if the ledger has no entry in the scope.
func (p *Pass) QuarantineStaged(s mapping.Scope, isFresh bool) string {
	sql := ""
	for _, k := range stagedKinds {
		sql += p.quarantineRows(k.kind, k.stage,
			"s.reason IS NOT NULL AND NOT (s.reason = '"+mapping.DeletedInSource+"' AND s.referring IS NOT NULL)")
		sql += intoQuarantine + fmt.Sprintf(`SELECT %d, s.user_id, %s::supabase_import.source, s.key,
  split_part(f, ':', 1), split_part(f, ':', 2), s.original
FROM %s s
CROSS JOIN unnest(s.fields) f
WHERE s.reason IS NULL`, p.ID, k.kind, k.stage) + onConflictUpdate
		if !isFresh {
			sql += intoQuarantine + fmt.Sprintf(`SELECT %d, s.user_id, %s::supabase_import.source, s.key,
  '', 'target_modified', s.original
FROM %s s
WHERE s.action = 'kept' AND s.referring IS NULL`, p.ID, k.kind, k.stage) + onConflictUpdate
			sql += p.quarantineReferred(k.kind, k.stage, "", "referring")
		}
	}
	sql += p.quarantineRows("s.source", "stage_other", "s.reason IS NOT NULL")
	if !isFresh {
		sql += p.quarantineReferred("'user'", "stage_user", "credential", "credential_referring") + p.resolveSQL(s)
	}
	return sql
}

func (p *Pass) quarantineRows(kind, stage, condition string) string {
	return intoQuarantine + fmt.Sprintf(`SELECT %d, s.user_id, %s::supabase_import.source, s.key, '', s.reason, s.original
FROM %s s
WHERE %s`, p.ID, kind, stage, condition) + onConflictUpdate
}

// quarantineReferred returns SQL that writes entries for rows that are deleted in the source and kept in the target.
// The detail of an entry is the staged column referring: the tables that reference the row, or the error of the
// deletion.
func (p *Pass) quarantineReferred(kind, stage, field, referring string) string {
	return fmt.Sprintf(`INSERT INTO supabase_import.quarantine (run, user_id, source, key, field, reason, detail)
SELECT %d, s.user_id, %s::supabase_import.source, s.key, %s, '%s', s.%s
FROM %s s
WHERE s.%[5]s <> ''
ON CONFLICT (run, user_id, source, key, field, reason)
DO UPDATE SET last_seen = now(), detail = excluded.detail, resolved = NULL;
`, p.ID, kind, mapping.Literal(field), mapping.KeptAfterSourceDeletion, referring, stage)
}

// resolveSQL returns SQL that marks the entries that this transaction did not write again as resolved, except those of
// released emails.
func (p *Pass) resolveSQL(s mapping.Scope) string {
	return fmt.Sprintf(`UPDATE supabase_import.quarantine q SET resolved = now()
WHERE q.run = %d AND %s
  AND q.resolved IS NULL AND q.last_seen < now() AND q.reason <> '%s';
`, p.ID, s.Contains("q.user_id"), mapping.EmailReleased)
}

// UsersKeptInTarget returns SQL for the ids of the users with a row that is deleted in the source and kept in the
// target.
func (p *Pass) UsersKeptInTarget(s mapping.Scope) string {
	return fmt.Sprintf(`SELECT DISTINCT user_id::text
FROM supabase_import.quarantine q
WHERE q.run = %d AND q.reason = '%s' AND q.resolved IS NULL AND %s`,
		p.ID, mapping.KeptAfterSourceDeletion, s.Contains("q.user_id"))
}
