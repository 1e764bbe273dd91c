package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// One process works on a run at a time, or several with the same Holder. The run's row has the name of the holder, and
// until when it holds the run. A process with a connection of its own for the lease is known to be gone as soon as that
// connection is; functions, which come and go, hold the run by time alone, and every batch renews it.

// leaseTime is how long a holder keeps the run without renewing the lease.
const leaseTime = 2 * time.Minute

// lease is a held run.
type lease struct {
	run   string
	epoch int64
	conn  *pgx.Conn // of a holder that does not share the run
	stop  func()
}

// Take takes the lease of a run, or says who has it. It returns the epoch, which grows when the run changes hands.
func (e *Env) Take(ctx context.Context, run string) (epoch int64, err error) {
	if e.lease != nil && e.lease.run == run {
		return e.lease.epoch, nil
	}
	e.Release(ctx)
	var l *lease
	err = e.Retry(ctx, func() error {
		conn, err := e.Target(ctx, "")
		if err != nil {
			return err
		}
		if l, err = e.claim(ctx, conn, run); err != nil || e.Shared {
			Close(conn)
			return err
		}
		l.conn = conn
		return nil
	})
	if err != nil {
		return 0, err
	}
	if !e.Shared {
		e.keep(ctx, l)
	}
	e.lease = l
	return l.epoch, nil
}

const (
	// ownBackend ties the lease to the connection that sends the statement.
	ownBackend = `holder_backend = pg_backend_pid(),
  holder_started = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())`

	noBackend = "holder_backend = NULL, holder_started = NULL"

	// isFree is the condition that no process holds run r. A role may not see the backend_start of another role's
	// connection.
	isFree = `(r.holder IS NULL
    OR r.held_until < now()
    OR (r.holder_backend IS NOT NULL AND NOT EXISTS (
      SELECT FROM pg_stat_activity a
      WHERE a.pid = r.holder_backend AND coalesce(a.backend_start, r.holder_started) = r.holder_started)))`

	joinLease = `UPDATE supabase_import.run SET held_until = now() + $3::interval
WHERE name = $1 AND holder = $2 AND holder_backend IS NULL
RETURNING epoch`

	findHolder = `SELECT coalesce(holder, ''), coalesce(held_until, now())
FROM supabase_import.run
WHERE name = $1`
)

// takeLease locks the row first: a new holder waits for batches that the former one, though gone, has sent to the
// server, because they lock it too (copy.prepare).
func takeLease(backend string) string {
	return `UPDATE supabase_import.run x
SET epoch = x.epoch + 1, holder = $2, held_until = now() + $3::interval,
  ` + backend + `
FROM (
  SELECT r.id FROM supabase_import.run r
  WHERE r.name = $1 AND ` + isFree + `
  FOR UPDATE
) r
WHERE x.id = r.id
RETURNING x.epoch`
}

// claim writes the holder into the run's row, unless another holder is there. Processes that share the run do not wait
// for each other.
func (e *Env) claim(ctx context.Context, conn *pgx.Conn, run string) (*lease, error) {
	l := &lease{run: run}
	switch exists, err := hasLedger(ctx, conn); {
	case err != nil:
		return nil, err
	case !exists:
		return nil, noRun(run)
	}
	backend := ownBackend
	if e.Shared {
		backend = noBackend
		err := conn.QueryRow(ctx, joinLease, run, e.Holder, leaseTime).Scan(&l.epoch)
		if !errors.Is(err, pgx.ErrNoRows) {
			return l, err
		}
	}
	err := conn.QueryRow(ctx, takeLease(backend), run, e.Holder, leaseTime).Scan(&l.epoch)
	if !errors.Is(err, pgx.ErrNoRows) {
		return l, err
	}
	return nil, heldBy(ctx, conn, run)
}

// heldBy is the error that says who holds the run.
func heldBy(ctx context.Context, conn *pgx.Conn, run string) error {
	var holder string
	var until time.Time
	err := conn.QueryRow(ctx, findHolder, run).Scan(&holder, &until)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return noRun(run)
	case err != nil:
		return fmt.Errorf("ask who holds the run: %w", err)
	}
	return fmt.Errorf("%w: %q is being worked on by %s, at least until %s",
		ErrHeld, run, holder, until.UTC().Format("15:04:05 UTC"))
}

// keep renews the lease, with a new connection when its own is lost.
func (e *Env) keep(ctx context.Context, l *lease) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	l.stop = func() { cancel(); <-done }
	go func() {
		defer close(done)
		for e.renew(ctx, l) == nil {
			wait, stop := context.WithTimeout(ctx, min(leaseTime/4, e.timeout()/2))
			_, _ = l.conn.WaitForNotification(wait) // none comes: it ends when the time is up or the connection is lost
			stop()
		}
	}()
}

const (
	renewLease = `UPDATE supabase_import.run
SET held_until = now() + $3::interval, ` + ownBackend + `
WHERE name = $1 AND epoch = $2`

	prolongLease = `UPDATE supabase_import.run SET held_until = now() + $3::interval WHERE id = $1 AND epoch = $2`

	dropLease = `UPDATE supabase_import.run SET holder = NULL, holder_backend = NULL, held_until = NULL
WHERE name = $1 AND epoch = $2`

	dropSharedLease = "UPDATE supabase_import.run SET holder = NULL, held_until = NULL WHERE name = $1 AND holder = $2"
)

// renew prolongs the lease. An error ends it: the batches notice by the epoch when another process takes the run over.
func (e *Env) renew(ctx context.Context, l *lease) error {
	return e.Retry(ctx, func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if l.conn.IsClosed() {
			conn, err := e.Target(ctx, "")
			if err != nil {
				return err
			}
			l.conn = conn
		}
		tag, err := l.conn.Exec(ctx, renewLease, l.run, l.epoch, leaseTime)
		if err == nil && tag.RowsAffected() == 0 {
			return errLeaseLost()
		}
		return err
	})
}

// prolong renews a shared lease, which has no connection of its own.
func (e *Env) prolong(ctx context.Context, db *pgx.Conn, p *Pass) error {
	if !e.Shared {
		return nil
	}
	_, err := db.Exec(ctx, prolongLease, p.ID, p.Epoch, leaseTime)
	return err
}

// Release gives the lease back.
func (e *Env) Release(ctx context.Context) {
	l := e.lease
	if l == nil {
		return
	}
	e.lease = nil
	if l.stop != nil {
		l.stop()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if l.conn == nil || l.conn.IsClosed() {
		if conn, err := e.Target(ctx, ""); err == nil {
			_, _ = conn.Exec(ctx, dropLease, l.run, l.epoch)
			Close(conn)
		}
		return
	}
	_, _ = l.conn.Exec(ctx, dropLease, l.run, l.epoch)
	Close(l.conn)
}

// ReleaseShared gives a shared lease back, when the last process of the Holder is done.
func (e *Env) ReleaseShared(ctx context.Context, run string) error {
	return e.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		_, err := dst.Exec(ctx, dropSharedLease, run, e.Holder)
		return err
	})
}
