package run

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// CopiedOutcomes is an SQL list: the outcomes of source rows that the run copied or found in the target. A row of the
// target whose outcome is "kept" can have been deleted since.
const CopiedOutcomes = "('copied', 'identical', 'kept')"

// entryOfAnyRun is a subquery: the ledger entries of the runs that wrote the user u of the target.
const entryOfAnyRun = `
    SELECT FROM supabase_import.run r
    JOIN supabase_import.ledger l
      ON l.run = r.id AND l.user_id = u.id AND l.source = 'user' AND l.key = u.id AND l.written IS NOT NULL`

// entryOfRunNamed is like entryOfAnyRun, for the run with this name.
func entryOfRunNamed(name string) string {
	return `
  SELECT FROM supabase_import.ledger l
  JOIN supabase_import.run r ON r.id = l.run
  WHERE r.name = ` + mapping.Literal(name) + ` AND l.user_id = u.id AND l.source = 'user' AND l.written IS NOT NULL`
}

// Entries returns a FROM item with the ledger entries of a run in a scope. Without kinds it has the entries of all
// kinds.
func Entries(run int, s mapping.Scope, alias string, kinds ...mapping.Kind) string {
	kind := ""
	switch len(kinds) {
	case 0:
	case 1:
		kind = " AND l.source = '" + string(kinds[0]) + "'"
	default:
		quoted := make([]string, len(kinds))
		for i, k := range kinds {
			quoted[i] = "'" + string(k) + "'"
		}
		kind = " AND l.source IN (" + strings.Join(quoted, ", ") + ")"
	}
	return fmt.Sprintf("(SELECT * FROM supabase_import.ledger l WHERE l.run = %d%s AND %s) %s",
		run, kind, s.Contains("l.user_id"), alias)
}

// HasEntry returns an SQL condition: the ledger has an entry with this kind, user and key in the scope, and the column
// hash of the entry is not NULL. user and key are SQL expressions. hash is the name of a column: written or credential.
// A nil scope covers all users.
func HasEntry(run int, k mapping.Kind, user, key, hash string, s *mapping.Scope) string {
	within := ""
	if s != nil {
		within = " AND " + s.Contains("l.user_id")
	}
	return fmt.Sprintf(`EXISTS (
      SELECT FROM supabase_import.ledger l
      WHERE l.run = %d AND l.user_id = %s AND l.source = '%s' AND l.key = %s AND l.%s IS NOT NULL%s)`,
		run, user, k, key, hash, within)
}

// LockRun locks the row of the run until the end of the transaction, so that no other process takes the lease. It
// returns ErrHeld if another process has the lease. isFresh is true if the ledger, "user" and user_profile have no row
// in the scope.
func (p *Pass) LockRun(ctx context.Context, db *pgx.Conn, s mapping.Scope) (isFresh bool, err error) {
	var hasLease bool
	err = db.QueryRow(ctx, fmt.Sprintf(`SELECT
  NOT EXISTS (SELECT FROM supabase_import.ledger l WHERE l.run = %[1]d AND %[2]s)
    AND NOT EXISTS (SELECT FROM "user" u WHERE %[3]s)
    AND NOT EXISTS (SELECT FROM user_profile p WHERE %[4]s),
  r.epoch = %[5]d
FROM supabase_import.run r
WHERE r.id = %[1]d
FOR KEY SHARE OF r`, p.ID, s.Contains("l.user_id"), s.Contains("u.id"), s.Contains("p.user_id"), p.Epoch)).
		Scan(&isFresh, &hasLease)
	switch {
	case err != nil:
		return false, fmt.Errorf("look for rows of the batch in the target: %w", err)
	case !hasLease:
		return false, errLeaseLost()
	}
	return isFresh, nil
}

// isComparedSQL is an SQL condition: the ledger row l has a fingerprint, or the run is to copy the row again. A row to
// copy again counts, so that its user differs from the source also if the source has deleted the row. A kept row
// without a fingerprint does not count: the source has deleted it.
const isComparedSQL = `l.outcome <> 'deleted' AND NOT (l.outcome = 'kept' AND l.raw IS NULL)`

