// Package migrations has the database schema as numbered SQL files and applies them.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/xenon-auth/xenon/shared/pg"
	"github.com/xenon-auth/xenon/shared/schema"
)

// Files has the migrations, named NNNN_name.sql and applied in that order. A deployed file is never edited. To change
// the schema, add a new file. Code and schema do not change at the same moment: first add a column, then deploy the
// code that uses it; remove a column in a later file.
//
//go:embed *.sql
var Files embed.FS

// BetterAuthVersion is the version of Better Auth whose tables the files create.
const BetterAuthVersion = "1.7.25"

// Migration is one of the files, with the time when it was applied to a database.
type Migration struct {
	Version   int64
	Name      string    // name of the file
	AppliedAt time.Time // zero if pending
}

// Pending reports whether the migration has not been applied yet.
func (m Migration) Pending() bool { return m.AppliedAt.IsZero() }

// Up is UpIn for the schema public.
func Up(ctx context.Context, url string) ([]string, error) { return UpIn(ctx, url, schema.Public) }

// UpIn applies the pending migrations to a schema of the database at url, each file in its own transaction. It returns
// the names of the files that it applied, even if a later file failed. It creates the schema if there is none. It
// checks the existing tables before and after; if the check before returns a *schema.Error or a *NewerError, nothing
// was applied.
// Concurrent calls wait for each other. The url must be that of the direct host, because a pooler would keep the
// settings of this connection for other clients.
func UpIn(ctx context.Context, url, name string) ([]string, error) {
	names, err := applyAndCheck(ctx, url, name)
	if err != nil {
		return names, fmt.Errorf("apply migrations: %w", pg.Explain(err))
	}
	return names, nil
}

func applyAndCheck(ctx context.Context, url, name string) (names []string, err error) {
	config, err := connectionConfig(url, name)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx) //nolint:errcheck // every statement has returned its error
	if err := useSchema(ctx, conn, name); err != nil {
		return nil, err
	}
	if _, err := checkSchema(ctx, conn, name); err != nil {
		return nil, err
	}
	if names, err = applyPending(ctx, config); err != nil {
		return names, err
	}
	_, err = checkSchema(ctx, conn, name)
	return names, err
}

// applyPending applies the pending files, and returns the names of those that it applied.
func applyPending(ctx context.Context, config *pgx.ConnConfig) (names []string, err error) {
	// The lock is a row with a lease. With a pooler, an advisory lock could stay after the migration ends, because the
	// pooler keeps the session (ADR 0005).
	silent := slog.New(slog.DiscardHandler)
	locker, err := lock.NewPostgresTableLocker(
		lock.WithTableLockTimeout(250*time.Millisecond, 1200), // 1,200 times 250 ms are five minutes
		lock.WithTableRetryPolicy(isLockHeld),
		lock.WithTableLogger(silent),
	)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*config)
	defer db.Close() //nolint:errcheck // every statement has returned its error
	p, err := newProvider(db, locker, silent)
	if err != nil {
		return nil, err
	}
	results, err := p.Up(ctx)
	if partial := (*goose.PartialError)(nil); errors.As(err, &partial) {
		results, err = partial.Applied, fmt.Errorf("%s: %w", path.Base(partial.Failed.Source.Path), withHint(partial.Err))
	}
	for _, r := range results {
		names = append(names, path.Base(r.Source.Path))
	}
	return names, err
}

// Grant gives an existing role the privileges that requests need on the tables in a schema. See schema.Grant.
func Grant(ctx context.Context, url, name, role string) error {
	config, err := connectionConfig(url, name)
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return pg.Explain(err)
	}
	defer conn.Close(ctx) //nolint:errcheck // every statement has returned its error
	return schema.Grant(ctx, conn, name, role)
}

// Status is StatusIn for the schema public.
func Status(ctx context.Context, url string) ([]Migration, error) {
	return StatusIn(ctx, url, schema.Public)
}

// StatusIn lists every migration and when it was applied to a schema of the database at url. If the tables do not
// match those that Xenon needs, the error is a *schema.Error, and the list is complete. StatusIn changes nothing.
func StatusIn(ctx context.Context, url, name string) ([]Migration, error) {
	config, err := connectionConfig(url, name)
	if err != nil {
		return nil, fmt.Errorf("read which migrations are applied: %w", err)
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("read which migrations are applied: %w", pg.Explain(err))
	}
	defer conn.Close(ctx) //nolint:errcheck // it was only used to read
	all, err := checkSchema(ctx, conn, name)
	if err != nil {
		return all, fmt.Errorf("read which migrations are applied: %w", err)
	}
	return all, nil
}

// NewerError means that the schema has migrations that this release does not know: a newer release applied them, or
// another program that uses goose has its table goose_db_version in the same schema.
type NewerError struct {
	Unknown []int64 // the versions of these migrations, ascending
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("the schema has migrations that this release does not know: %v", e.Unknown)
}

