package store

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// The identifiers of mailed links begin with one of these; the rest is random. The value begins with the id of the
// user, 36 characters. Behind it stands what else the link says: of a ChangeEmailLink or CancelEmailLink the id of the
// session that asked for it, of a VerifyEmailLink of a sign-up that sign-up as JSON.
const (
	ResetPasswordLink = "reset-password:" // Better Auth's own, as is DeleteAccountLink
	DeleteAccountLink = "delete-account-"
	VerifyEmailLink   = "verify-email:"
	ChangeEmailLink   = "change-email:"
	CancelEmailLink   = "cancel-email-change:"
)

// signUpConflict is the identifier, with the id of a user, of a row that says that several sign-ups named the user's
// email address before it was verified. It is deleted like a link.
const signUpConflict = "sign-up-conflict:"

// isLink holds for a row v of verification that is a mailed link of user u, whose id is $1 in front of it.
const isLink = `left(v.value, 36) = u.id::text AND
			v.identifier ~ '^(reset-password:|delete-account-|verify-email:|change-email:|cancel-email-change:|sign-up-conflict:)'`

// locksUser is a CTE named u: the row of user $1, locked. Every statement that deletes several links of a user locks
// the user first, so that two of them wait for each other instead of ending in a deadlock.
const locksUser = `
	u AS (
		SELECT id FROM "user" WHERE id = $1::uuid FOR NO KEY UPDATE
	)`

// redeem is the head of every statement that redeems a one-time value: $1 is its identifier, $2 the time. It locks the
// user and deletes the rows of the identifier, so that of any number of concurrent requests one gets them. The CTE u is
// the user if the newest row had not expired, with the row's value; else it is empty.
const redeem = `
	WITH locked AS (
		SELECT id FROM "user"
		WHERE id = (
			SELECT left(value, 36)::uuid FROM verification WHERE identifier = $1 ORDER BY "createdAt" DESC LIMIT 1
		)
		FOR NO KEY UPDATE
	), taken AS (
		DELETE FROM verification v USING locked
		WHERE v.identifier = $1
		RETURNING v.value, v."expiresAt", v."createdAt"
	), newest AS (
		SELECT value, "expiresAt" FROM taken ORDER BY "createdAt" DESC LIMIT 1
	), u AS (
		SELECT locked.id, newest.value FROM locked, newest WHERE newest."expiresAt" >= $2
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

// InsertPasswordReset stores a reset link for the user of an email address (lower case) and returns the user's id, ""
// if no user has the address.
func (s *Store) InsertPasswordReset(ctx context.Context, identifier, email string, expiresAt, at time.Time) (string, error) {
	return s.insertLink(ctx, identifier, email, false, expiresAt, at)
}

// InsertEmailVerification stores a link that verifies an email address (lower case) and returns the id of its user, ""
// if no user has the address or it is verified.
func (s *Store) InsertEmailVerification(ctx context.Context, identifier, email string, expiresAt, at time.Time) (string, error) {
	return s.insertLink(ctx, identifier, email, true, expiresAt, at)
}

// insertLink does the same work for an address that no user has: it stores a value that names no user and has expired
// already, which the next sweep removes.
func (s *Store) insertLink(
	ctx context.Context, identifier, email string, unverifiedOnly bool, expiresAt, at time.Time,
) (string, error) {
	return write(ctx, s, scalar[string], `
		WITH `+swept+`, person AS (
			SELECT (SELECT id FROM "user" WHERE email = $4 AND NOT ($6 AND "emailVerified")) AS id
		), stored AS (
			INSERT INTO verification (identifier, value, "expiresAt", "createdAt", "updatedAt")
			SELECT $1, coalesce(id::text, '00000000-0000-0000-0000-000000000000'),
			       CASE WHEN id IS NULL THEN $2 ELSE $5::timestamptz END, $2, $2
			FROM person
		)
		SELECT coalesce(id::text, '') FROM person`, identifier, at, s.broom.due(at), email, expiresAt, unverifiedOnly)
}

// UserOfVerification returns the id of the user that an unexpired value names, without redeeming it, and the user's
// email address, "" if there no longer is such a user; else ErrNotFound.
func (s *Store) UserOfVerification(ctx context.Context, identifier string, now time.Time) (id, email string, err error) {
	type found struct {
		value, email string
		expiresAt    time.Time
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
