package run

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// Status is the current state of a run.
type Status struct {
	Run        string          `json:"run"`
	Service    string          `json:"service"` // that the users come from: "Supabase", "Clerk" or "Firebase"
	State      string          `json:"state"`   // "running", "complete", "rolled back" or "finalized"
	Pass       int             `json:"pass"`
	Batches    int             `json:"batches"`
	Done       int             `json:"done"`   // batches that are done in this pass
	Parked     []Parked        `json:"parked"` // at most 20
	Counts     mapping.Counts  `json:"counts"`
	Reasons    mapping.Reasons `json:"reasons"`            // numbers of unresolved quarantine entries
	Sessions   *SessionCounts  `json:"sessions,omitempty"` // nil if the run does not import sessions
	StartedAt  time.Time       `json:"startedAt"`
	FinishedAt time.Time       `json:"finishedAt,omitzero"`
}

// Parked is a parked batch.
type Parked struct {
	Batch int    `json:"batch"`
	Why   string `json:"why"` // contains no personal data
}

// ReadStatus reads the current state of a run. It returns ErrNoRun if the target has no run with this name.
func ReadStatus(ctx context.Context, env *Env, name string) (st Status, err error) {
	err = env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		st, err = readStatus(ctx, dst, name)
		return err
	})
	return st, err
}

const (
	statusQuery = `SELECT name, state, pass, started_at, finished_at,
  (SELECT count(*) FROM supabase_import.batch b WHERE b.run = r.id),
  (SELECT count(*) FROM supabase_import.batch b WHERE b.run = r.id AND b.pass >= r.pass)
FROM supabase_import.run r
WHERE id = $1`

	parkedQuery = `SELECT number, parked
FROM supabase_import.batch
WHERE run = $1 AND parked IS NOT NULL
ORDER BY number
LIMIT 20`

	outcomesQuery = `SELECT source::text, outcome::text, n
FROM (SELECT source, outcome, count(*) AS n FROM supabase_import.ledger WHERE run = $1 GROUP BY 1, 2) x`

	reasonsQuery = `SELECT source::text || CASE WHEN field <> '' THEN '.' || field ELSE '' END, reason, count(*)
FROM supabase_import.quarantine
WHERE run = $1 AND resolved IS NULL
GROUP BY 1, 2`
)

func readStatus(ctx context.Context, dst *pgx.Conn, name string) (Status, error) {
	st := Status{Counts: mapping.Counts{}, Reasons: mapping.Reasons{}, Parked: []Parked{}}
	r, err := Find(ctx, dst, name)
	if err != nil {
		return st, err
	}
	st.Service = r.Plan.File.ServiceName()
	var finished *time.Time
	err = dst.QueryRow(ctx, statusQuery, r.ID).
		Scan(&st.Run, &st.State, &st.Pass, &st.StartedAt, &finished, &st.Batches, &st.Done)
	if err != nil {
		return st, fmt.Errorf("read the run: %w", err)
	}
	if finished != nil {
		st.FinishedAt = *finished
	}
	rows, err := dst.Query(ctx, parkedQuery, r.ID)
	if err != nil {
		return st, fmt.Errorf("read parked batches: %w", err)
	}
	if st.Parked, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Parked]); err != nil {
		return st, fmt.Errorf("read parked batches: %w", err)
	}
	err = forEachCount(ctx, dst, outcomesQuery, r.ID, func(kind, outcome string, n int64) {
		st.Counts.Set(mapping.Kind(kind), mapping.Outcome(outcome), n)
	})
	if err != nil {
		return st, fmt.Errorf("count the ledger: %w", err)
	}
	err = forEachCount(ctx, dst, reasonsQuery, r.ID, func(where, reason string, n int64) {
		st.Reasons[where+" "+reason] = n
	})
	if err != nil {
		return st, fmt.Errorf("count the quarantine: %w", err)
	}
	st.Sessions, err = ReadSessionCounts(ctx, dst, r)
	return st, err
}

// forEachCount calls f for each row of a query that returns two texts and a number.
func forEachCount(ctx context.Context, db *pgx.Conn, sql string, id int, f func(a, b string, n int64)) error {
	rows, err := db.Query(ctx, sql, id)
	if err != nil {
		return err
	}
	var a, b string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&a, &b, &n}, func() error { f(a, b, n); return nil })
	return err
}

// BatchLine is the line of a batch in a report.
type BatchLine struct {
	Batch       int    `json:"batch"`
	Pass        int    `json:"pass"`
	Rows        int64  `json:"rows"`
	Quarantined int64  `json:"quarantined"`
	Sum         string `json:"sum"`      // sum of the target's checksums of all tables; "" if not verified
	Verified    string `json:"verified"` // "equal" or "different"; "" if not verified
}

const batchLinesQuery = `SELECT b.number, b.pass, b.rows, b.quarantined, coalesce(c.sum, ''),
  CASE WHEN c.sum IS NULL THEN '' WHEN b.different = 0 AND c.equal THEN 'equal' ELSE 'different' END
FROM supabase_import.run r
JOIN supabase_import.batch b ON b.run = r.id
LEFT JOIN LATERAL (
  SELECT sum((value->>'targetSum')::numeric)::text AS sum,
    bool_and(value->>'targetSum' = value->>'sourceSum' AND value->>'targetRows' = value->>'sourceRows') AS equal
  FROM jsonb_each(b.checksums)
) c ON r.verification > 0 AND b.verification = r.verification
WHERE r.id = $1
ORDER BY b.number`

// Record holds the stored data of a run for a report.
type Record struct {
	Plan     Plan
	Status   Status
	Batches  []BatchLine
	Rollback []byte // JSON of the rollback; nil if there was none

	AfterMove *AfterMove // nil if the run was rolled back
}

// ReadRecord reads the stored data of a run.
func ReadRecord(ctx context.Context, env *Env, name string) (rec Record, err error) {
	err = env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		r, err := Find(ctx, dst, name)
		if err != nil {
			return err
		}
		rec = Record{Plan: r.Plan}
		if rec.Status, err = readStatus(ctx, dst, name); err != nil {
			return err
		}
		rows, err := dst.Query(ctx, batchLinesQuery, r.ID)
		if err != nil {
			return fmt.Errorf("read the batches: %w", err)
		}
		if rec.Batches, err = pgx.CollectRows(rows, pgx.RowToStructByPos[BatchLine]); err != nil {
			return fmt.Errorf("read the batches: %w", err)
		}
		if rec.Rollback, err = r.readRollback(ctx, dst); err != nil {
			return err
		}
		rec.AfterMove, err = readAfterMove(ctx, dst, r, rec.Status.StartedAt)
		return err
	})
	return rec, err
}
