package importer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/pg"
	tables "github.com/xenon-auth/xenon/shared/schema"
)

// session holds for every connection: the text of times and numbers must be the same on both sides, row security must
// fail where it would hide rows, and a plan with many workers helps nobody here.
const session = `set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres'; set extra_float_digits = 1; set standard_conforming_strings = on;
set row_security = off; set jit = off; set max_parallel_workers_per_gather = 0; set lock_timeout = '30s'; set idle_in_transaction_session_timeout = '10min';`

// A batch may be lost to a crash of the target together with its ledger: it is done again, since its mark is lost with
// it, or not made (worker.batch). So nobody waits for the disk at every batch; closing a pass does. A batch of the
// usual size is staged in memory. Profiles keep the time of their last change that the source has
// (migrations/0004_user_profile_import.sql).
const workerSession = `set synchronous_commit = off; set temp_buffers = '32MB'; set xenon.keep_updated_at = 'on';`

// How many rows lie between two uuids is a bad guess of Postgres, one as often as not. Joins of two such ranges shall not be
// loops in loops then, which take seconds for a batch.
const nestless = "set enable_nestloop = off;\n"

// CheckURL says why a database URL cannot be used for an import; nil when it can. Its text holds no password.
func CheckURL(address string) error {
	_, err := parse(address)
	return err
}

// parse reads a database URL and refuses poolers that do not keep a session.
func parse(address string) (*pgx.ConnConfig, error) {
	c, err := pg.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%w: the database URL %w", ErrRefused, err)
	}
	for _, f := range append([]*pgconn.FallbackConfig{{Host: c.Host, Port: c.Port}}, c.Fallbacks...) {
		switch {
		case strings.Contains(f.Host, "-pooler.") && strings.HasSuffix(f.Host, ".neon.tech"):
			return nil, fmt.Errorf("%w: %s is Neon's pooler, where temporary tables and settings do not last; use the direct host, without -pooler", ErrRefused, f.Host)
		case f.Port == 6543:
			return nil, fmt.Errorf("%w: port 6543 is Supabase's transaction pooler; use the session pooler or the direct host, port 5432", ErrRefused)
		}
	}
	return c, nil
}

func (m *Import) patience() time.Duration {
	if m.Patience > 0 {
		return m.Patience
	}
	return 5 * time.Minute
}

// connect opens a connection for one side. The error of an unreachable server is ErrUnavailable, and never holds the URL.
func (m *Import) connect(ctx context.Context, side, address, more string) (*pgx.Conn, error) {
	cfg, err := parse(address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", side, err)
	}
	cfg.ConnectTimeout = min(m.patience(), 30*time.Second)
	cfg.DialFunc = dialer(m.patience() + m.patience()/4) // the server's statement_timeout speaks first, if it can
	cfg.RuntimeParams["application_name"] = "xenon migrate"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connect to the %s: %w", side, reachable(err))
	}
	set := session + more + fmt.Sprintf("set statement_timeout = '%dms';", m.patience().Milliseconds())
	if err := run(ctx, conn, set); err != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("set up the connection to the %s: %w", side, err)
	}
	return conn, nil
}

// reachable keeps pgx from telling user and host of a failed connection, and keeps its kind.
func reachable(err error) error {
	if pg.Classify(err) == pg.Rejected {
		return fmt.Errorf("%w: %w", ErrRefused, pg.Explain(err))
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e
	}
	return fmt.Errorf("%w: no connection", ErrUnavailable)
}

func (m *Import) source(ctx context.Context) (*pgx.Conn, error) {
	return m.connect(ctx, "source", m.From, "set default_transaction_read_only = on;")
}

func (m *Import) target(ctx context.Context, more string) (*pgx.Conn, error) {
	if m.Schema != "" && m.Schema != tables.Public { // the direct host keeps this setting; poolers are refused
		more = "set search_path = " + quote(m.Schema) + ";" + more
	}
	return m.connect(ctx, "target", m.To, more)
}

// run sends statements in one trip.
func run(ctx context.Context, db *pgx.Conn, sql string) error {
	_, err := db.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

// ask1 sends statements in one trip, and reads the numbers that the last of them yields.
func ask1(ctx context.Context, db *pgx.Conn, sql string, into ...*int64) error {
	results, err := db.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return err
	}
	rows := results[len(results)-1].Rows
	if len(rows) != 1 || len(rows[0]) != len(into) {
		return fmt.Errorf("%d rows, not one of %d numbers", len(rows), len(into))
	}
	for i, n := range into {
		if *n, err = strconv.ParseInt(string(rows[0][i]), 10, 64); err != nil {
			return err
		}
	}
	return nil
}

