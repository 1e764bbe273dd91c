package inventory

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// foreignKey is a foreign key of a table of any schema.
type foreignKey struct{ table, columns, parent string }

// readPaths sets ReachesUsers of every table.
func (r *inventoryReader) readPaths(ctx context.Context) error {
	rows, err := r.src.Query(ctx, foreignKeysQuery)
	if err != nil {
		return err
	}
	var all []foreignKey
	var k foreignKey
	if _, err := pgx.ForEachRow(rows, []any{&k.table, &k.columns, &k.parent}, func() error {
		all = append(all, k)
		return nil
	}); err != nil {
		return err
	}
	paths := pathsToUsers(all)
	for i := range r.Tables {
		if path, ok := paths[r.Tables[i].Name]; ok {
			r.Tables[i].ReachesUsers = path
		}
	}
	return nil
}

// pathsToUsers returns a shortest path of foreign keys to auth.users for each table that has one. It searches from
// auth.users, breadth first, so cycles and references to the same table do no harm.
func pathsToUsers(all []foreignKey) map[string][]string {
	const users = "auth.users"
	children := map[string][]foreignKey{}
	for _, k := range all {
		children[k.parent] = append(children[k.parent], k)
	}
	paths := map[string][]string{users: {}}
	for queue := []string{users}; len(queue) > 0; queue = queue[1:] {
		parent := queue[0]
		for _, k := range children[parent] {
			if _, found := paths[k.table]; !found {
				paths[k.table] = append([]string{k.columns + " → " + parent}, paths[parent]...)
				queue = append(queue, k.table)
			}
		}
	}
	delete(paths, users)
	return paths
}
