package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Charge counts one request against a rate limit, in the way of Better Auth (docs/wire.md#rate-limits). A window begins
// with the first request. Each further request, up to Max, extends the window. The window ends when Window has passed
// since the last request that was counted.
//
// The window of a Fixed charge ends when Window has passed since its first request. InsertSession and Refund remove a
// Fixed charge from the count again.
type Charge struct {
	Key    string        // at most 1 KiB, so that it fits into an index
	Window time.Duration // whole milliseconds, at most an hour
	Max    int           // at least 1
	At     time.Time     // the time of the request
	Fixed  bool

	// NotCached means that this process does not remember a rejection, because a password reset may delete the row.
	NotCached bool
}

// lastRequest returns the value of the column for a charge made now. For a Fixed charge that begins a window it is the
// end of the window. So it identifies the window, and a Better Auth server, which deletes rows after a minute without a
// request, leaves the row alone.
func (c Charge) lastRequest() int64 {
	if c.Fixed {
		return c.At.Add(c.Window).UnixMilli()
	}
	return c.At.UnixMilli()
}

// windowAfterLastRequest returns how long after lastRequest the window of c ends, in milliseconds.
func (c Charge) windowAfterLastRequest() int64 {
	if c.Fixed {
		return 0
	}
	return c.Window.Milliseconds()
}

// LimitedError means that a rate limit rejects a request. The request was not counted.
type LimitedError struct{ RetryAfter time.Duration }

func (e *LimitedError) Error() string {
	return fmt.Sprintf("rate limited for another %v", e.RetryAfter)
}

// IsLimited reports whether err is a *LimitedError.
func IsLimited(err error) bool {
	if err == nil {
		return false // before errors.As, whose target takes an allocation
	}
	return errors.As(err, new(*LimitedError))
}

// request has the charges of one request.
type request struct {
	pending []Charge // charges that were not sent yet
	counted []window // the Fixed charges that were counted, until Refund removes them
}

// window identifies one window of a Fixed charge.
type window struct {
	key  string
	ends int64 // milliseconds since 1970
}

// Charging returns a handle of the same database for one request. Its first statement also counts charges: a read sends
// them in its own round trip, a write in a round trip before it. Postgres counts them in this order until it rejects
// one; then the statement returns a *LimitedError, and a write has not run.
func (s *Store) Charging(charges ...Charge) *Store {
	return &Store{s.database, &request{pending: charges}}
}

// AddCharges adds charges to a handle from Charging. The next statement counts them, after the charges that are already
// pending.
func (s *Store) AddCharges(charges ...Charge) {
	s.request.pending = append(s.request.pending, charges...)
}

// takePending returns the pending charges and leaves none.
func (s *Store) takePending() []Charge {
	if s.request == nil {
		return nil
	}
	charges := s.request.pending
	s.request.pending = nil
	return charges
}

// noteCounted remembers the windows of counted charges, so that Refund can remove the charges.
func (s *Store) noteCounted(windows []window) {
	if s.request != nil {
		s.request.counted = append(s.request.counted, windows...)
	}
}

// takeCounted returns the Fixed charges that were counted, as arguments of refundCTEs, and leaves none.
func (s *Store) takeCounted() (keys []string, ends []int64) {
	if s.request == nil {
		return nil, nil
	}
	for _, w := range s.request.counted {
		keys, ends = append(keys, w.key), append(ends, w.ends)
	}
	s.request.counted = nil
	return keys, ends
}

// FlushCharges sends pending charges in a separate round trip, or does nothing if no charge is pending. It returns a
// *LimitedError if Postgres rejects one.
func (s *Store) FlushCharges(ctx context.Context) error {
	if charges := s.takePending(); len(charges) > 0 {
		return s.read(ctx, charges, nil)
	}
	return nil
}

// Count counts one charge immediately. It does not send the pending charges. It returns a *LimitedError if Postgres
// rejects the charge.
func (s *Store) Count(ctx context.Context, c Charge) error { return s.read(ctx, []Charge{c}, nil) }

// Uncount removes a counted charge from the count again.
func (s *Store) Uncount(ctx context.Context, c Charge) error {
	_, err := s.exec(ctx, `UPDATE "rateLimit" SET count = count - 1 WHERE key = $1 AND count > 0`, c.Key)
	return err
}

// KnownRejection returns the *LimitedError that Postgres would return for c, if this process remembers an earlier
// rejection, else nil. If another process has deleted the row since, the result is wrong until the end of the window.
func (s *Store) KnownRejection(c Charge) error {
	if wait := s.rejections.wait(c); wait > 0 {
		return &LimitedError{wait}
	}
	return nil
}

// Refund removes the Fixed charges that the handle has counted from their counts. It takes one round trip, or none if
// there are no such charges.
func (s *Store) Refund(ctx context.Context) error {
	keys, ends := s.takeCounted()
	if len(keys) == 0 {
		return nil
	}
	_, err := s.exec(ctx, `WITH refund_args AS (SELECT $1::text[] AS keys, $2::bigint[] AS ends)`+refundCTEs+` SELECT`,
		keys, ends)
	return err
}

// refundCTEs has CTEs that remove one charge of each window in the CTE refund_args, and delete the windows that have no
// charge left. They do not change a window that has ended: its row has another end, or is deleted. They lock the rows
// in the order in which charges lock them.
const refundCTEs = `, refund AS (
		SELECT r.id, r.count
		FROM refund_args, unnest(keys, ends) WITH ORDINALITY AS c (key, ends, place)
		JOIN "rateLimit" r ON r.key = c.key AND r."lastRequest" = c.ends
		ORDER BY c.place
		FOR UPDATE OF r
	), reduced AS (
		UPDATE "rateLimit" r SET count = refund.count - 1
		FROM refund
		WHERE r.id = refund.id AND refund.count > 1
	), emptied AS (
		DELETE FROM "rateLimit" r USING refund
		WHERE r.id = refund.id AND refund.count <= 1
	)`

// Limits of a cleanup of old rows.
const (
	longestWindow  = time.Hour
	cleanupRows    = 1000
	cleanupTimeout = time.Second
)

// deleteOldCharges deletes rows whose windows have certainly ended, at most once a minute in each process. It does not
// do so in the first minute of the process, so that a request with a cold start does not take even longer. It skips
// rows that another request has locked. After an error it tries again a minute later.
func (s *Store) deleteOldCharges(ctx context.Context, at time.Time) {
	first := s.chargeCleanup.last.Load() == 0
	if !s.chargeCleanup.isDue(at) || first {
		return
	}
	ctx, stop := context.WithTimeout(ctx, cleanupTimeout)
	defer stop()
	_ = s.withConn(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		_, err := c.Exec(ctx, s.qualify(`
			DELETE FROM "rateLimit" WHERE id IN (
				SELECT id FROM "rateLimit"
				WHERE "lastRequest" < $1
				LIMIT $2
				FOR UPDATE SKIP LOCKED
			)`),
			at.Add(-longestWindow).UnixMilli(), cleanupRows)
		return err
	})
}
