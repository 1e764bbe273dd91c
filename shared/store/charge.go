package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Charge is one request counted against a limit as the library counts (contract: rate limits): a window begins with the
// first request, every further one up to Max prolongs it, and it ends when Window has passed since the last.
type Charge struct {
	Key    string        // at most 1 KiB; what an index can hold
	Window time.Duration // whole milliseconds, at most an hour
	Max    int           // at least 1
	At     time.Time     // by the clock of everybody who counts
}

// LimitedError says that a request was one too many; it was not counted.
type LimitedError struct{ RetryAfter time.Duration }

func (e *LimitedError) Error() string { return fmt.Sprintf("limited for another %v", e.RetryAfter) }

// pending are the charges of a request that no statement has settled yet.
type pending struct {
	mu      sync.Mutex
	charges []Charge
}

type pendingKey struct{}

// WithCharge adds charges to what is pending in ctx. The next statement run with ctx settles all of it, once: a read takes
// it along in its own round trip, anything else settles first. The charges count in order until one is refused; then the
// statement returns a *LimitedError, and has not run if it would have changed something.
func WithCharge(ctx context.Context, charges ...Charge) context.Context {
	p, ok := ctx.Value(pendingKey{}).(*pending)
	if !ok {
		p = &pending{}
		ctx = context.WithValue(ctx, pendingKey{}, p)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.charges = append(p.charges, charges...)
	return ctx
}

// take returns what is pending in ctx and leaves nothing.
func take(ctx context.Context) []Charge {
	p, ok := ctx.Value(pendingKey{}).(*pending)
	if !ok {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	charges := p.charges
	p.charges = nil
	return charges
}

// Settle settles what is still pending in ctx, in one round trip; none if nothing is. A *LimitedError if a charge was
// refused.
func (s *Store) Settle(ctx context.Context) error {
	if charges := take(ctx); len(charges) > 0 {
		return s.ask(ctx, charges, nil)
	}
	return nil
}

// Take settles one charge at once, apart from what is pending.
func (s *Store) Take(ctx context.Context, c Charge) error { return s.ask(ctx, []Charge{c}, nil) }

// Refused returns the *LimitedError that the database would answer to c, nil if it has to be asked. It knows what the
// database told this process; a row deleted meanwhile is remembered until its window would have ended.
func (s *Store) Refused(c Charge) error {
	if wait := s.refusals.wait(c); wait > 0 {
		return &LimitedError{wait}
	}
	return nil
}

// outcome is what the database did with charges.
type outcome struct {
	sent    bool // it was asked at all
	counted int  // so many; the next one is to be made again
	began   bool // a window did
}

// queueCharges puts charges into a batch. A refused one ends the batch with a *LimitedError.
func (s *Store) queueCharges(batch *pgx.Batch, charges []Charge, out *outcome) {
	sql, args := chargeStatement(charges)
	batch.Queue(sql, args...).QueryRow(func(row pgx.Row) error {
		counts, lasts := make([]int, len(charges)), make([]int64, len(charges))
		var columns []any
		for i := range charges {
			columns = append(columns, &counts[i], &lasts[i])
		}
		if err := row.Scan(columns...); err != nil {
			return err
		}
		out.began = slices.Contains(counts, 1)
		out.counted = slices.Index(counts, 0)
		if out.counted < 0 {
			out.counted = len(charges)
			return nil
		}
		c := charges[out.counted]
		wait := c.Window - time.Duration(c.At.UnixMilli()-lasts[out.counted])*time.Millisecond
		if wait <= 0 {
			return nil
		}
		s.refusals.add(c, wait)
		return &LimitedError{wait}
	})
}

// Two columns for each charge: its new count, 0 if it did not count, and if it was refused the moment its window runs from.
// That moment is what the statement saw when it began, while the refusal is by the newest row. Where the two disagree,
// because requests ran side by side, the window seems to be over and the charge has to be made again.
const (
	chargeCTE = `{C} AS (
		INSERT INTO "rateLimit" AS r (key, count, "lastRequest")
		SELECT {KEY}, 1, {NOW} WHERE {UNLESS}
		ON CONFLICT (key) DO UPDATE
		SET count = CASE WHEN {NOW} - r."lastRequest" >= {WINDOW} THEN 1 ELSE r.count + 1 END, "lastRequest" = {NOW}
		WHERE {NOW} - r."lastRequest" >= {WINDOW} OR r.count < {MAX}
		RETURNING count)`
	chargeColumns = `coalesce((SELECT count FROM {C}), 0), coalesce(
		(SELECT "lastRequest" FROM "rateLimit" WHERE key = {KEY} AND {UNLESS} AND NOT EXISTS (SELECT FROM {C})), 0)`
)

// chargeStatement counts charges in one statement, which locks their rows in order.
func chargeStatement(charges []Charge) (string, []any) {
	args := make([]any, 0, 4*len(charges))
	for _, c := range charges {
		args = append(args, c.Key, c.Window.Milliseconds(), c.Max, c.At.UnixMilli())
	}
	sql, ok := chargeTexts.Load(len(charges))
	if !ok {
		sql, _ = chargeTexts.LoadOrStore(len(charges), chargeText(len(charges)))
	}
	return sql.(string), args
}

// chargeTexts are the statements for so many charges, a handful.
var chargeTexts sync.Map

func chargeText(charges int) string {
	var ctes, columns []string
	unless := "true" // what a charge rests on: that the one before it counted
	for i := range charges {
		n := 4 * i
		r := strings.NewReplacer("{C}", fmt.Sprintf("c%d", i), "{UNLESS}", unless,
			"{KEY}", fmt.Sprintf("$%d::text", n+1), "{WINDOW}", fmt.Sprintf("$%d::bigint", n+2),
			"{MAX}", fmt.Sprintf("$%d::int", n+3), "{NOW}", fmt.Sprintf("$%d::bigint", n+4))
		ctes = append(ctes, r.Replace(chargeCTE))
		columns = append(columns, r.Replace(chargeColumns))
		unless = r.Replace("EXISTS (SELECT FROM {C})")
	}
	return "WITH " + strings.Join(ctes, ", ") + " SELECT " + strings.Join(columns, ", ")
}

// When rows are cleaned up.
const (
	longestWindow = time.Hour // older rows matter to nobody
	pruneEvery    = time.Minute
	pruneRows     = 1000
	pruneTimeout  = time.Second
)

// prune deletes rows of windows that are long over, at most once a minute a process, and not in its first, when a person
// waits for a cold start. Rows that another request holds are left to it, so nobody waits for anybody. What fails is tried
// again a minute later.
func (s *Store) prune(ctx context.Context, at time.Time) {
	last, now := s.pruned.Load(), at.UnixMilli()
	if now-last < pruneEvery.Milliseconds() || !s.pruned.CompareAndSwap(last, now) || last == 0 {
		return
	}
	ctx, stop := context.WithTimeout(ctx, pruneTimeout)
	defer stop()
	_ = s.on(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		_, err := c.Exec(ctx, `
			DELETE FROM "rateLimit" WHERE id IN (
				SELECT id FROM "rateLimit" WHERE "lastRequest" < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`,
			at.Add(-longestWindow).UnixMilli(), pruneRows)
		return err
	})
}
