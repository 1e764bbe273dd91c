package dump

import (
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// sink gets the rows of the tables that it wants.
type sink interface {
	// wants reports whether the sink takes the rows of this table.
	wants(table string) bool
	// begin starts rows of a table, in the text format of COPY. The caller then writes the rows.
	begin(table string, columns []string, types map[string]string) (io.Writer, error)
	// end ends the rows that begin has started. rows is their number.
	end(rows int64) error
}

// parser reads the text of a dump, as pg_dump and `supabase db dump` write it. It skips statements other than COPY and
// INSERT for tables that the sink wants. It knows string constants, dollar quotes, quoted names, nested comments and
// the bodies of SQL functions, so that no text in one of them is mistaken for a statement.
type parser struct {
	in   *input
	sink sink
	contents
}

// contents is what the parser has found in the dump.
type contents struct {
	rows    map[string]int64             // rows of tables that the sink wants
	skipped map[string]int64             // rows of other tables
	dumped  map[string]bool              // tables whose rows are in the dump, even if there are none
	columns map[string][]string          // columns of CREATE TABLE statements
	types   map[string]map[string]string // their types

	starts, ends      int    // comments at the start and the end of a dump
	replica, reset    bool   // the first and the last statement of `supabase db dump --data-only`
	backslashEscapes  bool   // standard_conforming_strings is off
	database, usersIn string // the current database of a cluster dump, and the one with auth.users
}

func newParser(r io.Reader, s sink) *parser {
	return &parser{in: newInput(r), sink: s, contents: contents{
		rows: map[string]int64{}, skipped: map[string]int64{}, dumped: map[string]bool{},
		columns: map[string][]string{}, types: map[string]map[string]string{},
	}}
}

// parse reads the dump to its end. An error about the content is a run.ErrRefused that names the line.
func (p *parser) parse() error {
	for {
		err := p.parseNext()
		switch {
		case errors.Is(err, io.EOF):
			return p.checkEnd()
		case errors.Is(err, run.ErrRefused):
			return err
		case errors.Is(err, errCut):
			return cutShort("it ends in the middle of a statement or a row, at line %d", p.in.line)
		case err != nil:
			return err
		}
	}
}

// parseNext reads a statement, or a command of psql such as \restrict. It returns io.EOF if there is none.
func (p *parser) parseNext() error {
	if err := p.skipSpace(); err != nil {
		return err
	}
	switch p.in.peek() {
	case 0:
		if _, err := p.in.next(); err != nil {
			return err
		}
		return p.refuseLine("the file has a zero byte: it is not a dump in plain text")
	case '\\':
		return p.psqlCommand()
	case ';':
		_, err := p.in.next()
		return err
	}
	return p.statement()
}

// psqlCommand skips a command of psql, which ends with its line. It notes the database of \connect.
func (p *parser) psqlCommand() error {
	text, err := p.restOfLine()
	if name, ok := strings.CutPrefix(text, `\connect `); ok {
		p.database = name
	}
	return err
}

// restOfLine reads the rest of the line, and returns at most maxNameBytes of it.
func (p *parser) restOfLine() (string, error) {
	var text []byte
	for {
		b, err := p.in.next()
		if errors.Is(err, io.EOF) || b == '\n' && err == nil {
			return strings.TrimRight(string(text), "\r"), nil
		}
		if err != nil {
			return "", err
		}
		if len(text) < maxNameBytes {
			text = append(text, b)
		}
	}
}

// firstWords are the words with which a statement of a dump can begin.
var firstWords = strings.Fields(`abort alter analyze begin call checkpoint close cluster comment commit copy create
	deallocate declare delete discard do drop end execute explain fetch grant import insert listen load lock merge move
	notify prepare reassign refresh reindex release reset revoke rollback savepoint security select set show start
	table truncate unlisten update vacuum values with`)

func (p *parser) statement() error {
	line := p.in.line
	word, err := p.word()
	switch {
	case err != nil:
		return err
	case !slices.Contains(firstWords, word) && p.in.peek() != '(':
		return refuse("line %d is not an SQL statement, so the file is not a dump of Postgres, or its beginning is missing",
			line)
	}
	switch word {
	case "copy":
		return p.copyStatement()
	case "insert":
		return p.insertStatement()
	case "create":
		return p.createStatement()
	case "set":
		return p.setStatement()
	case "reset":
		p.reset = true
	}
	return p.skipStatement(false)
}

// setStatement reads the settings that change how the rest of the dump is read.
func (p *parser) setStatement() error {
	name, err := p.word()
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := p.skip(&text, false); err != nil {
		return err
	}
	value := strings.ToLower(strings.Trim(text.String(), " =\t\r\n';"))
	switch name {
	case "client_encoding":
		if !slices.Contains([]string{"utf8", "utf-8", "unicode"}, value) {
			return p.refuseLine("the dump is in the encoding %.20s: dump again with --encoding=UTF8", value)
		}
	case "standard_conforming_strings":
		p.backslashEscapes = strings.TrimPrefix(value, "to ") == "off"
	case "session_replication_role":
		p.replica = true
	}
	return nil
}

var dumpedTable = regexp.MustCompile(`^-- Data for Name: (.*); Type: TABLE DATA; Schema: ([^;]*); Owner: `)

// noteComment reads the comments of pg_dump: the start and the end of the dump, and the tables whose rows it has.
func (p *parser) noteComment(text string) {
	switch {
	case strings.HasPrefix(text, "-- PostgreSQL database dump complete"),
		strings.HasPrefix(text, "-- PostgreSQL database cluster dump complete"):
		p.ends++
	case strings.HasPrefix(text, "-- PostgreSQL database dump"),
		strings.HasPrefix(text, "-- PostgreSQL database cluster dump"):
		p.starts++
	default:
		if m := dumpedTable.FindStringSubmatch(text); m != nil {
			p.dumped[m[2]+"."+m[1]] = true
		}
	}
}

// checkEnd returns an error if the file ends between two statements before the dump is complete.
func (c *contents) checkEnd() error {
	if c.starts > c.ends || c.starts == 0 && c.replica && !c.reset {
		return cutShort("the last line of a dump is missing (%s)",
			map[bool]string{true: "PostgreSQL database dump complete", false: "RESET ALL"}[c.starts > c.ends])
	}
	return nil
}

// note counts rows of a table. Rows of auth.users in two databases of a cluster dump are an error.
func (p *parser) note(table string, rows int64) error {
	p.dumped[table] = true
	if !p.sink.wants(table) {
		p.skipped[table] += rows
		return nil
	}
	p.rows[table] += rows
	if table != usersTable || rows == 0 {
		return nil
	}
	if p.rows[table] > rows && p.usersIn != p.database {
		return refuse("the file has rows of %s of two databases (\\connect): dump the one of the project with pg_dump",
			usersTable)
	}
	p.usersIn = p.database
	return nil
}

// refuseLine returns a run.ErrRefused with the number of the current line.
func (p *parser) refuseLine(format string, args ...any) error {
	return refuse("line %d: "+format, append([]any{p.in.line}, args...)...)
}

// isRefusal reports whether an error is about the content of the file.
func isRefusal(err error) bool { return errors.Is(err, run.ErrRefused) || errors.Is(err, errCut) }
