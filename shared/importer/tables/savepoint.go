package tables

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// openSavepoint opens the savepoint to which try returns.
func openSavepoint(ctx context.Context, tx *pgx.Conn) error {
	return run.Exec(ctx, tx, "SAVEPOINT object")
}

// try executes statements in one round trip, after openSavepoint. If Postgres rejects them, it undoes them alone and
// returns the rejection.
func try(ctx context.Context, tx *pgx.Conn, sql string) (rejection *pgconn.PgError, err error) {
	_, rejection, err = tryCounting(ctx, tx, sql)
	return rejection, err
}

// tryCounting is like try, and also returns the number of rows that the first statement affected.
func tryCounting(ctx context.Context, tx *pgx.Conn, sql string) (n int64, rejection *pgconn.PgError, err error) {
	sql = strings.TrimSuffix(sql, ";") + ";\nRELEASE SAVEPOINT object;\nSAVEPOINT object"
	results, err := tx.PgConn().Exec(ctx, sql).ReadAll()
	if err == nil {
		n = results[0].CommandTag.RowsAffected()
	}
	e, rejected := errors.AsType[*pgconn.PgError](err)
	if err == nil || !rejected || run.CauseOf(err) == run.Transient {
		return n, nil, err
	}
	return 0, e, run.Exec(ctx, tx, "ROLLBACK TO SAVEPOINT object")
}
