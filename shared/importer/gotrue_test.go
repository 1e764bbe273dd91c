//go:build gotrue

// These tests need GoTrue, Supabase's auth server, which scripts/gotrue builds from its source on GitHub. make gotrue
// runs them, make test does not.

package importer_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// This tests the test setup: only the right password can sign in.
func TestGoTrue_SignUpAndSignIn(t *testing.T) {
	t.Parallel()
	g := startGoTrue(t, dbtest.Empty(t))
	for _, login := range []string{"Ada@example.com", "+4915550000001"} {
		g.signUp(login, "correct horse")
		if got, want := g.signIn(login, "correct horse"), true; got != want {
			t.Errorf("%s with the right password: got %v, want %v", login, got, want)
		}
		if got, want := g.signIn(login, "correct horsf"), false; got != want {
			t.Errorf("%s with a wrong password: got %v, want %v", login, got, want)
		}
	}
	if got, want := g.signIn("nobody@example.com", "correct horse"), false; got != want {
		t.Errorf("an unknown email: got %v, want %v", got, want)
	}
	g.runMigrations() // a second time, which changes nothing
	if got, want := g.signIn("ada@example.com", "correct horse"), true; got != want {
		t.Errorf("after migrating again: got %v, want %v", got, want)
	}
}

// GoTrue accepts the hashes with which the tests of package password verify Xenon's code.
func TestGoTrue_AcceptsHashesOfTests(t *testing.T) {
	t.Parallel()
	g := startGoTrue(t, dbtest.Empty(t))
	for i, v := range knownHashes(t) {
		email := fmt.Sprintf("hash%d@example.com", i)
		g.adminCreate(email, v.Hash)
		if got, want := g.signIn(email, v.Password), true; got != want {
			t.Errorf("%s with the right password: got %v, want %v", v.Form, got, want)
		}
		if got, want := g.signIn(email, v.Password+"x"), false; got != want {
			t.Errorf("%s with a wrong password: got %v, want %v", v.Form, got, want)
		}
	}
}

type knownHash struct{ Form, Password, Hash string }

// knownHashes returns hashes of every format that Supabase accepts.
func knownHashes(t *testing.T) []knownHash {
	t.Helper()
	text, err := os.ReadFile("../password/testdata/supabase.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []knownHash }
	if err := json.Unmarshal(text, &file); err != nil || len(file.Vectors) == 0 {
		t.Fatalf("%d hashes: %v", len(file.Vectors), err)
	}
	return file.Vectors
}
