package sessions_test

import (
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// A rollback removes the unused sessions. A used one stays with a user whom the rollback keeps, and a later
// run does not bring it back.
func TestRollbackRemovesSessions(t *testing.T) {
	t.Parallel()
	m := newImport(t, newSource(t, 8, 16)) // the sessions i and i+8 belong to the i-th user
	c := countsOf(t, m)
	importtest.Exec(t, m.To, `
		update "supabaseSession" set "usedAt" = now() where id in (md5('session' || 0)::uuid, md5('session' || 1)::uuid);
		update "user" set name = 'changed' where id = (
			select "userId" from "supabaseSession" where id = md5('session' || 0)::uuid)`)
	written := c.Written()
	dry, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{DryRun: true})
	if err != nil || dry.Removed["supabaseSession"] != written-1 {
		t.Errorf("dry run: got %v and the error %v, want %d sessions", dry.Removed, err, written-1)
	}
	r, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{})
	if err != nil || r.Removed["supabaseSession"] != written-1 || r.Left != 1 {
		t.Errorf("rollback: got %v, %d kept users and the error %v, want %d sessions and one user",
			r.Removed, r.Left, err, written-1)
	}
	got := importtest.Value(t, m.To, `select concat_ws(' ', (select count(*) from "supabaseSession"),
		(select count(*) from "supabaseBridge"), (select count(*) from supabase_import.session),
		(select count(*) from supabase_import.session_batch))`)
	if got != "1 1 1 0" {
		t.Errorf("sessions, bridge, ledger and batches after the rollback: got %s, want 1 1 1 0", got)
	}
	if c = countsOf(t, m); c.Kept != 1 {
		t.Errorf("another run: got %+v, want one kept session", c)
	}
	if used := importtest.Value(t, m.To, `select count(*)::text from "supabaseSession" where "usedAt" is not null`); used != "1" {
		t.Errorf("used sessions after another run: got %s, want one", used)
	}
}

func TestRollbackOfAllUsersLeavesNoTraceOfSessions(t *testing.T) {
	t.Parallel()
	m := newImport(t, newSource(t, 8, 16))
	countsOf(t, m)
	importtest.Exec(t, m.To, `update "supabaseSession" set "revokedAt" = now() where id = md5('session' || 0)::uuid`)
	r, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{})
	if err != nil || r.Left != 0 {
		t.Errorf("rollback: got %d kept users and the error %v, want none", r.Left, err)
	}
	got := importtest.Value(t, m.To, `select concat_ws(' ', (select count(*) from "supabaseSession"),
		(select count(*) from "supabaseCredential"), (select count(*) from "supabaseBridge"),
		(select count(*) from supabase_import.session))`)
	if got != "0 0 0 0" {
		t.Errorf("sessions, digests, bridge and ledger after the rollback: got %s, want 0 0 0 0", got)
	}
}
