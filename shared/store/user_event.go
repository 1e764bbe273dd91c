package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/xenon-auth/xenon/shared/pg"
)

// UserEvent is a row of user_event: an event that is not sent yet. Triggers insert the rows (migration 12).
type UserEvent struct {
	Sequence  int64 // the order of the events
	ID        string
	Type      string
	UserID    string
	CreatedAt Time
	Data      string // JSON
}

// ErrRelayRuns means that another process sends the events at this moment.
var ErrRelayRuns = errors.New("another process sends the events")

// RelayEvents passes the oldest events to send, at most limit of them, in the order of their rows. It leaves out the
// events of the users in skip, and those of transactions that began after a transaction that is still open. Then it
// deletes the events whose sequence send returns, and returns the number of events that it passed to send. All of this
// is one transaction with a lock, so that only one process sends at a time: for another one the error is ErrRelayRuns.
// If the deletion fails, later calls pass the same events again. There is no time limit but that of ctx.
func (s *Store) RelayEvents(
	ctx context.Context, skip []string, limit int, send func(context.Context, []UserEvent) (sent []int64),
) (passed int, err error) {
	err = s.withConnUntil(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
			events, err := s.lockAndReadEvents(ctx, tx, skip, limit)
			if err != nil || len(events) == 0 {
				return err
			}
			passed = len(events)
			sent := send(ctx, events)
			if len(sent) == 0 {
				return nil
			}
			_, err = tx.Exec(ctx, s.complete(`
				DELETE FROM user_event
				WHERE sequence = ANY ($1::bigint[])`), pgx.QueryExecModeExec, sent)
			return err
		})
	})
	return passed, err
}

// lockAndReadEvents takes the lock of RelayEvents and then reads the events, so that it does not read events that the
// last holder of the lock has deleted. An event is read when every transaction that is older than its own has ended:
// pg_snapshot_xmin is the oldest one that has not.
func (s *Store) lockAndReadEvents(ctx context.Context, tx pgx.Tx, skip []string, limit int) ([]UserEvent, error) {
	var locked bool
	err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock(hashtextextended('xenon.user_event ' || $1, 0))`,
		pgx.QueryExecModeExec, s.schema).Scan(&locked)
	if err != nil {
		return nil, err
	}
	if !locked {
		return nil, ErrRelayRuns
	}
	if skip == nil {
		skip = []string{}
	}
	rows, err := tx.Query(ctx, s.complete(`
		SELECT sequence, id::text AS id, type, user_id::text AS user_id, created_at, data::text AS data
		FROM user_event
		WHERE transaction < pg_snapshot_xmin(pg_current_snapshot()) AND user_id <> ALL ($1::text[]::uuid[])
		ORDER BY sequence
		LIMIT $2`), pgx.QueryExecModeExec, skip, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[UserEvent])
}

// withConnUntil is withConn without a time limit of its own. After an error that proves that nothing was sent, it tries
// once again.
func (s *Store) withConnUntil(ctx context.Context, f func(context.Context, *pgxpool.Conn) error) error {
	try := func() error {
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			return s.classify(err)
		}
		err = f(ctx, conn)
		if conn.Conn().IsClosed() {
			closeBrokenConnection(conn)
			return s.classify(err)
		}
		conn.Conn().PgConn().CustomData()[lastUsedKey] = wallClock()
		conn.Release()
		return s.classify(err)
	}
	err := try()
	if err != nil && pg.IsUnsent(err) && ctx.Err() == nil {
		err = try()
	}
	return err
}

// EventBacklog describes the events that are not sent yet.
type EventBacklog struct {
	Waiting       int64   // at most 100,000
	OldestSeconds float64 // the age of the oldest event
}

// EventBacklog counts the events that are not sent yet, up to 100,000 of them.
func (s *Store) EventBacklog(ctx context.Context) (EventBacklog, error) {
	return readRow(ctx, s, pgx.RowToStructByName[EventBacklog], `
		SELECT count(*) AS waiting, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest_seconds
		FROM (SELECT created_at FROM user_event ORDER BY sequence LIMIT 100000) oldest_events`)
}
