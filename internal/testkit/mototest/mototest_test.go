//go:build moto

package mototest

import (
	"os"
	"path/filepath"
	"testing"
)

// scripts/moto installs the pinned version of moto_server in .tools/venv. A moto_server in PATH may have another
// version.
func TestFindProgramPrefersTheServerInTools(t *testing.T) {
	t.Parallel()
	want, err := filepath.Abs("../../../.tools/venv/bin/moto_server")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(want); err != nil {
		t.Skip("scripts/moto has not run here")
	}
	got, err := findProgram()
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("the path of moto_server: got %s, want %s", got, want)
	}
}