// LedgerFingerprints returns SQL for the number and the sum of the fingerprints that the ledger has for each user.
func (p *Pass) LedgerFingerprints(s mapping.Scope) string {
	return `SELECT user_id::text, count(*), ` + mapping.FingerprintSum + `
FROM ` + Entries(p.ID, s, "l") + `
WHERE ` + isComparedSQL + `
GROUP BY user_id`
}

// LedgerFingerprintSum returns SQL for an empty name, and the number and the sum of all fingerprints in a scope.
func (p *Pass) LedgerFingerprintSum(s mapping.Scope) string {
	return `SELECT '', count(*), ` + mapping.FingerprintSum + `
FROM ` + Entries(p.ID, s, "l") + `
WHERE ` + isComparedSQL
}

// AssignTemporary returns SQL that sets a column to a temporary value, an SQL expression, in the users of the target
// that have the value of a staged user, if they are unchanged since the run wrote them. It clears the fingerprints of
// these users, except kept ones, so that the run copies them again.
func (p *Pass) AssignTemporary(column, value string) string {
	hash := mapping.Hash64(p.UserRow().StoredAs("u"))
	return fmt.Sprintf(`WITH changed AS (
  UPDATE "user" u SET %[1]s = %[2]s
  FROM stage_user s, supabase_import.ledger l
  WHERE %[3]s AND l.run = %[4]d AND l.user_id = u.id AND l.source = 'user' AND l.written = %[5]s
  RETURNING u.id, %[5]s AS hash
)
UPDATE supabase_import.ledger l SET raw = CASE WHEN l.outcome = 'kept' THEN l.raw END, written = c.hash
FROM changed c
WHERE l.run = %[4]d AND l.user_id = c.id AND l.source = 'user';
`, column, value, HasStagedValue(column), p.ID, hash)
}

// TemporaryAccount is an SQL expression: the "accountId" of an account a until the import writes the new one.
const TemporaryAccount = `a.id || ' (moving)'`

// HasStagedAccount is an SQL condition: the account a of the target has the provider and the "accountId" that the
// import is about to write for the staged identity s, but another id.
const HasStagedAccount = `a."providerId" = s."providerId" AND a."accountId" = s."accountId" AND a.id <> s.key
    AND a."providerId" <> 'credential' AND s.reason IS NULL AND NOT s.folded AND s.action IN ('new', 'update')`

// AssignTemporaryAccounts is like AssignTemporary, for the "accountId" of accounts. It leaves out kept accounts, and
// accounts of users to whom rows of other tables refer: if such a user is deleted in the source, the run keeps the user
// with the accounts.
func (p *Pass) AssignTemporaryAccounts() string {
	identity := p.TargetRows()[2]
	hash := mapping.Hash64(identity.StoredAs("a"))
	return fmt.Sprintf(`WITH changed AS (
  UPDATE account a SET "accountId" = `+TemporaryAccount+`
  FROM stage_identity s, supabase_import.ledger l, "user" u
  WHERE `+HasStagedAccount+` AND u.id = a."userId"
    AND l.run = %[1]d AND l.user_id = u.id AND l.source = 'identity' AND l.key = a.id AND l.written = %[2]s
    AND l.outcome <> 'kept' AND NOT (`+isReferenced(p.References)+`)
  RETURNING a.id, a."userId", %[2]s AS hash
)
UPDATE supabase_import.ledger l SET raw = NULL, written = c.hash
FROM changed c
WHERE l.run = %[1]d AND l.user_id = c."userId" AND l.source = 'identity' AND l.key = c.id;
`, p.ID, hash)
}

// isReferenced returns an SQL condition: a row of a table that is not deletable (references.go) refers to the user u,
// or to an account, a session or the profile of the user.
func isReferenced(all []Reference) string {
	sql := "false"
	for _, r := range all {
		if r.ToDeletable && !r.FromDeletable {
			sql += " OR " + r.refersToUser()
		}
	}
	return sql
}

