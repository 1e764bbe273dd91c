package rollback_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// contextWithTestDeadline is a context that reaches its deadline when the test closes the channel deadline.
type contextWithTestDeadline struct {
	context.Context
	deadline chan struct{}
}

func (c contextWithTestDeadline) Done() <-chan struct{} { return c.deadline }

func (c contextWithTestDeadline) Err() error {
	select {
	case <-c.deadline:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestRollbackContinuesAfterADeadline(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 26, 300)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importer.Options{BatchSize: 30, MFA: "allow"})
	copied := importtest.CountImportedRows(t, m.To)
	var got importer.RollbackResult
	for calls := 1; ; calls++ {
		ctx := contextWithTestDeadline{t.Context(), make(chan struct{})}
		m.Progress = func(e importer.Event) {
			if e.Batch%4 == 3 {
				close(ctx.deadline)
				m.Progress = nil
			}
		}
		var err error
		if got, err = m.Rollback(ctx, "supabase", importer.RollbackOptions{}); err != nil {
			t.Fatalf("a rollback that reaches its deadline: got %v, want no error", err)
		}
		if st, err := m.Status(t.Context(), "supabase"); err != nil || (st.State == "rolled back") != got.Done {
			t.Fatalf("after call %d the state is %q (%v), want rolled back: %t", calls, st.State, err, got.Done)
		}
		if got.Done {
			if calls != 3 {
				t.Errorf("the rollback is done after %d calls, want 3", calls)
			}
			break
		}
	}
	if diff := cmp.Diff(got.Removed, copied); diff != "" {
		t.Errorf("numbers of rows that all calls removed (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(importtest.RollBack(t, m, false), got); diff != "" {
		t.Errorf("result of a call after the end, want that of the last call (-got +want):\n%s", diff)
	}
}

func TestRunCanContinueAfterAnInterruptedRollback(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 27, 400)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	first := importtest.Contents(t, m.To, importtest.QueriesOfImportedTables, queriesOfStableColumns)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	m.Progress = func(e importer.Event) {
		if e.Batch == 2 {
			cancel()
		}
	}
	if u, err := m.Rollback(ctx, "supabase", importer.RollbackOptions{}); err == nil || u.Done {
		t.Fatalf("a rollback whose context is canceled: got done %t and error %v, want false and an error", u.Done, err)
	}
	m.Progress = nil
	if n := importtest.CountImportedRows(t, m.To)["user"]; n == 0 || n == int64(len(first["user"])) {
		t.Fatalf("after the interrupted rollback %d of %d users are in the target, want only some", n, len(first["user"]))
	}
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	if diff := importtest.Diff(
		importtest.Contents(t, m.To, importtest.QueriesOfImportedTables, queriesOfStableColumns),
		first,
	); diff != "" {
		t.Errorf("the next run copied other rows than the first: %s", diff)
	}
	if got := importtest.RollBack(t, m, false); got.Removed["user"] != int64(len(first["user"])) {
		t.Errorf("the rollback after the next run removed %d users, want all %d", got.Removed["user"], len(first["user"]))
	}
}
