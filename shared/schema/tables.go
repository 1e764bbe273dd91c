package schema

import "slices"

// Type is the type that a column must have.
type Type string

// The types of columns. Their names also go into the SQL that xenon schema prints to repair a table. A column of type
// Time may also be a timestamp without time zone, which Xenon reads and writes as UTC.
const (
	UUID    Type = "uuid"
	Text    Type = "text"
	Boolean Type = "boolean"
	Integer Type = "integer"
	Bigint  Type = "bigint"
	Time    Type = "timestamptz"
	Bytes   Type = "bytea"
	JSON    Type = "jsonb"
	XID     Type = "xid8" // the id of a transaction
)

// acceptedTypes has the names that format_type returns for columns of each type.
var acceptedTypes = map[Type][]string{
	UUID:    {"uuid"},
	Text:    {"text", "character varying"}, // not varchar(n), which rejects longer values
	Boolean: {"boolean"},
	Integer: {"integer", "bigint"},
	Bigint:  {"bigint"},
	Time:    {"timestamp with time zone", "timestamp without time zone"},
	Bytes:   {"bytea"},
	JSON:    {"jsonb"},
	XID:     {"xid8"},
}

// Writes describes what Xenon writes to a column.
type Writes string

// The values of Writes. They decide which constraints a column may have.
const (
	Nothing Writes = ""        // Xenon only reads it
	Values  Writes = "values"  // every INSERT writes a value
	Omitted Writes = "omitted" // some INSERT omits it: it must have a default, or allow NULL
	Nulls   Writes = "nulls"   // some statement writes NULL
)

// Column is a column that Xenon reads or writes.
type Column struct {
	Name     string
	Type     Type
	Writes   Writes
	NotNull  bool  // Xenon cannot read NULL from it
	Unique   bool  // it must have a unique index, for an ON CONFLICT clause or a look-up
	Pair     *Pair // the column is unique together with another one
	Cascade  bool  // it refers to "user", and deleting the user deletes the row
	Since    int64 // the migration that adds the column; 0: the one that creates the table
	Optional bool  // the column may be missing
	Declared bool  // a field of the profile, which xenon schema up adds
}

// Pair requires a unique index on a column and another one. The index may leave out password accounts.
type Pair struct {
	Column string // the other column
	Since  int64  // the migration that creates the index
}

// Table is a table of which Xenon reads or writes rows.
type Table struct {
	Name    string
	Since   int64  // number of the migration that creates the table
	Grants  string // the privileges that a role for requests needs
	Columns []Column
}

// column returns the column with a name, and whether it is in the list.
func (t Table) column(name string) (Column, bool) {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return t.Columns[i], true
}

