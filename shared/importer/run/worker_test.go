package run

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// A worker opens new connections only after an error that breaks them.
func TestWorkerKeepsItsConnectionsUntilTheyBreak(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	w := &Worker{Env: &Env{From: url, To: url, RetryDelay: 1}}
	t.Cleanup(w.Close)
	pids := func() [2]uint32 { return [2]uint32{w.Src.PgConn().PID(), w.Dst.PgConn().PID()} }
	for _, test := range []struct {
		name  string
		fails error // of the first call
		keeps bool  // the worker keeps its connections
	}{
		{"no error", nil, true},
		{"a row that the target rejects", postgresError("23514"), true},
		{"a connection that breaks", io.ErrUnexpectedEOF, false},
	} {
		var before [2]uint32
		fails := test.fails
		_ = w.Retry(t.Context(), func(context.Context) error {
			if fails != nil || test.fails == nil {
				before = pids()
			}
			err := fails
			fails = nil
			return err
		})
		if err := w.Retry(t.Context(), func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if got := pids() == before; got != test.keeps {
			t.Errorf("%s: the worker keeps its connections: %t, want %t", test.name, got, test.keeps)
		}
	}
	w.Env.To = "postgres://user@127.0.0.1:1/none"
	Close(w.Dst)
	calls := 0
	err := w.Retry(t.Context(), func(context.Context) error { calls++; return nil })
	if !errors.Is(err, ErrUnavailable) || calls != 0 {
		t.Errorf("the target cannot be reached: got %v after %d calls, want ErrUnavailable after none", err, calls)
	}
}
