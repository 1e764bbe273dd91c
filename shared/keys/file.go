package keys

import (
	"fmt"
	"os"
	"path/filepath"
)

// LoadFile reads a key set from a file, for local development. If there is no file, the error wraps os.ErrNotExist.
func LoadFile(path string) (Set, error) {
	text, err := os.ReadFile(path) //nolint:gosec // G304: the operator sets the path
	if err != nil {
		return Set{}, fmt.Errorf("read key set: %w", err)
	}
	s, err := ParseSet(text)
	if err != nil {
		return Set{}, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// SaveFile writes a key set to a file that only the current user can read. It replaces the file in one step, so that a
// running server reads the old set or the new one.
func SaveFile(path string, s Set) error {
	text, err := s.Document()
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("save key set: %w", err)
	}
	file, err := os.CreateTemp(dir, filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("save key set: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }() // does nothing after the rename
	if _, err = file.Write(text); err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("save key set: %w", err)
	}
	return nil
}
