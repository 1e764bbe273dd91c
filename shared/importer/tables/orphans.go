package tables

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// treatAllOrphans treats the rows without a parent of all keys. If the target rejects the change, the rows stay as they
// are; rejected has the reason by the number of the key.
func (f *finisher) treatAllOrphans(ctx context.Context, keys []storedKey) (rejected map[int]string, err error) {
	rejected = map[int]string{}
	for changed := f.options.Orphans != Keep; changed; {
		changed = false
		for _, k := range keys {
			if rejected[k.number] != "" {
				continue
			}
			n, err := f.treatOrphans(ctx, k)
			switch {
			case isRefusal(err):
				rejected[k.number] = run.WithoutDetail(err)
			case err != nil:
				return nil, fmt.Errorf("rows without a parent of %s: %w", k.title(), err)
			}
			changed = changed || n > 0
		}
	}
	return rejected, nil
}

// treatOrphans sets the references of rows without a parent to NULL, or quarantines the rows. It returns their number.
// Rows whose reference cannot be NULL stay as they are.
func (f *finisher) treatOrphans(ctx context.Context, k storedKey) (n int64, err error) {
	columns, err := f.copiedColumns(ctx, k.Table)
	if err != nil {
		return 0, err
	}
	sql := k.quarantine(columns)
	if f.options.Orphans == Null {
		if len(k.Nullable) == 0 {
			return 0, nil
		}
		sql = k.setNull(columns)
	}
	err = pgx.BeginFunc(ctx, f.dst, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sql, f.run.ID, k.Table, k.Name)
		if n = tag.RowsAffected(); err != nil || n == 0 {
			return err
		}
		_, err = tx.Exec(ctx, recordTransaction, f.run.ID)
		return err
	})
	return n, err
}

// copiedColumns returns the columns of a table that are copied. Of a partitioned table, they are those of a partition.
func (f *finisher) copiedColumns(ctx context.Context, table string) (columns []string, err error) {
	err = f.dst.QueryRow(ctx, `SELECT ARRAY(
  SELECT quote_ident(attname) FROM pg_attribute
  WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum)`,
		table).Scan(&columns)
	return columns, err
}

// aliased returns the columns of a row.
func aliased(alias string, columns []string) []string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = alias + "." + c
	}
	return all
}

// quarantine returns a statement that moves rows without a parent to moved_row. It has the parameters run, table and
// name of the foreign key.
func (k ForeignKey) quarantine(columns []string) string {
	return fmt.Sprintf(`WITH gone AS (
  DELETE FROM %s c WHERE %s
  RETURNING c.tableoid, to_json(c) AS original, %s AS before
)
INSERT INTO supabase_import.moved_row (run, table_name, key_name, action, original, before)
SELECT $1, coalesce(
    (SELECT t.name FROM supabase_import.moved_table t WHERE t.run = $1 AND to_regclass(t.name) = tableoid), $2::text),
  $3::text, 'quarantined', original, before
FROM gone`, k.Table, k.orphans(), rowHash(aliased("c", columns)))
}

// setNull returns a statement that sets references without a parent to NULL and stores the rows before it.
func (k ForeignKey) setNull(columns []string) string {
	sets := make([]string, len(k.Nullable))
	for i, c := range k.Nullable {
		sets[i] = c + " = NULL"
	}
	return fmt.Sprintf(`WITH orphan AS (
  SELECT c.tableoid AS rel, c.ctid AS tid, to_json(c) AS original, %[3]s AS before
  FROM %[1]s c
  WHERE %[2]s
), changed AS (
  UPDATE %[1]s c SET %[4]s
  FROM orphan o
  WHERE c.tableoid = o.rel AND c.ctid = o.tid
  RETURNING o.rel, o.original, o.before, %[3]s AS after
)
INSERT INTO supabase_import.moved_row (run, table_name, key_name, action, original, before, after)
SELECT $1, coalesce(
    (SELECT t.name FROM supabase_import.moved_table t WHERE t.run = $1 AND to_regclass(t.name) = rel), $2::text),
  $3::text, 'nulled', original, before, after
FROM changed`, k.Table, k.orphans(), rowHash(aliased("c", columns)), strings.Join(sets, ", "))
}
