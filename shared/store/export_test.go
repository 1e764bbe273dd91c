package store

import "context"

// Order runs a statement on a connection of the pool.
func (s *Store) Order(ctx context.Context, sql string) error {
	_, err := s.exec(ctx, sql)
	return err
}
