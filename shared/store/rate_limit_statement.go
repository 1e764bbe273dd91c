package store

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// chargeResult describes which charges Postgres counted.
type chargeResult struct {
	sent         bool           // something was sent to Postgres
	counted      int            // how many charges Postgres counted; they are the first ones
	beganWindow  bool           // a charge has begun a new window
	fixedWindows []chargeWindow // the windows of the Fixed charges that Postgres counted
}

// queueCharges adds the statement of chargeStatement to a batch. If Postgres rejects a charge, the batch returns a
// *RateLimitError.
func (s *Store) queueCharges(batch *pgx.Batch, charges []Charge, result *chargeResult) {
	sql, args := chargeStatement(charges)
	batch.Queue(s.complete(sql), args...).QueryRow(func(row pgx.Row) error {
		counts, lastRequests := make([]int, len(charges)), make([]int64, len(charges))
		var columns []any
		for i := range charges {
			columns = append(columns, &counts[i], &lastRequests[i])
		}
		if err := row.Scan(columns...); err != nil {
			return err
		}
		result.beganWindow = slices.Contains(counts, 1)
		result.counted = slices.Index(counts, 0)
		if result.counted < 0 {
			result.counted = len(charges)
		}
		for i, c := range charges[:result.counted] {
			if c.Fixed {
				result.fixedWindows = append(result.fixedWindows, chargeWindow{c.Key, lastRequests[i]})
			}
		}
		if result.counted == len(charges) {
			return nil
		}
		return s.rejectionError(charges[result.counted], lastRequests[result.counted])
	})
}

// rejectionError returns the *RateLimitError of a charge that was not counted. lastRequest is the second result column
// of the charge. If the window has ended according to lastRequest, rejectionError returns nil: then the charge must be
// sent again.
func (s *Store) rejectionError(c Charge, lastRequest int64) error {
	wait := time.Duration(lastRequest+c.windowAfterLastRequest()-c.At.UnixMilli()) * time.Millisecond
	if wait <= 0 {
		return nil
	}
	if !c.NotCached {
		s.rejections.add(c, wait)
	}
	return &RateLimitError{wait}
}

// The statement of chargeStatement has one CTE and two result columns for each charge: its new count, 0 if it was not
// counted, and the "lastRequest" of its row. For a charge that was not counted, that "lastRequest" is from before the
// statement, but ON CONFLICT reads the newest version of the row. If another request began a new window in between, the
// old "lastRequest" belongs to a window that has ended. Then the charge must be sent again (see rejectionError).
const (
	chargeCTETemplate = `{C} AS (
		INSERT INTO "rateLimit" AS r (key, count, "lastRequest")
		SELECT {KEY}, 1, {LAST_REQUEST} WHERE {PREVIOUS_COUNTED}
		ON CONFLICT (key) DO UPDATE SET
			count = CASE WHEN {NOW} - r."lastRequest" >= {WINDOW} THEN 1 ELSE r.count + 1 END,
			"lastRequest" = CASE
				WHEN {WINDOW} = 0 AND {NOW} < r."lastRequest" THEN r."lastRequest"
				ELSE {LAST_REQUEST}
			END
		WHERE {NOW} - r."lastRequest" >= {WINDOW} OR r.count < {MAX}
		RETURNING count, "lastRequest"
	)`
	chargeColumnsTemplate = `
		coalesce((SELECT count FROM {C}), 0),
		coalesce(
			(SELECT "lastRequest" FROM {C}),
			(SELECT "lastRequest" FROM "rateLimit" WHERE key = {KEY} AND {PREVIOUS_COUNTED}),
			0
		)`
)

// chargeStatement returns the statement that counts charges, and its arguments. It locks the rows in the order of
// charges.
func chargeStatement(charges []Charge) (string, []any) {
	args := make([]any, 0, 5*len(charges))
	for _, c := range charges {
		args = append(args, c.Key, c.windowAfterLastRequest(), c.Max, c.At.UnixMilli(), c.lastRequest())
	}
	sql, ok := chargeSQLByCount.Load(len(charges))
	if !ok {
		sql, _ = chargeSQLByCount.LoadOrStore(len(charges), chargeSQL(len(charges)))
	}
	return sql.(string), args
}

// chargeSQLByCount caches the statements by the number of charges.
var chargeSQLByCount sync.Map

// chargeSQL returns the statement that counts the given number of charges.
func chargeSQL(charges int) string {
	var ctes, columns []string
	previousCounted := "true"
	for i := range charges {
		n := 5 * i
		r := strings.NewReplacer("{C}", fmt.Sprintf("c%d", i), "{PREVIOUS_COUNTED}", previousCounted,
			"{KEY}", fmt.Sprintf("$%d::text", n+1), "{WINDOW}", fmt.Sprintf("$%d::bigint", n+2),
			"{MAX}", fmt.Sprintf("$%d::int", n+3), "{NOW}", fmt.Sprintf("$%d::bigint", n+4),
			"{LAST_REQUEST}", fmt.Sprintf("$%d::bigint", n+5))
		ctes = append(ctes, r.Replace(chargeCTETemplate))
		columns = append(columns, r.Replace(chargeColumnsTemplate))
		previousCounted = r.Replace("EXISTS (SELECT FROM {C})")
	}
	return "WITH " + strings.Join(ctes, ", ") + " SELECT " + strings.Join(columns, ", ")
}
