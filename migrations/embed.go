// Package migrations holds the schema as numbered SQL files and applies them.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/xenon-auth/xenon/shared/pg"
	"github.com/xenon-auth/xenon/shared/schema"
)

// Files are the migrations, named NNNN_what.sql and applied in that order. What was deployed is never edited: a change is a
// new file, in the order add, deploy, then remove, because code and schema do not change in the same second.
//
//go:embed *.sql
var Files embed.FS

// BetterAuth is the version of the library whose tables the files make.
const BetterAuth = "1.7.25"

// Migration is one file and whether a database has it.
type Migration struct {
	Version   int64
	Name      string    // the file's
	AppliedAt time.Time // zero when pending
}

// Pending reports whether the database lacks the migration.
func (m Migration) Pending() bool { return m.AppliedAt.IsZero() }

// Up is UpIn for the schema public.
func Up(ctx context.Context, url string) ([]string, error) { return UpIn(ctx, url, schema.Public) }

// UpIn applies the migrations that a schema of the database at url lacks, each file in a transaction of its own, and
// returns the names of the files it applied, also when a later one failed. It makes the schema if there is none. Before
// and after, it checks the tables that are there; a *schema.Error before means that nothing was applied. Calls may
// overlap: one works, the others wait. The url has to be that of the direct host: a pooler would hand the settings of
// this connection to other clients.
func UpIn(ctx context.Context, url, name string) ([]string, error) {
	names, err := up(ctx, url, name)
	if err != nil {
		return names, fmt.Errorf("apply migrations: %w", pg.Explain(err))
	}
	return names, nil
}

func up(ctx context.Context, url, name string) (names []string, err error) {
	config, err := parse(url, name)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx) //nolint:errcheck // every statement has reported by then
	if err := enter(ctx, conn, name); err != nil {
		return nil, err
	}
	if _, err := check(ctx, conn, name); err != nil {
		return nil, err
	}
	if names, err = apply(ctx, config); err != nil {
		return names, err
	}
	_, err = check(ctx, conn, name)
	return names, err
}

// apply runs the files that are pending.
func apply(ctx context.Context, config *pgx.ConnConfig) (names []string, err error) {
	// The lock is a row with a lease, not an advisory lock: one of those stays behind with a session that nobody ends.
	silent := slog.New(slog.DiscardHandler)
	locker, err := lock.NewPostgresTableLocker(
		lock.WithTableLockTimeout(250*time.Millisecond, 1200), // five minutes
		lock.WithTableRetryPolicy(held),
		lock.WithTableLogger(silent),
	)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*config)
	defer db.Close() //nolint:errcheck // every statement has reported by then
	p, err := newProvider(db, locker, silent)
	if err != nil {
		return nil, err
	}
	results, err := p.Up(ctx)
	if partial := (*goose.PartialError)(nil); errors.As(err, &partial) {
		results, err = partial.Applied, fmt.Errorf("%s: %w", path.Base(partial.Failed.Source.Path), explain(partial.Err))
	}
	for _, r := range results {
		names = append(names, path.Base(r.Source.Path))
	}
	return names, err
}

// Grant gives an existing role what requests need of the tables in a schema, and no more. See schema.Grant.
func Grant(ctx context.Context, url, name, role string) error {
	config, err := parse(url, name)
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return pg.Explain(err)
	}
	defer conn.Close(ctx) //nolint:errcheck // every statement has reported by then
	return schema.Grant(ctx, conn, name, role)
}

// Status is StatusIn for the schema public.
func Status(ctx context.Context, url string) ([]Migration, error) {
	return StatusIn(ctx, url, schema.Public)
}

// StatusIn lists every migration and when a schema of the database at url got it. When the tables do not fit, the error
// is a *schema.Error, and the list is complete. It changes nothing.
func StatusIn(ctx context.Context, url, name string) ([]Migration, error) {
	config, err := parse(url, name)
	if err != nil {
		return nil, fmt.Errorf("read which migrations are applied: %w", err)
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("read which migrations are applied: %w", pg.Explain(err))
	}
	defer conn.Close(ctx) //nolint:errcheck // it was only asked something
	all, err := check(ctx, conn, name)
	if err != nil {
		return all, fmt.Errorf("read which migrations are applied: %w", err)
	}
	return all, nil
}

// check lists the migrations, and compares the tables with what Xenon needs. What a pending migration adds may be
// missing.
func check(ctx context.Context, conn *pgx.Conn, name string) ([]Migration, error) {
	at, err := appliedAt(ctx, conn, name)
	if err != nil {
		return nil, err
	}
	all, err := list(at)
	if err != nil {
		return nil, err
	}
	return all, schema.Check(ctx, conn, name, func(version int64) bool { return !at[version].IsZero() })
}

// appliedAt reads when each migration was applied.
func appliedAt(ctx context.Context, conn *pgx.Conn, name string) (map[int64]time.Time, error) {
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

// list is the files in order, with the time each was applied at.
func list(at map[int64]time.Time) ([]Migration, error) {
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

// parse makes the configuration of a connection on which unqualified names mean the schema.
func parse(url, name string) (*pgx.ConnConfig, error) {
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

// enter makes the schema, and makes sure that unqualified names mean it.
func enter(ctx context.Context, conn *pgx.Conn, name string) error {
	if name == schema.Public {
		return nil
	}
	var there bool // IF NOT EXISTS alone would ask for the right to make schemas, even where there is nothing to make
	if err := conn.QueryRow(ctx, "SELECT to_regnamespace($1) IS NOT NULL", pgx.Identifier{name}.Sanitize()).Scan(&there); err != nil {
		return err
	}
	if !there {
		if _, err := conn.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+pgx.Identifier{name}.Sanitize()); err != nil {
			return fmt.Errorf("make the schema %s: %w", name, err)
		}
	}
	var current string
	if err := conn.QueryRow(ctx, "SELECT current_schema()::text").Scan(&current); err != nil {
		return err
	}
	if current != name {
		return fmt.Errorf("names on this connection mean the schema %s, not %s: use the direct host of the database, not its pooler",
			current, name)
	}
	return nil
}

func newProvider(db *sql.DB, locker lock.Locker, log *slog.Logger) (*goose.Provider, error) {
	return goose.NewProvider(goose.DialectPostgres, db, Files, goose.WithLocker(locker), goose.WithSlog(log),
		goose.WithDisableGlobalRegistry(true))
}

// held tells a lock somebody else has, which is worth waiting for, from a database that refuses.
func held(err error) bool {
	var refused *pgconn.PgError
	var unreachable *pgconn.ConnectError
	return !errors.As(err, &refused) && !errors.As(err, &unreachable)
}

// explain adds the hint of the database, which its errors leave out.
func explain(err error) error {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Hint != "" {
		return fmt.Errorf("%w: %s", err, refused.Hint)
	}
	return err
}
