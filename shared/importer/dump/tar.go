package dump

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

const tarBlock = 512

// isTar reports whether the bytes are the beginning of a tar file.
func isTar(head []byte) bool { return len(head) > tarBlock && string(head[257:262]) == "ustar" }

// isTarOfDump reports whether the bytes are the beginning of a tar file that pg_dump --format=tar made. Its first
// member is toc.dat, which has the number of this format.
func isTarOfDump(head []byte) bool {
	const formatAt, tarFormat = 10, 3
	toc := head[tarBlock:]
	return strings.HasPrefix(string(head), "toc.dat\x00") && len(toc) > formatAt &&
		strings.HasPrefix(string(toc), "PGDMP") && toc[formatAt] == tarFormat
}

// memberOfDump matches the names of the members of pg_dump's directory format.
var memberOfDump = regexp.MustCompile(`^(toc\.dat|(blob_)?\d+\.dat(\.gz|\.lz4|\.zst)?|blobs(_\d+)?\.toc)$`)

// readTar reads a tar file: one that pg_dump made, one of a directory that pg_dump made, or one with a single dump.
func (f *fileReader) readTar(ctx context.Context, r io.Reader, head []byte, file string) error {
	if isTarOfDump(head) {
		return f.restore(ctx, file, r, "tar format of pg_dump")
	}
	f.layers = append(f.layers, "tar")
	archive := tar.NewReader(r)
	found, isDirectory := "", false
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return f.tarError(err)
		}
		name := path.Base(header.Name)
		switch {
		case header.Typeflag != tar.TypeReg:
		case memberOfDump.MatchString(name):
			isDirectory = isDirectory || name == "toc.dat"
			if err := f.extract(archive, name); err != nil {
				return err
			}
		case !isDumpName(name):
		case found != "":
			return refuse("%s has several dumps, %s and %s: unpack it, and give one of them to --from", f.file.Name, found, name)
		default:
			found = name
			if err := f.readStream(ctx, archive, ""); err != nil {
				return err
			}
		}
	}
	switch {
	case isDirectory && found != "":
		return refuse("%s has two dumps, a directory of pg_dump and %s: unpack it, and give one of them to --from",
			f.file.Name, found)
	case isDirectory:
		return f.restore(ctx, f.options.tempDir, nil, "directory of pg_dump")
	case found == "":
		return refuse("%s is a tar file without a dump: it has neither toc.dat nor a file that ends in .sql, .dump, "+
			".backup, .csv or .json", f.file.Name)
	}
	return nil
}

// isDumpName reports whether a member of a tar file can be a dump.
func isDumpName(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	for _, end := range []string{".sql", ".dump", ".backup", ".csv", ".json"} {
		if strings.HasSuffix(name, end) {
			return !strings.HasPrefix(name, ".") // such as ._dump.sql of macOS
		}
	}
	return false
}

// extract writes a member of pg_dump's directory format into the temporary directory. name has no directory.
func (f *fileReader) extract(member io.Reader, name string) error {
	//nolint:gosec // G304: a new file in a directory of this process
	out, err := os.OpenFile(filepath.Join(f.options.tempDir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return refuse("%s has the member %s twice, or it cannot be written: unpack it, and give the directory to --from",
			f.file.Name, name)
	}
	_, err = io.Copy(out, member)
	if err = errors.Join(err, out.Close()); err != nil {
		return f.tarError(err)
	}
	return nil
}

// tarError returns the refusal of a tar file that is damaged or ends too early.
func (f *fileReader) tarError(err error) error {
	if err = readError(err); errors.Is(err, errCut) || errors.Is(err, tar.ErrHeader) {
		return cutShort("the tar data of %s ends or is damaged", f.file.Name)
	}
	return err
}
