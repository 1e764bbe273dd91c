package rollback_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// interrupted is a context that the test ends.
type interrupted struct {
	context.Context
	up chan struct{}
}

func (c interrupted) Done() <-chan struct{} { return c.up }

func (c interrupted) Err() error {
	select {
	case <-c.up:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestRollback_GoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 26, 300)
	m := importtest.Open(t, from)
	importtest.Complete(t, m, importer.Options{BatchSize: 30, MFA: "allow"})
	copied := importtest.Count(t, m.To)
	var got importer.RollbackResult
	for calls := 1; ; calls++ {
		ctx := interrupted{t.Context(), make(chan struct{})}
		m.Progress = func(e importer.Event) {
			if e.Batch%4 == 3 {
				close(ctx.up)
				m.Progress = nil
			}
		}
		var err error
		if got, err = m.Rollback(ctx, "supabase", importer.RollbackOptions{}); err != nil {
			t.Fatalf("when the time is up: %v, want no error", err)
		}
		if st, err := m.Status(t.Context(), "supabase"); err != nil || (st.State == "rolled back") != got.Done {
			t.Fatalf("the state is %q (%v) after call %d", st.State, err, calls)
		}
		if got.Done {
			if calls != 3 {
				t.Errorf("done with call %d, want 3", calls)
			}
			break
		}
	}
	if diff := cmp.Diff(got.Removed, copied); diff != "" {
		t.Errorf("removed by all calls, got - want +:\n%s", diff)
	}
	if diff := cmp.Diff(importtest.Rollback(t, m, false), got); diff != "" {
		t.Errorf("said again, got - want +:\n%s", diff)
	}
}

// A run may begin again after a rollback that was interrupted halfway.
func TestRollback_InterruptedHalfway(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 27, 400)
	m := importtest.Open(t, from)
	importtest.Complete(t, m, importtest.Allow)
	first := importtest.Contents(t, m.To, importtest.Imported, stable)
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
		t.Fatalf("%d users are left, want some", n)
	}
	importtest.Complete(t, m, importtest.Allow)
	if diff := importtest.Diff(importtest.Contents(t, m.To, importtest.Imported, stable), first); diff != "" {
		t.Errorf("the run that went on copies other rows: %s", diff)
	}
	if got := importtest.Rollback(t, m, false); got.Removed["user"] != int64(len(first["user"])) {
		t.Errorf("%d users were removed, want all %d", got.Removed["user"], len(first["user"]))
	}
}
