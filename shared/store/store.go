// Package store has the SQL of requests to Xenon, in files named after the tables; package schema has the query with
// which CheckReady checks the tables. A Store connects at its first statement, and replaces a connection that broke
// while Lambda froze the process. If the database cannot be reached or has no free connection, the Store returns an
// error with a method Unavailable before the deadline of the request.
package store

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/pg"
)

// Timeouts. The deadline of the request can be earlier.
const (
	connectTimeout        = 10 * time.Second // a suspended Neon compute starts within this time
	statementTimeout      = 10 * time.Second // for one attempt of a statement, including the wait for a connection
	freeConnectionTimeout = 2 * time.Second  // maximum wait for a free connection, unless WaitForConnection sets another
)

// A connection that was idle for longer than checkIfIdleFor is checked before use. One that was idle for longer than
// replaceIfIdleFor is replaced: Neon suspends its compute after five idle minutes, and a NAT gateway drops an idle TCP
// connection after about six.
const (
	checkIfIdleFor   = time.Second
	replaceIfIdleFor = 4 * time.Minute
)

// Store runs statements on a pool of connections. Its methods return one of the errors in errors.go, a *RateLimitError,
// an error with a method Unavailable, or an unexpected error.
//
// A Store is safe for concurrent use, except one that WithCharges returned: it is for one request, and only one
// goroutine may use it.
type Store struct {
	*database
	request *requestCharges // nil unless WithCharges returned the Store
}

// database has the fields that a Store and the Stores returned by its method WithCharges have in common.
type database struct {
	// Dial opens the network connections; nil means the dialer of pgx. Tests count round trips with it.
	Dial pgconn.DialFunc

	pool                      *pgxpool.Pool
	source                    URLSource
	schema                    string // schema of Xenon's tables
	plugins                   config.Plugins
	events                    bool // CheckReady requires the triggers that write events
	custom                    customClaims
	profile                   *profileTable // nil until UseProfileFields
	freeConnectionTimeout     time.Duration
	slots                     chan struct{} // has an element for each statement that has a connection of the pool
	waitCount                 atomic.Int32  // statements that had to wait for a connection since the last TakeWaitCount
	warnIgnoredParametersOnce sync.Once     // logs the ignored parameters of the URL once

	prepareUnsupported atomic.Bool // the pooler does not support prepared statements
	tableCheck         tableCheckResult
	rejections         rejections
	linkCleanup        cleanupThrottle
	chargeCleanup      cleanupThrottle
}

// URLSource is a source of the URL of the database. *secrets.Secrets implements it.
type URLSource interface {
	// DatabaseURL is called before each connection is opened, so that the connection uses the current password.
	DatabaseURL(ctx context.Context) (string, error)
	// Invalidate is called when the database has rejected the login.
	Invalidate()
}

// Open returns a Store with at most maxConns connections to the database of source. It does not connect.
func Open(source URLSource, maxConns int32) *Store {
	s := &Store{database: &database{
		source: source, slots: make(chan struct{}, maxConns), freeConnectionTimeout: freeConnectionTimeout,
	}}
	cfg, err := pgxpool.ParseConfig("postgres://unset@127.0.0.1/unset")
	if err != nil {
		panic(err) // not possible: the URL above is valid
	}
	cfg.MaxConns = maxConns
	cfg.MinConns = 0
	cfg.MaxConnIdleTime = replaceIfIdleFor
	cfg.BeforeConnect = s.beforeConnect
	cfg.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false } // isUsable checks the socket
	cfg.PrepareConn = isUsable
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		panic(err) // not possible: ParseConfig returned cfg
	}
	s.pool = pool
	return s
}

// WaitForConnection sets the maximum wait for a free connection. It must be less than ten seconds, the time for a
// statement, which includes the wait. Call it before the first statement.
func (s *Store) WaitForConnection(atMost time.Duration) *Store {
	s.freeConnectionTimeout = atMost
	return s
}

// Close closes all connections. Lambda functions do not call it; tests and xenon dev do.
func (s *Store) Close() { s.pool.Close() }

// beforeConnect sets cc, the configuration of a new connection, from the current URL of the database.
func (s *Store) beforeConnect(ctx context.Context, cc *pgx.ConnConfig) error {
	url, err := s.source.DatabaseURL(ctx)
	if err != nil {
		return err
	}
	target, err := pg.Parse(url)
	if err != nil {
		return fmt.Errorf("the database URL %w", err)
	}
	s.warnIgnoredParametersOnce.Do(func() {
		if names := pg.IgnoredParameters(url); names != nil {
			slog.WarnContext(ctx, "the database URL has parameters of other drivers, which are ignored", "parameters", names)
		}
	})
	target.ConnectTimeout = connectTimeout
	// With timezone=UTC, a timestamp without time zone is UTC in every expression. PgBouncer keeps the setting for each
	// client.
	maps.DeleteFunc(target.RuntimeParams, func(name, _ string) bool { return strings.EqualFold(name, "timezone") })
	target.RuntimeParams["timezone"] = "UTC"
	if target.RuntimeParams["application_name"] == "" {
		target.RuntimeParams["application_name"] = "xenon"
	}
	if s.Dial != nil {
		target.DialFunc = s.Dial
	}
	*cc = *target
	return nil
}

// cleanupThrottle limits a deletion of expired rows to once a minute in each process. last is the time of the last
// deletion.
type cleanupThrottle struct{ last atomic.Int64 } // milliseconds since 1970; 0 before the first deletion

// isDue reports whether a minute has passed since the last deletion. If so, it sets last to now.
func (c *cleanupThrottle) isDue(now time.Time) bool {
	last := c.last.Load()
	return now.UnixMilli()-last >= time.Minute.Milliseconds() && c.last.CompareAndSwap(last, now.UnixMilli())
}
