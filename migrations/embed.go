// Package migrations holds the schema as numbered SQL files and applies them.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/xenon-auth/xenon/shared/pg"
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

// Up applies what the database at url lacks, each file in a transaction of its own, and returns the names of the files it
// applied, also when a later one failed. Callers anywhere may overlap: one works, the others wait. The url has to be of the
// direct host: what a migration sets on its connection must not go to whom a pooler hands it next.
func Up(ctx context.Context, url string) ([]string, error) {
	var names []string
	err := with(url, func(p *goose.Provider) error {
		if err := p.Ping(ctx); err != nil {
			return err
		}
		results, err := p.Up(ctx)
		if partial := (*goose.PartialError)(nil); errors.As(err, &partial) {
			results, err = partial.Applied, fmt.Errorf("%s: %w", path.Base(partial.Failed.Source.Path), explain(partial.Err))
		}
		for _, r := range results {
			names = append(names, path.Base(r.Source.Path))
		}
		return err
	})
	if err != nil {
		return names, fmt.Errorf("apply migrations: %w", err)
	}
	return names, nil
}

// Status lists every migration and when the database at url got it.
func Status(ctx context.Context, url string) ([]Migration, error) {
	var all []Migration
	err := with(url, func(p *goose.Provider) error {
		found, err := p.Status(ctx)
		for _, m := range found {
			all = append(all, Migration{Version: m.Source.Version, Name: path.Base(m.Source.Path), AppliedAt: m.AppliedAt})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read which migrations are applied: %w", err)
	}
	return all, nil
}

func with(url string, do func(*goose.Provider) error) error {
	config, err := pg.Parse(url)
	if err != nil {
		return fmt.Errorf("the database URL %w", err)
	}
	// The lock is a row with a lease, not an advisory lock: one of those stays behind with a session that nobody ends.
	silent := slog.New(slog.DiscardHandler)
	locker, err := lock.NewPostgresTableLocker(
		lock.WithTableLockTimeout(250*time.Millisecond, 1200), // five minutes
		lock.WithTableRetryPolicy(held),
		lock.WithTableLogger(silent),
	)
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*config)
	defer db.Close() //nolint:errcheck // every statement has reported by then
	p, err := newProvider(db, locker, silent)
	if err != nil {
		return err
	}
	return pg.Explain(do(p))
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
