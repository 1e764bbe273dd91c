package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const lastUsedKey = "xenon.lastUsed"

// wallClock returns the time without its monotonic clock reading, which does not advance while Lambda freezes the
// process.
func wallClock() time.Time {
	return time.Now().Round(0) //nolint:forbidigo // the age of a socket does not depend on the clock of the product
}

// isUsable reports whether an idle connection can be used. It takes no round trip.
func isUsable(_ context.Context, c *pgx.Conn) (bool, error) {
	used, ok := c.PgConn().CustomData()[lastUsedKey].(time.Time)
	if !ok {
		return true, nil // the connection is new
	}
	switch idle := wallClock().Sub(used); {
	case idle > idleLimit || idle < 0:
		return false, nil
	case idle > idleCheck:
		//nolint:staticcheck // SA1019: Ping, its successor, takes the round trip that this check saves
		return c.PgConn().CheckConn() == nil, nil
	}
	return true, nil
}

var errPoolFull = errors.New("all connections are in use")

// withConn runs f on a connection, within the timeouts, and classifies its error.
func (s *Store) withConn(ctx context.Context, f func(context.Context, *pgxpool.Conn) error) error {
	ctx, stop := context.WithTimeout(ctx, statementTimeout)
	defer stop()
	full := s.running.Add(1) > s.maxConns
	if full {
		s.waits.Add(1)
	}
	defer s.running.Add(-1)
	conn, err := s.acquire(ctx, full)
	if err != nil {
		return s.classify(err)
	}
	err = f(ctx, conn)
	if conn.Conn().IsClosed() {
		discard(conn)
		return s.classify(err)
	}
	defer conn.Release()
	// This code is not in the pool's AfterRelease hook. With that hook the pool releases connections in a goroutine, and
	// the next statement could find no free connection.
	conn.Conn().PgConn().CustomData()[lastUsedKey] = wallClock()
	return s.classify(err)
}

// discard removes a broken connection from the pool. pgx tries to cancel its statement for up to 15 s. During this time
// the pool would count the connection, and the next request could get no connection.
func discard(conn *pgxpool.Conn) {
	_ = conn.Hijack().PgConn().Conn().Close() // the connection is already broken
}

// Waits returns how many statements had to wait for a free connection since the last call.
func (s *Store) Waits() int { return int(s.waits.Swap(0)) }

// acquire waits at most poolTimeout while all connections are in use, but without limit while one is being opened.
func (s *Store) acquire(ctx context.Context, full bool) (*pgxpool.Conn, error) {
	if !full && s.pool.Stat().IdleConns() > 0 { // a connection is free, so no timer is needed
		return s.pool.Acquire(ctx)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(poolTimeout, func() {
		if s.pool.Stat().ConstructingConns() == 0 {
			cancel(errPoolFull)
		}
	})
	defer timer.Stop()
	conn, err := s.pool.Acquire(ctx)
	if err != nil && context.Cause(ctx) != nil {
		return nil, fmt.Errorf("connect: %w", errors.Join(unavailable{context.Cause(ctx)}, err))
	}
	return conn, err
}
