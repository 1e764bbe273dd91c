package dump

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
)

// readCSV reads the users of a CSV file.
func (e *exportReader) readCSV(in io.Reader) error {
	text := &csvText{in: in}
	r := csv.NewReader(text)
	r.LazyQuotes, r.ReuseRecord = e.info.looseQuotes, true
	columns := e.info.columns
	if columns == nil {
		first, err := r.Read()
		if err != nil {
			return e.csvError(err)
		}
		columns = slices.Clone(first)
		if err := e.checkHeader(columns); err != nil {
			return err
		}
	}
	for {
		text.sinceRecord = 0
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return e.csvError(err)
		}
		if err := e.addRecord(columns, record); err != nil {
			return err
		}
	}
	if text.last != '\n' {
		e.file.Warnings = append(e.file.Warnings, "the last line of the file has no end: check that the file is whole, "+
			"because its last value may be cut")
	}
	return nil
}

func (e *exportReader) checkHeader(columns []string) error {
	for i, name := range columns {
		if name = strings.TrimSpace(name); name != "" && slices.Contains(columns[:i], name) {
			return refuse("%s has the column %s twice", e.file.Name, name)
		}
		columns[i] = name
	}
	if !slices.Contains(columns, e.info.id) {
		return refuse("%s is not %s: its first line has no column %s, but %s", e.file.Name, e.info.export, e.info.id,
			strings.Join(columns[:min(len(columns), 8)], ", "))
	}
	return nil
}

// addRecord writes the rows of a user. A record may have an empty value after the last column, and may lack columns at
// its end if the columns are fixed.
func (e *exportReader) addRecord(columns, record []string) error {
	if n := len(record); n > len(columns)+1 || n > len(columns) && record[n-1] != "" || n < e.info.minColumns {
		return refuse("%s is not %s: record %d has %d values instead of %d. %s", e.file.Name, e.info.export,
			e.rows[usersTable]+1, n, len(columns), e.info.remedy)
	}
	user := object{}
	for i, name := range columns[:min(len(columns), len(record))] {
		user[name] = emptyText
		if record[i] != "" {
			user[name] = quoted(record[i])
		}
	}
	return e.addUser(fields{members: user, isCSV: true})
}

// emptyText is the value of a column without a value.
var emptyText = []byte(`""`)

// csvError returns the refusal of a file that is not valid CSV. It has no values.
func (e *exportReader) csvError(err error) error {
	parse, isParse := errors.AsType[*csv.ParseError](err)
	switch {
	case errors.Is(err, io.EOF):
		return refuse("%s is empty", e.file.Name)
	case errors.Is(readError(err), errCut):
		return e.cutGzip()
	case errors.Is(err, errLongRecord):
		return refuse("%s is damaged: record %d: %w. %s", e.file.Name, e.rows[usersTable]+1, err, e.info.remedy)
	case isParse:
		return refuse("%s is damaged or not whole: record %d, near line %d: %w. %s", e.file.Name,
			e.rows[usersTable]+1, parse.Line, parse.Err, e.info.remedy)
	}
	return err
}

// maxRecordBytes limits the memory for a record: a quote without an end makes the rest of the file one value.
const maxRecordBytes = 4 << 20

var errLongRecord = errors.New("the record has more than 4 MiB, because a quote has no end")

// csvText is the text of a CSV file.
type csvText struct {
	in          io.Reader
	last        byte // that was read
	sinceRecord int  // bytes that were read since the last record
}

func (c *csvText) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	if n > 0 {
		c.last = p[n-1]
	}
	if c.sinceRecord += n; c.sinceRecord > maxRecordBytes {
		return 0, errLongRecord
	}
	return n, err
}
