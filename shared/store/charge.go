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

// Charge counts one request against a limit, as Better Auth counts (docs/wire.md#rate-limits). A window begins with the
// first request. Each further request up to Max extends it. It ends when Window has passed since the last one.
//
// The window of a Fixed charge ends when Window has passed since its first request. InsertSession and Refund give a
// Fixed charge back.
type Charge struct {
	Key    string        // at most 1 KiB; what an index can hold
	Window time.Duration // whole milliseconds, at most an hour
	Max    int           // at least 1
	At     time.Time     // by the clock of everybody who counts
	Fixed  bool

	Forgettable bool // its count may be deleted: that it was refused before says nothing
}

// mark is what the row of a charge made now keeps in "lastRequest": for a Fixed charge that begins a window its end,
// which names the window and keeps the row from a Better Auth server that deletes rows after a minute of silence.
func (c Charge) mark() int64 {
	if c.Fixed {
		return c.At.Add(c.Window).UnixMilli()
	}
	return c.At.UnixMilli()
}

// prolonged is how long after its mark the window of c ends, in milliseconds.
func (c Charge) prolonged() int64 {
	if c.Fixed {
		return 0
	}
	return c.Window.Milliseconds()
}

// LimitedError says that a request was one too many; it was not counted.
type LimitedError struct{ RetryAfter time.Duration }

func (e *LimitedError) Error() string { return fmt.Sprintf("limited for another %v", e.RetryAfter) }

// pending are the charges of a request: those that no statement has settled yet, and the Fixed ones that counted.
type pending struct {
	mu      sync.Mutex
	charges []Charge
	counted []window
}

