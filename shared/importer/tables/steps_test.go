package tables_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// lockTable locks a table until the returned function is called.
func lockTable(t *testing.T, url, table string) (unlock func()) {
	t.Helper()
	conn := connect(t, url)
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	return func() { _ = conn.Close(context.WithoutCancel(t.Context())) }
}

// A function of Step Functions has a deadline, and the next call continues.
func TestMoveContinuesAfterItsDeadline(t *testing.T) {
	t.Parallel()
	m := importUsers(t, "blog")
	if _, err := tables.Status(t.Context(), m.Env(), "supabase"); !errors.Is(err, tables.ErrNoMove) {
		t.Errorf("the status before a move: got %v, want ErrNoMove", err)
	}
	began, err := tables.Prepare(t.Context(), m.Env(), "supabase", tables.Options{}, installedPgDumps(t))
	if err != nil || began.Open == 0 || began.Rows() != 0 {
		t.Fatalf("a prepared move: got %d open steps, %d rows and %v, want open steps and no row",
			began.Open, began.Rows(), err)
	}
	unlock := lockTable(t, m.To, began.Tables[0].Name)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	stopped, err := tables.Continue(ctx, m.Env(), "supabase", 2)
	if err != nil || stopped.State == tables.Complete || stopped.Open == 0 || stopped.Tables[0].Copied != 0 {
		t.Errorf("at the deadline, while a table is locked: got %+v and %v, want open steps and no error", stopped, err)
	}
	unlock()
	complete, err := tables.Continue(t.Context(), m.Env(), "supabase", 2)
	if err != nil || complete.State != tables.Complete || complete.Open != 0 {
		t.Fatalf("the next call: got the state %s, %d open steps and %v, want complete and none", complete.State,
			complete.Open, err)
	}
	checkStepsOfVerification(t, m.Env(), complete.Tables[1].Name)
}

// checkStepsOfVerification verifies in two steps, because the first one finds a table of the source locked.
func checkStepsOfVerification(t *testing.T, env *run.Env, locked string) {
	t.Helper()
	whole, err := tables.Verify(t.Context(), env, "supabase", 2)
	if err != nil || !whole.Equal {
		t.Fatalf("the verification: got equal %t and %v, want equal", whole.Equal, err)
	}
	unlock := lockTable(t, env.From, locked)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	first, done, err := tables.VerifyAfter(ctx, env, "supabase", "", 2)
	if err != nil || done || len(first.Tables) != 1 || len(first.Kinds) != 0 {
		t.Fatalf("the first step: got %+v, done %t and %v, want one table and not done", first, done, err)
	}
	unlock()
	second, done, err := tables.VerifyAfter(t.Context(), env, "supabase", first.Tables[0].Name, 2)
	if err != nil || !done {
		t.Fatalf("the second step: got done %t and %v, want done", done, err)
	}
	second.Tables = append(first.Tables, second.Tables...)
	if diff := cmp.Diff(whole, second); diff != "" {
		t.Errorf("the verification in two steps (-whole +steps):\n%s", diff)
	}
}

// A rollback that has kept an object leaves the move stored. Neither Run nor Continue creates the other objects again.
func TestMoveThatIsRolledBackInPartIsNotContinued(t *testing.T) {
	t.Parallel()
	m := importUsers(t, "notes")
	moved, err := tables.Run(t.Context(), m.Env(), "supabase", tables.Options{}, installedPgDumps(t), 2)
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, m.To, "ALTER TABLE "+moved.Tables[0].Name+" ADD COLUMN added int")
	undone, err := tables.Rollback(t.Context(), m.Env(), "supabase", false)
	if err != nil || len(undone.Kept) == 0 {
		t.Fatalf("a rollback after a change: got %+v and %v, want the changed table kept", undone, err)
	}
	if _, err := tables.Continue(t.Context(), m.Env(), "supabase", 2); !errors.Is(err, run.ErrRefused) {
		t.Errorf("Continue after the rollback: got %v, want ErrRefused", err)
	}
}
