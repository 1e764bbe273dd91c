package dump

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// describe returns the name, size and digest of a file. The digest of a directory, such as one of pg_dump's directory
// format, is that of the names, sizes and contents of all files in it.
func describe(path string) (run.SourceFile, error) {
	f := run.SourceFile{Name: filepath.Base(filepath.Clean(path))}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, refuse("there is no file %s", path)
	case err != nil:
		return f, err
	case !info.IsDir() && !info.Mode().IsRegular():
		return f, refuse("%s is neither a file nor a directory; write the dump into a file first, because it is read "+
			"more than once", path)
	}
	h := sha256.New()
	if info.IsDir() {
		f.Bytes, err = hashDirectory(h, path)
	} else {
		f.Bytes, err = hashFile(h, path)
	}
	if err != nil {
		return f, fmt.Errorf("read %s: %w", f.Name, err)
	}
	f.SHA256 = hex.EncodeToString(h.Sum(nil))
	return f, nil
}

func hashFile(h hash.Hash, path string) (int64, error) {
	in, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return 0, err
	}
	defer in.Close()
	return io.Copy(h, in)
}

// hashDirectory hashes the files of a directory in the order of their names.
func hashDirectory(h hash.Hash, dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s %d\n", filepath.ToSlash(name), info.Size())
		n, err := hashFile(h, path)
		total += n
		return err
	})
	return total, err
}
