package mapping

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// TableColumn is a column as pg_catalog describes it, with its type as format_type writes it, without a precision.
type TableColumn struct {
	Name, Type string
	Precision  *int // of a timestamp type; nil if none is set
	Generated  bool
	Allowed    []string // the string literals in the CHECK constraints of the column; only for fields of type choice
	Labels     []string // the labels of an enum type
	Unique     bool     // NOT NULL, with a unique index on this column alone
	Source     string   // the name in the table, if the import reads the column under another name; else ""
}

// Table is a table as pg_catalog describes it.
type Table struct {
	Name     string // schema.name, without quotes
	Exists   bool
	Readable bool // the role of the connection may read it
	Foreign  bool // a foreign table: its rows are on another server
	Columns  []TableColumn
}

// IsUsable reports whether the table exists and the role can read it.
func (t Table) IsUsable() bool { return t.Exists && t.Readable }

// Column returns the column with this name.
func (t Table) Column(name string) (TableColumn, bool) {
	i := slices.IndexFunc(t.Columns, func(c TableColumn) bool { return c.Name == name })
	if i < 0 {
		return TableColumn{}, false
	}
	return t.Columns[i], true
}

// Has reports whether the table has a column with this name.
func (t Table) Has(name string) bool {
	_, ok := t.Column(name)
	return ok
}

// SQL returns the quoted name of the table.
func (t Table) SQL() string {
	schema, name, _ := strings.Cut(t.Name, ".")
	return Quote(schema) + "." + Quote(name)
}

// withPrecision gives the timestamptz columns the precision that they have in the target table t, so that source and
// target round times in the same way.
func (t Table) withPrecision(columns []Column) []Column {
	for i, m := range columns {
		if c, _ := t.Column(m.Name); c.Precision != nil && m.Type == "timestamptz" {
			columns[i].Type = fmt.Sprintf("timestamptz(%d)", *c.Precision)
		}
	}
	return columns
}

// digestOfTables returns a hash of the names of tables, whether they are usable, and the names, types, allowed values
// and labels of their columns. Stored runs contain this hash, so its input must not change.
func digestOfTables(tables ...Table) string {
	h := sha256.New()
	for _, t := range tables {
		fmt.Fprintf(h, "%s %t\n", t.Name, t.IsUsable())
		for _, c := range t.Columns {
			fmt.Fprintf(h, "  %s %s %v %v\n", c.Name, c.Type, c.Allowed, c.Labels)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// SourceCatalog describes the tables of the source.
type SourceCatalog struct {
	Server                                         string // server_version
	Version                                        int    // server_version_num
	ICU                                            bool   // the server has the root collation of ICU, und-x-icu
	Users, Identities, Profiles, Factors, Passkeys Table
	Sessions, RefreshTokens, AMRClaims             Table // only read with Options.Sessions
}

// Digest returns a hash of the tables of the source and their columns, except those of sessions.
func (s SourceCatalog) Digest() string {
	return digestOfTables(s.Users, s.Identities, s.Profiles, s.Factors, s.Passkeys)
}

// minPostgresVersion is the oldest supported version of Postgres, for source and target.
const minPostgresVersion = 140000

type requiredColumn struct {
	name  string
	types []string // the allowed types; an error names the first one
}

var (
	requiredUserColumns = []requiredColumn{
		{"id", []string{"uuid"}},
		{"email", []string{"character varying", "text"}},
		{"encrypted_password", []string{"character varying", "text"}},
		{"email_confirmed_at", []string{"timestamp with time zone"}},
		{"created_at", []string{"timestamp with time zone"}},
		{"updated_at", []string{"timestamp with time zone"}},
	}
	requiredIdentityColumns = []requiredColumn{
		{"id", []string{"uuid"}},
		{"user_id", []string{"uuid"}},
		{"provider", []string{"text"}},
		{"provider_id", []string{"text"}},
		{"identity_data", []string{"jsonb"}},
	}
)

// Refusals returns the reasons why a run cannot read the source.
func (s SourceCatalog) Refusals() []string {
	var why []string
	if s.Version < minPostgresVersion {
		why = append(why, "the source is Postgres "+s.Server+"; 14 or newer is needed")
	}
	for _, t := range []Table{s.Users, s.Identities} {
		switch {
		case !t.Exists:
			why = append(why, t.Name+" does not exist: is this a Supabase database?")
		case !t.Readable:
			why = append(why, t.Name+" cannot be read by this role: use the role postgres, or grant select on it")
		}
	}
	why = append(why, s.Users.missingColumns(requiredUserColumns)...)
	why = append(why, s.Identities.missingColumns(requiredIdentityColumns)...)
	slices.Sort(why)
	return why
}

// missingColumns returns a text for each required column that a table lacks or has with another type.
func (t Table) missingColumns(required []requiredColumn) (why []string) {
	if !t.IsUsable() {
		return nil
	}
	for _, r := range required {
		if c, _ := t.Column(r.name); !slices.Contains(r.types, c.Type) {
			why = append(why, fmt.Sprintf("%s.%s is %q, not %s", t.Name, r.name, c.Type, r.types[0]))
		}
	}
	return why
}

// TargetCatalog describes the tables of the target.
type TargetCatalog struct {
	Server, Schema         string
	Version                int
	User, Account, Profile Table
	TwoFactor              Table    // second factors; only a run that copies TOTP factors needs it
	Problems               []string // the differences from the tables that Xenon needs, one text for each
	WrongColumns           bool     // at least one problem is about a column, not about a missing table
	TouchTrigger           bool     // the trigger of an older release overwrites the updated_at of imported profiles
	SessionTables          bool     // the target has the tables for the sessions of Supabase
}

// Digest returns a hash of the tables of the target and their columns, without the table of second factors, which older
// releases did not read.
func (t TargetCatalog) Digest() string { return digestOfTables(t.User, t.Account, t.Profile) }

// Refusals returns the reasons why a run cannot write to the target.
func (t TargetCatalog) Refusals() []string {
	var why []string
	if t.Version < minPostgresVersion {
		why = append(why, "the target is Postgres "+t.Server+"; 14 or newer is needed")
	}
	if t.TouchTrigger {
		why = append(why, "the target's trigger user_profile_touch is from an older release: run `xenon schema up` first")
	}
	for _, p := range t.Problems {
		why = append(why, "the target's "+p)
	}
	slices.Sort(why)
	// Without SCHEMA the import uses the schema public, and the tables there can be those of the application.
	if t.Schema == "public" && t.WrongColumns {
		why = append(why, "if these tables belong to your application, do not change them: give Xenon another schema, "+
			"for `xenon schema up` and every command of the import: SCHEMA=xenon")
	}
	return why
}
