package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/xenon-auth/xenon/shared/pg"
)

// query is a statement that changes nothing. scan reads its rows.
type query struct {
	sql  string
	args []any
	scan func(pgx.Rows) error
	// planned says that Postgres plans each use of the statement for its arguments. Otherwise it is prepared when it is
	// frequent, and Postgres may use one plan for all arguments.
	planned bool
}

// readRow runs a statement that changes nothing and returns its row. It sends pending charges in the same round trip.
// It repeats the statement after an error that can be transient. It returns ErrNotFound if there is no row.
func readRow[T any](ctx context.Context, s *Store, scan pgx.RowToFunc[T], sql string, args ...any) (T, error) {
	var out T
	collect := func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectOneRow(rows, scan)
		return err
	}
	q := &query{sql: s.complete(sql), args: convertTimesToUTC(args), scan: collect}
	err := s.readWithCharges(ctx, s.takePending(), q)
	if errors.Is(err, ErrInvalid) {
		err = ErrNotFound // Postgres cannot store an argument, so no row has this value
	}
	return out, err
}

// readRows is like readRow, for a statement that returns any number of rows. If there is no row, the list is empty but
// not nil.
func readRows[T any](ctx context.Context, s *Store, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	var out []T
	collect := func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectRows(rows, scan)
		return err
	}
	q := &query{sql: s.complete(sql), args: convertTimesToUTC(args), scan: collect}
	err := s.readWithCharges(ctx, s.takePending(), q)
	if errors.Is(err, ErrInvalid) {
		out, err = []T{}, nil // no row has this value, as in readRow
	}
	return out, err
}

// readWithCharges sends charges and q in one round trip and one transaction. q may be nil. After an error that can be
// transient it sends them again, without the charges that Postgres may have counted already. If the process remembers
// that Postgres rejects a charge, it sends nothing.
func (s *Store) readWithCharges(ctx context.Context, charges []Charge, q *query) error {
	for _, c := range charges {
		if err := s.KnownRejection(c); err != nil {
			return err
		}
	}
	left, result := charges, chargeResult{}
	try := func() error {
		result.fixedWindows = nil // RefundCharges must not remove charges of a failed attempt, which may have counted none
		err := s.withConn(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
			return s.send(ctx, c.Conn(), left, q, &result)
		})
		switch {
		case err == nil, errors.Is(err, ErrNotFound):
			left = left[min(result.counted, len(left)):]
			s.noteRefundable(result.fixedWindows)
		case errors.Is(err, ErrInvalid), pg.IsRolledBack(err): // Postgres has counted no charge
		case result.sent && (isUnavailable(err) || !errors.As(err, new(*pgconn.PgError))):
			// Postgres may have counted the charges. pgx does not tell: it reports a lost answer to a batch as safe to retry.
			left = nil
		}
		return err
	}
	err := try()
	if s.resetPoolIfPreparedLost(err) {
		err = try()
	}
	if s.mayRepeatRead(ctx, err) {
		err = try()
	}
	if result.beganWindow {
		s.deleteOldCharges(ctx, charges[0].At)
	}
	// Charges are left if another request changed their row at the same time, or if q failed in their transaction.
	if len(left) > 0 && (err == nil || q != nil && !isUnavailable(err)) {
		if err := s.readWithCharges(ctx, left, nil); err != nil {
			return err
		}
	}
	return err
}

// send sends charges and q to Postgres in one round trip, plus one for each statement that it prepares first. charges
// may be empty, and q may be nil.
func (s *Store) send(ctx context.Context, c *pgx.Conn, charges []Charge, q *query, result *chargeResult) error {
	if len(charges) == 0 && q != nil {
		return s.sendQuery(ctx, c, q, result)
	}
	batch := &pgx.Batch{}
	if len(charges) > 0 {
		s.queueCharges(batch, charges, result)
	}
	if q != nil {
		batch.Queue(q.sql, q.args...).Query(q.scan)
	}
	for _, each := range batch.QueuedQueries {
		if q != nil && q.planned && each.SQL == q.sql {
			continue
		}
		if err := s.prepareIfFrequent(ctx, c, each.SQL); err != nil {
			return err
		}
	}
	result.sent = true
	return c.SendBatch(ctx, batch).Close() // an empty batch is not sent
}

// sendQuery sends q alone, which is cheaper than a batch of one statement.
func (s *Store) sendQuery(ctx context.Context, c *pgx.Conn, q *query, result *chargeResult) error {
	if !q.planned {
		if err := s.prepareIfFrequent(ctx, c, q.sql); err != nil {
			return err
		}
	}
	result.sent = true
	rows, err := c.Query(ctx, q.sql, q.args...)
	if err != nil {
		return err
	}
	return q.scan(rows)
}

// writeRow runs a statement that changes something and returns its row. It first sends pending charges in a separate
// round trip. It repeats the statement once, and only if the first attempt certainly did not run.
func writeRow[T any](
	ctx context.Context, s *Store, scan pgx.RowToFunc[T], sql string, args ...any,
) (out T, err error) {
	if err := s.FlushCharges(ctx); err != nil {
		return out, err
	}
	sql, args = s.complete(sql), convertTimesToUTC(args)
	try := func(ctx context.Context, c *pgxpool.Conn) (err error) {
		if err = s.prepareIfFrequent(ctx, c.Conn(), sql); err != nil {
			return err
		}
		rows, err := c.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		out, err = pgx.CollectOneRow(rows, scan)
		return err
	}
	err = s.withConn(ctx, try)
	if err != nil && (s.resetPoolIfPreparedLost(err) || pg.IsUnsent(err)) && ctx.Err() == nil {
		err = s.withConn(ctx, try)
	}
	return out, err
}

// exec is like writeRow, for a statement that returns no rows. It returns the number of affected rows.
func (s *Store) exec(ctx context.Context, sql string, args ...any) (n int64, err error) {
	if err := s.FlushCharges(ctx); err != nil {
		return 0, err
	}
	sql, args = s.complete(sql), convertTimesToUTC(args)
	try := func(ctx context.Context, c *pgxpool.Conn) error {
		if err := s.prepareIfFrequent(ctx, c.Conn(), sql); err != nil {
			return err
		}
		tag, err := c.Exec(ctx, sql, args...)
		n = tag.RowsAffected()
		return err
	}
	err = s.withConn(ctx, try)
	if err != nil && (s.resetPoolIfPreparedLost(err) || pg.IsUnsent(err)) && ctx.Err() == nil {
		err = s.withConn(ctx, try)
	}
	return n, err
}
