// Package schema lists the tables and columns that Xenon needs, and checks those of a database. Another version of
// Better Auth or an application's ORM may have created the tables. For a table that does not match, the check says what
// is wrong and which SQL repairs it, so that requests do not fail later.
package schema

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/profilefields"
)

// Public is the default of SCHEMA. With it, statements have unqualified names, which Postgres resolves with the
// search_path; that contains "public" unless an administrator changed it.
const Public = "public"

// Querier is a connection, a transaction or a pool.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Problem is a table or column that Xenon cannot work with.
type Problem struct {
	Table  string `json:"table"`
	Column string `json:"column"` // "" if the problem is the table itself
	Found  string `json:"found"`
	Wanted string `json:"wanted"`
	Repair string `json:"repair"` // SQL, or a command; "" if no statement repairs it
}

// String returns the problem on one line.
func (p Problem) String() string {
	name := p.Table
	if p.Column != "" {
		name += "." + p.Column
	}
	text := fmt.Sprintf("%s: found %s, wanted %s", name, p.Found, p.Wanted)
	if p.Repair != "" {
		text += "; repair: " + p.Repair
	}
	return text
}

// Error lists the differences between the tables of a database and the tables that Xenon needs.
type Error struct{ Problems []Problem }

// Error lists the problems, one a line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("the tables of the database do not match the tables that Xenon needs:")
	for _, p := range e.Problems {
		b.WriteString("\n  - " + p.String())
	}
	return b.String()
}

// CheckTables compares the tables in a schema with the list Tables, with one query. The argument name is the name of
// the schema. The function applied reports whether a migration was applied; tables, columns and indexes of other
// migrations may be missing. fields are the fields of the profile, which need columns. If the tables do not match, the
// error is an *Error.
func CheckTables(
	ctx context.Context, db Querier, name string, applied func(migration int64) bool, fields ...profilefields.Field,
) error {
	sql, args := CatalogQuery(name)
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("read the catalog: %w", err)
	}
	return CompareTables(rows, applied, fields)
}

// CatalogQuery returns the statement that CheckTables sends, and its arguments.
func CatalogQuery(name string) (sql string, args []any) {
	if name == Public {
		name = ""
	}
	return catalogQuery, []any{name, TableNames()}
}

// ExtraColumn is a column of one of Tables that a setting names.
type ExtraColumn struct{ Table, Name, Setting string }

// CompareTables checks the rows that the statement of CatalogQuery returned. CheckTables sends this statement and then
// calls CompareTables. It also requires the columns of the fields of the profile and the columns extra.
func CompareTables(
	rows pgx.Rows, applied func(migration int64) bool, fields []profilefields.Field, extra ...ExtraColumn,
) error {
	found, err := readTables(rows)
	if err != nil {
		return fmt.Errorf("read the catalog: %w", err)
	}
	var problems []Problem
	for _, t := range Tables {
		if t.Name == ProfileTable {
			t.Columns = append(slices.Clone(t.Columns), ProfileColumns(fields)...)
		}
		problems = append(problems, checkTable(t, found[t.Name], applied)...)
	}
	for _, e := range extra {
		if t := found[e.Table]; t != nil && !t.hasColumn(e.Name) {
			problems = append(problems, Problem{
				Table: e.Table, Column: e.Name, Found: "no such column", Wanted: "the column that " + e.Setting + " names",
			})
		}
	}
	if p, ok := checkTimeZone(found); !ok {
		problems = append(problems, p)
	}
	if len(problems) > 0 {
		return &Error{problems}
	}
	return nil
}

// AllMigrationsApplied is the argument applied of CheckTables for a database that has all migrations.
func AllMigrationsApplied(int64) bool { return true }

// catalogQuery returns the columns of the tables in $2 and their properties. The tables are those in the schema $1 or,
// if that is empty, those that unqualified names resolve to. For a column of a domain it returns the domain's base
// type.
const catalogQuery = `
	SELECT c.relname::text, n.nspname::text, c.relkind::text, a.attname::text,
	       format_type(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END,
	                   CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END),
	       a.attnotnull OR t.typnotnull,
	       a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL,
	       EXISTS (
	         SELECT FROM pg_catalog.pg_index i
	         WHERE i.indrelid = c.oid AND i.indisunique AND i.indimmediate AND i.indisvalid
	           AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum),
	       EXISTS (
	         SELECT FROM pg_catalog.pg_constraint k
	         JOIN pg_catalog.pg_class u ON u.oid = k.confrelid AND u.relname = 'user' AND u.relnamespace = c.relnamespace
	         WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.conkey = ARRAY[a.attnum] AND k.confdeltype = 'c'),
	       current_setting('TimeZone'),
	       ARRAY(
	         SELECT b.attname::text FROM pg_catalog.pg_index i
	         JOIN pg_catalog.pg_attribute b ON b.attrelid = c.oid AND b.attnum <> a.attnum
	           AND b.attnum IN (i.indkey[0], i.indkey[1])
	         WHERE i.indrelid = c.oid AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indnkeyatts = 2
	           AND a.attnum IN (i.indkey[0], i.indkey[1])
	           AND (i.indpred IS NULL OR regexp_replace(pg_catalog.pg_get_expr(i.indpred, i.indrelid),
	             '[()"]|::text|::character varying', '', 'g') = 'providerId <> ''credential'''))
	FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
	WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname = ANY ($2::text[])
	  AND CASE $1::text WHEN '' THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = $1::text END
	ORDER BY c.relname, a.attnum`

// foundTable is a table of the database.
type foundTable struct {
	name     string // qualified and quoted
	kind     string // relkind
	timeZone string // time zone of the connection
	columns  []foundColumn
}

type foundColumn struct {
	name, typ                            string
	notNull, hasDefault, unique, cascade bool
	pairs                                []string // the other columns of its unique indexes with two columns
}

func (t *foundTable) column(name string) (foundColumn, bool) {
	i := slices.IndexFunc(t.columns, func(c foundColumn) bool { return c.name == name })
	if i < 0 {
		return foundColumn{}, false
	}
	return t.columns[i], true
}

func (t *foundTable) hasColumn(name string) bool {
	_, ok := t.column(name)
	return ok
}

// TableNames returns the names of Tables.
func TableNames() []string {
	names := make([]string, len(Tables))
	for i, t := range Tables {
		names[i] = t.Name
	}
	return names
}

func readTables(rows pgx.Rows) (map[string]*foundTable, error) {
	found := map[string]*foundTable{}
	var table, namespace, kind, zone string
	var column, typ *string // NULL for a table without columns
	var notNull, hasDefault *bool
	var unique, cascade bool
	var pairs []string
	into := []any{&table, &namespace, &kind, &column, &typ, &notNull, &hasDefault, &unique, &cascade, &zone, &pairs}
	_, err := pgx.ForEachRow(rows, into, func() error {
		t := found[table]
		if t == nil {
			t = &foundTable{name: pgx.Identifier{namespace, table}.Sanitize(), kind: kind, timeZone: zone}
			found[table] = t
		}
		if column != nil {
			t.columns = append(t.columns, foundColumn{
				*column, *typ, *notNull, *hasDefault, unique, cascade, slices.Clone(pairs),
			})
		}
		return nil
	})
	return found, err
}
