//go:build gotrue

// The tests with the build tag gotrue need GoTrue, Supabase's auth server, which scripts/gotrue builds from its source
// on GitHub. `make gotrue` runs them, `make test` does not.

package importer_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// This test checks the setup of the other tests with GoTrue.
func TestGoTrue_OnlyTheRightPasswordSignsIn(t *testing.T) {
	t.Parallel()
	g := startGoTrue(t, dbtest.NewEmpty(t))
	for _, login := range []string{"Ada@example.com", "+4915550000001"} {
		g.signUp(login, "correct horse")
		if got, want := g.signIn(login, "correct horse"), true; got != want {
			t.Errorf("sign-in to GoTrue of %s with the right password succeeds: %t, want %t", login, got, want)
		}
		if got, want := g.signIn(login, "correct horsf"), false; got != want {
			t.Errorf("sign-in to GoTrue of %s with a wrong password succeeds: %t, want %t", login, got, want)
		}
	}
	if got, want := g.signIn("nobody@example.com", "correct horse"), false; got != want {
		t.Errorf("sign-in to GoTrue with an unknown email succeeds: %t, want %t", got, want)
	}
	g.runMigrations() // a second time, which changes nothing
	if got, want := g.signIn("ada@example.com", "correct horse"), true; got != want {
		t.Errorf("sign-in to GoTrue after a second migration succeeds: %t, want %t", got, want)
	}
}

// The tests of package password verify Xenon's code with the same hashes.
func TestGoTrue_AcceptsTheHashesOfThePasswordTests(t *testing.T) {
	t.Parallel()
	g := startGoTrue(t, dbtest.NewEmpty(t))
	for i, v := range knownHashes(t) {
		email := fmt.Sprintf("hash%d@example.com", i)
		g.adminCreate(email, v.Hash)
		if got, want := g.signIn(email, v.Password), true; got != want {
			t.Errorf("sign-in to GoTrue with a hash of the format %s and the right password succeeds: %t, want %t",
				v.Form, got, want)
		}
		if got, want := g.signIn(email, v.Password+"x"), false; got != want {
			t.Errorf("sign-in to GoTrue with a hash of the format %s and a wrong password succeeds: %t, want %t",
				v.Form, got, want)
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
		t.Fatalf("testdata/supabase.json of package password has %d hashes (error %v), want at least one",
			len(file.Vectors), err)
	}
	return file.Vectors
}
