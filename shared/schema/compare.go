package schema

import (
	"slices"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"
)

// checkTable compares the table t with found, the table of the database, which is nil if there is none.
func checkTable(t Table, found *foundTable, applied func(int64) bool) []Problem {
	if found == nil {
		if !applied(t.Since) {
			return nil
		}
		return []Problem{{Table: t.Name, Found: "no such table", Wanted: "the table", Repair: "xenon schema up"}}
	}
	if found.kind != "r" && found.kind != "p" {
		kind := map[string]string{"v": "a view", "m": "a materialized view", "f": "a foreign table"}[found.kind]
		return []Problem{{Table: t.Name, Found: kind, Wanted: "a table"}}
	}
	var problems []Problem
	for _, c := range t.Columns {
		if p, ok := checkColumn(t, c, found, applied); !ok {
			problems = append(problems, p)
		}
	}
	for _, c := range found.columns {
		if !t.hasColumnInAnyCase(c.name) && c.notNull && !c.hasDefault && t.isInsertedInto() {
			problems = append(problems, Problem{
				Table: t.Name, Column: c.name, Found: "NOT NULL without a default",
				Wanted: "a default, or NULL allowed, because Xenon does not write this column",
				Repair: alterColumnSQL(found, c.name) + "DROP NOT NULL;",
			})
		}
	}
	return problems
}

// hasColumnInAnyCase reports whether name is the name of a column in t.Columns, as it is there or in snake case. For a
// column in snake case, checkColumn reports how to rename it.
func (t Table) hasColumnInAnyCase(name string) bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Name == name || snakeCase(c.Name) == name })
}

// isInsertedInto reports whether Xenon inserts rows into the table.
func (t Table) isInsertedInto() bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Writes == Values })
}

// checkColumn compares the column c with that of the table found and returns the first problem. It returns ok = true
// if there is none.
func checkColumn(t Table, c Column, found *foundTable, applied func(int64) bool) (p Problem, ok bool) {
	p = Problem{Table: t.Name, Column: c.Name}
	pending := c.Since != 0 && !applied(c.Since)
	f, there := found.column(c.Name)
	if !there {
		if c.Optional || pending {
			return p, true
		}
		p.Found, p.Wanted, p.Repair = "no such column", c.description(), addColumnSQL(c, found)
		if c.Declared {
			p.Repair = declaredRepair
			return p, false
		}
		if other, ok := found.column(snakeCase(c.Name)); ok {
			p.Found = "no such column; there is " + other.name
			p.Repair = "ALTER TABLE " + found.name + " RENAME COLUMN " + quoteIdentifier(other.name) + " TO " +
				quoteIdentifier(c.Name) + ";"
		}
		return p, false
	}
	if !c.Type.accepts(f.typ) {
		p.Found, p.Wanted = f.typ, c.description()
		if !c.Declared {
			p.Repair = changeTypeSQL(c, f, found)
		}
		return p, false
	}
	if c.Declared && c.NotNull != f.notNull {
		p.Found, p.Wanted, p.Repair = "NULL allowed", "NOT NULL, because the field has a default", declaredRepair
		if f.notNull {
			p.Found, p.Wanted = "NOT NULL", "NULL allowed, because the field has no default"
		}
		return p, false
	}
	switch change := alterColumnSQL(found, c.Name); {
	case c.Writes == Omitted && f.notNull && !f.hasDefault && !pending:
		p.Found, p.Wanted = "NOT NULL without a default", "a default, because Xenon does not always write this column"
		p.Repair = change + "DROP NOT NULL;"
		if c.Type == UUID {
			p.Repair = change + "SET DEFAULT gen_random_uuid();"
		}
	case c.Writes == Nulls && f.notNull:
		p.Found, p.Wanted, p.Repair = "NOT NULL", "NULL allowed, because Xenon writes NULL", change+"DROP NOT NULL;"
	case c.NotNull && !f.notNull:
		p.Found, p.Wanted, p.Repair = "NULL allowed", "NOT NULL, because Xenon cannot read NULL", change+"SET NOT NULL;"
	case c.Unique && !f.unique:
		p.Found, p.Wanted = "no unique index", "a unique index on this column alone"
		p.Repair = "CREATE UNIQUE INDEX ON " + found.name + " (" + quoteIdentifier(c.Name) + ");"
	case c.Pair != nil && applied(c.Pair.Since) && !slices.Contains(f.pairs, c.Pair.Column):
		columns := quoteIdentifier(c.Name) + ", " + quoteIdentifier(c.Pair.Column)
		p.Found, p.Wanted = "no unique index", "a unique index on "+columns+" for the accounts of providers"
		p.Repair = "CREATE UNIQUE INDEX ON " + found.name + " (" + columns + ") WHERE " + quoteIdentifier(c.Name) +
			" <> 'credential';"
	case c.Cascade && !f.cascade:
		p.Found, p.Wanted = "no foreign key with ON DELETE CASCADE", `a foreign key to "user" with ON DELETE CASCADE`
		p.Repair = "ALTER TABLE " + found.name + " ADD FOREIGN KEY (" + quoteIdentifier(c.Name) + ") REFERENCES " +
			found.quotedTable("user") + " (id) ON DELETE CASCADE;"
	default:
		return p, true
	}
	return p, false
}

