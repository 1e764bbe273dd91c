package run

import (
	"context"
	_ "embed" // references.sql
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// The import deletes rows of the tables "user", account, session and user_profile of the target, and of "twoFactor" if
// it copies TOTP factors: the deletable tables.
// Other tables can reference these rows by foreign keys, directly or through further tables. This file finds the
// foreign keys and the referencing rows, for the plan, for the deletions of a later pass and for the rollback.

// OnDelete is the effect of the deletion of a row on a row that references it.
type OnDelete string

// The effects of a deletion, as the plan names them.
const (
	Deletes   OnDelete = "delete" // ON DELETE CASCADE
	Changes   OnDelete = "change" // ON DELETE SET NULL, SET DEFAULT
	Restricts OnDelete = "hold"   // RESTRICT, NO ACTION, SET NULL of a NOT NULL column: Postgres rejects the deletion
)

// OnDeleteTexts are the effects on a referencing row, as the plan prints them.
var OnDeleteTexts = map[string]string{
	string(Deletes):   "the row is deleted, too",
	string(Changes):   "the reference is set to NULL or its default",
	string(Restricts): "Postgres rejects the deletion",
}

// Reference is a foreign key that references rows of the deletable tables, directly or through further tables.
type Reference struct {
	Table         string // the referencing table, quoted as in SQL: schema.table
	Columns       []string
	From          string // the referencing table as a FROM item
	Parent        string // the referenced table as a FROM item
	Keys          []string
	Effect        OnDelete
	FromDeletable bool // the referencing table is deletable
	ToDeletable   bool // the referenced table is deletable
}

// joinCondition returns the SQL condition that joins the referencing row c with the referenced row p.
func (r Reference) joinCondition() string {
	on := make([]string, len(r.Columns))
	for i := range r.Columns {
		on[i] = "c." + r.Columns[i] + " = p." + r.Keys[i]
	}
	return strings.Join(on, " AND ")
}

//go:embed references.sql
var referencesQuery string

// ReadReferences reads the foreign keys that reference users from the catalog of the target. carriesFactors is true for
// a run that copies TOTP factors: then "twoFactor" is a deletable table, too.
func ReadReferences(ctx context.Context, db *pgx.Conn, carriesFactors bool) ([]Reference, error) {
	rows, err := db.Query(ctx, referencesQuery, carriesFactors)
	if err != nil {
		return nil, fmt.Errorf("look for foreign keys that reference users: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Reference])
	return all, Wrap("look for foreign keys that reference users", err)
}

// CreateAffected creates the temporary table of the rows that a deletion would delete or change, or that would prevent
// the deletion. Rows that are deleted together, such as a user with accounts and sessions, have the same source and
// key. Step 0 has rows of the deletable tables; step n has rows that reference rows of step n-1.
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

// FindAffected adds the rows that reference rows of a step to the table affected, and returns the number of added rows.
// It leaves out rows that the import itself is about to delete. Copy and rollback both use it.
func FindAffected(ctx context.Context, db *pgx.Conn, all []Reference, step int) (n int64, err error) {
	for _, r := range all {
		if step == 0 && !r.ToDeletable {
			continue
		}
		tag, err := db.Exec(ctx, r.insertAffected(step))
		if err != nil {
			return n, fmt.Errorf("look for rows of %s that reference users: %w", r.Table, err)
		}
		n += tag.RowsAffected()
	}
	return n, nil
}

// insertAffected returns SQL that adds the rows of the referencing table that reference rows of a step.
func (r Reference) insertAffected(step int) string {
	effect, unlessRemoved := r.Effect, ""
	if r.FromDeletable {
		if effect == Deletes {
			effect = Restricts // the import never deletes another user by ON DELETE CASCADE
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
		step+1, mapping.Literal(r.Table), effect, r.Parent, r.From, r.joinCondition(), step, Removed, Deletes, unlessRemoved)
}

// AffectedTables returns a FROM item with one row for each source and key. Its column tables is a text with the tables
// and their numbers of rows, such as "orders: 3, posts: 1". condition selects rows of the table affected.
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
