package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// lastUsedKey is the key of the time at which a statement last used a connection, in the CustomData of the connection.
const lastUsedKey = "xenon.lastUsed"

// wallClock returns the current time without its monotonic clock reading, because the monotonic clock stops while
// Lambda freezes the process.
func wallClock() time.Time {
	return time.Now().Round(0) //nolint:forbidigo // the age of a socket does not depend on the clock of the product
}

// isUsable reports whether an idle connection can be used. It does so without a round trip.
func isUsable(_ context.Context, c *pgx.Conn) (bool, error) {
	used, ok := c.PgConn().CustomData()[lastUsedKey].(time.Time)
	if !ok {
		return true, nil // the connection is new
	}
	switch idle := wallClock().Sub(used); {
	case idle > replaceIfIdleFor || idle < 0:
		return false, nil
	case idle > checkIfIdleFor:
		//nolint:staticcheck // SA1019: Ping, its successor, takes the round trip that this check saves
		return c.PgConn().CheckConn() == nil, nil
	}
	return true, nil
}

var errNoFreeConnection = errors.New("all connections are in use")

// withConn runs f on a connection of the pool, within statementTimeout. It passes the error of f through classify.
func (s *Store) withConn(ctx context.Context, f func(context.Context, *pgxpool.Conn) error) error {
	ctx, stop := context.WithTimeout(ctx, statementTimeout)
	defer stop()
	full := s.runningStatements.Add(1) > s.maxConns
	if full {
		s.waitCount.Add(1)
	}
	defer s.runningStatements.Add(-1)
	conn, err := s.acquire(ctx, full)
	if err != nil {
		return s.classify(err)
	}
	err = f(ctx, conn)
	if conn.Conn().IsClosed() {
		closeBrokenConnection(conn)
		return s.classify(err)
	}
	defer conn.Release()
	// This code cannot be in the pool's hook AfterRelease. With that hook the pool releases connections in a goroutine, so
	// the next statement could find no free connection.
	conn.Conn().PgConn().CustomData()[lastUsedKey] = wallClock()
	return s.classify(err)
}

// closeBrokenConnection removes a broken connection from the pool immediately. Otherwise pgx would try to cancel its
// statement for up to 15 s. During this time the connection would count as in use, and the next request could get no
// connection.
func closeBrokenConnection(conn *pgxpool.Conn) {
	_ = conn.Hijack().PgConn().Conn().Close() // the connection is already broken
}

// TakeWaitCount returns how many statements have had to wait for a free connection since the last call of
// TakeWaitCount.
func (s *Store) TakeWaitCount() int { return int(s.waitCount.Swap(0)) }

// acquire returns a connection of the pool. If all connections are in use (full), it waits at most
// s.freeConnectionTimeout. If a connection is being opened at that time, it continues to wait until ctx ends.
func (s *Store) acquire(ctx context.Context, full bool) (*pgxpool.Conn, error) {
	if !full && s.pool.Stat().IdleConns() > 0 { // a connection is free, so no timer is needed
		return s.pool.Acquire(ctx)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(s.freeConnectionTimeout, func() {
		if s.pool.Stat().ConstructingConns() == 0 {
			cancel(errNoFreeConnection)
		}
	})
	defer timer.Stop()
	conn, err := s.pool.Acquire(ctx)
	if err != nil && context.Cause(ctx) != nil {
		return nil, fmt.Errorf("connect: %w", errors.Join(unavailableError{context.Cause(ctx)}, err))
	}
	return conn, err
}
