// Package mapping generates the SQL that converts rows of Supabase to rows of Xenon's tables, from the options of a run
// and the columns of both databases. It opens no connection: other packages of the importer send the SQL.
//
// A projection is a query on the source that returns the rows which the target should have. Plan, copy and verification
// use the same projections, so that they expect the same rows. Every projection begins with these columns:
//
//	key       id of the row in the ledger
//	user_id   id of the user
//	raw       hash of the source row, to find changes
//	reason    why the whole row goes to the quarantine, or NULL
//	fields    list of "column:reason" for values that are not copied
//	original  the source row as JSON, if reason or fields is set
//	residue   values that the target does not store, as JSON
package mapping

import (
	"strings"

	"github.com/xenon-auth/xenon/shared/placeholder"
)

// Mapping has the tables and options of one run. Its methods return the projections and parts of them.
type Mapping struct {
	Source  SourceCatalog
	Target  TargetCatalog
	Options Options
	AsOf    string // a timestamptz: a ban that ends later is in force; only used if the target has no ban columns
}

// Column is a column of the target, with the SQL expression that the source evaluates for its value.
type Column struct{ Name, Type, Expr string }

// QuotedNames returns the quoted names of columns.
func QuotedNames(columns []Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = Quote(c.Name)
	}
	return names
}

// ColumnList returns the quoted names of columns, joined with commas.
func ColumnList(columns []Column) string { return strings.Join(QuotedNames(columns), ", ") }

// PlaceholderDomain is the end of the placeholder emails of the import: <id>@no-email.supabase-migration.invalid.
const PlaceholderDomain = placeholder.ImportDomain

// FactorsAndPasskeys returns an SQL query for the second factors and passkeys of the source that the run does not copy;
// the column reason says why. A run that copies TOTP factors reads all second factors with Factors instead. The result
// is "" if there is no table to read.
func (m Mapping) FactorsAndPasskeys(s Scope) string {
	var parts []string
	if m.Source.Factors.IsUsable() && !m.CarriesFactors() {
		parts = append(parts, `SELECT f.id AS key, f.user_id, `+m.Source.Factors.fingerprint("f")+` AS raw,
  CASE WHEN f.status = 'verified' THEN 'mfa_not_portable' ELSE 'mfa_unverified' END AS reason,
  NULL::text[] AS fields, to_jsonb(f) AS original, NULL::text AS residue, 'factor' AS source
FROM auth.mfa_factors f
WHERE `+s.Contains("f.user_id"))
	}
	if m.Source.Passkeys.IsUsable() {
		parts = append(parts, `SELECT k.id AS key, k.user_id, `+m.Source.Passkeys.fingerprint("k")+` AS raw,
  'passkey_not_mapped' AS reason,
  NULL::text[] AS fields, to_jsonb(k) AS original, NULL::text AS residue, 'passkey' AS source
FROM auth.webauthn_credentials k
WHERE `+s.Contains("k.user_id"))
	}
	return strings.Join(parts, "\nUNION ALL\n")
}

// joinUser returns SQL that joins the user u whose id equals the SQL expression id. Postgres estimates the number of
// ids between two UUIDs badly: it often expects a single row, and would compare every row of a batch with every user of
// the batch. So the query looks up each user by id, unless the scope is all users.
func joinUser(s Scope, id string) string {
	if s.isAllUsers() {
		return "LEFT JOIN auth.users u ON u.id = " + id
	}
	return "LEFT JOIN LATERAL (SELECT * FROM auth.users o WHERE o.id = " + id + " OFFSET 0) u ON true"
}

func selectList(columns []Column) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = "(" + c.Expr + ")::" + c.Type + " AS " + Quote(c.Name)
	}
	return strings.Join(list, ",\n  ")
}
