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
	bounds, err := r.bounds(ctx, src)
	if err != nil || len(bounds) == 0 {
		return []string{""}, err
	}
	key := "(" + strings.Join(r.Key, ", ") + ")"
	conditions := []string{key + " < " + bounds[0]}
	for i, low := range bounds {
		condition := key + " >= " + low
		if i+1 < len(bounds) {
			condition += " AND " + key + " < " + bounds[i+1]
		}
		conditions = append(conditions, condition)
	}
	return conditions, nil
}

// bounds returns every partRows-th value of the primary key as an SQL expression.
func (r relation) bounds(ctx context.Context, src *pgx.Conn) ([]string, error) {
	texts := make([]string, len(r.Key))
	for i, column := range r.Key {
		texts[i] = fmt.Sprintf("quote_literal(%s::text) || %s", column, mapping.Literal("::"+r.KeyTypes[i]))
	}
	key := strings.Join(r.Key, ", ")
	return run.QueryTexts(ctx, src, fmt.Sprintf(`SELECT '(' || concat_ws(', ', %s) || ')'
FROM (SELECT %s, row_number() OVER (ORDER BY %s) AS n FROM ONLY %s) x
WHERE n %% %d = 0
ORDER BY n`, strings.Join(texts, ", "), key, key, r.Name, partRows))
}

// copySource returns the statement that reads a part of a table.
func copySource(table string, columns []string, condition string) string {
	list := strings.Join(columns, ", ")
	if condition == "" {
		return fmt.Sprintf("COPY %s (%s) TO STDOUT", table, list)
	}
	return fmt.Sprintf("COPY (SELECT %s FROM ONLY %s WHERE %s) TO STDOUT", list, table, condition)
}
