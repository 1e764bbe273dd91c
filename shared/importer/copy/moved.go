package copy

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// Rows that `xenon migrate tables` wrote do not keep a user who is deleted in the source, if they are unchanged since
// and are deleted in the source, too. The import deletes these rows with the user.

// movedTable is a moved table with rows that refer to users to remove.
type movedTable struct {
	Name   string   // as in supabase_import.moved_table
	Source string   // the table at the source: of a partition, the partitioned table
	Key    []string // the columns of the primary key, quoted
	Types  []string
}

// hasMovedSQL reports whether the ledger has the tables of a move that records its transactions.
const hasMovedSQL = `SELECT to_regclass('supabase_import.moved_transaction') IS NOT NULL`

// movedTablesSQL lists the moved tables that have rows of a step in the table affected and a primary key.
const movedTablesSQL = `SELECT t.name,
  (SELECT format('%I.%I', n.nspname, c.relname)
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = coalesce(pg_partition_root(a.rel::regclass), a.rel)),
  array_agg(quote_ident(k.attname) ORDER BY k.attnum), array_agg(format_type(k.atttypid, k.atttypmod) ORDER BY k.attnum)
FROM (SELECT DISTINCT rel FROM affected WHERE step = $2 OR $2 < 0) a
JOIN supabase_import.moved_table t ON t.run = $1 AND to_regclass(t.name)::oid = a.rel
JOIN supabase_import.move m ON m.run = t.run AND m.state = 'complete'
JOIN pg_index i ON i.indrelid = a.rel AND i.indisprimary
JOIN pg_attribute k ON k.attrelid = a.rel AND k.attnum = ANY (i.indkey)
WHERE t.rows IS NOT NULL AND t.failed IS NULL
GROUP BY t.name, a.rel
ORDER BY t.name`

