package store

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// list is read for statements that return any number of rows; no rows are an empty list, never nil.
func list[T any](ctx context.Context, s *Store, scan func(pgx.CollectableRow) (T, error), sql string, args ...any) ([]T, error) {
	if err := s.FlushCharges(ctx); err != nil {
		return nil, err
	}
	var out []T
	sql, args = s.in(sql), utc(args)
	query := func(ctx context.Context, c *pgxpool.Conn) error {
		rows, err := c.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, scan)
		return err
	}
	err := s.with(ctx, query)
	if s.repeats(ctx, err) {
		err = s.with(ctx, query)
	}
	return out, err
}