// window is one window of a Fixed charge.
type window struct {
	key  string
	ends int64 // milliseconds since 1970
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

// noteCounted keeps windows in ctx, so that they can be given back.
func noteCounted(ctx context.Context, windows []window) {
	if p, ok := ctx.Value(pendingKey{}).(*pending); ok && len(windows) > 0 {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.counted = append(p.counted, windows...)
	}
}

// takeCounted returns the Fixed charges of ctx that counted, as arguments of refunded, and forgets them.
func takeCounted(ctx context.Context) (keys []string, ends []int64) {
	p, ok := ctx.Value(pendingKey{}).(*pending)
	if !ok {
		return nil, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.counted {
		keys, ends = append(keys, w.key), append(ends, w.ends)
	}
	p.counted = nil
	return keys, ends
}

// refunded gives the windows with the keys {KEYS} and ends {ENDS} one charge back and deletes those that are left with
// none. A window that is over has another end in its row, or no row, and is left alone. Rows are locked in the order in
// which charges lock them.
const refunded = `
	refund AS (
		SELECT r.id, r.count
		FROM unnest({KEYS}::text[], {ENDS}::bigint[]) WITH ORDINALITY AS c (key, ends, place)
		JOIN "rateLimit" r ON r.key = c.key AND r."lastRequest" = c.ends
		ORDER BY c.place
		FOR UPDATE OF r
	), reduced AS (
		UPDATE "rateLimit" r SET count = refund.count - 1 FROM refund WHERE r.id = refund.id AND refund.count > 1
	), emptied AS (
		DELETE FROM "rateLimit" r USING refund WHERE r.id = refund.id AND refund.count <= 1
	)`

// refundedAs is refunded with the numbers of its parameters.
func refundedAs(keys, ends string) string {
	return strings.NewReplacer("{KEYS}", keys, "{ENDS}", ends).Replace(refunded)
}

// Refund gives the Fixed charges of ctx that counted back, in one round trip; none if there are none.
func (s *Store) Refund(ctx context.Context) error {
	keys, ends := takeCounted(ctx)
	if len(keys) == 0 {
		return nil
	}
	_, err := s.exec(ctx, refundStatement, keys, ends)
	return err
}

var refundStatement = "WITH " + refundedAs("$1", "$2") + " SELECT"

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

// GiveBack takes a charge that counted off its count again.
func (s *Store) GiveBack(ctx context.Context, c Charge) error {
	_, err := s.exec(ctx, `UPDATE "rateLimit" SET count = count - 1 WHERE key = $1 AND count > 0`, c.Key)
	return err
}

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
	fixed   []window
}

// queueCharges puts charges into a batch. A refused one ends the batch with a *LimitedError.
func (s *Store) queueCharges(batch *pgx.Batch, charges []Charge, out *outcome) {
	sql, args := chargeStatement(charges)
	batch.Queue(s.in(sql), args...).QueryRow(func(row pgx.Row) error {
		counts, marks := make([]int, len(charges)), make([]int64, len(charges))
		var columns []any
		for i := range charges {
			columns = append(columns, &counts[i], &marks[i])
		}
		if err := row.Scan(columns...); err != nil {
			return err
		}
		out.began = slices.Contains(counts, 1)
		out.counted = slices.Index(counts, 0)
		if out.counted < 0 {
			out.counted = len(charges)
		}
		for i, c := range charges[:out.counted] {
			if c.Fixed {
				out.fixed = append(out.fixed, window{c.Key, marks[i]})
			}
		}
		if out.counted == len(charges) {
			return nil
		}
		c := charges[out.counted]
		wait := time.Duration(marks[out.counted]+c.prolonged()-c.At.UnixMilli()) * time.Millisecond
		if wait <= 0 {
			return nil
		}
		if !c.Forgettable {
			s.refusals.add(c, wait)
		}
		return &LimitedError{wait}
	})
}

// Two columns for each charge: its new count, 0 if it did not count, and the mark of its row. Of a refused charge that
// is the mark which the statement saw when it began, while the refusal is by the newest row. Where the two disagree,
// because requests ran side by side, the window seems to be over and the charge has to be made again.
const (
	chargeCTE = `{C} AS (
		INSERT INTO "rateLimit" AS r (key, count, "lastRequest")
		SELECT {KEY}, 1, {MARK} WHERE {UNLESS}
		ON CONFLICT (key) DO UPDATE SET
			count = CASE WHEN {NOW} - r."lastRequest" >= {PROLONGED} THEN 1 ELSE r.count + 1 END,
			"lastRequest" = CASE WHEN {PROLONGED} = 0 AND {NOW} < r."lastRequest" THEN r."lastRequest" ELSE {MARK} END
		WHERE {NOW} - r."lastRequest" >= {PROLONGED} OR r.count < {MAX}
		RETURNING count, "lastRequest")`
	chargeColumns = `coalesce((SELECT count FROM {C}), 0), coalesce(
		(SELECT "lastRequest" FROM {C}), (SELECT "lastRequest" FROM "rateLimit" WHERE key = {KEY} AND {UNLESS}), 0)`
)

// chargeStatement counts charges in one statement, which locks their rows in order.
func chargeStatement(charges []Charge) (string, []any) {
	args := make([]any, 0, 5*len(charges))
	for _, c := range charges {
		args = append(args, c.Key, c.prolonged(), c.Max, c.At.UnixMilli(), c.mark())
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
		n := 5 * i
		r := strings.NewReplacer("{C}", fmt.Sprintf("c%d", i), "{UNLESS}", unless,
			"{KEY}", fmt.Sprintf("$%d::text", n+1), "{PROLONGED}", fmt.Sprintf("$%d::bigint", n+2),
			"{MAX}", fmt.Sprintf("$%d::int", n+3), "{NOW}", fmt.Sprintf("$%d::bigint", n+4),
			"{MARK}", fmt.Sprintf("$%d::bigint", n+5))
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
		_, err := c.Exec(ctx, s.in(`
			DELETE FROM "rateLimit" WHERE id IN (
				SELECT id FROM "rateLimit" WHERE "lastRequest" < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`),
			at.Add(-longestWindow).UnixMilli(), pruneRows)
		return err
	})
}
