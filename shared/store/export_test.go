package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Exec runs a statement on a connection of the pool.
func (s *Store) Exec(ctx context.Context, sql string) error {
	_, err := s.exec(ctx, sql)
	return err
}

// ChargeText returns the statement that counts a number of charges.
func ChargeText(charges int) string { return chargeText(charges) }

// Reject returns the error of a charge that Postgres did not count, with the time in its row.
func (s *Store) Reject(c Charge, lastRequest time.Time) error {
	return s.reject(c, lastRequest.UnixMilli())
}

// UsableAfter reports whether a connection that was idle for so long is used again.
func (s *Store) UsableAfter(ctx context.Context, idle time.Duration) (usable bool, err error) {
	err = s.withConn(ctx, func(ctx context.Context, c *pgxpool.Conn) (err error) {
		c.Conn().PgConn().CustomData()[lastUsedKey] = wallClock().Add(-idle)
		usable, err = isUsable(ctx, c.Conn())
		return err
	})
	return usable, err
}

// ForgetReadiness makes the next call of Ready check the tables.
func (s *Store) ForgetReadiness() {
	s.readiness.mu.Lock()
	defer s.readiness.mu.Unlock()
	s.readiness.at = time.Time{}
}

// Qualify returns a statement as it is sent to Postgres.
func (s *Store) Qualify(sql string) string { return s.qualify(sql) }
