package dump

import (
	_ "embed" // tables.sql
	"slices"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

//go:embed tables.sql
var tablesSQL string

const usersTable = "auth.users"

// authTable is a table of the schema auth that an import reads or counts.
type authTable struct {
	name     string
	required bool // the table exists even if the file has no rows of it
	// generated is a column that Postgres computes. The values that a file has of it are ignored.
	generated string
	indexes   []string // lists of columns
}

var authTables = []authTable{
	{name: usersTable, required: true, generated: "confirmed_at"},
	{name: "auth.identities", required: true, generated: "email", indexes: []string{"user_id"}},
	{name: "auth.mfa_factors", indexes: []string{"user_id"}},
	{name: "auth.webauthn_credentials", indexes: []string{"user_id"}},
	{name: "auth.sessions", indexes: []string{"user_id"}},
	{name: "auth.refresh_tokens", indexes: []string{"session_id, revoked", "parent"}},
	{name: "auth.mfa_amr_claims", indexes: []string{"session_id"}},
}

func findAuthTable(name string) (authTable, bool) {
	i := slices.IndexFunc(authTables, func(t authTable) bool { return t.name == name })
	if i < 0 {
		return authTable{}, false
	}
	return authTables[i], true
}

// sqlName returns the quoted name of a table such as public.Profiles.
func sqlName(table string) string { return mapping.Table{Name: table}.SQL() }

// columnTypes are the types of columns that keep their type. Other columns, such as those of an enum, become text.
var columnTypes = []string{
	"uuid", "text", "character varying", "varchar", "boolean", "smallint", "integer", "bigint", "numeric", "real",
	"double precision", "date", "json", "jsonb", "bytea", "inet", "text []", "uuid []", "integer []",
	"timestamp with time zone", "timestamp without time zone", "timestamptz", "timestamp",
}

// typeOf returns the type for a column of which the file has the definition, or "text".
func typeOf(types map[string]string, column string) string {
	if t := types[column]; slices.Contains(columnTypes, t) {
		return t
	}
	return "text"
}
