package store

import (
	"context"
	"time"
)

// Order runs a statement on a connection of the pool.
func (s *Store) Order(ctx context.Context, sql string) error {
	_, err := s.exec(ctx, sql)
	return err
}

// ChargeText is the statement that counts so many charges.
func ChargeText(charges int) string { return chargeText(charges) }

// ForgetReadiness makes the next call of Ready check the tables.
func (s *Store) ForgetReadiness() {
	s.ready.mu.Lock()
	defer s.ready.mu.Unlock()
	s.ready.at = time.Time{}
}

// Qualified is a statement as it goes out.
func (s *Store) Qualified(sql string) string { return s.in(sql) }