// Tables has the tables that requests and the import use, with every column that their SQL names. A test compares the
// list with the SQL. ProfileColumns has the other columns of user_profile.
var Tables = []Table{
	{"user", 1, "SELECT, INSERT, UPDATE, DELETE", []Column{
		{Name: "id", Type: UUID, Writes: Omitted, NotNull: true, Unique: true},
		{Name: "name", Type: Text, Writes: Values, NotNull: true},
		{Name: "email", Type: Text, Writes: Values, NotNull: true, Unique: true},
		{Name: "emailVerified", Type: Boolean, Writes: Values, NotNull: true},
		{Name: "image", Type: Text, Writes: Nulls},
		{Name: "createdAt", Type: Time, Writes: Values, NotNull: true},
		{Name: "updatedAt", Type: Time, Writes: Values, NotNull: true},
		{Name: "banned", Type: Boolean, Writes: Omitted, Since: 3},
		{Name: "banReason", Type: Text, Writes: Nulls, Since: 3},
		{Name: "banExpires", Type: Time, Writes: Nulls, Since: 3},
		{Name: "twoFactorEnabled", Type: Boolean, Writes: Nulls, Since: 8},
		{Name: "role", Type: Text, Writes: Omitted, Since: 8},
	}},
	{"session", 1, "SELECT, INSERT, UPDATE, DELETE", []Column{
		{Name: "id", Type: UUID, Writes: Omitted, NotNull: true, Unique: true},
		{Name: "expiresAt", Type: Time, Writes: Values, NotNull: true},
		{Name: "token", Type: Text, Writes: Values, NotNull: true, Unique: true},
		{Name: "createdAt", Type: Time, Writes: Values, NotNull: true},
		{Name: "updatedAt", Type: Time, Writes: Values, NotNull: true},
		{Name: "ipAddress", Type: Text, Writes: Values},
		{Name: "userAgent", Type: Text, Writes: Values},
		{Name: "userId", Type: UUID, Writes: Values, NotNull: true, Cascade: true},
		{Name: "impersonatedBy", Type: Text, Writes: Omitted, Since: 8},
	}},
	{"account", 1, "SELECT, INSERT, UPDATE, DELETE", []Column{
		{Name: "id", Type: UUID, Writes: Omitted, NotNull: true, Unique: true},
		{Name: "accountId", Type: Text, Writes: Values, NotNull: true},
		{Name: "providerId", Type: Text, Writes: Values, NotNull: true, Pair: &Pair{"accountId", 7}},
		{Name: "userId", Type: UUID, Writes: Values, NotNull: true, Cascade: true},
		{Name: "accessToken", Type: Text, Writes: Nulls},
		{Name: "refreshToken", Type: Text, Writes: Nulls},
		{Name: "idToken", Type: Text, Writes: Nulls},
		{Name: "accessTokenExpiresAt", Type: Time, Writes: Nulls},
		{Name: "refreshTokenExpiresAt", Type: Time, Writes: Nulls},
		{Name: "scope", Type: Text, Writes: Nulls},
		{Name: "password", Type: Text, Writes: Nulls},
		{Name: "createdAt", Type: Time, Writes: Values, NotNull: true},
		{Name: "updatedAt", Type: Time, Writes: Values, NotNull: true},
		// Better Auth 1.7.0 to 1.7.2 made it NOT NULL; migrations 5 and 7 give it a value.
		{Name: "issuer", Type: Text, Writes: Omitted, Since: 5, Optional: true},
	}},
	{"verification", 1, "SELECT, INSERT, UPDATE, DELETE", []Column{
		{Name: "id", Type: UUID, Writes: Omitted, NotNull: true, Unique: true},
		{Name: "identifier", Type: Text, Writes: Values, NotNull: true},
		{Name: "value", Type: Text, Writes: Values, NotNull: true},
		{Name: "expiresAt", Type: Time, Writes: Values, NotNull: true},
		{Name: "createdAt", Type: Time, Writes: Values, NotNull: true},
		{Name: "updatedAt", Type: Time, Writes: Values},
	}},
	{"jwks", 1, `SELECT (id, "publicKey", "createdAt", "expiresAt", alg, crv)`, []Column{
		{Name: "id", Type: UUID, NotNull: true},
		{Name: "publicKey", Type: Text, NotNull: true},
		{Name: "createdAt", Type: Time},
		{Name: "expiresAt", Type: Time, Since: 5},
		{Name: "alg", Type: Text, Since: 5}, // Better Auth 1.6 made neither alg nor crv
		{Name: "crv", Type: Text, Since: 5},
	}},
	{"rateLimit", 1, "SELECT, INSERT, UPDATE, DELETE", []Column{
		{Name: "id", Type: UUID, Writes: Omitted, NotNull: true, Unique: true},
		{Name: "key", Type: Text, Writes: Values, NotNull: true, Unique: true},
		{Name: "count", Type: Integer, Writes: Values, NotNull: true},
		{Name: "lastRequest", Type: Bigint, Writes: Values, NotNull: true},
	}},
	{"twoFactor", 8, "SELECT, INSERT, UPDATE, DELETE", []Column{
		{Name: "id", Type: UUID, Writes: Omitted, NotNull: true, Unique: true, Since: 8},
		{Name: "secret", Type: Text, Writes: Values, NotNull: true, Since: 8},
		{Name: "backupCodes", Type: Text, Writes: Values, NotNull: true, Since: 8},
		{Name: "userId", Type: UUID, Writes: Values, NotNull: true, Cascade: true, Since: 8},
		{Name: "verified", Type: Boolean, Writes: Values, Since: 8},
		{Name: "failedVerificationCount", Type: Integer, Writes: Values, Since: 8},
		{Name: "lockedUntil", Type: Time, Writes: Nulls, Since: 8},
	}},
	// Only the import inserts rows into the next three tables.
	{"supabaseSession", 11, "SELECT, UPDATE", []Column{
		{Name: "id", Type: UUID, NotNull: true, Unique: true},
		{Name: "userId", Type: UUID, NotNull: true, Cascade: true},
		{Name: "aal2", Type: Boolean, NotNull: true},
		{Name: "expiresAt", Type: Time, Writes: Nulls},
		{Name: "usedAt", Type: Time, Writes: Nulls},
		{Name: "revokedAt", Type: Time, Writes: Nulls},
		{Name: "sessionId", Type: UUID, Writes: Nulls},
	}},
	{"supabaseCredential", 11, "SELECT", []Column{
		{Name: "digest", Type: Bytes, NotNull: true, Unique: true},
		{Name: "supabaseSessionId", Type: UUID, NotNull: true},
		{Name: "aal2", Type: Boolean, NotNull: true},
	}},
	{"supabaseBridge", 11, "SELECT", []Column{
		{Name: "id", Type: Boolean, NotNull: true, Unique: true},
		{Name: "lastPassAt", Type: Time, NotNull: true},
		{Name: "jwks", Type: JSON, Writes: Nulls},
	}},
	{"user_profile", 2, "SELECT, INSERT, UPDATE", []Column{
		{Name: "id", Type: UUID, Writes: Omitted, NotNull: true, Unique: true},
		{Name: "user_id", Type: UUID, Writes: Values, NotNull: true, Unique: true, Cascade: true},
		{Name: "created_at", Type: Time, Writes: Omitted, NotNull: true},
		{Name: "updated_at", Type: Time, Writes: Omitted, NotNull: true},
	}},
	// Triggers insert the rows, with the rights of the owner of the table (migration 12).
	{"user_event", 12, "SELECT, DELETE", []Column{
		{Name: "sequence", Type: Bigint, NotNull: true, Unique: true},
		{Name: "id", Type: UUID, NotNull: true},
		{Name: "type", Type: Text, NotNull: true},
		{Name: "user_id", Type: UUID, NotNull: true},
		{Name: "data", Type: JSON, NotNull: true},
		{Name: "created_at", Type: Time, NotNull: true},
		{Name: "transaction", Type: XID, NotNull: true},
	}},
}
