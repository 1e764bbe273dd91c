package postgres

import (
	"os"
	"path/filepath"
	"testing"
)

// A server that ends may remove its pid file between the moment when another start reads it and the moment when that
// start removes it.
func TestRemoveIfExistsAcceptsAMissingFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "postmaster.pid")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := removeIfExists(name); err != nil {
			t.Errorf("remove the file: got the error %v, want none", err)
		}
	}
	if err := removeIfExists(filepath.Join(name, "\x00")); err == nil {
		t.Error("remove a file with an invalid name: got no error, want one")
	}
}
