package run

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/pg"
	tables "github.com/xenon-auth/xenon/shared/schema"
)

// sessionSettings has the settings of every connection: source and target write times and numbers as the same text, a
// query fails if row security would hide rows, and no query uses parallel workers, which would take CPU time from the
// application.
const sessionSettings = `
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
SET standard_conforming_strings = on;
SET row_security = off;
SET jit = off;
SET max_parallel_workers_per_gather = 0;
SET lock_timeout = '30s';
SET idle_in_transaction_session_timeout = '10min';
`

// WorkerSession has the settings of the connections to the target that process batches. A commit does not wait for the
// disk: a crash of the target can lose a batch together with its ledger entries, and then the import copies the batch
// again. ClosePass and FinishRollback wait for the disk. A batch of the default size is staged in memory. The trigger
// of user_profile does not overwrite updated_at, so that profiles keep the value of the source
// (migrations/0004_user_profile_import.sql). The triggers on "user" that xenon migrate tables makes do not fire
// (package usertriggers).
const WorkerSession = `
SET synchronous_commit = off;
SET temp_buffers = '32MB';
SET xenon.keep_updated_at = 'on';
SET xenon.importing = 'on';
`

// NoNestedLoop is the setting for joins of two ranges of UUIDs. Postgres estimates the number of ids in such a range
// badly, and a nested loop over the join takes seconds for a batch.
const NoNestedLoop = "SET enable_nestloop = off;\n"

// CheckURL returns an error if a database URL cannot be used for an import. The error contains no password.
func CheckURL(url string) error {
	_, err := parseURL(url)
	return err
}

// parseURL parses a database URL and returns an error for a pooler that does not keep a session.
func parseURL(url string) (*pgx.ConnConfig, error) {
	c, err := pg.Parse(url)
	if err != nil {
		return nil, fmt.Errorf("%w: the database URL %w", ErrRefused, err)
	}
	for _, f := range append([]*pgconn.FallbackConfig{{Host: c.Host, Port: c.Port}}, c.Fallbacks...) {
		switch {
		case strings.Contains(f.Host, "-pooler.") && strings.HasSuffix(f.Host, ".neon.tech"):
			return nil, fmt.Errorf("%w: %s is Neon's pooler, which does not keep temporary tables and settings; "+
				"use the direct host, without -pooler", ErrRefused, f.Host)
		case f.Port == 6543:
			return nil, fmt.Errorf("%w: port 6543 is Supabase's transaction pooler; "+
				"use the session pooler or the direct host, port 5432", ErrRefused)
		}
	}
	return c, nil
}

// Source connects to the source. The connection is read-only.
func (e *Env) Source(ctx context.Context) (*pgx.Conn, error) {
	return e.connect(ctx, "source", e.From, "SET default_transaction_read_only = on;\n")
}

// Target connects to the target. more has further statements that set up the session. Changes in the session write no
// events (docs/events.md).
func (e *Env) Target(ctx context.Context, more string) (*pgx.Conn, error) {
	more = "SET xenon.events = 'off';\n" + more
	// These settings stay for the whole connection, because parseURL rejects transaction poolers.
	if e.Schema != "" && e.Schema != tables.Public {
		more = "SET search_path = " + mapping.Quote(e.Schema) + ";\n" + more
	}
	return e.connect(ctx, "target", e.To, more)
}

// connect returns an unused connection (KeepConnections) or opens one. If the server cannot be reached, the error is
// ErrUnavailable. No error contains the URL.
func (e *Env) connect(ctx context.Context, database, url, more string) (*pgx.Conn, error) {
	settings := sessionSettings + more + fmt.Sprintf("SET statement_timeout = '%dms';", e.timeout().Milliseconds())
	if conn := e.take(ctx, database); conn != nil {
		if Exec(ctx, conn, settings) == nil {
			return conn, nil
		}
		Close(conn)
	}
	conn, err := e.dial(ctx, database, url)
	if err != nil {
		return nil, err
	}
	if err := Exec(ctx, conn, settings); err != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("set up the connection to the %s: %w", database, err)
	}
	return conn, nil
}

// dial opens a connection with the settings of the server.
func (e *Env) dial(ctx context.Context, database, url string) (*pgx.Conn, error) {
	cfg, err := parseURL(url)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", database, err)
	}
	cfg.ConnectTimeout = min(e.timeout(), 30*time.Second)
	cfg.DialFunc = dialerWithTimeout(e.timeout() + e.timeout()/4) // longer than statement_timeout, which then acts first
	cfg.RuntimeParams["application_name"] = "xenon migrate"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connect to the %s: %w", database, withoutHost(err))
	}
	return conn, nil
}

// withoutHost removes user and host from an error of pgx about a connection. If the server rejected the connection, it
// adds advice.
func withoutHost(err error) error {
	if pg.Classify(err) == pg.LoginRejected {
		return fmt.Errorf("%w: %w", ErrRefused, pg.Explain(err))
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e
	}
	return fmt.Errorf("%w: no connection", ErrUnavailable)
}

// Close closes a connection, which can be nil. It waits for one second at most.
func Close(db *pgx.Conn) {
	if db != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = db.Close(ctx)
	}
}

// Exec sends one or more statements in one round trip.
func Exec(ctx context.Context, db *pgx.Conn, sql string) error {
	_, err := db.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

// ExecCounting sends one or more statements in one round trip and returns the number of rows that they affected.
func ExecCounting(ctx context.Context, db *pgx.Conn, sql string) (n int64, err error) {
	results, err := db.PgConn().Exec(ctx, sql).ReadAll()
	for _, r := range results {
		n += r.CommandTag.RowsAffected()
	}
	return n, err
}

// QueryNumbers sends statements in one round trip and reads the numbers in the only row of the last statement.
func QueryNumbers(ctx context.Context, db *pgx.Conn, sql string, into ...*int64) error {
	results, err := db.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return err
	}
	rows := results[len(results)-1].Rows
	if len(rows) != 1 || len(rows[0]) != len(into) {
		return fmt.Errorf("got %d rows, want one row of %d numbers", len(rows), len(into))
	}
	for i, n := range into {
		if *n, err = strconv.ParseInt(string(rows[0][i]), 10, 64); err != nil {
			return err
		}
	}
	return nil
}

// QueryTexts returns the values of the only column of a query. The result is nil only if there is an error.
func QueryTexts(ctx context.Context, db *pgx.Conn, sql string, args ...any) ([]string, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if texts == nil {
		texts = []string{}
	}
	return texts, err
}

// Sum is a number of rows and the sum of their hashes.
type Sum struct {
	Rows int64
	Sum  string
}

// QuerySums reads a query with the columns name, number of rows and sum. It returns the sums by name.
func QuerySums(ctx context.Context, db *pgx.Conn, sql string) (map[string]Sum, error) {
	rows, err := db.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	sums := map[string]Sum{}
	var name string
	var s Sum
	_, err = pgx.ForEachRow(rows, []any{&name, &s.Rows, &s.Sum}, func() error { sums[name] = s; return nil })
	return sums, err
}
