package copy

import (
	"context"
	_ "embed" // removals.sql, row_counts.sql
	"fmt"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// removalsSQL is SQL that deletes the rows with the action "remove", accounts and profiles before users. It keeps a
// user for whom another program added an account or a profile.
//
//go:embed removals.sql
var removalsSQL string

// countStagedRowsSQL is SQL that counts the staged rows.
//
//go:embed row_counts.sql
var countStagedRowsSQL string

// writeRows writes the staged rows into the tables of the target, after the savepoint "staged". toQuarantine is the
// number of rows that have an entry for the quarantine.
func (t *transaction) writeRows(ctx context.Context) (counts rowCounts, toQuarantine int64, err error) {
	if err := run.Exec(ctx, t.Dst, "SAVEPOINT staged"); err != nil {
		return counts, 0, err
	}
	sql := ""
	if !t.isFresh {
		if err := t.keepReferenced(ctx); err != nil {
			return counts, 0, err
		}
		if t.hasMoved {
			if err := t.deleteMoved(ctx); err != nil {
				return counts, 0, removalError{err}
			}
		}
		if err := run.Exec(ctx, t.Dst, removeFactorsSQL(t.Pass.Mapping)+removalsSQL); err != nil {
			return counts, 0, removalError{err}
		}
		sql = updatesSQL(t.Pass.Mapping)
	}
	sql += insertionsSQL(t.Pass.Mapping)
	if t.Pass.CarriesFactors() {
		sql += writeFactorsSQL
	}
	err = run.QueryNumbers(ctx, t.Dst, sql+countStagedRowsSQL,
		&counts.rows, &counts.written, &counts.unchanged, &counts.identical, &counts.folded, &counts.quarantined,
		&toQuarantine)
	return counts, toQuarantine, err
}

// updatesSQL returns SQL that updates target rows that the run wrote. An email or an account of a provider that changes
// gets a temporary value first, because two users may swap them.
func updatesSQL(m mapping.Mapping) string {
	set := func(columns []mapping.Column) string {
		assignments := make([]string, len(columns))
		for i, c := range mapping.QuotedNames(columns) {
			assignments[i] = c + " = s." + c
		}
		return strings.Join(assignments, ", ")
	}
	return `
UPDATE "user" u SET email = ` + run.TemporaryEmail + `
FROM stage_user s
WHERE s.action = 'update' AND u.id = s.key AND u.email <> s.email;
UPDATE "user" u SET ` + set(m.UserColumns()) + `
FROM stage_user s
WHERE s.action = 'update' AND u.id = s.key;
UPDATE account a SET password = s.password, "createdAt" = s."createdAt", "updatedAt" = s."updatedAt"
FROM stage_user s
WHERE s.credential = 'update' AND a."userId" = s.key AND a."providerId" = 'credential';
UPDATE account a SET "accountId" = ` + run.TemporaryAccount + `
FROM stage_identity s
WHERE s.action = 'update' AND a.id = s.key
  AND (a."providerId" <> s."providerId" OR a."accountId" <> s."accountId");
UPDATE account a SET ` + set(m.AccountColumns()) + `
FROM stage_identity s
WHERE s.action = 'update' AND a.id = s.key;
UPDATE user_profile p SET ` + set(m.ProfileColumns()) + `
FROM stage_profile s
WHERE s.action = 'update' AND p.user_id = s.key;
`
}

// The columns of a credential account, and their values from the projection of a user.
const (
	//nolint:gosec // no secret
	credentialColumns = `id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt"`
	//nolint:gosec // no secret
	credentialValues = `key, key::text, 'credential'::text, key, password, "createdAt", "updatedAt"`
)

// issuerColumn returns the column issuer and its value, or empty texts if the target has no such column.
func issuerColumn(m mapping.Mapping) (column, value string) {
	if m.HasIssuer() {
		return ", issuer", ", 'local:credential'::text"
	}
	return "", ""
}

// insertionsSQL returns SQL that inserts the new rows, users before their accounts and profiles.
func insertionsSQL(m mapping.Mapping) string {
	users, accounts := mapping.ColumnList(m.UserColumns()), mapping.ColumnList(m.AccountColumns())
	profiles := mapping.ColumnList(m.ProfileColumns())
	issuerColumn, issuerValue := issuerColumn(m)
	return fmt.Sprintf(`
INSERT INTO "user" (id, %[1]s)
SELECT key, %[1]s
FROM stage_user
WHERE action = 'new' AND reason IS NULL;
INSERT INTO account (`+credentialColumns+`%[2]s)
SELECT `+credentialValues+`%[3]s
FROM stage_user
WHERE credential = 'new' AND password IS NOT NULL;
INSERT INTO account (id, "userId", %[4]s)
SELECT key, user_id, %[4]s
FROM stage_identity
WHERE action = 'new' AND reason IS NULL AND NOT folded;
INSERT INTO user_profile (id, user_id, %[5]s)
SELECT key, user_id, %[5]s
FROM stage_profile
WHERE action = 'new' AND reason IS NULL;
`, users, issuerColumn, issuerValue, accounts, profiles)
}
