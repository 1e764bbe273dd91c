//go:build gotrue

package importer_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/importer/follow"
)

// fenceOfTheManual returns the SQL of docs/migrate.md that creates the fence, without the statements that switch it.
func fenceOfTheManual(t *testing.T) string {
	t.Helper()
	manual, err := os.ReadFile("../../docs/migrate.md")
	if err != nil {
		t.Fatal(err)
	}
	const first = "CREATE SCHEMA IF NOT EXISTS fence;"
	_, sql, _ := strings.Cut(string(manual), "```sql\n"+first)
	sql, _, ok := strings.Cut(sql, "UPDATE fence.switch SET closed = true;")
	if !ok {
		t.Fatal("docs/migrate.md lacks the SQL of the fence")
	}
	return first + sql
}

// GoTrue writes to auth.users at every sign-in and at the refresh of most tokens.
func TestGoTrue_FenceLetsSignInsAndRefreshesPass(t *testing.T) {
	t.Parallel()
	g, source := startGoTrueWithProfiles(t)
	id := g.signUp("ada@example.com", "correct horse")
	m := importBetween(source, dbtest.New(t))
	options := follow.Options{Mapping: optionsWithMFAAllowed, Interval: time.Millisecond, UntilIdle: true}
	if _, err := follow.Run(t.Context(), m.Env(), options); err != nil {
		t.Fatal(err)
	}
	execSQL(t, source, fenceOfTheManual(t))
	execSQL(t, source, "UPDATE fence.switch SET closed = true")
	password := map[string]any{"email": "ada@example.com", "password": "correct horse"}
	status, session := g.send("POST", "/token?grant_type=password", password)
	if status != 200 {
		t.Fatalf("a sign-in while the fence is closed: got the status %d, want 200", status)
	}
	refresh := map[string]any{"refresh_token": session["refresh_token"]}
	if status, _ = g.send("POST", "/token?grant_type=refresh_token", refresh); status != 200 {
		t.Errorf("a refresh while the fence is closed: got the status %d, want 200", status)
	}
	for what, change := range map[string]struct {
		method, path string
		body         map[string]any
	}{
		"a sign-up":            {"POST", "/signup", map[string]any{"email": "new@example.com", "password": "correct horse"}},
		"a change of password": {"PUT", "/admin/users/" + id, map[string]any{"password": "another horse"}},
		"a change of metadata": {"PUT", "/admin/users/" + id, map[string]any{"user_metadata": map[string]any{"n": 1}}},
	} {
		if status, _ := g.send(change.method, change.path, change.body); status != 500 {
			t.Errorf("%s while the fence is closed: got the status %d, want 500", what, status)
		}
	}
	frozen, err := follow.CheckFreeze(t.Context(), m.Env(), options)
	if err != nil || !frozen.IsFrozen {
		t.Errorf("the check of the source: got frozen %t, %q and the error %v, want true",
			frozen.IsFrozen, frozen.WhyNot(), err)
	}
}
