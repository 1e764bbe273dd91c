package mapping

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// TableColumn is a column as the catalog has it, with its type as format_type writes it.
type TableColumn struct {
	Name, Type string
	Precision  *int // of a time, where the column has one
	Generated  bool
	Allowed    []string // what the column's CHECK constraints mention in quotes
	Labels     []string // of an enum type
	Unique     bool     // never NULL, and the same in no two rows
}

// Table is a table as the catalog has it.
type Table struct {
	Name     string // as asked for, with its schema
	Exists   bool
	Readable bool
	Foreign  bool // a foreign table: its rows are on another server
	Columns  []TableColumn
}

// Usable says that the table is there and the role may read it.
func (t Table) Usable() bool { return t.Exists && t.Readable }

// Column looks a column up by name.
func (t Table) Column(name string) (TableColumn, bool) {
	i := slices.IndexFunc(t.Columns, func(c TableColumn) bool { return c.Name == name })
	if i < 0 {
		return TableColumn{}, false
	}
	return t.Columns[i], true
}

// Has says that the table has a column of this name.
func (t Table) Has(name string) bool {
	_, ok := t.Column(name)
	return ok
}

// SQL is the table's name, quoted.
func (t Table) SQL() string {
	schema, name, _ := strings.Cut(t.Name, ".")
	return Quote(schema) + "." + Quote(name)
}

// withPrecision gives times the precision of their columns, so that both sides round alike.
func (t Table) withPrecision(columns []Column) []Column {
	for i, m := range columns {
		if c, _ := t.Column(m.Name); c.Precision != nil && m.Type == "timestamptz" {
			columns[i].Type = fmt.Sprintf("timestamptz(%d)", *c.Precision)
		}
	}
	return columns
}

// digest is a short name for the columns of tables and their types. Runs that are stored compare with it: its text must
// not change.
func digest(tables ...Table) string {
	h := sha256.New()
	for _, t := range tables {
		fmt.Fprintf(h, "%s %t\n", t.Name, t.Usable())
		for _, c := range t.Columns {
			fmt.Fprintf(h, "  %s %s %v %v\n", c.Name, c.Type, c.Allowed, c.Labels)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// SourceCatalog is what there is to read.
type SourceCatalog struct {
	Server                                         string // server_version
	Version                                        int    // server_version_num
	ICU                                            bool   // has the root collation of ICU
	Users, Identities, Profiles, Factors, Passkeys Table
}

// Digest is a short name for the columns of the source.
func (s SourceCatalog) Digest() string {
	return digest(s.Users, s.Identities, s.Profiles, s.Factors, s.Passkeys)
}

// minVersion is the oldest Postgres on either side.
const minVersion = 140000

type requiredColumn struct {
	name  string
	types []string
}

var (
	requiredOfUsers = []requiredColumn{
		{"id", []string{"uuid"}},
		{"email", []string{"character varying", "text"}},
		{"encrypted_password", []string{"character varying", "text"}},
		{"email_confirmed_at", []string{"timestamp with time zone"}},
		{"created_at", []string{"timestamp with time zone"}},
		{"updated_at", []string{"timestamp with time zone"}},
	}
	requiredOfIdentities = []requiredColumn{
		{"id", []string{"uuid"}},
		{"user_id", []string{"uuid"}},
		{"provider", []string{"text"}},
		{"provider_id", []string{"text"}},
		{"identity_data", []string{"jsonb"}},
	}
)

// Refusals lists what keeps a run from reading the source.
func (s SourceCatalog) Refusals() []string {
	var why []string
	if s.Version < minVersion {
		why = append(why, "the source is Postgres "+s.Server+"; 14 or newer is needed")
	}
	for _, t := range []Table{s.Users, s.Identities} {
		switch {
		case !t.Exists:
			why = append(why, t.Name+" is not there: is this a Supabase database?")
		case !t.Readable:
			why = append(why, t.Name+" may not be read by this role: use the role postgres, or grant select on it")
		}
	}
	why = append(why, s.Users.missing(requiredOfUsers)...)
	why = append(why, s.Identities.missing(requiredOfIdentities)...)
	slices.Sort(why)
	return why
}

// missing lists the columns that a table lacks, or has with another type.
func (t Table) missing(required []requiredColumn) (why []string) {
	if !t.Usable() {
		return nil
	}
	for _, r := range required {
		if c, _ := t.Column(r.name); !slices.Contains(r.types, c.Type) {
			why = append(why, fmt.Sprintf("%s.%s is %q, not %s", t.Name, r.name, c.Type, r.types[0]))
		}
	}
	return why
}

// TargetCatalog is what there is to write to.
type TargetCatalog struct {
	Server, Schema         string
	Version                int
	User, Account, Profile Table
	Problems               []string // what does not fit of the tables, a sentence each
	WrongColumns           bool     // a problem is about a column, not about a table that is missing
	TouchTrigger           bool     // a trigger sets user_profile.updated_at even when the import writes
}

// Digest is a short name for the columns of the target.
func (t TargetCatalog) Digest() string { return digest(t.User, t.Account, t.Profile) }

// Refusals lists what keeps the target from taking users.
func (t TargetCatalog) Refusals() []string {
	var why []string
	if t.Version < minVersion {
		why = append(why, "the target is Postgres "+t.Server+"; 14 or newer is needed")
	}
	if t.TouchTrigger {
		why = append(why, "the target's trigger user_profile_touch is of an older release: run `xenon schema up` first")
	}
	for _, p := range t.Problems {
		why = append(why, "the target's "+p)
	}
	slices.Sort(why)
	// An application's tables are found where SCHEMA is not set.
	if t.Schema == "public" && t.WrongColumns {
		why = append(why, "if the tables that do not fit are your application's own, leave them as they are and give Xenon "+
			"a schema of its own, for xenon schema up and every command of the import: SCHEMA=xenon")
	}
	return why
}
