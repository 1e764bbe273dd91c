package dbtest

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// idleConnections keeps at most one unused connection for each URL. To open a connection costs Postgres more processor
// time than most queries of tests.
type idleConnections struct {
	mu    sync.Mutex
	byURL map[string]*pgx.Conn
}

// take returns the unused connection for the URL, with the settings of a new one, or a new connection.
func (c *idleConnections) take(ctx context.Context, url string) (*pgx.Conn, error) {
	c.mu.Lock()
	conn := c.byURL[url]
	delete(c.byURL, url)
	c.mu.Unlock()
	if conn != nil {
		if _, err := conn.Exec(ctx, "DISCARD ALL"); err == nil {
			return conn, nil
		}
		closeConnection(ctx, conn) // the server has ended it
	}
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	// Prepared statements would become invalid with DISCARD ALL and with changes of the tables.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	return pgx.ConnectConfig(ctx, cfg)
}

// put keeps a connection that is not in use. It closes the connection if there is already one for the URL, or if a
// transaction is open.
func (c *idleConnections) put(ctx context.Context, url string, conn *pgx.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if conn.IsClosed() || conn.PgConn().TxStatus() != 'I' || c.byURL[url] != nil {
		closeConnection(ctx, conn)
		return
	}
	if c.byURL == nil {
		c.byURL = map[string]*pgx.Conn{}
	}
	c.byURL[url] = conn
}

func (c *idleConnections) closeAll(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.byURL {
		closeConnection(ctx, conn)
	}
	c.byURL = nil
}

func closeConnection(ctx context.Context, conn *pgx.Conn) {
	_ = conn.Close(context.WithoutCancel(ctx)) // its statements have returned their errors
}

var connectionsOfTests sync.Map // by testing.TB: *idleConnections

// connectionsOf returns the connections of the test, which are closed when it ends.
func connectionsOf(t testing.TB) *idleConnections {
	found, exists := connectionsOfTests.LoadOrStore(t, &idleConnections{})
	c := found.(*idleConnections)
	if !exists {
		t.Cleanup(func() {
			connectionsOfTests.Delete(t)
			c.closeAll(t.Context())
		})
	}
	return c
}

// WithConnection calls f with a connection to the database. Calls of one test for the same URL use one connection, if
// they are not at the same time. f sees the settings of a new connection, and no temporary table, prepared statement or
// advisory lock of other calls. After an error of f, the connection is closed.
func WithConnection(t testing.TB, url string, f func(ctx context.Context, conn *pgx.Conn) error) error {
	t.Helper()
	connections := connectionsOf(t)
	conn, err := connections.take(t.Context(), url)
	if err != nil {
		return err
	}
	if err = f(t.Context(), conn); err != nil {
		closeConnection(t.Context(), conn)
		return err
	}
	connections.put(t.Context(), url, conn)
	return nil
}

// changesNewConnections reports whether SQL can change the settings of new connections, which those that are open do
// not get.
func changesNewConnections(sql string) bool {
	sql = strings.ToLower(sql)
	return strings.Contains(sql, "alter database") || strings.Contains(sql, "alter role") ||
		strings.Contains(sql, "alter user") || strings.Contains(sql, "alter system")
}
