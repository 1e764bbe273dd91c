package store

import (
	"context"
	"time"
)

// Exec runs a statement on a connection of the pool.
func (s *Store) Exec(ctx context.Context, sql string) error {
	_, err := s.exec(ctx, sql)
	return err
}

// ChargeText returns the statement that counts a number of charges.
func ChargeText(charges int) string { return chargeText(charges) }

// ForgetReadiness makes the next call of Ready check the tables.
func (s *Store) ForgetReadiness() {
	s.readiness.mu.Lock()
	defer s.readiness.mu.Unlock()
	s.readiness.at = time.Time{}
}

// Qualify returns a statement as it is sent to Postgres.
func (s *Store) Qualify(sql string) string { return s.qualify(sql) }
