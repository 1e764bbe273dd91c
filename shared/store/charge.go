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

// request is the charges of one request.
type request struct {
	pending []Charge // not sent yet
	counted []window // the Fixed charges that counted, until they are given back
}

// window is one window of a Fixed charge.
type window struct {
	key  string
	ends int64 // milliseconds since 1970
}

// Charging returns a handle of the same database for one request. Its first statement also counts charges: a read sends
// them in its own round trip, a write in one before it. They count in order until Postgres refuses one; then the
// statement returns a *LimitedError, and a write has not run.
func (s *Store) Charging(charges ...Charge) *Store {
	return &Store{s.database, &request{pending: charges}}
}

// AddCharges makes the next statement on a handle from Charging count further charges, after those still pending. A
// Store that is no such handle accepts none.
func (s *Store) AddCharges(charges ...Charge) {
	if len(charges) > 0 {
		s.request.pending = append(s.request.pending, charges...)
	}
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

// noteCounted keeps windows, so that they can be given back.
func (s *Store) noteCounted(windows []window) {
	if s.request != nil {
		s.request.counted = append(s.request.counted, windows...)
	}
}

// takeCounted returns the Fixed charges that counted, as arguments of refunded, and leaves none.
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

// Refund gives back the Fixed charges that the handle has counted, in one round trip, or none if there are none.
func (s *Store) Refund(ctx context.Context) error {
	keys, ends := s.takeCounted()
	if len(keys) == 0 {
		return nil
	}
	_, err := s.exec(ctx, refundStatement, keys, ends)
	return err
}

var refundStatement = "WITH " + refundedAs("$1", "$2") + " SELECT"

// FlushCharges sends pending charges in a round trip of their own, or none if nothing is pending. It returns a
// *LimitedError if Postgres refuses one.
func (s *Store) FlushCharges(ctx context.Context) error {
	if charges := s.takePending(); len(charges) > 0 {
		return s.ask(ctx, charges, nil)
	}
	return nil
}

// Count counts one charge at once and leaves pending ones pending. It returns a *LimitedError if Postgres refuses it.
func (s *Store) Count(ctx context.Context, c Charge) error { return s.ask(ctx, []Charge{c}, nil) }

// Uncount takes a charge that counted off its count again.
func (s *Store) Uncount(ctx context.Context, c Charge) error {
	_, err := s.exec(ctx, `UPDATE "rateLimit" SET count = count - 1 WHERE key = $1 AND count > 0`, c.Key)
	return err
}

// KnownRefusal returns the *LimitedError that Postgres would return for c, as far as this process remembers it, else
// nil. A process also remembers a row that was deleted meanwhile, until the end of its window.
func (s *Store) KnownRefusal(c Charge) error {
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
