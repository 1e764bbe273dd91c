package store_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/profilefields/declaration"
	"github.com/xenon-auth/xenon/shared/schema"
	"github.com/xenon-auth/xenon/shared/store"
)

func connectTo(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

var statementPattern = regexp.MustCompile(`(?s)^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s+\S`)

// allStatements returns the SQL statements of this package: every constant text in a function that looks like a
// statement, even if it is joined from several constants, and the statements that are built at run time.
func allStatements(t *testing.T) []string {
	t.Helper()
	files := token.NewFileSet()
	isSource := func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }
	packages, err := parser.ParseDir(files, ".", isSource, 0) //nolint:staticcheck // SA1019: there are no build tags
	if err != nil {
		t.Fatal(err)
	}
	var syntax []*ast.File
	for _, name := range slices.Sorted(maps.Keys(packages["store"].Files)) {
		syntax = append(syntax, packages["store"].Files[name])
	}
	info := types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	// Constant texts can be evaluated without the declarations of other modules, so errors about them are ignored.
	checker := types.Config{Importer: standardLibraryOnly{importer.Default()}, Error: func(error) {}}
	_, _ = checker.Check("store", files, syntax, &info)
	var all []string
	for _, file := range syntax {
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Body != nil {
				all = append(all, statementTexts(f.Body, info)...)
			}
		}
	}
	plugins := store.Open(nil, 1).UsePlugins(config.Plugins{TwoFactor: true, Admin: true})
	defer plugins.Close()
	for _, sql := range all {
		if text := plugins.Complete(sql); text != sql {
			all = append(all, text)
		}
	}
	all = append(all, store.ProfileStatements(plugins.UseProfileFields(declaration.Shipped()))...)
	for n := 1; n <= 3; n++ {
		all = append(all, store.ChargeSQL(n))
	}
	if len(all) < 30 {
		t.Fatalf("found %d statements in this package, want at least 30", len(all))
	}
	return all
}

// statementTexts returns the constant texts in a function that look like statements.
func statementTexts(body *ast.BlockStmt, info types.Info) (all []string) {
	ast.Inspect(body, func(n ast.Node) bool {
		e, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		v := info.Types[e].Value
		if v == nil || v.Kind() != constant.String || !statementPattern.MatchString(constant.StringVal(v)) {
			return true
		}
		all = append(all, constant.StringVal(v))
		return false // the parts of a concatenation are not statements
	})
	return all
}

// standardLibraryOnly imports the packages of the standard library. It returns an error for every other package.
type standardLibraryOnly struct{ types.Importer }

func (n standardLibraryOnly) Import(path string) (*types.Package, error) {
	if strings.Contains(path, ".") {
		return nil, fmt.Errorf("%s is not imported: it is not in the standard library", path)
	}
	return n.Importer.Import(path)
}

// columnsOf returns the columns that a statement uses, as "table.column". It lets Postgres find them, as the
// dependencies of a function with the statement.
func columnsOf(t *testing.T, conn *pgx.Conn, sql string) []string {
	t.Helper()
	prepared, err := conn.Prepare(t.Context(), "", sql)
	if err != nil {
		t.Fatalf("%v:\n%s", err, sql)
	}
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	var parameters, names []string
	for _, oid := range prepared.ParamOIDs {
		names = append(names, fmt.Sprintf("format_type(%d, NULL)", oid))
	}
	if len(names) > 0 {
		if err := tx.QueryRow(t.Context(), "SELECT ARRAY["+strings.Join(names, ", ")+"]").Scan(&parameters); err != nil {
			t.Fatal(err)
		}
	}
	create := "CREATE FUNCTION statement(" + strings.Join(parameters, ", ") + ") RETURNS void LANGUAGE sql " +
		"BEGIN ATOMIC " + sql + "; END"
	if _, err := tx.Exec(t.Context(), create); err != nil {
		t.Fatalf("%v:\n%s", err, create)
	}
	rows, err := tx.Query(t.Context(), `
		SELECT c.relname || '.' || a.attname
		FROM pg_depend d
		JOIN pg_class c ON c.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND a.attnum > 0
		WHERE d.classid = 'pg_proc'::regclass AND d.objid = to_regproc('statement')`)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// needsColumn reports whether a statement fails without a column. columnsOf alone does not tell: for ON CONFLICT DO
// UPDATE, Postgres lists every column of the table.
func needsColumn(t *testing.T, conn *pgx.Conn, sql, name string) bool {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	table, column, _ := strings.Cut(name, ".")
	rename := "ALTER TABLE " + pgx.Identifier{table}.Sanitize() +
		" RENAME COLUMN " + pgx.Identifier{column}.Sanitize() + " TO renamed"
	if _, err := tx.Exec(t.Context(), rename); err != nil {
		t.Fatal(err)
	}
	_, err = conn.Prepare(t.Context(), "", sql)
	return err != nil
}

// schema.Tables has every column that a statement uses, and every column there that is not Optional is used.
func TestSchemaTablesHaveTheColumnsOfAllStatements(t *testing.T) {
	t.Parallel()
	conn := connectTo(t, dbtest.New(t))
	named := map[string][]string{}
	for _, sql := range allStatements(t) {
		for _, name := range columnsOf(t, conn, sql) {
			named[name] = append(named[name], sql)
		}
	}
	for _, table := range schema.Tables {
		if table.Name == schema.ProfileTable {
			table.Columns = append(slices.Clone(table.Columns), schema.ProfileColumns(declaration.Shipped())...)
		}
		for _, c := range table.Columns {
			name := table.Name + "." + c.Name
			if named[name] == nil && !c.Optional {
				t.Errorf("schema.Tables has the column %s, but no statement uses it", name)
			}
			delete(named, name)
		}
	}
	for name, texts := range named {
		for _, sql := range texts {
			if needsColumn(t, conn, sql, name) {
				t.Errorf("schema.Tables does not have the column %s, which this statement uses:\n%s", name, sql)
			}
		}
	}
}

var insertPattern = regexp.MustCompile(`(?is)INSERT\s+INTO\s+"?(\w+)"?(?:\s+AS\s+\w+)?\s*\(([^)]*)\)`)

// Every INSERT into a table sets the columns that schema.Tables marks with Writes: schema.Values.
func TestEveryInsertSetsTheColumnsMarkedWithValues(t *testing.T) {
	t.Parallel()
	inserts := map[string]int{}
	for _, sql := range allStatements(t) {
		for _, m := range insertPattern.FindAllStringSubmatch(sql, -1) {
			given := map[string]bool{}
			for name := range strings.SplitSeq(m[2], ",") {
				given[strings.Trim(strings.TrimSpace(name), `"`)] = true
			}
			i := slices.IndexFunc(schema.Tables, func(x schema.Table) bool { return x.Name == m[1] })
			if i < 0 {
				t.Errorf("a statement inserts into the table %s, which schema.Tables does not have", m[1])
				continue
			}
			inserts[m[1]]++
			for _, c := range schema.Tables[i].Columns {
				if c.Writes == schema.Values && !given[c.Name] {
					t.Errorf("this INSERT does not set %s.%s:\n%s", m[1], c.Name, m[0])
				}
			}
		}
	}
	if len(inserts) < 6 {
		t.Errorf("found INSERTs into the tables %v, want at least six tables", inserts)
	}
}
