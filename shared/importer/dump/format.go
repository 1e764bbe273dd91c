package dump

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// fileReader recognizes the format of a file and reads it.
type fileReader struct {
	file    *run.SourceFile
	loader  *loader
	options Options
	layers  []string // what is around the rows, such as "gzip"
}

// readFile reads the rows of the file into the tables of the loader.
func readFile(ctx context.Context, path string, file *run.SourceFile, l *loader, o Options) error {
	f := fileReader{file: file, loader: l, options: o}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if _, err := os.Stat(filepath.Join(path, "toc.dat")); err != nil {
			return refuse("%s is a directory without the file toc.dat, so it is not one that pg_dump --format=directory made",
				file.Name)
		}
		return f.restore(ctx, path, nil, "directory of pg_dump")
	}
	in, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	defer in.Close()
	return f.readStream(ctx, &progressReader{ctx: ctx, in: in, report: o.Progress}, path)
}

// progressReader reports how many bytes were read, and ends with an error when its context ends.
type progressReader struct {
	ctx            context.Context // of the call of Load
	in             io.Reader
	report         func(int64)
	read, reported int64
}

func (r *progressReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.in.Read(p)
	r.read += int64(n)
	if r.report != nil && (r.read-r.reported >= 4<<20 || err != nil) {
		r.report(r.read)
		r.reported = r.read
	}
	return n, err
}

// maxLayers limits how many formats can be inside of each other, such as a dump in gzip in tar in gzip.
const maxLayers = 4

// headBytes is the number of bytes by which a format is recognized.
const headBytes = 4096

var packed = []struct{ magic, name, unpack string }{
	{"\x28\xb5\x2f\xfd", "zstd", "zstd -d"},
	{"\xfd7zXZ\x00", "xz", "xz -d"},
	{"BZh", "bzip2", "bzip2 -d"},
	{"PK\x03\x04", "zip", "unzip"},
	{"\x04\x22\x4d\x18", "lz4", "lz4 -d"},
	{"7z\xbc\xaf\x27\x1c", "7z", "7z x"},
}

// readStream recognizes the format by the first bytes. path is the path of the file if the stream is the whole file, or
// else "".
func (f *fileReader) readStream(ctx context.Context, in io.Reader, path string) error {
	r := bufio.NewReaderSize(in, bufferBytes)
	head, err := r.Peek(headBytes)
	if err = readError(err); errors.Is(err, errCut) {
		return f.cutGzip()
	} else if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case len(f.layers) > maxLayers:
		return refuse("%s has more than %d formats inside of each other", f.file.Name, maxLayers)
	case len(bytes.TrimSpace(head)) == 0:
		return refuse("%s is empty", f.file.Name)
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return f.readGzip(ctx, r)
	case bytes.HasPrefix(head, []byte("PGDMP")):
		return f.restore(ctx, path, r, "custom format of pg_dump")
	case isTar(head):
		return f.readTar(ctx, r, head, path)
	}
	for _, p := range packed {
		if bytes.HasPrefix(head, []byte(p.magic)) {
			return refuse("%s is packed with %s, which is not read directly: unpack it with %s first",
				f.file.Name, p.name, p.unpack)
		}
	}
	return f.readText(r, head)
}

func (f *fileReader) readGzip(ctx context.Context, r io.Reader) error {
	unpacked, err := gzip.NewReader(r)
	if err != nil {
		return f.cutGzip()
	}
	f.layers = append(f.layers, "gzip")
	return f.readStream(ctx, unpacked, "")
}

func (f *fileReader) cutGzip() error {
	return cutShort("the gzip data of %s ends or is damaged", f.file.Name)
}

// readText reads a file in plain text: SQL, CSV or JSON.
func (f *fileReader) readText(r *bufio.Reader, head []byte) error {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return refuse("%s is in UTF-16, as PowerShell writes files with >. Dump again with the option --file of the "+
			"program, or convert the file to UTF-8", f.file.Name)
	case bytes.IndexByte(head, 0) >= 0:
		return refuse("%s is not a dump: it has zero bytes, and it is not an archive of pg_dump", f.file.Name)
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = r.Discard(3) // Peek has found these bytes
		head = head[3:]
	}
	first := bytes.TrimSpace(head)[0]
	isJSON := first == '{' || first == '['
	if s, err := f.findService(head, isJSON); err != nil {
		return err
	} else if s != nil {
		return f.readExport(r, s, isJSON)
	}
	if isJSON {
		f.setFormat("JSON of " + usersAPI)
		return f.readJSON(r)
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if columns, separator := csvHeader(string(line)); columns != nil {
		f.setFormat("CSV of auth.users")
		return f.readCSV(r, columns, separator)
	}
	f.setFormat("SQL dump")
	if bytes.HasSuffix(line, []byte("\r")) {
		return f.readSQL(&unixLines{in: r})
	}
	return f.readSQL(r)
}

// setFormat sets the name of the format, with the layers around it.
func (f *fileReader) setFormat(name string) {
	f.file.Format = strings.Join(append([]string{name}, f.layers...), ", ")
}

// readSQL reads the text of a dump.
func (f *fileReader) readSQL(r io.Reader) error {
	p := newParser(r, f.loader)
	err := p.parse()
	f.file.Rows, f.file.Skipped = p.rows, map[string]int64{}
	for table := range p.dumped {
		if f.loader.wants(table) {
			p.rows[table] += 0 // the file has the table, perhaps without rows
		}
	}
	for table, n := range p.skipped {
		if n > 0 {
			f.file.Skipped[table] = n
		}
	}
	f.file.Columns = f.loader.columnsOf(usersTable)
	return err
}

// unixLines replaces each "\r\n" by "\n".
type unixLines struct {
	in   io.Reader
	held bool // the last byte was "\r"
}

func (u *unixLines) Read(p []byte) (int, error) {
	if len(p) < 2 {
		return 0, io.ErrShortBuffer
	}
	for {
		from := 0
		if u.held {
			p[0], from = '\r', 1
		}
		n, err := u.in.Read(p[from:])
		text := p[:from+n]
		u.held = err == nil && len(text) > 0 && text[len(text)-1] == '\r'
		if u.held {
			text = text[:len(text)-1]
		}
		text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
		copy(p, text)
		if len(text) > 0 || err != nil {
			return len(text), err
		}
	}
}

var columnName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// csvHeader returns the columns and the separator of a line that is the header of a CSV file, or nil.
func csvHeader(line string) (columns []string, separator string) {
	line = strings.TrimRight(line, "\r")
	for _, separator := range []string{",", ";", "\t"} {
		columns := strings.Split(line, separator)
		for i, c := range columns {
			c = strings.TrimSpace(c)
			if len(c) > 2 && c[0] == '"' && c[len(c)-1] == '"' {
				c = c[1 : len(c)-1]
			}
			columns[i] = c
		}
		isName := func(c string) bool { return columnName.MatchString(c) }
		if len(columns) > 1 && !slices.ContainsFunc(columns, func(c string) bool { return !isName(c) }) {
			return columns, separator
		}
	}
	return nil, ""
}
