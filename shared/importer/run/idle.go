package run

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// longestIdle is the time after which an unused connection is not used again: a network can forget it without a word to
// either end.
const longestIdle = 30 * time.Second

// resetSession ends what a former user of a connection can have left in its session, but for temporary tables, and
// returns a number that is not 0 if the session has had any. Settings follow.
const resetSession = `RESET ALL;
SELECT pg_advisory_unlock_all();
SELECT pg_my_temp_schema()::bigint`

// idleConnections has the unused connections of an Env, while at least one call keeps them (KeepConnections).
type idleConnections struct {
	mu      sync.Mutex
	keepers int
	idle    []idleConnection
}

type idleConnection struct {
	*pgx.Conn
	database string // source or target
	since    time.Time
}

// KeepConnections makes WithTarget and WithBoth keep their connections for the next phase, until all callers have
// called end. Then they are closed. A phase gets a connection in the state of a new one.
func (e *Env) KeepConnections() (end func()) {
	c := &e.connections
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keepers++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.keepers--; c.keepers == 0 {
			for _, i := range c.idle {
				Close(i.Conn)
			}
			c.idle = nil
		}
	}
}

// release keeps a connection for the next phase, or closes it. Only a connection whose last statement has succeeded,
// outside a transaction, is kept.
func (e *Env) release(database string, conn *pgx.Conn) {
	c := &e.connections
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keepers == 0 || conn.IsClosed() || conn.PgConn().IsBusy() || conn.PgConn().TxStatus() != 'I' {
		Close(conn)
		return
	}
	now := time.Now() //nolint:forbidigo // Now can be the clock of a test; the network forgets a connection by real time
	c.idle = append(c.idle, idleConnection{conn, database, now})
}

// take returns an unused connection without the settings and prepared statements of its former user, or nil.
func (e *Env) take(ctx context.Context, database string) *pgx.Conn {
	for {
		conn, ok := e.connections.remove(database)
		if !ok {
			return nil
		}
		if time.Since(conn.since) < longestIdle && reset(ctx, conn.Conn) {
			return conn.Conn
		}
		Close(conn.Conn)
	}
}

// reset reports whether a connection can be used again. After the use of temporary tables it cannot: Postgres no longer
// allows the temp_buffers of WorkerSession.
func reset(ctx context.Context, conn *pgx.Conn) bool {
	if conn.DeallocateAll(ctx) != nil {
		return false
	}
	var temporary int64
	return QueryNumbers(ctx, conn, resetSession, &temporary) == nil && temporary == 0
}

// remove removes the connection to a database that was used last.
func (c *idleConnections) remove(database string) (idleConnection, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n, conn := range slices.Backward(c.idle) {
		if conn.database == database {
			c.idle = slices.Delete(c.idle, n, n+1)
			return conn, true
		}
	}
	return idleConnection{}, false
}
