package inventory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// maxCountedTableBytes is the size in bytes from which on the rows of a table are not counted. Counting a larger table
// would read it from the disk of the source, which serves the application.
const maxCountedTableBytes = 64 << 20

// countRows counts the rows of small tables, and of tables without statistics.
func (r *inventoryReader) countRows(ctx context.Context) error {
	for i := range r.Tables {
		t := &r.Tables[i]
		switch {
		case !r.readable[t.Name]:
			r.addNotCounted(t, "no privilege to read it")
			continue
		case t.Kind == "foreign":
			r.addNotCounted(t, "a foreign table; its rows are in another database")
			continue
		case t.Rows >= 0 && t.Bytes >= maxCountedTableBytes:
			t.Estimated = true
			continue
		}
		from := t.Name
		if t.Kind == "inherited" {
			from = "ONLY " + from
		}
		err := r.src.QueryRow(ctx, "SELECT count(*) FROM "+from).Scan(&t.Rows)
		switch {
		case isReadDenied(err):
			r.addNotCounted(t, "row security hides rows from this role")
		case err != nil:
			return fmt.Errorf("count %s: %w", t.Name, err)
		}
	}
	return nil
}

// addNotCounted notes that the rows of a table were not counted.
func (r *inventoryReader) addNotCounted(t *Table, why string) {
	t.Rows, t.Estimated = max(t.Rows, 0), true
	r.readable[t.Name] = false
	r.NotChecked = append(r.NotChecked, t.Name+": "+why)
}

// sampledValuesPerColumn is the number of values of a column that findUserColumns compares with the ids of users.
const sampledValuesPerColumn = 100

// findUserColumns sets UserColumns and UserArrays of every readable table.
func (r *inventoryReader) findUserColumns(ctx context.Context) error {
	for i := range r.Tables {
		t := &r.Tables[i]
		if !r.readable[t.Name] {
			continue
		}
		var err error
		if t.UserColumns, err = r.withUsers(ctx, r.columns[t.Name], "SELECT %s AS id FROM "+t.Name); err != nil {
			return fmt.Errorf("compare columns of %s with the ids of users: %w", t.Name, err)
		}
		if t.UserArrays, err = r.withUsers(ctx, r.arrays[t.Name], "SELECT unnest(%s) AS id FROM "+t.Name); err != nil {
			return fmt.Errorf("compare arrays of %s with the ids of users: %w", t.Name, err)
		}
	}
	return nil
}

// withUsers returns the columns that have ids of users among their first values. values is the query for the values of
// a column. An id that matches is no accident: ids are random.
func (r *inventoryReader) withUsers(ctx context.Context, columns []string, values string) ([]string, error) {
	found := []string{}
	for _, column := range columns {
		var has bool
		err := r.src.QueryRow(ctx, fmt.Sprintf(`SELECT EXISTS (SELECT
  FROM (SELECT id FROM (%s) v WHERE id IS NOT NULL LIMIT %d) x
  JOIN auth.users u USING (id))`, fmt.Sprintf(values, column), sampledValuesPerColumn)).Scan(&has)
		switch {
		case isReadDenied(err):
			return found, nil // auth.users cannot be read: the plan has already said so
		case err != nil:
			return nil, err
		case has:
			found = append(found, column)
		}
	}
	return found, nil
}

// Sorted returns the tables, those with most rows first.
func (v Inventory) Sorted() []Table {
	return slices.SortedStableFunc(slices.Values(v.Tables), func(a, b Table) int { return cmp.Compare(b.Rows, a.Rows) })
}
