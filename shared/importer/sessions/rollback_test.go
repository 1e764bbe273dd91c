package sessions_test

import (
	"context"
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
	if used := importtest.Value(
		t,
		m.To,
		`select count(*)::text from "supabaseSession" where "usedAt" is not null`,
	); used != "1" {
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

// A rollback that was interrupted has removed the sessions and second factors of some users. The next one removes those
// of the others.
func TestInterruptedRollbackOfSessionsAndFactorsContinues(t *testing.T) {
	t.Parallel()
	m := newImport(t, newSource(t, 30, 60))
	importtest.Exec(t, m.From, `
		insert into auth.mfa_factors (id, user_id, factor_type, status, secret, created_at, updated_at)
		select md5(id::text)::uuid, id, 'totp', 'verified', 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', now(), now()
		from auth.users`)
	o := withSessions
	o.MFA = "carry"
	importtest.RunToCompletion(t, m, o)
	importtest.CheckVerificationIsEqual(t, m)
	rows := func() string {
		return importtest.Value(t, m.To, `select concat_ws(' ', (select count(*) from "user"),
			(select count(*) from "twoFactor"), (select count(distinct "userId") from "supabaseSession"))`)
	}
	if got := rows(); got != "30 30 30" {
		t.Errorf("users, second factors and users with a session: got %s, want 30 30 30", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	m.Progress = func(e importer.Event) {
		if e.Batch == 2 {
			cancel()
		}
	}
	if r, err := m.Rollback(ctx, "supabase", importer.RollbackOptions{}); err == nil || r.Done {
		t.Fatalf("a rollback whose context is canceled: got done %t and the error %v, want false and an error", r.Done, err)
	}
	if got := rows(); got == "0 0 0" || got == "30 30 30" {
		t.Errorf("after the interruption: got %s, want some of the rows removed", got)
	}
	m.Progress = nil
	r, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{})
	if got := rows(); err != nil || !r.Done || got != "0 0 0" {
		t.Errorf("the next rollback: got %s, done %t and the error %v, want 0 0 0 and done", got, r.Done, err)
	}
}
