package run

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// passOfRun returns a pass of the run "a" with one batch. The test has the lease of the run.
func passOfRun(t *testing.T) (*Env, *Pass, Batch, *pgx.Conn) {
	t.Helper()
	e, conn := newEnvWithRuns(t, "a")
	e.Shared = true
	p := &Pass{Run: "a", Epoch: takeLeaseOf(t, e, "a")}
	b := Batch{Number: 3, Scope: mapping.AllUsers}
	err := conn.QueryRow(t.Context(), "SELECT id FROM supabase_import.run").Scan(&p.ID)
	if err == nil {
		_, err = conn.Exec(t.Context(), "INSERT INTO supabase_import.batch (run, number, low) VALUES ($1, $2, $3)",
			p.ID, b.Number, b.Low)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e, p, b, conn
}

// Every statement that records progress fails if another process has taken the lease.
func TestProgressIsRecordedOnlyWithTheLease(t *testing.T) {
	t.Parallel()
	for name, record := range map[string]func(context.Context, *Env, *Pass, Batch, *pgx.Conn) error{
		"mark a batch done": func(ctx context.Context, e *Env, p *Pass, b Batch, conn *pgx.Conn) error {
			return p.MarkDone(ctx, e, conn, b, 5)
		},
		"save a verification": func(ctx context.Context, e *Env, p *Pass, b Batch, conn *pgx.Conn) error {
			return p.SaveResult(ctx, e, conn, b, 1, BatchResult{})
		},
		"start a rollback": func(ctx context.Context, _ *Env, p *Pass, _ Batch, conn *pgx.Conn) error {
			return StartRollback(ctx, conn, p.ID, p.Epoch, []byte("{}"))
		},
		"finish a rollback": func(ctx context.Context, _ *Env, p *Pass, _ Batch, conn *pgx.Conn) error {
			return FinishRollback(ctx, conn, p.ID, p.Epoch, []byte("{}"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, p, b, conn := passOfRun(t)
			if err := record(t.Context(), e, p, b, conn); err != nil {
				t.Errorf("with the lease: got %v, want no error", err)
			}
			if err := Exec(t.Context(), conn, "UPDATE supabase_import.run SET epoch = epoch + 1"); err != nil {
				t.Fatal(err)
			}
			if err := record(t.Context(), e, p, b, conn); !errors.Is(err, ErrHeld) {
				t.Errorf("another process has the lease: got %v, want ErrHeld", err)
			}
			Close(conn)
			if err := record(t.Context(), e, p, b, conn); err == nil || errors.Is(err, ErrHeld) {
				t.Errorf("on a closed connection: got %v, want the error of the connection, not ErrHeld", err)
			}
		})
	}
}

// No connection renews the shared lease of a Step Functions execution in the background, so each batch renews it.
func TestBatchRenewsOnlyASharedLease(t *testing.T) {
	t.Parallel()
	e, p, b, conn := passOfRun(t)
	for name, record := range map[string]func() error{
		"copy":         func() error { return p.MarkDone(t.Context(), e, conn, b, 5) },
		"verification": func() error { return p.SaveResult(t.Context(), e, conn, b, 1, BatchResult{}) },
	} {
		for _, shared := range []bool{true, false} {
			e.Shared = shared
			if err := Exec(t.Context(), conn, "UPDATE supabase_import.run SET held_until = now()"); err != nil {
				t.Fatal(err)
			}
			if err := record(); err != nil {
				t.Fatal(err)
			}
			var left float64
			err := conn.QueryRow(t.Context(), "SELECT extract(epoch FROM held_until - now()) FROM supabase_import.run").
				Scan(&left)
			if renewed := left > (leaseDuration / 2).Seconds(); err != nil || renewed != shared {
				t.Errorf("%s, shared %t: the lease ends in %v s (error %v), want it renewed: %t", name, shared, left, err, shared)
			}
		}
	}
}

func TestRecordOfARunWithoutVerificationAndEndHasZeroValues(t *testing.T) {
	t.Parallel()
	e, p, _, conn := passOfRun(t)
	v, err := ReadVerified(t.Context(), conn, p.ID, 10)
	if err != nil || !v.At.IsZero() || v.Batches != 0 || v.IsCurrent || len(v.Checksums) != 0 || len(v.Differences) != 0 {
		t.Errorf("verification of a run that was never verified: got %+v, %v, want no result", v, err)
	}
	r, err := ReadRecord(t.Context(), e, "a")
	if err != nil || r.Rollback != nil || len(r.Batches) != 1 || r.Status.State != Running ||
		!r.Status.FinishedAt.IsZero() {
		t.Errorf("record of a running run: got %+v, %v, want one batch, no rollback and no end", r, err)
	}
	err = Exec(t.Context(), conn, `UPDATE supabase_import.run
SET state = 'complete', finished_at = '2026-03-01 12:00+00', undone = '{"done": true}'`)
	if err != nil {
		t.Fatal(err)
	}
	r, err = ReadRecord(t.Context(), e, "a")
	if want := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC); err != nil || !r.Status.FinishedAt.Equal(want) ||
		string(r.Rollback) != `{"done": true}` {
		t.Errorf("record of a finished run: got %+v, %v, want the end %v and the rollback {\"done\": true}", r, err, want)
	}
}
