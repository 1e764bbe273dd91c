package mapping

import "strings"

// TargetRow is one kind of row that the import writes: the user, the credential account, the account of an identity,
// the profile. For each, a temporary table of the target (the stage, alias s) has what there should be, or a reason why
// there should be nothing; the target's table (alias e) has what there is; and the ledger has what of it the run wrote.
type TargetRow struct {
	Kind    Kind
	Stage   string // the temporary table
	Action  string // its column that says what happens: see package copy
	Hash    string // the ledger's column with the hash of the row as the run wrote it
	Wanted  string // condition on s: there should be a row
	From    string // the target's table as e, with a condition: which of its rows
	Key     string // what of e equals s.key
	Owner   string // what of e is the user's id
	Columns []string
	staged  []string // where the stage names them differently
}

// TargetRows lists the four kinds: user, credential account, account of an identity, profile.
func (m Mapping) TargetRows() []TargetRow {
	return []TargetRow{
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
			Columns: Names(m.AccountColumns()),
		},
		{
			Kind: Profile, Stage: "stage_profile", Action: "action", Hash: "written", Wanted: "s.reason IS NULL",
			From: `user_profile e WHERE true`, Key: "e.user_id", Owner: "e.user_id",
			Columns: Names(m.ProfileColumns()),
		},
	}
}

// UserRow is the row of "user".
func (m Mapping) UserRow() TargetRow {
	return TargetRow{
		Kind: User, Stage: "stage_user", Action: "action", Hash: "written", Wanted: "s.reason IS NULL",
		From: `"user" e WHERE true`, Key: "e.id", Owner: "e.id", Columns: Names(m.UserColumns()),
	}
}

// IsUser says that it is the row of "user" itself, not the credential account.
func (t TargetRow) IsUser() bool { return t.Kind == User && t.Action == "action" }

// StagedColumns are the columns as the stage names them.
func (t TargetRow) StagedColumns() []string {
	if t.staged != nil {
		return t.staged
	}
	return t.Columns
}

// Staged is the row of the stage, and Stored that of the target, as comparable text.
func (t TargetRow) Staged() string { return textRow("s", t.StagedColumns()) }

// Stored is the row of the target's table e.
func (t TargetRow) Stored() string { return t.StoredAs("e") }

// StoredAs is the row of the target's table with another alias.
func (t TargetRow) StoredAs(alias string) string { return textRow(alias, t.Columns) }

// Hash64 is the ledger's hash of a row.
func Hash64(row string) string { return "hash_record_extended(" + row + ", 0)" }

// textRow is columns as a record of text, so that stage and table compare by what Postgres would show.
func textRow(alias string, columns []string) string {
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = WithTimeZone(alias+"."+c) + "::text"
	}
	return "row(" + strings.Join(row, ", ") + ")"
}

// WithTimeZone shows a time alike in a column with and in one without a time zone. Every session is in UTC.
func WithTimeZone(column string) string {
	_, name, _ := strings.Cut(column, ".")
	switch strings.Trim(name, `"`) {
	case "createdAt", "updatedAt", "banExpires", "invitedAt", "lastSignInAt", "created_at", "updated_at":
		return column + "::timestamptz"
	}
	return column
}
