package store

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/xenon-auth/xenon/shared/pg"
)

// signInLock is a statement that locks the sign-ins of a user, and its argument.
type signInLock struct{ sql, arg string }

// lockSignInsSQL is the end of a statement that begins with the CTE u, the id of a user, and locks this user. It waits
// for sign-ins of the user that are being stored: they have locked the user, the password account, or the row of a
// sign-in that waits for the second factor. The counts are there because Postgres does not run a CTE that the statement
// does not use.
const lockSignInsSQL = `
			FOR NO KEY UPDATE
		), locked_accounts AS (
			SELECT a.id FROM account a
			JOIN u ON ` + isPasswordAccountSQL + `
			FOR NO KEY UPDATE OF a
		), locked_challenges AS (
			SELECT v.id FROM verification v
			JOIN u ON ` + isLinkOfUserSQL + `
			FOR NO KEY UPDATE OF v
		)
		SELECT id FROM u
		WHERE (SELECT count(*) FROM locked_accounts) + (SELECT count(*) FROM locked_challenges) >= 0`

func lockSignInsOfUser(id string) signInLock {
	return signInLock{`
		WITH u AS (
			SELECT id FROM "user" WHERE id = $1::uuid` + lockSignInsSQL, id}
}

func lockSignInsOfEmail(email string) signInLock {
	return signInLock{`
		WITH u AS (
			SELECT id FROM "user" WHERE email = $1` + lockSignInsSQL, email}
}

// lockSignInsOfUnprovedEmail locks nothing if the email is verified.
func lockSignInsOfUnprovedEmail(email string) signInLock {
	return signInLock{`
		WITH u AS (
			SELECT id FROM "user" WHERE email = $1 AND NOT "emailVerified"` + lockSignInsSQL, email}
}

// lockSignInsOfLink is for the user of the mailed link with the identifier.
func lockSignInsOfLink(identifier string) signInLock {
	return signInLock{`
		WITH u AS (
			SELECT id FROM "user"
			WHERE id = (
				SELECT left(value, 36)::uuid FROM verification WHERE identifier = $1 ORDER BY "createdAt" DESC LIMIT 1
			)` + lockSignInsSQL, identifier}
}

// writeAfterSignIns runs a statement that ends the sessions of a user. read reads its rows.
//
// A sign-in of the same user can be in progress, for example with the old password. The statement would wait for its
// lock, but would not see its session, because Postgres gives a statement the rows that were there when it began. So
// another statement waits for the lock first. Both are one transaction and one round trip. They are not repeated after
// they were sent, because pgx does not tell whether a batch has run.
func (s *Store) writeAfterSignIns(
	ctx context.Context, lock signInLock, read func(pgx.Rows) error, sql string, args ...any,
) error {
	if err := s.FlushCharges(ctx); err != nil {
		return err
	}
	batch := &pgx.Batch{}
	batch.Queue(s.complete(lock.sql), lock.arg)
	batch.Queue(s.complete(sql), convertTimesToUTC(args)...).Query(read)
	isSent := false
	try := func(ctx context.Context, c *pgxpool.Conn) error {
		for _, each := range batch.QueuedQueries {
			if err := s.prepareIfFrequent(ctx, c.Conn(), each.SQL); err != nil {
				return err
			}
		}
		isSent = true
		return c.SendBatch(ctx, batch).Close()
	}
	err := s.withConn(ctx, try)
	if err != nil && (s.resetPoolIfPreparedLost(err) || !isSent && pg.IsUnsent(err)) && ctx.Err() == nil {
		err = s.withConn(ctx, try)
	}
	return err
}

// writeRowAfterSignIns is writeAfterSignIns for a statement that returns one row. It returns ErrNotFound if there is
// none.
func writeRowAfterSignIns[T any](
	ctx context.Context, s *Store, lock signInLock, scan pgx.RowToFunc[T], sql string, args ...any,
) (out T, err error) {
	err = s.writeAfterSignIns(ctx, lock, func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectOneRow(rows, scan)
		return err
	}, sql, args...)
	return out, err
}

// execAfterSignIns is writeAfterSignIns for a statement that returns no rows.
func (s *Store) execAfterSignIns(ctx context.Context, lock signInLock, sql string, args ...any) error {
	return s.writeAfterSignIns(ctx, lock, func(rows pgx.Rows) error {
		rows.Close()
		return rows.Err()
	}, sql, args...)
}
