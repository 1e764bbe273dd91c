//go:build gotrue

// These tests need Supabase's own auth server, whose source comes from GitHub. make gotrue runs them, make test does
// not.

package importer_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// The test setup itself: the right password signs in, and no other.
func TestGoTrue_SignUpAndSignIn(t *testing.T) {
	t.Parallel()
	g := startGoTrue(t, dbtest.Empty(t))
	for _, login := range []string{"Ada@example.com", "+4915550000001"} {
		g.signUp(login, "correct horse")
		if got, want := g.signIn(login, "correct horse"), true; got != want {
			t.Errorf("%s with the password: got %v, want %v", login, got, want)
		}
		if got, want := g.signIn(login, "correct horsf"), false; got != want {
			t.Errorf("%s with another: got %v, want %v", login, got, want)
		}
	}
	if got, want := g.signIn("nobody@example.com", "correct horse"), false; got != want {
		t.Errorf("an unknown email: got %v, want %v", got, want)
	}
	g.migrate() // again changes nothing
	if got, want := g.signIn("ada@example.com", "correct horse"), true; got != want {
		t.Errorf("after migrating again: got %v, want %v", got, want)
	}
}

// The real server accepts the hashes that our own verification is tested with.
func TestGoTrue_AcceptsTheHashesOfOurTests(t *testing.T) {
	t.Parallel()
	g := startGoTrue(t, dbtest.Empty(t))
	for i, v := range knownHashes(t) {
		email := fmt.Sprintf("hash%d@example.com", i)
		g.adminCreate(email, v.Hash)
		if got, want := g.signIn(email, v.Password), true; got != want {
			t.Errorf("%s with the password: got %v, want %v", v.Form, got, want)
		}
		if got, want := g.signIn(email, v.Password+"x"), false; got != want {
			t.Errorf("%s with another: got %v, want %v", v.Form, got, want)
		}
	}
}

type knownHash struct{ Form, Password, Hash string }

// knownHashes are of every form that Supabase takes.
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
