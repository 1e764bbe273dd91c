package store

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// redeem is the head of every statement that redeems a one-time value: $1 is its identifier, $2 the time. The newest row of
// the identifier is locked and deleted with its older siblings, so that of any number of racers one gets it; taken.good
// says that it was not expired. What is done for it follows in the same statement and so in the same transaction.
const redeem = `
	WITH newest AS (
		SELECT id, value, "createdAt", "expiresAt" FROM verification
		WHERE identifier = $1
		ORDER BY "createdAt" DESC
		LIMIT 1
		FOR UPDATE
	), taken AS (
		DELETE FROM verification v USING newest n
		WHERE v.identifier = $1 AND (v.id = n.id OR v."createdAt" <= n."createdAt")
		RETURNING v.id = n.id AND n."expiresAt" >= $2 AS good, n.value
	)`

// swept removes some rows that have expired by $2, if $3 says that it is time. Rows that somebody is redeeming are left.
const swept = `
	swept AS (
		DELETE FROM verification WHERE id IN (
			SELECT id FROM verification WHERE $3 AND "expiresAt" < $2 LIMIT 1000 FOR UPDATE SKIP LOCKED
		)
	)`

// broom says when to sweep: at most once a minute a process, as the library does.
type broom struct{ last atomic.Int64 }

func (b *broom) due(now time.Time) bool {
	last := b.last.Load()
	return now.UnixMilli()-last >= time.Minute.Milliseconds() && b.last.CompareAndSwap(last, now.UnixMilli())
}

// InsertVerification stores a one-time value under an identifier.
func (s *Store) InsertVerification(ctx context.Context, identifier, value string, expiresAt, at time.Time) error {
	_, err := s.exec(ctx, `
		INSERT INTO verification (identifier, value, "expiresAt", "createdAt", "updatedAt")
		VALUES ($1, $2, $3, $4, $4)`, identifier, value, expiresAt, at)
	return err
}

// InsertPasswordReset stores a reset value for the user of an address (lower case) and reports whether there is one. For
// an address nobody has it does the same work: it stores a value that names nobody and has expired already, which the next
// sweep removes.
func (s *Store) InsertPasswordReset(ctx context.Context, identifier, email string, expiresAt, at time.Time) (bool, error) {
	return write(ctx, s, scalar[bool], `
		WITH `+swept+`, person AS (
			SELECT (SELECT id FROM "user" WHERE email = $4) AS id
		), stored AS (
			INSERT INTO verification (identifier, value, "expiresAt", "createdAt", "updatedAt")
			SELECT $1, coalesce(id::text, '00000000-0000-0000-0000-000000000000'),
			       CASE WHEN id IS NULL THEN $2 ELSE $5::timestamptz END, $2, $2
			FROM person
		)
		SELECT id IS NOT NULL FROM person`, identifier, at, s.broom.due(at), email, expiresAt)
}

// UserOfVerification returns the id of the user that an unexpired value names, without redeeming it, and the email of that
// user, "" if the user is gone; else ErrNotFound.
func (s *Store) UserOfVerification(ctx context.Context, identifier string, now time.Time) (id, email string, err error) {
	type found struct {
		value     string
		expiresAt time.Time
		email     string
	}
	f, err := read(ctx, s, func(row pgx.Row) (f found, err error) {
		err = row.Scan(&f.value, &f.expiresAt, &f.email)
		return f, err
	}, `
		WITH `+swept+`
		SELECT v.value, v."expiresAt", coalesce(u.email, '')
		FROM verification v
		LEFT JOIN "user" u ON u.id = v.value::uuid
		WHERE v.identifier = $1
		ORDER BY v."createdAt" DESC
		LIMIT 1`, identifier, now, s.broom.due(now))
	if err == nil && f.expiresAt.Before(now) {
		return "", "", ErrNotFound
	}
	return f.value, f.email, err
}
