package importer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// One process works on a run at a time, or several with the same Holder. Whoever holds it is written into the run's row:
// a name, and until when. A process that has its own connection open for it is known to be gone as soon as that
// connection is; functions, which come and go, hold it by time alone, and every batch renews it.

const leaseTime = 2 * time.Minute

// lease is a held run.
type lease struct {
	run   string
	epoch int64
	conn  *pgx.Conn // of a holder on its own
	stop  func()
}

// take takes the lease, or says who has it.
func (m *Import) take(ctx context.Context, run string) error {
	if m.lease != nil && m.lease.run == run {
		return nil
	}
	m.release(ctx)
	var l *lease
	err := m.again(ctx, func() error {
		conn, err := m.target(ctx, "")
		if err != nil {
			return err
		}
		if l, err = m.claim(ctx, conn, run); err != nil || m.Shared {
			closed(conn)
			return err
		}
		l.conn = conn
		return nil
	})
	if err != nil {
		return err
	}
	if !m.Shared {
		m.keep(ctx, l)
	}
	m.lease = l
	return nil
}

// own is what makes a connection the holder's own.
const own = `holder_backend = pg_backend_pid(), holder_started = (select backend_start from pg_stat_activity where pid = pg_backend_pid())`

// vacant is the condition that nobody holds run r. A connection of another role shows no backend_start to some.
const vacant = `(r.holder is null or r.held_until < now() or (r.holder_backend is not null
  and not exists (select from pg_stat_activity a where a.pid = r.holder_backend and coalesce(a.backend_start, r.holder_started) = r.holder_started)))`

// claim writes the holder into the run's row, unless somebody else is there. A new holder waits for batches that the one
// before, though gone, has sent to the server: they hold the row too (prepare). Processes that share it do not wait for
// each other.
func (m *Import) claim(ctx context.Context, conn *pgx.Conn, run string) (*lease, error) {
	l := &lease{run: run}
	switch there, err := hasLedger(ctx, conn); {
	case err != nil:
		return nil, err
	case !there:
		return nil, noRun(run)
	}
	if m.Shared {
		err := conn.QueryRow(ctx, `update supabase_import.run set held_until = now() + $3::interval
where name = $1 and holder = $2 and holder_backend is null returning epoch`, run, m.Holder, leaseTime).Scan(&l.epoch)
		if !errors.Is(err, pgx.ErrNoRows) {
			return l, err
		}
	}
	backend := own
	if m.Shared {
		backend = "holder_backend = null, holder_started = null"
	}
	err := conn.QueryRow(ctx, `update supabase_import.run x set epoch = x.epoch + 1, holder = $2, held_until = now() + $3::interval, `+backend+`
from (select r.id from supabase_import.run r where r.name = $1 and `+vacant+` for update) r where x.id = r.id returning x.epoch`,
		run, m.Holder, leaseTime).Scan(&l.epoch)
	if !errors.Is(err, pgx.ErrNoRows) {
		return l, err
	}
	var holder string
	var until time.Time
	err = conn.QueryRow(ctx, "select coalesce(holder, ''), coalesce(held_until, now()) from supabase_import.run where name = $1", run).Scan(&holder, &until)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, fmt.Errorf("%w: %q", ErrNoRun, run)
	case err != nil:
		return nil, fmt.Errorf("ask who holds the run: %w", err)
	}
	return nil, fmt.Errorf("%w: %q is being worked on by %s, at least until %s", ErrHeld, run, holder, until.UTC().Format("15:04:05 UTC"))
}

// keep renews the lease, and takes it up again with a new connection when its own is lost.
func (m *Import) keep(ctx context.Context, l *lease) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	l.stop = func() { cancel(); <-done }
	go func() {
		defer close(done)
		for m.renew(ctx, l) == nil {
			wait, stop := context.WithTimeout(ctx, min(leaseTime/4, m.patience()/2))
			_, _ = l.conn.WaitForNotification(wait) // none comes: it ends when the time is up or the connection is lost
			stop()
		}
	}()
}

// renew prolongs the lease. Any error is the end of it: the batches notice by the epoch if somebody else takes over.
func (m *Import) renew(ctx context.Context, l *lease) error {
	return m.again(ctx, func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if l.conn.IsClosed() {
			conn, err := m.target(ctx, "")
			if err != nil {
				return err
			}
			l.conn = conn
		}
		tag, err := l.conn.Exec(ctx, "update supabase_import.run set held_until = now() + $3::interval, "+own+" where name = $1 and epoch = $2", l.run, l.epoch, leaseTime)
		if err == nil && tag.RowsAffected() == 0 {
			return lost()
		}
		return err
	})
}

// release gives the lease back.
func (m *Import) release(ctx context.Context) {
	l := m.lease
	if l == nil {
		return
	}
	m.lease = nil
	if l.stop != nil {
		l.stop()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	const sql = "update supabase_import.run set holder = null, holder_backend = null, held_until = null where name = $1 and epoch = $2"
	if l.conn == nil || l.conn.IsClosed() {
		if conn, err := m.target(ctx, ""); err == nil {
			_, _ = conn.Exec(ctx, sql, l.run, l.epoch)
			closed(conn)
		}
		return
	}
	_, _ = l.conn.Exec(ctx, sql, l.run, l.epoch)
	closed(l.conn)
}

// Release gives a shared lease back, when the last process of the Holder is done.
func (m *Import) Release(ctx context.Context, run string) error {
	return m.ask(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		_, err := dst.Exec(ctx, "update supabase_import.run set holder = null, held_until = null where name = $1 and holder = $2", run, m.Holder)
		return err
	})
}

// join reads the run that this process, or another of the same Holder, has begun, and makes its mapping.
func (m *Import) join(ctx context.Context, name string) (*ongoing, error) {
	if m.lease == nil {
		if err := m.take(ctx, name); err != nil {
			return nil, err
		}
	}
	r := &ongoing{epoch: m.lease.epoch}
	return r, m.askBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		id, pass, _, p, err := stored(ctx, dst, name)
		if err != nil {
			return err
		}
		r.id, r.pass = id, pass
		if r.mapping, err = m.mapping(ctx, src, dst, p); err != nil {
			return err
		}
		if r.leading, err = references(ctx, dst); err != nil {
			return err
		}
		return dst.QueryRow(ctx, `select (select count(*) from supabase_import.batch where run = $1), exists (select from supabase_import.foreign_account where run = $1)`, id).Scan(&r.batches, &r.foreign)
	})
}

// withoutDetail is an error as far as it may be shown: Postgres puts values of rows into its details.
func withoutDetail(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		if pg.Code == timedOut {
			return "SQLSTATE " + pg.Code + " " + pg.Message
		}
		return "SQLSTATE " + pg.Code + " " + pg.ConstraintName
	}
	return err.Error()
}