func (t *transaction) movedTables(ctx context.Context, step int) ([]movedTable, error) {
	rows, err := t.Dst.Query(ctx, movedTablesSQL, t.Pass.ID, step)
	if err != nil {
		return nil, fmt.Errorf("read the moved tables: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[movedTable])
	return all, run.Wrap("read the moved tables", err)
}

// releaseMoved changes the effect of moved rows that do not keep a user to "removed", step by step: rows that refer to
// such a row may keep the user.
func (t *transaction) releaseMoved(ctx context.Context, references []run.Reference) (hasMoved bool, err error) {
	var exists bool
	if err := t.Dst.QueryRow(ctx, hasMovedSQL).Scan(&exists); err != nil || !exists {
		return false, run.Wrap("look for moved tables", err)
	}
	for step := 1; ; step++ {
		released, err := t.releaseStep(ctx, step)
		if err != nil {
			return false, err
		}
		if released == 0 {
			break
		}
		hasMoved = true
		if _, err := run.FindAffected(ctx, t.Dst, references, step); err != nil {
			return false, err
		}
		if err := run.Exec(ctx, t.Dst, dropKnownSQL); err != nil {
			return false, fmt.Errorf("look for rows that refer to moved rows: %w", err)
		}
	}
	return hasMoved, run.Wrap("look for rows that keep users", run.Exec(ctx, t.Dst, dropFurtherSQL))
}

const (
	// dropKnownSQL deletes entries of rows that are about to be deleted anyway.
	dropKnownSQL = `DELETE FROM affected a USING affected o
WHERE a.effect <> 'removed' AND o.effect = 'removed'
  AND o.source = a.source AND o.key = a.key AND o.rel = a.rel AND o.tid = a.tid`

	// dropFurtherSQL deletes entries of further steps if a row that refers directly keeps the user.
	dropFurtherSQL = `DELETE FROM affected a
WHERE a.step > 1 AND a.effect <> 'removed' AND EXISTS (
  SELECT FROM affected o
  WHERE o.source = a.source AND o.key = a.key AND o.step = 1 AND o.effect <> 'removed')`
)

func (t *transaction) releaseStep(ctx context.Context, step int) (released int64, err error) {
	tables, err := t.movedTables(ctx, step)
	if err != nil {
		return 0, err
	}
	for _, m := range tables {
		tids, keys, err := t.unchanged(ctx, m, step)
		if err != nil {
			return 0, fmt.Errorf("look for unchanged rows of %s: %w", m.Name, err)
		}
		if len(tids) == 0 {
			continue
		}
		gone, err := t.goneAtSource(ctx, m, tids, keys)
		if err != nil {
			return 0, fmt.Errorf("look for rows of %s at the source: %w", m.Name, err)
		}
		tag, err := t.Dst.Exec(ctx, releaseSQL, m.Name, gone, step)
		if err != nil {
			return 0, fmt.Errorf("release rows of %s: %w", m.Name, err)
		}
		released += tag.RowsAffected()
	}
	return released, nil
}

// releaseSQL replaces all entries of a row by one with the effect "removed".
const releaseSQL = `WITH released AS (
  DELETE FROM affected
  WHERE source = 'user' AND rel = to_regclass($1)::oid AND tid = ANY ($2::text[]::tid[]) AND step = $3
    AND effect <> 'removed'
  RETURNING source, key, step, rel, tid, name
)
INSERT INTO affected SELECT DISTINCT source, key, step, rel, tid, name, 'removed' FROM released`

// unchanged locks the rows of a step that no transaction wrote since the move, and returns their places and their
// primary keys, one array for each column.
func (t *transaction) unchanged(
	ctx context.Context, m movedTable, step int,
) (tids []string, keys [][]string, err error) {
	list := make([]string, len(m.Key))
	for i, k := range m.Key {
		list[i] = "c." + k + "::text"
	}
	rows, err := t.Dst.Query(ctx, fmt.Sprintf(`SELECT c.ctid::text, ARRAY[%s]
FROM ONLY %s c
WHERE c.ctid = ANY (ARRAY(
    SELECT tid FROM affected
    WHERE rel = to_regclass($1)::oid AND step = $2 AND source = 'user' AND effect <> 'removed'))
  AND %s
FOR UPDATE OF c`, strings.Join(list, ", "), m.Name, run.IsUnchangedSinceMove(t.Pass.ID, "c")), m.Name, step)
	if err != nil {
		return nil, nil, err
	}
	keys = make([][]string, len(m.Key))
	var tid string
	var key []string
	_, err = pgx.ForEachRow(rows, []any{&tid, &key}, func() error {
		tids = append(tids, tid)
		for i, k := range key {
			keys[i] = append(keys[i], k)
		}
		return nil
	})
	return tids, keys, err
}

// goneAtSource returns the places of the rows whose primary keys do not exist at the source. If the source does not let
// the import read the table, it returns none.
func (t *transaction) goneAtSource(
	ctx context.Context, m movedTable, tids []string, keys [][]string,
) (gone []string, err error) {
	args, arrays, names, equal := []any{tids}, []string{"$1::text[]"}, []string{"tid"}, []string{}
	for i, k := range m.Key {
		args = append(args, keys[i])
		arrays = append(arrays, fmt.Sprintf("$%d::text[]", i+2))
		names = append(names, fmt.Sprintf("k%d", i))
		equal = append(equal, fmt.Sprintf("s.%s = x.k%d::%s", k, i, m.Types[i]))
	}
	sql := fmt.Sprintf("SELECT x.tid FROM unnest(%s) x (%s)\nWHERE NOT EXISTS (SELECT FROM %s s WHERE %s)",
		strings.Join(arrays, ", "), strings.Join(names, ", "), m.Source, strings.Join(equal, " AND "))
	err = pgx.BeginFunc(ctx, t.Src, func(tx pgx.Tx) error {
		// Without it, a policy could hide rows of the source, which then look deleted.
		if _, err := tx.Exec(ctx, "SET LOCAL row_security = off"); err != nil {
			return err
		}
		gone, err = run.QueryTexts(ctx, t.Src, sql, args...)
		return err
	})
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && strings.HasPrefix(e.Code, "42") {
		return []string{}, nil
	}
	return gone, err
}

// deleteMoved deletes the released rows of the users to remove, in one statement, so that foreign keys between these
// rows do not prevent it. The stored numbers of rows follow.
func (t *transaction) deleteMoved(ctx context.Context) error {
	tables, err := t.movedTables(ctx, -1)
	if err != nil || len(tables) == 0 {
		return err
	}
	var deletions, counts []string
	for i, m := range tables {
		name := mapping.Literal(m.Name)
		deletions = append(deletions, fmt.Sprintf(`d%d AS (
  DELETE FROM ONLY %s c
  WHERE c.ctid = ANY (ARRAY(
    SELECT g.tid FROM affected g JOIN stage_user s ON s.key = g.key
    WHERE g.source = 'user' AND g.effect = 'removed' AND g.rel = to_regclass(%s)::oid AND s.action = 'remove'))
  RETURNING true
)`, i, m.Name, name))
		counts = append(counts, fmt.Sprintf("SELECT %s AS name, count(*) AS n FROM d%d", name, i))
	}
	return run.Exec(ctx, t.Dst, fmt.Sprintf(`SELECT FROM supabase_import.move WHERE run = %[1]d FOR NO KEY UPDATE;
WITH %[2]s
UPDATE supabase_import.moved_table t SET rows = t.rows - x.n
FROM (%[3]s) x
WHERE t.run = %[1]d AND t.name = x.name AND x.n > 0`,
		t.Pass.ID, strings.Join(deletions, ", "), strings.Join(counts, " UNION ALL ")))
}
