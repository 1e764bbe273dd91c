package importer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// The tables of the target that the import may delete from are "user", account, session and user_profile. Other tables
// may refer to their rows by foreign keys, or to rows that do. This file finds these keys and the rows behind them, for
// the plan, for the removals of a later pass and for the rollback.

// effect is what the deletion of a row does to a row that refers to it.
type effect string

const (
	deletes effect = "delete" // ON DELETE CASCADE
	changes effect = "change" // ON DELETE SET NULL, SET DEFAULT
	holds   effect = "hold"   // RESTRICT, NO ACTION, SET NULL of a NOT NULL column: Postgres refuses the deletion
)

// reference is a foreign key that leads to rows of the import, directly or over further tables.
type reference struct {
	table   string // the referring table, as people and SQL write it: schema.table
	columns []string
	from    string // the referring table as an item of FROM
	parent  string // the referenced table as an item of FROM
	keys    []string
	effect  effect
	ours    bool // the referring table is one of the four
	direct  bool // the referenced table is one of the four
}

// referenceQuery walks pg_constraint from the four tables to every table that refers to them, however far. A partition
// stands for its whole partitioned table while walking, because keys of both kinds may lead on. The foreign keys of
// Xenon's own schema are left out.
const referenceQuery = `
WITH RECURSIVE ours AS (
  SELECT unnest(ARRAY['"user"'::regclass, 'account'::regclass, 'session'::regclass, 'user_profile'::regclass])::oid AS oid
), key AS (
  SELECT k.oid, coalesce(pg_partition_root(k.conrelid), k.conrelid)::oid AS child, coalesce(pg_partition_root(k.confrelid), k.confrelid)::oid AS parent
  FROM pg_constraint k
  WHERE k.contype = 'f' AND k.conparentid = 0
    AND NOT (k.confrelid = '"user"'::regclass AND k.conrelid IN (SELECT oid FROM ours) AND cardinality(k.conkey) = 1 AND k.confdeltype = 'c'
      AND k.conkey[1] = (SELECT attnum FROM pg_attribute a WHERE a.attrelid = k.conrelid
        AND a.attname = CASE k.conrelid WHEN 'user_profile'::regclass THEN 'user_id' ELSE 'userId' END))
), graph AS (
  SELECT key.* FROM key JOIN ours ON ours.oid = key.parent
  UNION
  SELECT key.* FROM graph JOIN key ON key.parent = graph.child
)
SELECT format('%I.%I', cn.nspname, c.relname),
  ARRAY(SELECT quote_ident(attname) FROM unnest(k.conkey) WITH ORDINALITY x (n, i) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.n ORDER BY i),
  CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || format('%I.%I', cn.nspname, c.relname),
  CASE p.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || format('%I.%I', pn.nspname, p.relname),
  ARRAY(SELECT quote_ident(attname) FROM unnest(k.confkey) WITH ORDINALITY x (n, i) JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = x.n ORDER BY i),
  CASE WHEN k.confdeltype = 'c' THEN 'delete'
    WHEN k.confdeltype = 'd' OR k.confdeltype = 'n' AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnotnull
      AND a.attnum = ANY (coalesce((SELECT array_agg(n::int2) FROM jsonb_array_elements_text(nullif(to_jsonb(k)->'confdelsetcols', 'null')) n), k.conkey)))
    THEN 'change' ELSE 'hold' END,
  c.oid IN (SELECT oid FROM ours), p.oid IN (SELECT oid FROM ours)
FROM graph g JOIN pg_constraint k ON k.oid = g.oid
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
ORDER BY 8 DESC, 1, k.conname`

// references reads the graph of foreign keys from the catalog.
func references(ctx context.Context, db *pgx.Conn) ([]reference, error) {
	rows, err := db.Query(ctx, referenceQuery)
	if err != nil {
		return nil, fmt.Errorf("look for foreign keys that lead to users: %w", err)
	}
	var all []reference
	var r reference
	_, err = pgx.ForEachRow(rows, []any{&r.table, &r.columns, &r.from, &r.parent, &r.keys, &r.effect, &r.ours, &r.direct}, func() error {
		r.columns, r.keys = slices.Clone(r.columns), slices.Clone(r.keys)
		all = append(all, r)
		return nil
	})
	return all, named("look for foreign keys that lead to users", err)
}

// reachedTable holds rows that a deletion would take, change or be stopped by. What is deleted together, such as a user
// with accounts and sessions, has one source and key. At step 0 are rows of the four tables, at step n rows that refer
// to those of step n-1.
const reachedTable = `create temp table reached (source text not null, key uuid not null, step int not null, rel oid not null, tid tid not null,
  name text, effect text not null, primary key (source, key, rel, tid, effect)) on commit delete rows;
`

// removed is the effect of rows of the four tables that are to be deleted themselves.
const removed = "removed"

// reach adds the rows that refer to those of a step, and reports how many there are. Rows that are deleted themselves
// do not count. This is the one place that decides which rows of other tables count as a touch.
func reach(ctx context.Context, db *pgx.Conn, all []reference, step int) (n int64, err error) {
	for _, r := range all {
		if step == 0 && !r.direct {
			continue
		}
		effect := r.effect
		if r.ours && effect == deletes {
			effect = holds // the deletion of a user never takes another user along
		}
		on := make([]string, len(r.columns))
		for i := range r.columns {
			on[i] = "c." + r.columns[i] + " = p." + r.keys[i]
		}
		itself := ""
		if r.ours {
			itself = " and not exists (select from reached o where o.rel = c.tableoid and o.tid = c.ctid and o.effect = '" + removed + "')"
		}
		tag, err := db.Exec(ctx, fmt.Sprintf(`insert into reached select g.source, g.key, %d, c.tableoid, c.ctid, %s, '%s'
from reached g join %s p on p.tableoid = g.rel and p.ctid = g.tid join %s c on %s
where g.step = %d and g.effect in ('%s', '%s')%s on conflict do nothing`,
			step+1, literal(r.table), effect, r.parent, r.from, strings.Join(on, " and "), step, removed, deletes, itself))
		if err != nil {
			return n, fmt.Errorf("look for rows of %s that refer to users: %w", r.table, err)
		}
		n += tag.RowsAffected()
	}
	return n, nil
}

// referring sums up, by source and key, which tables rows were reached in and how many.
func referring(condition string) string {
	return `(select source, key, string_agg(name || ': ' || n, ', ' order by name) as tables
  from (select source, key, name, count(distinct (rel, tid)) as n from reached where ` + condition + ` group by 1, 2, 3) x group by 1, 2)`
}
