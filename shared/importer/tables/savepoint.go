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
	err = run.Exec(ctx, tx, strings.TrimSuffix(sql, ";")+";\nRELEASE SAVEPOINT object;\nSAVEPOINT object")
	e, rejected := errors.AsType[*pgconn.PgError](err)
	if err == nil || !rejected || run.CauseOf(err) == run.Transient {
		return nil, err
	}
	return e, run.Exec(ctx, tx, "ROLLBACK TO SAVEPOINT object")
}
