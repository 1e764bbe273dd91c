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
	if err := s.takeSlot(ctx); err != nil {
		return s.classify(err)
	}
	defer func() { <-s.slots }()
	conn, err := s.pool.Acquire(ctx)
	if err != nil && context.Cause(ctx) != nil {
		err = fmt.Errorf("connect: %w", errors.Join(unavailableError{context.Cause(ctx)}, err))
	}
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

// takeSlot waits until fewer statements are running than the pool has connections, so that the pool has one for this
// statement. It waits at most s.freeConnectionTimeout. If a connection is being opened at that time, it continues to
// wait until ctx ends. A statement that need not wait needs no timer.
func (s *Store) takeSlot(ctx context.Context) error {
	select {
	case s.slots <- struct{}{}:
		return nil
	default:
	}
	s.waitCount.Add(1)
	timer := time.NewTimer(s.freeConnectionTimeout)
	defer timer.Stop()
	for {
		select {
		case s.slots <- struct{}{}:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("wait for a connection: %w", unavailableError{context.Cause(ctx)})
		case <-timer.C:
			if s.pool.Stat().ConstructingConns() == 0 {
				return fmt.Errorf("wait for a connection: %w", unavailableError{errNoFreeConnection})
			}
		}
	}
}
