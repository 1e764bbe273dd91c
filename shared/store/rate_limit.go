package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Charge counts one request against a rate limit, as Better Auth does (docs/wire.md#rate-limits). A window begins with
// the first request and counts at most Max requests. It ends when Window has passed since the last request that it has
// counted.
//
// The window of a Fixed charge ends when Window has passed since its first request. InsertSession and RefundCharges can
// remove a Fixed charge from the count again.
type Charge struct {
	Key    string        // at most 1 KiB, so that it fits into an index
	Window time.Duration // whole milliseconds, at most an hour
	Max    int           // at least 1
	At     time.Time     // the time of the request
	Fixed  bool

	// NotCached means that the process does not remember a rejection, because a password reset may delete the row.
	NotCached bool
}

// lastRequest returns the value of the column "lastRequest" for a charge at c.At. For a Fixed charge that begins a
// window it is the end of the window. This value identifies the window. It also makes a Better Auth server, which
// deletes rows after a minute without a request, keep the row until the window ends.
func (c Charge) lastRequest() int64 {
	if c.Fixed {
		return c.At.Add(c.Window).UnixMilli()
	}
	return c.At.UnixMilli()
}

// windowAfterLastRequest returns how long after the value of "lastRequest" the window of c ends, in milliseconds.
func (c Charge) windowAfterLastRequest() int64 {
	if c.Fixed {
		return 0
	}
	return c.Window.Milliseconds()
}

// RateLimitError means that a rate limit rejects a request. The request was not counted.
type RateLimitError struct{ RetryAfter time.Duration }

func (e *RateLimitError) Error() string {
	return fmt.Sprintf("rate limited for another %v", e.RetryAfter)
}

// IsRateLimitError reports whether err is a *RateLimitError.
func IsRateLimitError(err error) bool {
	if err == nil {
		return false // without an allocation: errors.As needs one for its target
	}
	return errors.As(err, new(*RateLimitError))
}

// requestCharges has the charges of one request to Xenon.
type requestCharges struct {
	pending    []Charge       // charges that have not been sent
	refundable []chargeWindow // a window for each Fixed charge that was counted and can be refunded
}

// chargeWindow identifies one window of a Fixed charge.
type chargeWindow struct {
	key  string
	ends int64 // milliseconds since 1970
}

// WithCharges returns a Store on the same database for one request. Its first statement also counts charges: a read
// sends them in its own round trip, a write in a round trip before it. Postgres counts them in their order until it
// rejects one. Then the statement returns a *RateLimitError, and a write does not run.
func (s *Store) WithCharges(charges ...Charge) *Store {
	return &Store{s.database, &requestCharges{pending: charges}}
}

// AddCharges adds charges to a Store that WithCharges returned. The next statement counts them, after the charges that
// are already pending.
func (s *Store) AddCharges(charges ...Charge) {
	s.request.pending = append(s.request.pending, charges...)
}

// takePending returns the pending charges and removes them from the request.
func (s *Store) takePending() []Charge {
	if s.request == nil {
		return nil
	}
	charges := s.request.pending
	s.request.pending = nil
	return charges
}

// noteRefundable remembers the windows of counted charges, so that RefundCharges can remove the charges from the
// counts.
func (s *Store) noteRefundable(windows []chargeWindow) {
	if s.request != nil {
		s.request.refundable = append(s.request.refundable, windows...)
	}
}

// takeRefundable returns the Fixed charges that were counted, as arguments of refundChargesCTEs, and removes them from
// the request.
func (s *Store) takeRefundable() (keys []string, ends []int64) {
	if s.request == nil {
		return nil, nil
	}
	for _, w := range s.request.refundable {
		keys, ends = append(keys, w.key), append(ends, w.ends)
	}
	s.request.refundable = nil
	return keys, ends
}

// FlushCharges sends the pending charges in a round trip of their own. It does nothing if no charge is pending. It
// returns a *RateLimitError if Postgres rejects a charge.
func (s *Store) FlushCharges(ctx context.Context) error {
	if charges := s.takePending(); len(charges) > 0 {
		return s.readWithCharges(ctx, charges, nil)
	}
	return nil
}

// CountCharge counts one charge immediately. It does not send the pending charges. It returns a *RateLimitError if
// Postgres rejects the charge.
func (s *Store) CountCharge(ctx context.Context, c Charge) error {
	return s.readWithCharges(ctx, []Charge{c}, nil)
}

// UncountCharge removes one charge from the count of c.Key again.
func (s *Store) UncountCharge(ctx context.Context, c Charge) error {
	_, err := s.exec(ctx, `UPDATE "rateLimit" SET count = count - 1 WHERE key = $1 AND count > 0`, c.Key)
	return err
}

// KnownRejection returns the *RateLimitError that Postgres would return for c, if this process remembers an earlier
// rejection, otherwise nil. If another process has deleted the row since, the result is wrong until this process
// forgets the rejection.
func (s *Store) KnownRejection(c Charge) error {
	if wait := s.rejections.remainingTime(c); wait > 0 {
		return &RateLimitError{wait}
	}
	return nil
}

// RefundCharges removes the Fixed charges that s has counted from their counts again. It takes one round trip, or none
// if there are no such charges.
func (s *Store) RefundCharges(ctx context.Context) error {
	keys, ends := s.takeRefundable()
	if len(keys) == 0 {
		return nil
	}
	_, err := s.exec(ctx,
		`WITH refund_args AS (SELECT $1::text[] AS keys, $2::bigint[] AS ends)`+refundChargesCTEs+` SELECT`, keys, ends)
	return err
}

// refundChargesCTEs has CTEs that remove one charge from each window in the CTE refund_args, and delete the rows that
// have no charge left. They do not change the row of a later window, because its "lastRequest" differs. They lock the
// rows in the order in which charges lock them.
const refundChargesCTEs = `, charges_to_refund AS (
		SELECT r.id, r.count
		FROM refund_args, unnest(keys, ends) WITH ORDINALITY AS c (key, ends, place)
		JOIN "rateLimit" r ON r.key = c.key AND r."lastRequest" = c.ends
		ORDER BY c.place
		FOR UPDATE OF r
	), reduced_counts AS (
		UPDATE "rateLimit" r SET count = charges_to_refund.count - 1
		FROM charges_to_refund
		WHERE r.id = charges_to_refund.id AND charges_to_refund.count > 1
	), deleted_counts AS (
		DELETE FROM "rateLimit" r USING charges_to_refund
		WHERE r.id = charges_to_refund.id AND charges_to_refund.count <= 1
	)`

// The limits of deleteOldCharges.
const (
	longestWindow  = time.Hour
	maxCleanupRows = 1000
	cleanupTimeout = time.Second
)

// deleteOldCharges deletes up to maxCleanupRows rows whose windows have certainly ended, at most once a minute in each
// process. Its first call deletes nothing, so that a request with a cold start does not take even longer. It skips rows
// that another request has locked. If it fails, a call after another minute tries again.
func (s *Store) deleteOldCharges(ctx context.Context, at time.Time) {
	first := s.chargeCleanup.last.Load() == 0
	if !s.chargeCleanup.isDue(at) || first {
		return
	}
	ctx, stop := context.WithTimeout(ctx, cleanupTimeout)
	defer stop()
	_ = s.withConn(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		_, err := c.Exec(ctx, s.complete(`
			DELETE FROM "rateLimit" WHERE id IN (
				SELECT id FROM "rateLimit"
				WHERE "lastRequest" < $1
				LIMIT $2
				FOR UPDATE SKIP LOCKED
			)`),
			at.Add(-longestWindow).UnixMilli(), maxCleanupRows)
		return err
	})
}
