package store_test

import (
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/schema"
)

// A sign-in that replaces a hash of another format is no change of the password. The setting that switches the event
// off ends with the statement, also on a connection of a pooler.
func TestReplaceHashWritesNoEvent(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, dbtest.StartPgbouncer(t, url), 1)
	signUp(t, db, "ada@example.com")
	if _, err := migrations.SwitchEvents(t.Context(), url, schema.Public, true); err != nil {
		t.Fatal(err)
	}
	account := dbtest.Value[string](t, url, "SELECT id::text FROM account")
	hash := dbtest.Value[string](t, url, "SELECT password FROM account")
	if err := db.ReplaceHash(t.Context(), account, hash, "another hash", testTime); err != nil {
		t.Fatal(err)
	}
	if got := dbtest.Value[string](t, url, "SELECT password FROM account"); got != "another hash" {
		t.Errorf("hash after ReplaceHash: got %s, want the new one", got)
	}
	if n := dbtest.Value[int](t, url, "SELECT count(*) FROM user_event"); n != 0 {
		t.Errorf("events of ReplaceHash: got %d, want none", n)
	}
	if err := db.Exec(t.Context(), `UPDATE account SET password = 'changed'`); err != nil {
		t.Fatal(err)
	}
	if n := dbtest.Value[int](t, url, "SELECT count(*) FROM user_event"); n != 1 {
		t.Errorf("events of the change after it on the same connection: got %d, want 1", n)
	}
}
