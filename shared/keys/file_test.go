package keys

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestSaveFileWritesWhatLoadFileReads(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), ".xenon")
	path := filepath.Join(dir, "keys.json")
	if _, err := LoadFile(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("LoadFile without a file: got the error %v, want os.ErrNotExist", err)
	}
	for _, want := range []Set{keySets().first, keySets().second} {
		if err := SaveFile(path, want); err != nil {
			t.Fatal(err)
		}
		got, err := LoadFile(path)
		if err != nil || got.Current.ID != want.Current.ID {
			t.Errorf("LoadFile after SaveFile: %v, current key %s, want %s", err, got.Current.ID, want.Current.ID)
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

func TestLoadReadsTheFileOfTheSettings(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	cfg := config.Keys{SigningKeysFile: path}
	if _, err := LoadKeySet(t.Context(), cfg); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Load without a file: got the error %v, want os.ErrNotExist", err)
	}
	if err := os.WriteFile(path, []byte("half a set"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKeySet(t.Context(), cfg); err == nil {
		t.Error("Load of a file that is not a key set returned no error, want one")
	}
	if err := SaveFile(path, keySets().first); err != nil {
		t.Fatal(err)
	}
	if got, err := LoadKeySet(t.Context(), cfg); err != nil || got.Current.ID != keySets().first.Current.ID {
		t.Errorf("Load: got the key %s, %v, want the set of the file", got.Current.ID, err)
	}
}

// While SaveFile replaces the file, LoadFile reads the old set or the new one.
func TestSaveFileReplacesTheFileInOneStep(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := SaveFile(path, keySets().first); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, s := range []Set{keySets().first, keySets().third} {
		wg.Go(func() {
			for range 20 {
				if err := SaveFile(path, s); err != nil {
					t.Errorf("SaveFile: %v", err)
				}
			}
		})
		wg.Go(func() {
			for range 20 {
				if _, err := LoadFile(path); err != nil {
					t.Errorf("LoadFile during SaveFile: %v", err)
				}
			}
		})
	}
	wg.Wait()
}

// fullDiskVariable is an environment variable that the test below sets for the process that it starts on a full disk.
const fullDiskVariable = "XENON_KEYS_TEST_FULL_DISK"

// A process that may write no bytes to files stands for a full disk.
func TestSaveFileKeepsTheOldFileIfTheDiskIsFull(t *testing.T) {
	const name = "keys.json"
	if _, full := os.LookupEnv(fullDiskVariable); full {
		if set, err := LoadFile(name); err != nil || SaveFile(name, set) == nil {
			t.Error("LoadFile failed, or SaveFile on a full disk returned no error:", err)
		}
		return
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), name)
	if err := SaveFile(path, keySets().first); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `trap "" XFSZ; ulimit -f 0; exec "$0" -test.run "^$1$"`, program, t.Name())
	cmd.Dir, cmd.Env = filepath.Dir(path), append(os.Environ(), fullDiskVariable+"=1")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the process without disk space failed: %v: %s", err, output)
	}
	if got, err := LoadFile(path); err != nil || got.Current.ID != keySets().first.Current.ID {
		t.Errorf("LoadFile after SaveFile failed: got the key %s, %v, want the old set", got.Current.ID, err)
	}
}
