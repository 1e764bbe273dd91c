package importer_test

import (
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/migrations"
)

// An import, its later passes and its rollback write no events, although the triggers exist. A change by a user does.
func TestImportWritesNoEvents(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 41, 300)
	m := importtest.NewImport(t, from)
	if _, err := migrations.SwitchEvents(t.Context(), m.To, "public", true); err != nil {
		t.Fatal(err)
	}
	const events, users = "select count(*)::text from user_event", `select count(*)::text from "user"`
	check := func(when string) {
		t.Helper()
		if n := importtest.Value(t, m.To, events); n != "0" {
			t.Errorf("events %s: got %s, want none", when, n)
		}
	}
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	if n := importtest.Value(t, m.To, users); n == "0" {
		t.Fatal("the import has copied no user, want some")
	}
	check("after the import")
	supabasetest.Change(t, from, 42, 60)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	check("after a later pass")
	importtest.RollBack(t, m, false)
	if n := importtest.Value(t, m.To, users); n != "0" {
		t.Fatalf("users after the rollback: got %s, want none", n)
	}
	check("after the rollback")
	importtest.Exec(t, m.To, `insert into "user" (name, email, "emailVerified") values ('', '', false)`)
	if n := importtest.Value(t, m.To, events); n != "1" {
		t.Errorf("events of a change by a user: got %s, want 1", n)
	}
}