func closed(db *pgx.Conn) {
	if db != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = db.Close(ctx)
	}
}

// pump streams the rows of a query at the source into a table of the target.
func pump(ctx context.Context, src, dst *pgx.Conn, query, into string) error {
	in, out := io.Pipe()
	buffered := bufio.NewWriterSize(out, 1<<16) // pgx hands over row by row; a pipe wants more at once
	read := make(chan error, 1)
	go func() {
		_, err := src.PgConn().CopyTo(ctx, buffered, "copy ("+query+") to stdout (format binary)")
		if err == nil {
			err = buffered.Flush()
		}
		_ = out.CloseWithError(err)
		read <- err
	}()
	_, err := dst.PgConn().CopyFrom(ctx, in, "copy "+into+" from stdin (format binary)")
	_ = in.CloseWithError(err)
	if readErr := <-read; readErr != nil && !errors.Is(readErr, err) && !errors.Is(readErr, io.ErrClosedPipe) {
		return fmt.Errorf("read from the source: %w", readErr)
	}
	if err != nil {
		return fmt.Errorf("write to the target: %w", err)
	}
	return nil
}

// SQLSTATEs that are treated each in its own way.
const (
	timedOut = "57014"
	diskFull = "53100"
	noGrant  = "42501"
	readOnly = "25006"
)

// Kinds of trouble, by what helps against it.
type trouble int

const (
	fatal     trouble = iota // a person has to do something
	transient                // waiting helps
	data                     // a row is to blame
)

func kindOf(err error) trouble {
	e, ok := errors.AsType[*pgconn.PgError](err)
	kind := pg.Classify(err)
	switch {
	case errors.Is(err, ErrRefused), errors.Is(err, ErrHeld), errors.Is(err, ErrNoRun), errors.Is(err, errRuled), errors.Is(err, context.Canceled), errors.As(err, new(gaveUp)):
		return fatal
	case !ok && kind != pg.Rejected:
		return transient // the connection broke, or the network swallowed it
	case ok && slices.Contains([]string{diskFull, readOnly, noGrant, "42P01", "3F000"}, e.Code): // the last two: no table
		return fatal
	case kind == pg.Broken, kind == pg.Transient:
		return transient
	case kind == pg.Canceled: // a smaller piece may do
		return data
	case ok && slices.Contains([]string{"22", "23", "54", "P0"}, e.Code[:min(2, len(e.Code))]):
		return data
	}
	return fatal
}

// inWords says what to do about an error that waiting does not cure.
func inWords(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case errors.Is(err, ErrRefused):
		return err
	case pg.Classify(err) == pg.Rejected:
		return fmt.Errorf("%w: %w", ErrRefused, pg.Explain(err))
	case !ok:
		return err
	case e.Code == diskFull:
		return fmt.Errorf("%w: a database's disk is full: make room there, or give it more, and run again; what is done stays done: %w", ErrRefused, err)
	case e.Code == readOnly:
		return fmt.Errorf("%w: a database takes no writes: its disk is full, or the URL leads to a replica; correct that and run again; what is done stays done: %w", ErrRefused, err)
	case e.Code == noGrant && strings.Contains(e.Message, "row-level security"):
		return fmt.Errorf("%w: row security hides rows from this role: use the role postgres, or one with BYPASSRLS: %w", ErrRefused, err)
	case e.Code == noGrant:
		return fmt.Errorf("%w: this role lacks a grant: %w", ErrRefused, err)
	}
	return err
}

// gaveUp is the error of a database that did not come back. It is ErrUnavailable.
type gaveUp struct{ err error }

func (g gaveUp) Error() string {
	return fmt.Sprintf("%v, tried %d times: %v", ErrUnavailable, tries, g.err)
}
func (g gaveUp) Unwrap() []error { return []error{ErrUnavailable, g.err} }

// tries of what waiting may cure, with about half a minute of waiting between the first and the last.
const tries = 10

// again calls f until it works, the trouble is not transient, or the tries are used up. It tells what it waits for.
func (m *Import) again(ctx context.Context, f func() error) error {
	wait := 200 * time.Millisecond
	for try := 1; ; try++ {
		err := f()
		switch {
		case err == nil:
			return nil
		case kindOf(err) != transient, ctx.Err() != nil:
			return inWords(err)
		case try == tries:
			return gaveUp{err}
		}
		pause := rand.N(wait) + wait/4 //nolint:gosec // jitter, not a secret
		m.tell(Event{Action: "wait", Waiting: fmt.Sprintf("%s; try %d of %d in %v", ErrorText(err), try+1, tries, pause.Round(100*time.Millisecond))})
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
		wait = min(2*wait, 10*time.Second)
	}
}
