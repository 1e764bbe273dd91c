package dump

import (
	"bytes"
	"errors"
	"io"
)

// copyStatement reads a COPY statement, and its rows if they follow it.
func (p *parser) copyStatement() error {
	if p.mustSkipSpace() == nil && p.in.peek() == '(' {
		return p.skipStatement(false) // COPY (query) TO
	}
	table, err := p.tableName()
	if err != nil {
		return err
	}
	columns, err := p.columnList()
	if err != nil {
		return err
	}
	direction, err := p.word()
	if err != nil {
		return err
	}
	origin, err := p.word()
	if err != nil {
		return err
	}
	options := nameWriter{p: p}
	if err := p.skip(&options, false); err != nil {
		return err
	}
	switch {
	case direction != "from":
		return nil
	case origin != "stdin" && p.sink.wants(table):
		return p.refuseLine("the rows of %s are in another file. A tar file of pg_dump is read whole: give it to --from "+
			"as it is", table)
	case origin != "stdin":
		return nil
	case string(options.text) != ";" && p.sink.wants(table):
		return p.refuseLine("COPY %s has options. Dump with the default format of pg_dump", table)
	}
	if rest, err := p.restOfLine(); err != nil || len(bytes.TrimSpace([]byte(rest))) > 0 {
		return errors.Join(err, p.refuseLine("the rows of %s must begin in the line after COPY", table))
	}
	return p.copyRows(table, columns)
}

// copyRows reads the rows of a COPY statement up to the line \. and gives them to the sink.
func (p *parser) copyRows(table string, columns []string) error {
	w, err := p.begin(table, columns)
	if err != nil {
		return err
	}
	l := lines{in: p.in, isStart: true}
	rows := int64(0)
	for {
		isStart := l.isStart
		piece, isEnd, err := l.next()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, errCut):
			return cutShort(`it ends in the rows of %s: after row %d there is no line "\."`, table, rows)
		case err != nil:
			return err
		case isStart && string(bytes.TrimSuffix(piece, []byte("\n"))) == `\.`:
			return p.end(table, rows)
		}
		if _, err := w.Write(piece); err != nil {
			return p.writeError(table, err)
		}
		if isEnd {
			rows++
		}
	}
}

// begin starts rows of a table. It returns a writer that discards them if the sink does not want the table.
func (p *parser) begin(table string, columns []string) (io.Writer, error) {
	if !p.sink.wants(table) {
		return io.Discard, nil
	}
	if columns == nil {
		return nil, p.refuseLine("the statement for %s does not name its columns: dump with --column-inserts, or "+
			"together with the definitions of the tables (without --data-only)", table)
	}
	return p.sink.begin(table, columns, p.types[table])
}

func (p *parser) end(table string, rows int64) error {
	if p.sink.wants(table) {
		if err := p.sink.end(rows); err != nil {
			return p.writeError(table, err)
		}
	}
	return p.note(table, rows)
}

// writeError returns the error of a sink.
func (p *parser) writeError(table string, err error) error {
	if isRefusal(err) {
		return err
	}
	return p.refuseLine("rows of %s: %w", table, err)
}
