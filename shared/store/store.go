// Package store is all SQL of Xenon's requests, one file a table, on connections that suit Lambda and Neon: nothing is
// dialled before the first statement, a connection that died while the sandbox slept is found before it is used, and a
// database that is away or full is an error that says so in time.
package store

import (
	"context"
	"errors"
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

	"github.com/xenon-auth/xenon/shared/pg"
)

// How long things may take. All of them are cut short by the deadline of the request.
const (
	connectTimeout   = 10 * time.Second // a suspended Neon compute wakes up within this
	statementTimeout = 10 * time.Second
	poolWait         = 2 * time.Second // for a connection while all are busy
)

// A connection idle for longer than idleCheck is looked at before use, one idle for longer than idleLimit is replaced:
// Neon suspends after five minutes, and NAT gateways forget a flow after about six.
const (
	idleCheck = time.Second
	idleLimit = 4 * time.Minute
)

// Store runs statements on a pool of connections. Its methods return ErrNotFound, ErrDuplicate, ErrInvalid, an error that
// is Unavailable, or an error nobody expected.
//
// A Store is safe for concurrent use. A handle from Charging is for one request, which uses it from one goroutine.
type Store struct {
	*database
	request *request // nil unless the Store is a handle from Charging
}

// database is what a Store and its handles share.
type database struct {
	// Dial opens the network connections; nil is the default. Tests count round trips with it.
	Dial pgconn.DialFunc

	pool      *pgxpool.Pool
	url       func(context.Context) (string, error)
	loginFail func()
	broom     broom
	refusals  refusals
	ready     readiness
	schema    string       // of our tables
	most      int32        // connections
	busy      atomic.Int32 // statements that have a connection or want one
	waits     atomic.Int32 // those that had to wait for it, since Waits was asked last
	plain     atomic.Bool  // nothing is prepared: a pooler does not have it
	ignored   sync.Once    // parameters of the URL were looked at and logged
	pruned    atomic.Int64 // when rows of limits were last cleaned up, in milliseconds since 1970
}

// Open makes a Store of at most maxConns connections to the database that url names, and dials nothing. url is asked
// before each connection, so that a rotated password is picked up; loginFailed is called when the database refused it.
func Open(url func(context.Context) (string, error), loginFailed func(), maxConns int32) *Store {
	s := &Store{database: &database{url: url, loginFail: loginFailed, most: maxConns}}
	cfg, err := pgxpool.ParseConfig("postgres://unset@127.0.0.1/unset")
	if err != nil {
		panic(err) // the text above is constant
	}
	cfg.MaxConns = maxConns
	cfg.MinConns = 0
	cfg.MaxConnIdleTime = idleLimit
	cfg.BeforeConnect = s.beforeConnect
	cfg.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false } // prepare looks at the socket
	cfg.PrepareConn = prepare
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		panic(err) // only possible with a config that ParseConfig did not make
	}
	s.pool = pool
	return s
}

// Close closes all connections. A function never calls it; tests and the dev server do.
func (s *Store) Close() { s.pool.Close() }

