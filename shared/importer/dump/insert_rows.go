package dump

import (
	"bufio"
	"io"
)

// insertStatement reads an INSERT statement with VALUES.
func (p *parser) insertStatement() error {
	if word, err := p.word(); err != nil || word != "into" {
		return p.skipAfter(err)
	}
	table, err := p.tableName()
	if err != nil {
		return err
	}
	if !p.sink.wants(table) {
		s := skipper{parser: p, head: discardBytes{}}
		for {
			if done, err := s.step(); err != nil {
				return err
			} else if done {
				return p.note(table, s.rows)
			}
		}
	}
	columns, err := p.columnList()
	if err != nil {
		return err
	}
	word, err := p.word()
	if err == nil && word == "overriding" { // OVERRIDING SYSTEM VALUE
		for word != "values" && word != "" && err == nil {
			word, err = p.word()
		}
	}
	switch {
	case err != nil:
		return err
	case word != "values":
		return p.refuseLine("INSERT INTO %s has no list of VALUES: the file is not a dump of pg_dump", table)
	}
	return p.insertRows(table, columns)
}

func (p *parser) skipAfter(err error) error {
	if err != nil {
		return err
	}
	return p.skipStatement(false)
}

// insertRows reads the rows after VALUES, and gives them to the sink in the text format of COPY.
func (p *parser) insertRows(table string, columns []string) error {
	if columns == nil {
		columns = p.columns[table] // pg_dump --inserts writes a value for each of them, and DEFAULT for generated ones
	}
	w, err := p.begin(table, columns)
	if err != nil {
		return err
	}
	r := rowWriter{parser: p, table: table, out: bufio.NewWriterSize(w, 64<<10)}
	for {
		if err := r.row(len(columns)); err != nil {
			return p.writeError(table, err)
		}
		comma, err := p.accept(',')
		if err != nil {
			return err
		}
		if !comma {
			break
		}
	}
	if err := r.out.Flush(); err != nil {
		return p.writeError(table, err)
	}
	if err := p.endOfInsert(table); err != nil {
		return err
	}
	return p.end(table, r.rows)
}

// endOfInsert reads the semicolon after the last row, or ON CONFLICT DO NOTHING.
func (p *parser) endOfInsert(table string) error {
	done, err := p.accept(';')
	if err != nil || done {
		return err
	}
	word, err := p.word()
	if err != nil {
		return err
	}
	if word != "on" {
		return p.refuseLine("INSERT INTO %s: a row must be followed by a comma or a semicolon", table)
	}
	return p.skipStatement(false)
}

// rowWriter writes the values of an INSERT statement in the text format of COPY.
type rowWriter struct {
	*parser
	table string
	out   *bufio.Writer
	rows  int64
}

// row reads a row in parentheses.
func (r *rowWriter) row(columns int) error {
	if found, err := r.accept('('); err != nil {
		return err
	} else if !found {
		return r.refuseLine("INSERT INTO %s: a row must begin with a parenthesis", r.table)
	}
	n := 0
	for {
		if n > 0 {
			_ = r.out.WriteByte('\t') // a bufio.Writer returns its error with the next Flush
		}
		if err := r.value(); err != nil {
			return err
		}
		n++
		comma, err := r.accept(',')
		if err != nil {
			return err
		}
		if !comma {
			break
		}
	}
	found, err := r.accept(')')
	switch {
	case err != nil:
		return err
	case !found:
		return r.refuseLine("INSERT INTO %s: value %d of this row is not a constant", r.table, n)
	case n != columns:
		return r.refuseLine("INSERT INTO %s: this row has %d values for %d columns", r.table, n, columns)
	}
	r.rows++
	return r.out.WriteByte('\n')
}

// value reads a constant, and a cast after it.
func (r *rowWriter) value() error {
	if err := r.mustSkipSpace(); err != nil {
		return err
	}
	var err error
	switch b := r.in.peek(); {
	case b == '\'':
		err = r.stringConstant(copyText{r.out}, r.backslashEscapes)
	case b == '$':
		var found bool
		if found, err = r.dollarQuote(copyText{r.out}); err == nil && !found {
			err = r.refuseValue()
		}
	case isNameStart(b):
		err = r.wordValue()
	case b >= '0' && b <= '9' || b == '-' || b == '+' || b == '.':
		err = r.numberValue()
	default:
		err = r.refuseValue()
	}
	if err != nil {
		return err
	}
	return r.skipCast()
}

func (r *rowWriter) refuseValue() error {
	return r.refuseLine("INSERT INTO %s: a value is not a constant", r.table)
}

// wordValue reads NULL, DEFAULT, a boolean, or a string constant with a prefix.
func (r *rowWriter) wordValue() error {
	word, err := r.word()
	if err != nil {
		return err
	}
	isPrefix := r.in.peek() == '\''
	switch {
	case word == "null", word == "default": // pg_dump writes DEFAULT for generated columns only
		return writeAll(r.out, `\N`)
	case word == "true", word == "false":
		return writeAll(r.out, word)
	case word == "e" && isPrefix:
		return r.stringConstant(copyText{r.out}, true)
	case (word == "n" || word == "b") && isPrefix:
		return r.stringConstant(copyText{r.out}, r.backslashEscapes)
	}
	return r.refuseValue()
}

func (r *rowWriter) numberValue() error {
	for b := r.in.peek(); isNameByte(b) || b == '-' || b == '+' || b == '.'; b = r.in.peek() {
		if _, err := r.in.mustNext(); err != nil {
			return err
		}
		_ = r.out.WriteByte(b) // see row
	}
	return nil
}

// skipCast skips a cast such as ::jsonb or ::character varying(255).
func (r *rowWriter) skipCast() error {
	if err := r.mustSkipSpace(); err != nil || !r.in.hasPrefix("::") {
		return err
	}
	s := skipper{parser: r.parser, head: discardBytes{}}
	for {
		if err := r.mustSkipSpace(); err != nil {
			return err
		}
		b := r.in.peek()
		if s.depth == 0 && (b == ',' || b == ')') {
			return nil
		}
		if b == '\'' || b == ';' || b == '$' {
			return r.refuseValue()
		}
		if _, err := s.step(); err != nil {
			return err
		}
	}
}

// copyText escapes a value for the text format of COPY.
type copyText struct{ out *bufio.Writer }

var copyEscapes = map[byte]byte{'\\': '\\', '\n': 'n', '\r': 'r', '\t': 't'}

func (w copyText) WriteByte(b byte) error {
	if b == '\\' || b < ' ' {
		if letter, ok := copyEscapes[b]; ok {
			_ = w.out.WriteByte('\\') // a bufio.Writer returns its error with the next Flush
			b = letter
		}
	}
	return w.out.WriteByte(b)
}

var _ io.ByteWriter = copyText{}
