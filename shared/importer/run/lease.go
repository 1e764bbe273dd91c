package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// One process works on a run at a time, or several that share a lease (Env.Shared) and have the same Holder. The row of
// the run stores the name of the holder and the end of its lease. The command xenon keeps a connection for the lease:
// if this connection ends, the lease ends, too. The Lambda functions of an execution share a lease and have no such
// connection: every batch renews the lease, and without a renewal it ends after leaseDuration.

// leaseDuration is the duration of a lease that is not renewed.
const leaseDuration = 2 * time.Minute

// lease is the lease of a run that this process has.
type lease struct {
	run   string
	epoch int64
	conn  *pgx.Conn // nil if the lease is shared
	stop  func()
}

// TakeLease takes the lease of a run, or returns an error that names the holder. Each new lease increases the epoch. A
// process that joins the lease of another process with the same Holder (Env.Shared) gets the epoch of that lease.
func (e *Env) TakeLease(ctx context.Context, run string) (epoch int64, err error) {
	if e.lease != nil && e.lease.run == run {
		return e.lease.epoch, nil
	}
	e.ReleaseLease(ctx)
	var l *lease
	err = e.Retry(ctx, func() error {
		conn, err := e.Target(ctx, "")
		if err != nil {
			return err
		}
		if l, err = e.claimLease(ctx, conn, run); err != nil || e.Shared {
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
		e.keepRenewing(ctx, l)
	}
	e.lease = l
	return l.epoch, nil
}

const (
	// tieToThisConnection ties the lease to the connection that sends the statement.
	tieToThisConnection = `holder_backend = pg_backend_pid(),
  holder_started = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())`

	tieToNoConnection = "holder_backend = NULL, holder_started = NULL"

	// leaseIsFree is the condition that no process has the lease of run r. Postgres can hide the backend_start of
	// connections of other roles: then any connection with the stored pid counts as that of the lease.
	leaseIsFree = `(r.holder IS NULL
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

// takeLease returns SQL that locks the row of the run and takes the lease. Transactions of the former holder, even if
// its process has ended, also lock the row (LockRun), so the new holder waits until they end.
func takeLease(backend string) string {
	return `UPDATE supabase_import.run x
SET epoch = x.epoch + 1, holder = $2, held_until = now() + $3::interval,
  ` + backend + `
FROM (
  SELECT r.id FROM supabase_import.run r
  WHERE r.name = $1 AND ` + leaseIsFree + `
  FOR UPDATE
) r
WHERE x.id = r.id
RETURNING x.epoch`
}

// claimLease stores the holder in the row of the run, unless another holder has the lease. A process with the same
// Holder joins a shared lease without a lock.
func (e *Env) claimLease(ctx context.Context, conn *pgx.Conn, run string) (*lease, error) {
	l := &lease{run: run}
	switch exists, err := hasLedger(ctx, conn); {
	case err != nil:
		return nil, err
	case !exists:
		return nil, noRunError(run)
	}
	backend := tieToThisConnection
	if e.Shared {
		backend = tieToNoConnection
		err := conn.QueryRow(ctx, joinLease, run, e.Holder, leaseDuration).Scan(&l.epoch)
		if !errors.Is(err, pgx.ErrNoRows) {
			return l, err
		}
	}
	err := conn.QueryRow(ctx, takeLease(backend), run, e.Holder, leaseDuration).Scan(&l.epoch)
	if !errors.Is(err, pgx.ErrNoRows) {
		return l, err
	}
	return nil, heldError(ctx, conn, run)
}

// heldError returns an error that names the holder of the lease.
func heldError(ctx context.Context, conn *pgx.Conn, run string) error {
	var holder string
	var until time.Time
	err := conn.QueryRow(ctx, findHolder, run).Scan(&holder, &until)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return noRunError(run)
	case err != nil:
		return fmt.Errorf("read the holder of the lease: %w", err)
	}
	return fmt.Errorf("%w: %s works on the run %q, at least until %s",
		ErrHeld, holder, run, until.UTC().Format("15:04:05 UTC"))
}

// keepRenewing renews the lease in the background until l.stop is called. If the connection of the lease breaks, it
// opens a new one.
func (e *Env) keepRenewing(ctx context.Context, l *lease) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	l.stop = func() { cancel(); <-done }
	go func() {
		defer close(done)
		for e.renewLease(ctx, l) == nil {
			wait, stop := context.WithTimeout(ctx, e.renewalInterval())
			// Nothing sends a notification: the call returns at the timeout, or when the connection breaks.
			_, _ = l.conn.WaitForNotification(wait)
			stop()
		}
	}()
}

// renewalInterval is the time between two renewals. It is shorter than the time limit of a read on the connection.
func (e *Env) renewalInterval() time.Duration { return min(leaseDuration/4, e.timeout()/2) }

const (
	renewLease = `UPDATE supabase_import.run
SET held_until = now() + $3::interval, ` + tieToThisConnection + `
WHERE name = $1 AND epoch = $2`

	renewSharedLease = `UPDATE supabase_import.run SET held_until = now() + $3::interval WHERE id = $1 AND epoch = $2`

	dropLease = `UPDATE supabase_import.run SET holder = NULL, holder_backend = NULL, held_until = NULL
WHERE name = $1 AND epoch = $2`

	dropSharedLease = "UPDATE supabase_import.run SET holder = NULL, held_until = NULL WHERE name = $1 AND holder = $2"
)

// renewLease renews the lease once. After an error, keepRenewing stops. If another process then takes the lease, the
// batches of this process fail because the epoch differs.
func (e *Env) renewLease(ctx context.Context, l *lease) error {
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
		tag, err := l.conn.Exec(ctx, renewLease, l.run, l.epoch, leaseDuration)
		if err == nil && tag.RowsAffected() == 0 {
			return errLeaseLost()
		}
		return err
	})
}

// renewLeaseIfShared renews the lease if it is shared: then no connection renews it in the background.
func (e *Env) renewLeaseIfShared(ctx context.Context, db *pgx.Conn, p *Pass) error {
	if !e.Shared {
		return nil
	}
	_, err := db.Exec(ctx, renewSharedLease, p.ID, p.Epoch, leaseDuration)
	return err
}

// ReleaseLease ends the lease, if this process has one.
func (e *Env) ReleaseLease(ctx context.Context) {
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

// KeepShared calls f while it renews the lease, if the lease is shared: for work that takes longer than leaseDuration
// and stores nothing with which it would renew the lease. If another process takes the lease, the context of f ends,
// and KeepShared returns ErrHeld.
func (e *Env) KeepShared(ctx context.Context, run string, f func(context.Context) error) error {
	if !e.Shared {
		return f(ctx)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-time.After(e.renewalInterval()):
				if err := e.renewShared(ctx, run); errors.Is(err, ErrHeld) {
					cancel(err)
				}
			}
		}
	}()
	err := f(ctx)
	cancel(nil)
	<-done
	if cause := context.Cause(ctx); errors.Is(cause, ErrHeld) {
		return cause
	}
	return err
}

// renewShared renews a shared lease once. After another error than ErrHeld, the lease lasts until the next attempt.
func (e *Env) renewShared(ctx context.Context, run string) error {
	return e.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		tag, err := dst.Exec(ctx, joinLease, run, e.Holder, leaseDuration)
		if err == nil && tag.RowsAffected() == 0 {
			return errLeaseLost()
		}
		return err
	})
}

// ReleaseShared ends a shared lease. The last process with this Holder calls it.
func (e *Env) ReleaseShared(ctx context.Context, run string) error {
	return e.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		_, err := dst.Exec(ctx, dropSharedLease, run, e.Holder)
		return err
	})
}
