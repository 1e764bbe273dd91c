package tables

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

var (
	// partRows is about the number of rows of a part. A move that is interrupted copies at most the open parts again.
	partRows = 500_000
	// smallTable is the size in bytes below which a table is one part.
	smallTable int64 = 64 << 20
)

// parts returns the conditions that divide the rows into ranges of the primary key. "" means all rows.
func (r relation) parts(ctx context.Context, src *pgx.Conn) ([]string, error) {
	if len(r.Key) == 0 || r.Bytes < smallTable {
		return []string{""}, nil
	}
	bounds, err := r.bounds(ctx, src, partRows)
	if err != nil || len(bounds) == 0 {
		return []string{""}, err
	}
	return r.conditions(bounds), nil
}

// conditions returns the conditions on the rows between the bounds.
func (r relation) conditions(bounds []string) []string {
	key := "(" + strings.Join(r.Key, ", ") + ")"
	conditions := []string{key + " < " + bounds[0]}
	for i, low := range bounds {
		condition := key + " >= " + low
		if i+1 < len(bounds) {
			condition += " AND " + key + " < " + bounds[i+1]
		}
		conditions = append(conditions, condition)
	}
	return conditions
}

// pageBytes is the size of a page of a table, and sampledPages the least number of pages that bounds reads.
const (
	pageBytes    = 8192
	sampledPages = 1000
)

// bounds returns values of the primary key as SQL expressions. Between two of them are about the given number of rows.
// They are taken from a sample of the table's pages: one in a hundred, at least sampledPages. So the parts of a small
// table have exactly that number of rows, and a large table is not read twice.
func (r relation) bounds(ctx context.Context, src *pgx.Conn, rows int) ([]string, error) {
	texts := make([]string, len(r.Key))
	for i, column := range r.Key {
		texts[i] = fmt.Sprintf("quote_literal(%s::text) || %s", column, mapping.Literal("::"+r.KeyTypes[i]))
	}
	pages := max(float64(r.Bytes)/pageBytes, 1)
	share := min(1, max(0.01, sampledPages/pages))
	key := strings.Join(r.Key, ", ")
	return run.QueryTexts(ctx, src, fmt.Sprintf(`SELECT '(' || concat_ws(', ', %s) || ')'
FROM (SELECT %s, row_number() OVER (ORDER BY %s) AS "place in key order"
  FROM ONLY %s TABLESAMPLE SYSTEM (%g) REPEATABLE (1)) x
WHERE "place in key order" %% %d = 0
ORDER BY "place in key order"`, strings.Join(texts, ", "), key, key, r.Name, 100*share, max(1, int(share*float64(rows)))))
}

// copySource returns the statement that reads a part of a table.
func copySource(table string, columns []string, condition string) string {
	list := strings.Join(columns, ", ")
	if condition == "" {
		return fmt.Sprintf("COPY %s (%s) TO STDOUT", table, list)
	}
	return fmt.Sprintf("COPY (SELECT %s FROM ONLY %s WHERE %s) TO STDOUT", list, table, condition)
}