// checkTimeZone reports a column without a time zone if the connection's time zone is not UTC, because Postgres
// converts values with the time zone of the connection. Xenon sets UTC when it connects; a pooler may ignore the
// setting, and then this check fails.
func checkTimeZone(found map[string]*foundTable) (Problem, bool) {
	for _, t := range Tables {
		f := found[t.Name]
		if f == nil || slices.Contains([]string{"UTC", "Etc/UTC", "GMT", "Etc/GMT"}, f.timeZone) {
			continue
		}
		for _, c := range f.columns {
			if _, known := t.column(c.name); known && strings.HasSuffix(c.typ, "without time zone") {
				return Problem{
					Table: t.Name, Column: c.name, Found: "a timestamp without time zone on a connection in " + f.timeZone,
					Wanted: "a connection in UTC; the pooler ignores the time zone that Xenon sets",
					Repair: "ALTER ROLE CURRENT_USER SET TimeZone = 'UTC';",
				}, false
			}
		}
	}
	return Problem{}, true
}

func (t Type) accepts(shown string) bool {
	if t == Time { // a precision, as in timestamp(3), does not matter
		if before, after, ok := strings.Cut(shown, "("); ok {
			_, rest, _ := strings.Cut(after, ")")
			shown = before + rest
		}
	}
	return slices.Contains(acceptedTypes[t], shown)
}

func (c Column) description() string {
	text := string(c.Type)
	if c.NotNull {
		text += " NOT NULL"
	}
	if c.Type == UUID && c.Name == "id" {
		text += ` (Better Auth's option advanced.database.generateId = "uuid")`
	}
	return text
}

// addColumnSQL returns the statement that adds a missing column, or "" if no statement can.
func addColumnSQL(c Column, found *foundTable) string {
	text := "ALTER TABLE " + found.name + " ADD COLUMN " + quoteIdentifier(c.Name) + " " + string(c.Type)
	switch {
	case !c.NotNull:
	case c.Type == Time:
		text += " NOT NULL DEFAULT CURRENT_TIMESTAMP"
	case c.Type == Boolean:
		text += " NOT NULL DEFAULT false"
	default:
		return "" // there is no value for existing rows
	}
	return text + ";"
}

// changeTypeSQL returns the statement that changes the type of a column, or "" if Xenon knows none. The type of an id
// can change only together with the types of all columns that refer to the id.
func changeTypeSQL(c Column, f foundColumn, found *foundTable) string {
	typ := string(c.Type)
	isText := strings.HasPrefix(f.typ, "text") || strings.HasPrefix(f.typ, "character varying")
	switch {
	case c.Type == UUID:
		return ""
	case c.Type == Text, c.Type == Bigint && convertsToBigint(f.typ):
		return alterColumnSQL(found, c.Name) + "TYPE " + typ + ";"
	case isText:
		return alterColumnSQL(found, c.Name) + "TYPE " + typ + " USING " + quoteIdentifier(c.Name) + "::" + typ + ";"
	}
	return ""
}

// convertsToBigint reports whether Postgres converts values of the type to bigint without a USING clause.
func convertsToBigint(typ string) bool {
	name, _, _ := strings.Cut(typ, "(") // as in numeric(20,0)
	return slices.Contains([]string{"smallint", "integer", "numeric", "real", "double precision"}, name)
}

func alterColumnSQL(found *foundTable, column string) string {
	return "ALTER TABLE " + found.name + " ALTER COLUMN " + quoteIdentifier(column) + " "
}

// quotedTable returns the quoted name of another table in the same schema.
func (t *foundTable) quotedTable(name string) string {
	return t.name[:strings.LastIndex(t.name, `."`)+1] + quoteIdentifier(name)
}

func quoteIdentifier(name string) string { return pgx.Identifier{name}.Sanitize() }

// snakeCase converts emailVerified to email_verified.
func snakeCase(name string) string {
	var b strings.Builder
	for _, r := range name {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
