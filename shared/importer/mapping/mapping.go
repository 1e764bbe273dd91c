// Package mapping says what a row of Supabase becomes in Xenon's tables. It takes the options of a run and the columns
// of both databases, and makes SQL. It opens no connection: package run sends what this package writes.
//
// The source evaluates the mapping. Plan, copy and verification send the same text, so that they expect the same rows.
// Every projection begins with seven columns: key, user_id, raw (the fingerprint of the source row), reason (why the
// whole row goes to the quarantine, or NULL), fields ("column:reason" of what is left out of a row that is copied),
// original (the row as JSON, where reason or fields is set) and residue (what the target has no column for).
package mapping

import "strings"

// Mapping makes the projections of one run.
type Mapping struct {
	Source  SourceCatalog
	Target  TargetCatalog
	Options Options
	AsOf    string // a timestamptz; decides which bans last, where the target has no columns for them
}

// Column is a column of the target and the SQL expression that gives its value at the source.
type Column struct{ Name, Type, Expr string }

// Names quotes the names of columns.
func Names(columns []Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = Quote(c.Name)
	}
	return names
}

// List joins the quoted names of columns with commas.
func List(columns []Column) string { return strings.Join(Names(columns), ", ") }

// PlaceholderDomain ends the emails of users who have none of their own here. No mail reaches it (RFC 2606).
const PlaceholderDomain = "supabase-migration.invalid"

// Others projects second factors and passkeys, which have no place in the target. It is "" when there are none to read.
func (m Mapping) Others(s Scope) string {
	var parts []string
	if m.Source.Factors.Usable() {
		parts = append(parts, `SELECT f.id AS key, f.user_id, `+m.Source.Factors.fingerprint("f")+` AS raw,
  CASE WHEN f.status = 'verified' THEN 'mfa_not_portable' ELSE 'mfa_unverified' END AS reason,
  NULL::text[] AS fields, to_jsonb(f) AS original, NULL::text AS residue, 'factor' AS source
FROM auth.mfa_factors f
WHERE `+s.Contains("f.user_id"))
	}
	if m.Source.Passkeys.Usable() {
		parts = append(parts, `SELECT k.id AS key, k.user_id, `+m.Source.Passkeys.fingerprint("k")+` AS raw,
  'passkey_not_mapped' AS reason,
  NULL::text[] AS fields, to_jsonb(k) AS original, NULL::text AS residue, 'passkey' AS source
FROM auth.webauthn_credentials k
WHERE `+s.Contains("k.user_id"))
	}
	return strings.Join(parts, "\nUNION ALL\n")
}

// joinUser joins the user u of a row. Postgres guesses badly how many ids lie between two UUIDs: for one it expects as
// often as not a single row, and would compare every row of a batch with every user of it. So each user is looked up,
// unless all are wanted.
func joinUser(s Scope, id string) string {
	if s.all() {
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
