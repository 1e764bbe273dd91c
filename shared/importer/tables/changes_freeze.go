package tables

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// Finish copies what polls do not: tables without a primary key that changed, the values of sequences, and the contents
// of materialized views.
func (f *Follower) Finish(ctx context.Context) (c Changes, err error) {
	if c, err = f.make(ctx, poll{Follower: f, tables: f.keyless}); err != nil {
		return c, err
	}
	return c, f.env.WithBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		finish := &finisher{mover: &mover{env: f.env, run: f.run}, src: src, dst: dst}
		if err := finish.read(ctx); err != nil {
			return err
		}
		if err := finish.setSequences(ctx); err != nil {
			return err
		}
		return finish.refreshViews(ctx)
	})
}

const unverifiedTables = `SELECT name, columns
FROM supabase_import.moved_table
WHERE run = $1 AND NOT verified AND failed IS NULL
ORDER BY name`

// VerifyChanged compares the rows of the tables that were written since they were last verified. It does not compare
// other objects.
func (f *Follower) VerifyChanged(ctx context.Context) (sums []TableSums, err error) {
	return sums, f.env.WithBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		changed, err := query[movedTable](ctx, dst, unverifiedTables, f.run.ID)
		if err != nil {
			return fmt.Errorf("read the tables to verify: %w", err)
		}
		sums = make([]TableSums, len(changed))
		c := &comparison{env: f.env, run: f.run}
		for i, t := range changed {
			if sums[i], err = c.compareTable(ctx, src, dst, t); err != nil {
				return err
			}
			c.report(sums[i], len(changed))
		}
		return nil
	})
}

const freezeEstimate = `SELECT
  coalesce(sum(t.verify_seconds) FILTER (WHERE NOT t.verified), 0)
    + coalesce(sum(p.seconds) FILTER (WHERE t.name = ANY ($2)), 0),
  count(*) FILTER (WHERE NOT t.verified AND t.verify_seconds IS NULL)::int
FROM supabase_import.moved_table t
CROSS JOIN LATERAL (
  SELECT sum(p.seconds) AS seconds FROM supabase_import.moved_part p WHERE p.run = t.run AND p.table_name = t.name
) p
WHERE t.run = $1 AND t.failed IS NULL`

// EstimateFreeze sets the times of a freeze now: the first copy of the tables without a primary key, and the last
// verification of those that changed, or that have no primary key.
func (f *Follower) EstimateFreeze(ctx context.Context, c *Changes) error {
	names := []string{}
	for _, t := range f.keyless {
		names = append(names, t.Name)
	}
	return f.env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		err := dst.QueryRow(ctx, freezeEstimate, f.run.ID, names).Scan(&c.FreezeSeconds, &c.Unmeasured)
		return run.Wrap("estimate the freeze", err)
	})
}

// Keyless is a table without a primary key.
type Keyless struct {
	Name    string  `json:"name"`
	Rows    int64   `json:"rows"`
	Seconds float64 `json:"seconds"` // how long its first copy took
}

const keylessTables = `SELECT t.name, coalesce(sum(p.rows), 0)::bigint, coalesce(sum(p.seconds), 0)::float8
FROM supabase_import.moved_table t
LEFT JOIN supabase_import.moved_part p ON p.run = t.run AND p.table_name = t.name
WHERE t.run = $1 AND t.failed IS NULL AND NOT EXISTS (
  SELECT FROM pg_constraint k WHERE k.conrelid = to_regclass(t.name) AND k.contype = 'p')
GROUP BY t.name
ORDER BY t.name`

// readKeyless lists the tables without a primary key of a move.
func readKeyless(ctx context.Context, dst *pgx.Conn, r run.Run) ([]Keyless, error) {
	all, err := query[Keyless](ctx, dst, keylessTables, r.ID)
	return all, run.Wrap("read the tables without a primary key", err)
}
