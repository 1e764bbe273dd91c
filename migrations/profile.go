package migrations

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/pg"
	"github.com/xenon-auth/xenon/shared/profilefields"
)

// profileLockTimeout is how long ChangeProfile waits for the lock on the table user_profile.
const profileLockTimeout = 5 * time.Second

// ProfileChange is the difference between the table user_profile and the declared fields of the profile.
type ProfileChange struct {
	Statements []string // the SQL that makes the table fit, in its order
	Undeclared []string // columns that no field declares; they keep their data
	NoTable    bool     // the migration that creates the table is pending
}

// ProfileError lists why the table user_profile cannot get the declared fields. Nothing was changed.
type ProfileError struct{ Problems []string }

// Error lists the problems, one a line.
func (e *ProfileError) Error() string {
	text := "the table user_profile cannot get the declared fields:"
	for _, p := range e.Problems {
		text += "\n  - " + p
	}
	return text
}

// ChangeProfile makes the table user_profile in a schema of the database at url fit the fields, in one transaction. It
// adds columns, and replaces constraints and defaults; it drops no column. It returns what it has changed. If rows have
// values that the fields do not allow, the error is a *ProfileError, and nothing was changed. Call it after UpIn, with
// the URL of the direct host.
func ChangeProfile(
	ctx context.Context, url, name string, fields profilefields.Fields,
) (change ProfileChange, err error) {
	err = withProfileTransaction(ctx, url, name, pgx.ReadWrite, func(tx pgx.Tx) error {
		// A second call waits here and then finds nothing to do.
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtext('xenon: user_profile'))"); err != nil {
			return err
		}
		if change, err = planProfile(ctx, tx, name, fields); err != nil || len(change.Statements) == 0 {
			return err
		}
		timeout := fmt.Sprintf("SET LOCAL lock_timeout = %d", profileLockTimeout.Milliseconds())
		for _, sql := range slices.Concat([]string{timeout}, change.Statements) {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return fmt.Errorf("%s: %w", sql, explainLock(err, `the table "user_profile"`, profileLockTimeout))
			}
		}
		return nil
	})
	return change, err
}

// PlanProfile returns what ChangeProfile would change. It changes nothing. Before the migration that creates the table,
// it returns no change.
func PlanProfile(
	ctx context.Context, url, name string, fields profilefields.Fields,
) (change ProfileChange, err error) {
	err = withProfileTransaction(ctx, url, name, pgx.ReadOnly, func(tx pgx.Tx) error {
		change, err = planProfile(ctx, tx, name, fields)
		return err
	})
	return change, err
}

// withProfileTransaction calls f with a transaction on a connection of its own.
func withProfileTransaction(
	ctx context.Context, url, name string, mode pgx.TxAccessMode, f func(pgx.Tx) error,
) error {
	err := withSchema(ctx, url, name, func(conn *pgx.Conn) error {
		return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{AccessMode: mode}, f)
	})
	if err != nil {
		return fmt.Errorf("compare the table user_profile with the fields of the profile: %w", pg.Explain(err))
	}
	return nil
}
