package inventory

import (
	"context"
	_ "embed" // user_keys.sql
	"fmt"

	"github.com/jackc/pgx/v5"
)

// UserKey is a column of a table of the project that refers to auth.users and that is the table's primary key or is
// unique, so that the table has at most one row for each user. The names have no quotes.
type UserKey struct{ Schema, Table, Column string }

//go:embed user_keys.sql
var userKeysQuery string

// ReadUserKeys returns a UserKey for each table that has one. If a table has several, it prefers the column user_id,
// then the primary key.
func ReadUserKeys(ctx context.Context, src *pgx.Conn) ([]UserKey, error) {
	keys, err := queryRows(ctx, src, pgx.RowToStructByPos[UserKey], userKeysQuery, managedSchemas)
	if err != nil {
		return nil, fmt.Errorf("look for tables with one row for each user: %w", err)
	}
	return keys, nil
}
