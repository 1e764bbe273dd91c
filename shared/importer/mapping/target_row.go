package mapping

import "strings"

// TargetRow is one kind of row that the import writes: the user, the credential account, the account of an identity,
// the profile, the second factor. A temporary table of the target (the stage, alias s) has the expected row, or the
// reason for no row. The table of the target (alias e) has the existing row. The ledger has the hash of the row that
// the run wrote.
type TargetRow struct {
	Kind    Kind
	Stage   string // the temporary table
	Action  string // the column of the stage with the action, such as "new": see classifySQL in package copy
	Hash    string // the column of the ledger with the hash of the row as the run wrote it
	Wanted  string // condition on s: the target should have a row
	From    string // the table of the target as e, with a WHERE clause that selects its rows of this kind
	Key     string // the column of e that equals s.key
	Owner   string // the column of e with the id of the user
	Columns []string
	staged  []string // SQL expressions on the stage for the values of Columns; nil if the stage has the same columns
}

// TargetRows returns the kinds of rows that the import writes: user, credential account, account of an identity,
// profile, and the second factor if the run copies TOTP factors.
func (m Mapping) TargetRows() []TargetRow {
	all := []TargetRow{
		m.UserRow(),
		{
			Kind: User, Stage: "stage_user", Action: "credential", Hash: "credential", Wanted: "s.password IS NOT NULL",
			From: `account e WHERE e."providerId" = 'credential'`, Key: `e."userId"`, Owner: `e."userId"`,
			Columns: []string{"password", `"accountId"`, `"createdAt"`, `"updatedAt"`},
			staged:  []string{"password", "key::text", `"createdAt"`, `"updatedAt"`},
		},
		{
			Kind: Identity, Stage: "stage_identity", Action: "action", Hash: "written",
			Wanted: "s.reason IS NULL AND NOT s.folded",
			From:   `account e WHERE e."providerId" <> 'credential'`, Key: "e.id", Owner: `e."userId"`,
			Columns: QuotedNames(m.AccountColumns()),
		},
		{
			Kind: Profile, Stage: "stage_profile", Action: "action", Hash: "written", Wanted: "s.reason IS NULL",
			From: `user_profile e WHERE true`, Key: "e.user_id", Owner: "e.user_id",
			Columns: QuotedNames(m.ProfileColumns()),
		},
	}
	if m.CarriesFactors() {
		all = append(all, m.FactorRow())
	}
	return all
}

// UserRow describes the rows of "user".
func (m Mapping) UserRow() TargetRow {
	return TargetRow{
		Kind: User, Stage: "stage_user", Action: "action", Hash: "written", Wanted: "s.reason IS NULL",
		From: `"user" e WHERE true`, Key: "e.id", Owner: "e.id", Columns: QuotedNames(m.UserColumns()),
	}
}

// IsUser reports whether t is the row of "user", not the credential account.
func (t TargetRow) IsUser() bool { return t.Kind == User && t.Action == "action" }

// StagedColumns returns SQL expressions on the stage for the values of Columns.
func (t TargetRow) StagedColumns() []string {
	if t.staged != nil {
		return t.staged
	}
	return t.Columns
}

// Staged returns an SQL expression for the row of the stage, comparable with Stored.
func (t TargetRow) Staged() string { return textRow("s", t.StagedColumns()) }

// Stored returns an SQL expression for the row of the target table e.
func (t TargetRow) Stored() string { return t.StoredAs("e") }

// StoredAs is like Stored, with another alias.
func (t TargetRow) StoredAs(alias string) string { return textRow(alias, t.Columns) }

// Hash64 returns an SQL expression for the 64-bit hash of a row, as the ledger stores it.
func Hash64(row string) string { return "hash_record_extended(" + row + ", 0)" }

// textRow returns an SQL expression for a record of the columns as text, so that two rows compare by their text.
func textRow(alias string, columns []string) string {
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = WithTimeZone(alias+"."+c) + "::text"
	}
	return "row(" + strings.Join(row, ", ") + ")"
}

// WithTimeZone casts a column to timestamptz if its name is that of a time, so that columns with and without a time
// zone give the same text. Every session uses UTC.
func WithTimeZone(column string) string {
	_, name, _ := strings.Cut(column, ".")
	switch strings.Trim(name, `"`) {
	case "createdAt", "updatedAt", "banExpires", "invitedAt", "lastSignInAt", "created_at", "updated_at":
		return column + "::timestamptz"
	}
	return column
}