// checkSchema lists the migrations, and compares the tables with those that Xenon needs. Columns of a pending migration
// may be missing. If the tables match, it also looks for rows that a pending migration rejects.
func checkSchema(ctx context.Context, conn *pgx.Conn, name string) ([]Migration, error) {
	at, err := readAppliedTimes(ctx, conn, name)
	if err != nil {
		return nil, err
	}
	all, err := listMigrations(at)
	if err != nil {
		return nil, err
	}
	if unknown := unknownVersions(at, all); len(unknown) > 0 {
		return all, &NewerError{unknown}
	}
	err = schema.CheckTables(ctx, conn, name, func(version int64) bool { return !at[version].IsZero() })
	if err == nil && at[uniqueAccountsMigration].IsZero() {
		err = checkDuplicates(ctx, conn, name)
	}
	return all, err
}

// unknownVersions returns the versions that are applied but not in the list. goose itself adds version 0.
func unknownVersions(at map[int64]time.Time, all []Migration) (unknown []int64) {
	for _, version := range slices.Sorted(maps.Keys(at)) {
		isKnown := slices.ContainsFunc(all, func(m Migration) bool { return m.Version == version })
		if version != 0 && !isKnown {
			unknown = append(unknown, version)
		}
	}
	return unknown
}

// readAppliedTimes reads when each migration was applied, by version.
func readAppliedTimes(ctx context.Context, conn *pgx.Conn, name string) (map[int64]time.Time, error) {
	const table = "goose_db_version"
	versions := pgx.Identifier{table}.Sanitize()
	if name != schema.Public {
		versions = pgx.Identifier{name, table}.Sanitize()
	}
	var there bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", versions).Scan(&there); err != nil || !there {
		return nil, err
	}
	rows, err := conn.Query(ctx, "SELECT version_id, tstamp FROM "+versions+" WHERE is_applied")
	if err != nil {
		return nil, err
	}
	at := map[int64]time.Time{}
	var version int64
	var applied time.Time
	_, err = pgx.ForEachRow(rows, []any{&version, &applied}, func() error {
		at[version] = applied
		return nil
	})
	return at, err
}

// List returns all migrations in order, without the times when they were applied.
func List() ([]Migration, error) { return listMigrations(nil) }

// listMigrations returns the files in order. The map `at` has, by version, the time when a file was applied.
func listMigrations(at map[int64]time.Time) ([]Migration, error) {
	names, err := fs.Glob(Files, "*.sql")
	if err != nil {
		return nil, err
	}
	all := make([]Migration, len(names))
	for i, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, err
		}
		all[i] = Migration{Version: version, Name: name, AppliedAt: at[version]}
	}
	return all, nil
}

// connectionConfig returns the configuration of a connection on which unqualified names resolve to the schema.
func connectionConfig(url, name string) (*pgx.ConnConfig, error) {
	config, err := pg.Parse(url)
	if err != nil {
		return nil, fmt.Errorf("the database URL %w", err)
	}
	config.RuntimeParams["timezone"] = "UTC"
	if name != schema.Public {
		config.RuntimeParams["search_path"] = pgx.Identifier{name}.Sanitize()
	}
	return config, nil
}

// useSchema creates the schema if there is none, and checks that unqualified names resolve to it.
func useSchema(ctx context.Context, conn *pgx.Conn, name string) error {
	if name == schema.Public {
		return nil
	}
	quoted := pgx.Identifier{name}.Sanitize()
	var exists bool // IF NOT EXISTS alone would require the privilege to create schemas even if the schema exists
	if err := conn.QueryRow(ctx, "SELECT to_regnamespace($1) IS NOT NULL", quoted).Scan(&exists); err != nil {
		return err
	}
	if !exists {
		if _, err := conn.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+quoted); err != nil {
			return fmt.Errorf("create the schema %s: %w", name, err)
		}
	}
	var current string
	if err := conn.QueryRow(ctx, "SELECT current_schema()::text").Scan(&current); err != nil {
		return err
	}
	if current != name {
		return fmt.Errorf("unqualified names on this connection resolve to the schema %s, not %s: "+
			"use the direct host of the database, not its pooler", current, name)
	}
	return nil
}

func newProvider(db *sql.DB, locker lock.Locker, log *slog.Logger) (*goose.Provider, error) {
	return goose.NewProvider(goose.DialectPostgres, db, Files, goose.WithLocker(locker), goose.WithSlog(log),
		goose.WithDisableGlobalRegistry(true))
}

// isLockHeld reports whether an error of the locker means that another process has the lock, so that it has to try
// again. It returns false for an error of Postgres or of the connection.
func isLockHeld(err error) bool {
	var refused *pgconn.PgError
	var unreachable *pgconn.ConnectError
	return !errors.As(err, &refused) && !errors.As(err, &unreachable)
}

// withHint adds Postgres' hint, which the text of its error does not contain.
func withHint(err error) error {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Hint != "" {
		return fmt.Errorf("%w: %s", err, refused.Hint)
	}
	return err
}
