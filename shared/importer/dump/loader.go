package dump

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// loader is the sink that copies rows into the tables of the temporary server.
type loader struct {
	ctx      context.Context // of the call of Load, because the methods of sink have none
	conn     *pgx.Conn
	profiles string                       // name of the profile table, or "none"
	existing map[string][]string          // columns by table
	found    map[string][]string          // columns of the file, by table
	unknown  map[string][]string          // columns of Supabase's tables that tables.sql does not have
	ignored  map[string]map[string]string // generated columns that the file has, with the names of their copies
	defined  map[string]map[string]string // types of the columns that the file defines, by table

	current stream
}

// stream is a COPY statement that is being executed. It stays open as long as the rows have the same columns.
type stream struct {
	statement string
	table     string
	rows      int64 // that the parser has counted
	w         *bufio.Writer
	pipe      *io.PipeWriter
	done      chan copied
}

type copied struct {
	rows int64
	err  error
}

// sessionSQL is for the connection of the loader. The server has no other clients while it is open.
const sessionSQL = `
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET standard_conforming_strings = on;
SET maintenance_work_mem = '256MB';
`

func newLoader(ctx context.Context, databaseURL, profiles string) (*loader, error) {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return nil, fmt.Errorf("connect to the temporary Postgres: %w", err)
	}
	l := &loader{
		ctx: ctx, conn: conn, profiles: profiles,
		existing: map[string][]string{}, found: map[string][]string{}, unknown: map[string][]string{},
		ignored: map[string]map[string]string{}, defined: map[string]map[string]string{},
	}
	if err = l.exec(sessionSQL + tablesSQL); err == nil {
		err = l.readColumns()
	}
	if err != nil {
		l.close()
		return nil, fmt.Errorf("create the tables for the rows of the file: %w", err)
	}
	return l, nil
}

// exec executes one or more statements.
func (l *loader) exec(sql string) error {
	_, err := l.conn.PgConn().Exec(l.ctx, sql).ReadAll()
	return err
}

func (l *loader) readColumns() error {
	rows, err := l.conn.Query(l.ctx, `SELECT c.oid::regclass::text, a.attname::text
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'auth'::regnamespace AND c.relkind = 'r'
ORDER BY 1, a.attnum`)
	if err != nil {
		return err
	}
	var table, column string
	_, err = pgx.ForEachRow(rows, []any{&table, &column}, func() error {
		l.existing[table] = append(l.existing[table], column)
		return nil
	})
	return err
}

// columnsOf returns the columns of a table that the file has.
func (l *loader) columnsOf(table string) []string { return l.found[table] }

// close closes the connection. An open COPY statement fails.
func (l *loader) close() {
	if l.current.pipe != nil {
		_ = l.current.pipe.CloseWithError(errors.New("stopped")) // never fails
		<-l.current.done
	}
	_ = l.conn.Close(context.WithoutCancel(l.ctx)) // the server ends soon
}

func (l *loader) wants(table string) bool {
	_, ok := findAuthTable(table)
	return ok || table == l.profiles
}

// begin starts rows in the text format of COPY, as it is in a dump.
func (l *loader) begin(table string, columns []string, types map[string]string) (io.Writer, error) {
	return l.open(table, columns, types, "")
}

// open starts a COPY statement with options, or continues the current one if it is the same.
func (l *loader) open(table string, columns []string, types map[string]string, options string) (io.Writer, error) {
	names, err := l.prepareColumns(table, columns, types)
	if err != nil {
		return nil, err
	}
	statement := "COPY " + sqlName(table) + " (" + strings.Join(names, ", ") + ") FROM STDIN" + options
	if statement == l.current.statement {
		return l.current.w, nil
	}
	if err := l.flush(); err != nil {
		return nil, err
	}
	r, w := io.Pipe()
	done := make(chan copied, 1)
	go func() {
		tag, err := l.conn.PgConn().CopyFrom(l.ctx, r, statement)
		if err != nil {
			err = copyError(table, err)
		}
		_ = r.CloseWithError(err) // the writer gets the error
		done <- copied{tag.RowsAffected(), err}
	}()
	l.current = stream{statement: statement, table: table, w: bufio.NewWriterSize(w, 64<<10), pipe: w, done: done}
	return l.current.w, nil
}

