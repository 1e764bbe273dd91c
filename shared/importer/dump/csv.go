package dump

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// readCSV reads a CSV file of auth.users, as the dashboard of Supabase and psql write it. Postgres reads the rows.
func (f *fileReader) readCSV(r *bufio.Reader, columns []string, separator string) error {
	switch {
	case separator != ",":
		return refuse("%s is a table with another separator than commas: export it as CSV with commas", f.file.Name)
	case !slices.Contains(columns, "id") || !slices.Contains(columns, "email"):
		return refuse("%s is not a CSV file of auth.users: its first line has no columns id and email, but %s",
			f.file.Name, strings.Join(columns[:min(len(columns), 8)], ", "))
	}
	if _, err := r.ReadSlice('\n'); err != nil { // the header, which is shorter than the buffer
		return refuse("%s has a header and no rows", f.file.Name)
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		if names[i] = mapping.Quote(c); c == "confirmed_at" { // see prepareColumns
			names[i] = mapping.Quote("file_confirmed_at")
		}
	}
	w, err := f.loader.open(usersTable, columns, nil,
		" WITH (FORMAT csv, FORCE_NULL ("+strings.Join(names, ", ")+"))") // a quoted empty value is NULL, too
	if err != nil {
		return err
	}
	c := csvRecords{in: r, out: w}
	if err := c.copy(); err != nil {
		return err
	}
	f.file.Rows, f.file.Skipped = map[string]int64{usersTable: c.records}, map[string]int64{}
	f.file.Columns = columns
	f.file.Warnings = append(f.file.Warnings, fmt.Sprintf("a CSV file does not say whether it is complete, and the "+
		"dashboard exports at most the rows that it shows: compare its %s with the number of users in the dashboard",
		run.CountNoun(c.records, "row", "rows")))
	return f.loader.end(c.records)
}

// csvRecords copies the records of a CSV file and counts them. It leaves out empty lines, and ends every record with
// "\n".
type csvRecords struct {
	in  *bufio.Reader
	out io.Writer

	records  int64
	inQuotes bool
	started  bool // the record has bytes
}

func (c *csvRecords) copy() error {
	out := bufio.NewWriterSize(c.out, 64<<10)
	for {
		b, err := c.in.ReadByte()
		err = readError(err)
		switch {
		case errors.Is(err, io.EOF):
			return c.finish(out)
		case err != nil:
			return err
		case b == '"':
			c.inQuotes, c.started = !c.inQuotes, true
		case c.inQuotes:
		case b == '\r':
			continue
		case b == '\n' && !c.started:
			continue
		case b == '\n':
			c.records++
			c.started = false
		default:
			c.started = true
		}
		if err := out.WriteByte(b); err != nil {
			return err
		}
	}
}

// finish ends the last record, which need not end with a line feed.
func (c *csvRecords) finish(out *bufio.Writer) error {
	if c.inQuotes {
		return cutShort("it ends within the quotes of record %d", c.records+1)
	}
	if c.started {
		c.records++
		_ = out.WriteByte('\n') // Flush returns the error
	}
	return out.Flush()
}
