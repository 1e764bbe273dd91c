package run

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// newEnvWithRuns returns an Env whose target has runs with these names, and a connection to the target.
func newEnvWithRuns(t *testing.T, names ...string) (*Env, *pgx.Conn) {
	t.Helper()
	e := &Env{To: dbtest.New(t), Holder: "test", RetryDelay: time.Millisecond}
	conn := connectTarget(t, e)
	if err := Exec(t.Context(), conn, schemaSQL); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		_, err := conn.Exec(t.Context(),
			"INSERT INTO supabase_import.run (name, plan, watermark) VALUES ($1, '{}', now())", name)
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { e.ReleaseLease(t.Context()) })
	return e, conn
}

func takeLeaseOf(t *testing.T, e *Env, run string) int64 {
	t.Helper()
	epoch, err := e.TakeLease(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	return epoch
}

// runsWithHolder lists the runs that have a holder.
func runsWithHolder(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	names, err := QueryTexts(t.Context(), conn, "SELECT name FROM supabase_import.run WHERE holder IS NOT NULL ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestTakeLeaseKeepsTheLeaseOfTheSameRunAndReleasesThatOfAnother(t *testing.T) {
	t.Parallel()
	e, conn := newEnvWithRuns(t, "a", "b")
	first := takeLeaseOf(t, e, "a")
	if again := takeLeaseOf(t, e, "a"); again != first {
		t.Errorf("the epoch changed from %d to %d while the process had the lease", first, again)
	}
	takeLeaseOf(t, e, "b")
	if got := runsWithHolder(t, conn); len(got) != 1 || got[0] != "b" {
		t.Errorf("after TakeLease of a and then b, the process has the leases of %v, want that of b alone", got)
	}
	if later := takeLeaseOf(t, e, "a"); later <= first {
		t.Errorf("the epoch of a new lease is %d, want more than %d", later, first)
	}
}

func TestReleaseLeaseLeavesNoHolder(t *testing.T) {
	t.Parallel()
	for name, isBroken := range map[string]bool{"open connection": false, "broken connection": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, conn := newEnvWithRuns(t, "a")
			takeLeaseOf(t, e, "a")
			if isBroken {
				e.lease.stop() // otherwise the renewal opens another connection
				Close(e.lease.conn)
			}
			e.ReleaseLease(t.Context())
			if got := runsWithHolder(t, conn); len(got) != 0 {
				t.Errorf("after ReleaseLease the runs %v have a holder, want none", got)
			}
		})
	}
}

func TestSharedLeaseKeepsNoConnection(t *testing.T) {
	t.Parallel()
	e, _ := newEnvWithRuns(t, "a")
	e.Shared = true
	takeLeaseOf(t, e, "a")
	if e.lease.conn != nil {
		t.Error("a process with a shared lease keeps a connection for it, want none")
	}
}

func TestRenewLeaseOpensANewConnectionAndSeesALostLease(t *testing.T) {
	t.Parallel()
	e, conn := newEnvWithRuns(t, "a")
	l := &lease{run: "a", epoch: takeLeaseOf(t, e, "a")}
	e.lease.stop()
	e.lease.stop = nil
	var err error
	if l.conn, err = e.Target(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	defer func() { Close(l.conn) }()
	pid := l.conn.PgConn().PID()
	if err := Exec(t.Context(), conn, "SELECT pg_terminate_backend("+strconv.Itoa(int(pid))+")"); err != nil {
		t.Fatal(err)
	}
	if err := e.renewLease(t.Context(), l); err != nil || l.conn.PgConn().PID() == pid {
		t.Errorf("after the server closed the connection: got error %v, want a renewal on a new connection", err)
	}
	if err := Exec(t.Context(), conn, "UPDATE supabase_import.run SET epoch = epoch + 1"); err != nil {
		t.Fatal(err)
	}
	if err := e.renewLease(t.Context(), l); !errors.Is(err, ErrHeld) {
		t.Errorf("after another process took the lease: got %v, want ErrHeld", err)
	}
}

// Between two renewals the process waits for a shorter time than the connection allows a read to take, so the
// connection stays open.
func TestRenewalUsesTheSameConnectionEachTime(t *testing.T) {
	t.Parallel()
	e, conn := newEnvWithRuns(t, "a")
	e.Timeout = 800 * time.Millisecond
	takeLeaseOf(t, e, "a")
	state := func() (backend int, until time.Time) {
		err := conn.QueryRow(t.Context(), "SELECT holder_backend, held_until FROM supabase_import.run").
			Scan(&backend, &until)
		if err != nil {
			t.Fatal(err)
		}
		return backend, until
	}
	first, before := state()
	for range 3 {
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			backend, until := state()
			if backend != first {
				t.Fatalf("the renewal changed its connection from %d to %d", first, backend)
			}
			if until.After(before) {
				before = until
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("the lease was not renewed within 20 s")
			}
		}
	}
}

func TestLeaseIsRenewedSeveralTimesBeforeItEnds(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[time.Duration]time.Duration{0: leaseDuration / 4, time.Second: time.Second / 2} {
		if got := (&Env{Timeout: timeout}).renewalInterval(); got != want {
			t.Errorf("timeout %v: got an interval of %v, want %v", timeout, got, want)
		}
	}
}

// Without a renewal, a shared lease ends, and another process takes it.
func TestKeepSharedRenewsTheLeaseUntilAnotherProcessTakesIt(t *testing.T) {
	t.Parallel()
	e, conn := newEnvWithRuns(t, "a")
	e.Shared, e.Timeout = true, time.Second // the lease is renewed every half second
	takeLeaseOf(t, e, "a")
	heldUntil := func() (until time.Time) {
		t.Helper()
		if err := conn.QueryRow(t.Context(), "SELECT held_until FROM supabase_import.run").Scan(&until); err != nil {
			t.Fatal(err)
		}
		return until
	}
	before := heldUntil()
	err := e.KeepShared(t.Context(), "a", func(ctx context.Context) error {
		for heldUntil().Equal(before) {
			time.Sleep(10 * time.Millisecond)
		}
		if err := Exec(ctx, conn, "UPDATE supabase_import.run SET holder = 'another'"); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, ErrHeld) {
		t.Errorf("work while another process takes the lease: got %v, want ErrHeld", err)
	}
}
