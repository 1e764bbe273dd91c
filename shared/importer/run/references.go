package run

import (
	"context"
	_ "embed" // references.sql
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// The tables of the target that the import may delete from are "user", account, session and user_profile: its own
// tables. Other tables may refer to their rows by foreign keys, or to rows that do. This file finds these keys and the
// rows behind them, for the plan, for the removals of a later pass and for the rollback.

// OnDelete is what the deletion of a row does to a row that refers to it.
type OnDelete string

// The effects of a deletion, as the plan names them.
const (
	Deletes   OnDelete = "delete" // ON DELETE CASCADE
	Changes   OnDelete = "change" // ON DELETE SET NULL, SET DEFAULT
	Restricts OnDelete = "hold"   // RESTRICT, NO ACTION, SET NULL of a NOT NULL column: Postgres refuses the deletion
)

// OnDeleteTexts say for people what happens to a referring row.
var OnDeleteTexts = map[string]string{
	string(Deletes):   "the row is deleted, too",
	string(Changes):   "the reference is set to NULL or its default",
	string(Restricts): "Postgres refuses the deletion",
}

// Reference is a foreign key that leads to rows of the import, directly or over further tables.
type Reference struct {
	Table   string // the referring table, as people and SQL write it: schema.table
	Columns []string
	From    string // the referring table as an item of FROM
	Parent  string // the referenced table as an item of FROM
	Keys    []string
	Effect  OnDelete
	IsOwn   bool // the referring table is one of the import's own
	Direct  bool // the referenced table is one of the import's own
}

// on is the SQL condition that joins the referring row c with the referenced row p.
func (r Reference) on() string {
	on := make([]string, len(r.Columns))
	for i := range r.Columns {
		on[i] = "c." + r.Columns[i] + " = p." + r.Keys[i]
	}
	return strings.Join(on, " AND ")
}

//go:embed references.sql
var referencesQuery string

// ReadReferences reads the graph of foreign keys from the catalog of the target.
func ReadReferences(ctx context.Context, db *pgx.Conn) ([]Reference, error) {
	rows, err := db.Query(ctx, referencesQuery)
	if err != nil {
		return nil, fmt.Errorf("look for foreign keys that lead to users: %w", err)
	}
	var all []Reference
	var r Reference
	into := []any{&r.Table, &r.Columns, &r.From, &r.Parent, &r.Keys, &r.Effect, &r.IsOwn, &r.Direct}
	_, err = pgx.ForEachRow(rows, into, func() error {
		r.Columns, r.Keys = slices.Clone(r.Columns), slices.Clone(r.Keys)
		all = append(all, r)
		return nil
	})
	return all, Wrap("look for foreign keys that lead to users", err)
}

// CreateAffected creates the temporary table of the rows that a deletion would delete or change, or that would prevent
// the deletion. Rows that are deleted together, such as a user with accounts and sessions, have the same source and
// key. Step 0 has rows of the tables that the import writes; step n has rows that reference rows of step n-1.
const CreateAffected = `CREATE TEMP TABLE affected (
  source text NOT NULL,
  key uuid NOT NULL,
  step int NOT NULL,
  rel oid NOT NULL,
  tid tid NOT NULL,
  name text,
  effect text NOT NULL,
  PRIMARY KEY (source, key, rel, tid, effect)
) ON COMMIT DELETE ROWS;
`

// Removed is the effect of the rows that the import itself is about to delete.
const Removed = "removed"

// FindAffected adds the rows that reference rows of a step to the table affected, and returns their number. It leaves
// out rows that are to be deleted themselves. Copy and rollback both use it.
func FindAffected(ctx context.Context, db *pgx.Conn, all []Reference, step int) (n int64, err error) {
	for _, r := range all {
		if step == 0 && !r.Direct {
			continue
		}
		tag, err := db.Exec(ctx, r.findAffected(step))
		if err != nil {
			return n, fmt.Errorf("look for rows of %s that refer to users: %w", r.Table, err)
		}
		n += tag.RowsAffected()
	}
	return n, nil
}

func (r Reference) findAffected(step int) string {
	effect, unlessRemoved := r.Effect, ""
	if r.IsOwn {
		if effect == Deletes {
			effect = Restricts // the deletion of a user never takes another user along
		}
		unlessRemoved = `
  AND NOT EXISTS (SELECT FROM affected o WHERE o.rel = c.tableoid AND o.tid = c.ctid AND o.effect = '` + Removed + `')`
	}
	return fmt.Sprintf(`INSERT INTO affected
SELECT g.source, g.key, %d, c.tableoid, c.ctid, %s, '%s'
FROM affected g
JOIN %s p ON p.tableoid = g.rel AND p.ctid = g.tid
JOIN %s c ON %s
WHERE g.step = %d AND g.effect IN ('%s', '%s')%s
ON CONFLICT DO NOTHING`,
		step+1, mapping.Literal(r.Table), effect, r.Parent, r.From, r.on(), step, Removed, Deletes, unlessRemoved)
}

// AffectedTables returns a FROM item: by source and key, the tables with affected rows, and the number of these rows.
func AffectedTables(condition string) string {
	return `(
  SELECT source, key, string_agg(name || ': ' || n, ', ' ORDER BY name) AS tables
  FROM (
    SELECT source, key, name, count(DISTINCT (rel, tid)) AS n
    FROM affected
    WHERE ` + condition + `
    GROUP BY 1, 2, 3
  ) x
  GROUP BY 1, 2
)`
}
