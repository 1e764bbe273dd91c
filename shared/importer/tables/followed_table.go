package tables

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// followedTable is a moved table with the columns of its primary key. Names are quoted as in SQL.
type followedTable struct {
	movedTable

	Key []string
}

// A table whose rows were rejected during the move stays empty.
const followedTables = `SELECT t.name, t.columns, ARRAY(
  SELECT quote_ident(a.attname)
  FROM pg_constraint k
  CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY x (n, i)
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.n
  WHERE k.conrelid = t.name::regclass AND k.contype = 'p'
  ORDER BY x.i)
FROM supabase_import.moved_table t
WHERE t.run = $1 AND t.failed IS NULL
ORDER BY t.name`

func (f *Follower) readTables(ctx context.Context, dst *pgx.Conn) error {
	rows, err := dst.Query(ctx, followedTables, f.run.ID)
	if err != nil {
		return fmt.Errorf("read the moved tables: %w", err)
	}
	f.keyed, f.keyless = nil, nil
	var t followedTable
	_, err = pgx.ForEachRow(rows, []any{&t.Name, &t.Columns, &t.Key}, func() error {
		if len(t.Key) > 0 {
			f.keyed = append(f.keyed, t)
		} else {
			f.keyless = append(f.keyless, t)
		}
		t = followedTable{}
		return nil
	})
	return run.Wrap("read the moved tables", err)
}

// hasKeyOf returns the condition that the rows a and b have the same primary key.
func (t followedTable) hasKeyOf(a, b string) string {
	if len(t.Key) == 0 {
		return "false"
	}
	same := make([]string, len(t.Key))
	for i, c := range t.Key {
		same[i] = a + "." + c + " = " + b + "." + c
	}
	return strings.Join(same, " AND ")
}

// keyHash returns an SQL expression for the hash of the primary key of a row, which both servers compute alike.
func (t followedTable) keyHash(row string) string { return rowHash(aliased(row, t.Key)) }

// createStage returns the statement that creates a temporary table with some columns of the table.
func (t followedTable) createStage(name string, columns []string) string {
	return fmt.Sprintf("CREATE TEMP TABLE %s ON COMMIT DROP AS SELECT %s FROM %s WITH NO DATA",
		name, strings.Join(columns, ", "), t.Name)
}

// upsert returns the statement that writes staged rows, if they differ from those of the table.
func (t followedTable) upsert(stage, condition string) string {
	list := strings.Join(t.Columns, ", ")
	sql := fmt.Sprintf("INSERT INTO %s AS t (%s) OVERRIDING SYSTEM VALUE\nSELECT %s FROM %s s WHERE %s",
		t.Name, list, list, stage, condition)
	if len(t.Key) == 0 {
		return sql
	}
	key := map[string]bool{}
	for _, c := range t.Key {
		key[c] = true
	}
	var sets []string
	for _, c := range t.Columns {
		if !key[c] {
			sets = append(sets, c+" = excluded."+c)
		}
	}
	sql += "\nON CONFLICT (" + strings.Join(t.Key, ", ") + ") DO "
	if len(sets) == 0 {
		return sql + "NOTHING"
	}
	return sql + fmt.Sprintf("UPDATE SET %s\nWHERE row(%s)::text IS DISTINCT FROM row(%s)::text", strings.Join(sets, ", "),
		strings.Join(aliased("t", t.Columns), ", "), strings.Join(aliased("excluded", t.Columns), ", "))
}

// storedRows returns SQL for the rows of moved_row that are of the table and meet a condition on m, as rows of the table,
// with their id in moved_row.
func (t followedTable) storedRows(runID int, condition string) string {
	return fmt.Sprintf(`SELECT m.id AS moved_row_id, r.*
FROM supabase_import.moved_row m
CROSS JOIN LATERAL json_populate_record(NULL::%s, m.original::json) r
WHERE m.run = %d AND m.table_name = %s AND %s`, t.Name, runID, mapping.Literal(t.Name), condition)
}