// RecordStaged returns SQL that writes the outcome of every staged row into the ledger. isFresh is true if the ledger
// has no entry in the scope.
func (p *Pass) RecordStaged(s mapping.Scope, isFresh bool) string {
	rows := p.TargetRows()
	user, credential, identity, profile := rows[0], rows[1], rows[2], rows[3]
	outcome := func(folded string) string {
		return `CASE
    WHEN s.action = 'kept' THEN 'kept'
    WHEN s.reason = '` + mapping.DeletedInSource + `' THEN 'deleted'
    WHEN s.reason IS NOT NULL THEN 'quarantined'
    WHEN s.action = 'identical' THEN 'identical'` + folded + `
    ELSE 'copied' END`
	}
	hash := func(t mapping.TargetRow) string { return hashOf(t, isFresh) }
	record := func(r stagedRows) string { return p.recordSQL(r, s, isFresh) }
	recordFactors := ""
	if p.CarriesFactors() {
		recordFactors = record(stagedRows{
			"'factor'", "stage_factor", outcome(""), hash(p.FactorRow()), "NULL", "s.action = 'kept'",
		})
	}
	return record(stagedRows{
		"'user'", "stage_user", outcome(""), hash(user), hash(credential), "'kept' IN (s.action, s.credential)",
	}) +
		record(stagedRows{
			"'identity'", "stage_identity", outcome("\n    WHEN s.folded THEN 'folded'"), hash(identity), "NULL",
			"s.action = 'kept'",
		}) +
		record(stagedRows{"'profile'", "stage_profile", outcome(""), hash(profile), "NULL", "s.action = 'kept'"}) +
		recordFactors +
		record(stagedRows{
			"s.source", "stage_other",
			"CASE WHEN s.reason = '" + mapping.DeletedInSource + "' THEN 'deleted' ELSE 'quarantined' END",
			"NULL", "NULL", "false",
		})
}

// hashOf returns an SQL expression for the hash of a target row in the ledger. If the action is "kept", the ledger
// keeps the old hash, so that a row that changed in the target still counts as changed.
func hashOf(t mapping.TargetRow, isFresh bool) string {
	written := "WHEN s." + t.Action + " IN ('new', 'same', 'update') AND " + t.Wanted +
		"\n    THEN " + mapping.Hash64(t.Staged()) + " END"
	if isFresh {
		return "CASE " + written
	}
	return "CASE WHEN s." + t.Action + " = 'kept' THEN l." + t.Hash + "\n    " + written
}

// stagedRows are the rows of a table of the stage, with SQL expressions for the columns of their ledger entries.
type stagedRows struct {
	kind, stage, outcome string
	written, credential  string // SQL expressions for hashes of target rows
	keepsResidue         string // condition: the ledger keeps its residue, for a return to the source
}

func (p *Pass) recordSQL(r stagedRows, s mapping.Scope, isFresh bool) string {
	insert := fmt.Sprintf(`INSERT INTO supabase_import.ledger
  (run, user_id, source, key, outcome, pass, raw, written, credential, residue)
SELECT %d, s.user_id, %s::supabase_import.source, s.key,
  (%s)::supabase_import.outcome, %d, s.raw,
  %s,
  %s,
  `, p.ID, r.kind, r.outcome, p.Number, r.written, r.credential)
	if isFresh {
		return insert + "s.residue\nFROM " + r.stage + " s;\n"
	}
	return insert + fmt.Sprintf(`CASE WHEN %s THEN coalesce(l.residue, s.residue) ELSE coalesce(s.residue, l.residue) END
FROM %s s
LEFT JOIN supabase_import.ledger l
  ON l.run = %d AND l.user_id = s.user_id AND l.source = %s::supabase_import.source AND l.key = s.key AND %s
ON CONFLICT (run, user_id, source, key)
DO UPDATE SET outcome = excluded.outcome, pass = excluded.pass, raw = excluded.raw,
  written = excluded.written, credential = excluded.credential, residue = excluded.residue;
`, r.keepsResidue, r.stage, p.ID, r.kind, s.Contains("l.user_id"))
}
