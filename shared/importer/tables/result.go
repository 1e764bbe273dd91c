package tables

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// findMove reads a run that has moved tables. It returns ErrNoMove if it has moved none.
func findMove(ctx context.Context, dst *pgx.Conn, name string) (run.Run, error) {
	r, err := run.Find(ctx, dst, name)
	if err != nil {
		return r, err
	}
	known, err := r.HasMovedTables(ctx, dst)
	if err == nil && !known {
		err = fmt.Errorf("%w: %q", ErrNoMove, name)
	}
	return r, err
}

const (
	// A move of an older version has no leftBehind.
	resultMove = `SELECT state, schemas, ARRAY(SELECT jsonb_array_elements_text(options->'leftBehind'))
FROM supabase_import.move
WHERE run = $1`

	resultOpen = `SELECT (
  (SELECT count(*) FROM supabase_import.moved_part WHERE run = $1 AND NOT copied)
  + (SELECT count(*) FROM supabase_import.moved_object WHERE run = $1 AND state = 'open')
  + (SELECT count(*) FROM supabase_import.moved_key WHERE run = $1 AND state = 'open')
  + (SELECT count(*) FROM supabase_import.moved_table WHERE run = $1 AND rows IS NULL))::int`

	resultTables = `SELECT t.name, coalesce(sum(p.rows) FILTER (WHERE p.copied), 0)::bigint, count(p)::int,
  (count(*) FILTER (WHERE p.copied))::int,
  (SELECT count(*) FROM supabase_import.moved_row r
    WHERE r.run = t.run AND r.table_name = t.name AND r.action = 'nulled'),
  (SELECT count(*) FROM supabase_import.moved_row r
    WHERE r.run = t.run AND r.table_name = t.name AND r.action = 'quarantined'),
  (SELECT count(*) FROM supabase_import.moved_row r
    WHERE r.run = t.run AND r.table_name = t.name AND r.action = 'outdated'),
  coalesce(t.failed, '')
FROM supabase_import.moved_table t
LEFT JOIN supabase_import.moved_part p ON p.run = t.run AND p.table_name = t.name
WHERE t.run = $1
GROUP BY t.run, t.name, t.failed
ORDER BY t.name`

	resultLeftOut = `SELECT kind, name, coalesce(reason, '')
FROM supabase_import.moved_object
WHERE run = $1 AND reason IS NOT NULL
ORDER BY number`

	resultKeys = `SELECT table_name, name, definition->>'parent', state, orphans, coalesce(reason, '')
FROM supabase_import.moved_key
WHERE run = $1
ORDER BY table_name, name`

	resultObjects = `SELECT kind, count(*)::int
FROM supabase_import.moved_object
WHERE run = $1 AND state = 'done'
GROUP BY 1`
)

// readResult reads the state of a move.
func readResult(ctx context.Context, dst *pgx.Conn, r run.Run) (result Result, err error) {
	result = Result{Run: r.Name, Objects: map[string]int{}}
	err = dst.QueryRow(ctx, resultMove, r.ID).Scan(&result.State, &result.Schemas, &result.LeftBehind)
	if errors.Is(err, pgx.ErrNoRows) {
		return result, ErrNoMove
	}
	if err != nil {
		return result, run.Wrap("read the move", err)
	}
	if err := dst.QueryRow(ctx, resultOpen, r.ID).Scan(&result.Open); err != nil {
		return result, run.Wrap("count the open steps", err)
	}
	if result.Tables, err = query[Table](ctx, dst, resultTables, r.ID); err != nil {
		return result, run.Wrap("read the moved tables", err)
	}
	if result.LeftOut, err = query[LeftOut](ctx, dst, resultLeftOut, r.ID); err != nil {
		return result, run.Wrap("read the objects that were left out", err)
	}
	if result.Keys, err = query[Key](ctx, dst, resultKeys, r.ID); err != nil {
		return result, run.Wrap("read the foreign keys", err)
	}
	rows, err := dst.Query(ctx, resultObjects, r.ID)
	if err != nil {
		return result, err
	}
	var kind string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&kind, &n}, func() error { result.Objects[kind] = n; return nil })
	return result, run.Wrap("count the objects", err)
}
