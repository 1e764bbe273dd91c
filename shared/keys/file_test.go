package keys

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestSaveFileWritesWhatLoadFileReads(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), ".xenon")
	path := filepath.Join(dir, "keys.json")
	if _, err := LoadFile(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("LoadFile without a file: %v, want os.ErrNotExist", err)
	}
	for _, want := range []Set{sets().first, sets().second} {
		if err := SaveFile(path, want); err != nil {
			t.Fatal(err)
		}
		got, err := LoadFile(path)
		if err != nil || got.Current.ID != want.Current.ID {
			t.Errorf("LoadFile: %v, current key %s, want %s", err, got.Current.ID, want.Current.ID)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v (%v), want 0600", info.Mode(), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files in the folder (%v), want the key set alone", len(entries), err)
	}
}

// A reader sees the old set or the new one while others write.
func TestSaveFileReplacesTheFileInOneStep(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := SaveFile(path, sets().first); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, s := range []Set{sets().first, sets().third} {
		wg.Go(func() {
			for range 20 {
				if err := SaveFile(path, s); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 20 {
				if _, err := LoadFile(path); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
