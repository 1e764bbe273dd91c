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

// findUserColumns sets UserColumns of every readable table.
func (r *inventoryReader) findUserColumns(ctx context.Context) error {
	for i := range r.Tables {
		t := &r.Tables[i]
		if !r.readable[t.Name] {
			continue
		}
		for _, column := range r.columns[t.Name] {
			var values, users int
			err := r.src.QueryRow(ctx, fmt.Sprintf(`SELECT count(x.id), count(u.id)
FROM (SELECT %[1]s AS id FROM %[2]s WHERE %[1]s IS NOT NULL LIMIT %[3]d) x
LEFT JOIN auth.users u USING (id)`, column, t.Name, sampledValuesPerColumn)).Scan(&values, &users)
			switch {
			case isReadDenied(err):
				return nil // auth.users cannot be read: the plan has already said so
			case err != nil:
				return fmt.Errorf("compare %s of %s with the ids of users: %w", column, t.Name, err)
			case values > 0 && values == users:
				t.UserColumns = append(t.UserColumns, column)
			}
		}
	}
	return nil
}

// Sorted returns the tables, those with most rows first.
func (v Inventory) Sorted() []Table {
	return slices.SortedStableFunc(slices.Values(v.Tables), func(a, b Table) int { return cmp.Compare(b.Rows, a.Rows) })
}
