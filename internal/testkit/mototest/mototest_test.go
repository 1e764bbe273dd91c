//go:build moto

package mototest

import (
	"os"
	"path/filepath"
	"testing"
)

// make test installs the server there. One in PATH may have another version.
func TestFindsTheServerOfTheCheckout(t *testing.T) {
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
		t.Errorf("got %s, want %s", got, want)
	}
}
