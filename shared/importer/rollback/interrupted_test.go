package rollback_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// endingContext is a context that reaches its deadline when the test closes the channel.
type endingContext struct {
	context.Context
	deadline chan struct{}
}

func (c endingContext) Done() <-chan struct{} { return c.deadline }

func (c endingContext) Err() error {
	select {
	case <-c.deadline:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestRollback_ResumesAfterDeadline(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 26, 300)
	m := importtest.Open(t, from)
	importtest.Complete(t, m, importer.Options{BatchSize: 30, MFA: "allow"})
	copied := importtest.Count(t, m.To)
	var got importer.RollbackResult
	for calls := 1; ; calls++ {
		ctx := endingContext{t.Context(), make(chan struct{})}
		m.Progress = func(e importer.Event) {
			if e.Batch%4 == 3 {
				close(ctx.deadline)
				m.Progress = nil
			}
		}
		var err error
		if got, err = m.Rollback(ctx, "supabase", importer.RollbackOptions{}); err != nil {
			t.Fatalf("at the deadline: got %v, want no error", err)
		}
		if st, err := m.Status(t.Context(), "supabase"); err != nil || (st.State == "rolled back") != got.Done {
			t.Fatalf("the state is %q (%v) after call %d", st.State, err, calls)
		}
		if got.Done {
			if calls != 3 {
				t.Errorf("done after %d calls, want 3", calls)
			}
			break
		}
	}
	if diff := cmp.Diff(got.Removed, copied); diff != "" {
		t.Errorf("removed by all calls, got - want +:\n%s", diff)
	}
	if diff := cmp.Diff(importtest.RollBack(t, m, false), got); diff != "" {
		t.Errorf("result of another call, got - want +:\n%s", diff)
	}
}

// A run can begin again after an interrupted rollback.
func TestRollback_InterruptedHalfway(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 27, 400)
	m := importtest.Open(t, from)
	importtest.Complete(t, m, importtest.Allow)
	first := importtest.Contents(t, m.To, importtest.Imported, stableColumns)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	m.Progress = func(e importer.Event) {
		if e.Batch == 2 {
			cancel()
		}
	}
	if u, err := m.Rollback(ctx, "supabase", importer.RollbackOptions{}); err == nil || u.Done {
		t.Fatalf("got %v, %v, want an error in the middle", u.Done, err)
	}
	m.Progress = nil
	if n := importtest.Count(t, m.To)["user"]; n == 0 || n == int64(len(first["user"])) {
		t.Fatalf("%d users are in the target, want some of them", n)
	}
	importtest.Complete(t, m, importtest.Allow)
	if diff := importtest.Diff(importtest.Contents(t, m.To, importtest.Imported, stableColumns), first); diff != "" {
		t.Errorf("the next run copies other rows: %s", diff)
	}
	if got := importtest.RollBack(t, m, false); got.Removed["user"] != int64(len(first["user"])) {
		t.Errorf("the rollback after the next run removed %d users, want all %d", got.Removed["user"], len(first["user"]))
	}
}
