package migrations

import (
	"context"
	_ "embed" // optional/user_metadata.sql
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/pg"
	"github.com/xenon-auth/xenon/shared/schema"
)

// MetadataFile is the name of the file that AddMetadata runs, below optional/.
const MetadataFile = "user_metadata.sql"

//go:embed optional/user_metadata.sql
var addMetadata string

// optionalLockTimeout is how long AddMetadata and SwitchEvents wait for the lock on a table. While they wait, requests
// that use the table wait behind them.
const optionalLockTimeout = 5 * time.Second

// AddMetadata adds the columns "userMetadata" and "appMetadata" to the table "user" in a schema of the database at url,
// in one transaction. It reports whether a column was missing. Call it after UpIn, with the URL of the direct host.
func AddMetadata(ctx context.Context, url, name string) (added bool, err error) {
	err = withSchema(ctx, url, name, func(conn *pgx.Conn) error {
		if err := useSchema(ctx, conn, name); err != nil {
			return err
		}
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			had, err := hasMetadata(ctx, tx, name)
			if err != nil {
				return err
			}
			timeout := fmt.Sprintf("SET LOCAL lock_timeout = %d", optionalLockTimeout.Milliseconds())
			if _, err := tx.Exec(ctx, timeout); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, addMetadata); err != nil {
				return explainLock(err, `the table "user"`, optionalLockTimeout)
			}
			added = !had
			return nil
		})
	})
	if err != nil {
		return false, fmt.Errorf("add the columns for metadata: %w", pg.Explain(err))
	}
	return added, nil
}

// HasMetadata reports whether the table "user" in a schema of the database at url has both columns of AddMetadata. It
// changes nothing.
func HasMetadata(ctx context.Context, url, name string) (has bool, err error) {
	err = withSchema(ctx, url, name, func(conn *pgx.Conn) error {
		has, err = hasMetadata(ctx, conn, name)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for the columns for metadata: %w", pg.Explain(err))
	}
	return has, nil
}

// HasMovedTables reports whether `xenon migrate tables` has moved tables into the database at url. What it has made
// then depends on the columns that the table "user" had.
func HasMovedTables(ctx context.Context, url, name string) (has bool, err error) {
	err = withSchema(ctx, url, name, func(conn *pgx.Conn) error {
		err := conn.QueryRow(ctx, "SELECT to_regclass('supabase_import.move') IS NOT NULL").Scan(&has)
		if err != nil || !has {
			return err
		}
		return conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM supabase_import.move)").Scan(&has)
	})
	if err != nil {
		return false, fmt.Errorf("look for moved tables: %w", pg.Explain(err))
	}
	return has, nil
}

// withSchema calls f with a connection on which unqualified names resolve to the schema.
func withSchema(ctx context.Context, url, name string, f func(*pgx.Conn) error) error {
	config, err := connectionConfig(url, name)
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // every statement has returned its error
	return f(conn)
}

// hasMetadata reports whether both columns exist, whatever their types are. It returns false if there is no table.
func hasMetadata(ctx context.Context, db interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}, name string,
) (has bool, err error) {
	table := pgx.Identifier{"user"}
	if name != schema.Public {
		table = pgx.Identifier{name, "user"}
	}
	err = db.QueryRow(ctx, `
		SELECT count(*) = 2
		FROM pg_attribute
		WHERE attrelid = to_regclass($1) AND attname IN ('userMetadata', 'appMetadata') AND NOT attisdropped`,
		table.Sanitize()).Scan(&has)
	return has, err
}

// explainLock adds the cause to the error that another session holds a lock on the tables for too long. It adds
// Postgres' hint to another error.
func explainLock(err error, tables string, timeout time.Duration) error {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == "55P03" { // lock_not_available
		return fmt.Errorf("a transaction of another session uses %s for more than %v: %w", tables, timeout, err)
	}
	return withHint(err)
}