// beforeConnect puts the real target of the connection into cc.
func (s *Store) beforeConnect(ctx context.Context, cc *pgx.ConnConfig) error {
	url, err := s.url(ctx)
	if err != nil {
		return err
	}
	target, err := pg.Parse(url)
	if err != nil {
		return fmt.Errorf("the database URL %w", err)
	}
	s.ignored.Do(func() {
		if names := pg.Ignored(url); names != nil {
			slog.WarnContext(ctx, "parameters of the database URL that only other drivers know are ignored", "parameters", names)
		}
	})
	target.ConnectTimeout = connectTimeout
	// A timestamp without time zone is UTC in every expression. PgBouncer keeps this setting for each of its clients.
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

const lastUsed = "xenon.lastUsed"

// wallClock leaves the monotonic reading out: it stands still while a sandbox is frozen.
func wallClock() time.Time {
	return time.Now().Round(0) //nolint:forbidigo // the age of a socket is no business of the product's clock
}

// prepare reports whether an idle connection can be used. It costs no round trip.
func prepare(_ context.Context, c *pgx.Conn) (bool, error) {
	used, ok := c.PgConn().CustomData()[lastUsed].(time.Time)
	if !ok {
		return true, nil // just made
	}
	switch idle := wallClock().Sub(used); {
	case idle > idleLimit || idle < 0:
		return false, nil
	case idle > idleCheck:
		//nolint:staticcheck // SA1019: Ping, its successor, would cost the round trip that this check is there to save
		return c.PgConn().CheckConn() == nil, nil
	}
	return true, nil
}

var errPoolFull = errors.New("all connections are busy")

// with sends pending charges and then runs f on a connection, within the time limits.
func (s *Store) with(ctx context.Context, f func(context.Context, *pgxpool.Conn) error) error {
	if err := s.FlushCharges(ctx); err != nil {
		return err
	}
	return s.on(ctx, f)
}

// on runs f on a connection, within the time limits.
func (s *Store) on(ctx context.Context, f func(context.Context, *pgxpool.Conn) error) error {
	ctx, stop := context.WithTimeout(ctx, statementTimeout)
	defer stop()
	full := s.busy.Add(1) > s.most
	if full {
		s.waits.Add(1)
	}
	defer s.busy.Add(-1)
	conn, err := s.acquire(ctx, full)
	if err != nil {
		return s.classify(err)
	}
	err = f(ctx, conn)
	if conn.Conn().IsClosed() {
		abandon(conn)
		return s.classify(err)
	}
	defer conn.Release()
	// Not in the pool's AfterRelease hook: with one, the pool gives connections back in the background, and a request
	// right after this one would not find it.
	conn.Conn().PgConn().CustomData()[lastUsed] = wallClock()
	return s.classify(err)
}

// abandon gives up a connection that broke. pgx goes on talking to its server for up to 15 s, to cancel what runs there, and
// the pool would count it until then: the next request would find a full pool because of a connection that is no use.
func abandon(conn *pgxpool.Conn) {
	_ = conn.Hijack().PgConn().Conn().Close() // broken already
}

// Waits is how many statements found all connections busy since it was asked last.
func (s *Store) Waits() int { return int(s.waits.Swap(0)) }

// acquire waits at most poolWait while every connection is busy, but as long as it takes for one that is being made.
func (s *Store) acquire(ctx context.Context, full bool) (*pgxpool.Conn, error) {
	if !full && s.pool.Stat().IdleConns() > 0 { // one is there for the taking: no need to watch the wait for it
		return s.pool.Acquire(ctx)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(poolWait, func() {
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

// read runs a statement that changes nothing and returns one row, and runs it once more after an error that may be over
// by then. It sends pending charges in the same round trip.
func read[T any](ctx context.Context, s *Store, scan func(pgx.Row) (T, error), sql string, args ...any) (T, error) {
	var out T
	err := s.ask(ctx, s.takePending(), &question{s.in(sql), utc(args), func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectOneRow(rows, func(row pgx.CollectableRow) (T, error) { return scan(row) })
		return err
	}})
	if errors.Is(err, ErrInvalid) {
		err = ErrNotFound // text that cannot be stored cannot be found either
	}
	return out, err
}

// readAll is read for a statement that returns any number of rows.
func readAll[T any](ctx context.Context, s *Store, scan func(pgx.Row) (T, error), sql string, args ...any) ([]T, error) {
	var out []T
	err := s.ask(ctx, s.takePending(), &question{s.in(sql), utc(args), func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (T, error) { return scan(row) })
		return err
	}})
	if errors.Is(err, ErrInvalid) {
		err = nil // as above
	}
	return out, err
}

// question is a statement that changes nothing, and what is done with its answer.
type question struct {
	sql  string
	args []any
	scan func(pgx.Rows) error
}

// send makes charges and asks q, either of which may be missing, in one round trip.
func (s *Store) send(ctx context.Context, c *pgx.Conn, charges []Charge, q *question, out *outcome) error {
	if len(charges) == 0 && q != nil {
		return s.sendAlone(ctx, c, q, out)
	}
	batch := &pgx.Batch{}
	if len(charges) > 0 {
		s.queueCharges(batch, charges, out)
	}
	if q != nil {
		batch.Queue(q.sql, q.args...).Query(q.scan)
	}
	for _, each := range batch.QueuedQueries {
		if err := s.keep(ctx, c, each.SQL); err != nil {
			return err
		}
	}
	out.sent = true
	return c.SendBatch(ctx, batch).Close() // nothing at all is not even sent
}

// sendAlone asks q, which costs less than a batch of one.
func (s *Store) sendAlone(ctx context.Context, c *pgx.Conn, q *question, out *outcome) error {
	if err := s.keep(ctx, c, q.sql); err != nil {
		return err
	}
	out.sent = true
	rows, err := c.Query(ctx, q.sql, q.args...)
	if err != nil {
		return err
	}
	return q.scan(rows)
}

// ask sends charges and q, which may be nil, in one round trip and one transaction. After an error that may be over by
// then it asks once more, without the charges if the server may have counted them already.
func (s *Store) ask(ctx context.Context, charges []Charge, q *question) error {
	for _, c := range charges {
		if err := s.KnownRefusal(c); err != nil {
			return err
		}
	}
	left, done := charges, outcome{}
	try := func() error {
		done.fixed = nil // what a try that failed has counted is not certain, and never given back
		err := s.on(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
			return s.send(ctx, c.Conn(), left, q, &done)
		})
		switch {
		case err == nil, errors.Is(err, ErrNotFound):
			left = left[min(done.counted, len(left)):]
			s.noteCounted(done.fixed)
		case errors.Is(err, ErrInvalid), pg.RolledBack(err): // none of them ran
		case done.sent && (isUnavailable(err) || !errors.As(err, new(*pgconn.PgError))):
			left = nil // they counted, or nobody knows: pgx calls a lost answer safe to retry when it was to a batch
		}
		return err
	}
	err := try()
	if s.forgot(err) {
		err = try()
	}
	if s.repeats(ctx, err) {
		err = try()
	}
	if done.began {
		s.prune(ctx, charges[0].At)
	}
	// Still to be counted: what ran side by side with others, and what a faulty statement took down with it.
	if len(left) > 0 && (err == nil || q != nil && !isUnavailable(err)) {
		if err := s.ask(ctx, left, nil); err != nil {
			return err
		}
	}
	return err
}

// write runs a statement that changes something and returns one row. It is repeated only when the first try provably
// never reached the server.
func write[T any](ctx context.Context, s *Store, scan func(pgx.Row) (T, error), sql string, args ...any) (T, error) {
	var out T
	sql, args = s.in(sql), utc(args)
	query := func(ctx context.Context, c *pgxpool.Conn) (err error) {
		if err = s.keep(ctx, c.Conn(), sql); err != nil {
			return err
		}
		out, err = scan(c.QueryRow(ctx, sql, args...))
		return err
	}
	err := s.with(ctx, query)
	if err != nil && (s.forgot(err) || pg.Unsent(err)) && ctx.Err() == nil {
		err = s.with(ctx, query)
	}
	return out, err
}

// exec runs a statement that changes something and returns how many rows it touched.
func (s *Store) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	var n int64
	sql, args = s.in(sql), utc(args)
	run := func(ctx context.Context, c *pgxpool.Conn) error {
		tag, err := c.Exec(ctx, sql, args...)
		n = tag.RowsAffected()
		return err
	}
	err := s.with(ctx, run)
	if err != nil && pg.Unsent(err) && ctx.Err() == nil {
		err = s.with(ctx, run)
	}
	return n, err
}