// prepareColumns creates the table and the columns that do not exist yet. It returns the quoted names of the columns. A
// generated column gets another name.
func (l *loader) prepareColumns(table string, columns []string, types map[string]string) ([]string, error) {
	auth, isAuth := findAuthTable(table)
	if !isAuth && l.existing[table] == nil {
		schema, _, _ := strings.Cut(table, ".")
		sql := "CREATE SCHEMA IF NOT EXISTS " + mapping.Quote(schema) + "; CREATE UNLOGGED TABLE " + sqlName(table) + " ()"
		if err := l.change(sql); err != nil {
			return nil, err
		}
		l.existing[table] = []string{}
	}
	l.defined[table] = types
	l.found[table] = columns
	var names []string
	for _, column := range columns {
		name := column
		if isAuth && column == auth.generated {
			name = "file_" + column
			l.ignored[table] = map[string]string{column: name}
		}
		names = append(names, mapping.Quote(name))
		if slices.Contains(l.existing[table], name) {
			continue
		}
		sql := "ALTER TABLE " + sqlName(table) + " ADD COLUMN " + mapping.Quote(name) + " " + typeOf(types, column)
		if err := l.change(sql); err != nil {
			return nil, err
		}
		l.existing[table] = append(l.existing[table], name)
		if isAuth && name == column {
			l.unknown[table] = append(l.unknown[table], column)
		}
	}
	return names, nil
}

// change executes statements after the current COPY statement.
func (l *loader) change(sql string) error {
	if err := l.flush(); err != nil {
		return err
	}
	return l.exec(sql)
}

// end adds rows to the number of rows that the current COPY statement must have.
func (l *loader) end(rows int64) error {
	l.current.rows += rows
	return nil
}

// flush ends the current COPY statement. It returns an error if Postgres did not copy as many rows as were counted.
func (l *loader) flush() error {
	s := l.current
	if s.pipe == nil {
		return nil
	}
	l.current = stream{}
	_ = s.w.Flush() // an error is that of the COPY statement
	_ = s.pipe.Close()
	result := <-s.done
	switch {
	case result.err != nil:
		return result.err
	case result.rows != s.rows:
		return refuse("%s: the file has %d rows, but Postgres read %d: the file is damaged", s.table, s.rows, result.rows)
	}
	return nil
}

// copyPosition finds the row and the column in the context of an error of COPY.
var copyPosition = regexp.MustCompile(`line (\d+)(?:, column ([^:]+))?`)

// copyError returns the error of a COPY statement without values of rows.
func copyError(table string, err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return fmt.Errorf("copy the rows of %s: %w", table, err)
	}
	where := table
	if m := copyPosition.FindStringSubmatch(e.Where); m != nil {
		where += ", row " + m[1]
		if m[2] != "" {
			where += ", column " + m[2]
		}
	}
	switch e.Code {
	case "53100":
		return fmt.Errorf("%s: the disk of the temporary Postgres is full: free space, or set TMPDIR to a directory with "+
			"more space. The rows need about twice the size of the file", where)
	case "22P04", "22P02", "22007", "22008", "22021", "22P05", "23502", "22003":
		return refuse("%s: the row does not fit the table (%s, SQLSTATE %s)", where, copyReasons[e.Code], e.Code)
	}
	return refuse("%s: Postgres does not accept the row (SQLSTATE %s)", where, e.Code)
}

var copyReasons = map[string]string{
	"22P04": "it has another number of columns", "22P02": "a value is not of the type of its column",
	"22007": "a value is not a date", "22008": "a date is out of range", "22021": "a value is not valid UTF-8",
	"22P05": "a character cannot be stored", "23502": "an id is missing", "22003": "a number is out of range",
}
