package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// The identifier of a mailed link in the table verification begins with one of these prefixes; the rest is random. Its
// value begins with the id of the user, 36 characters. For a ChangeEmailLinkPrefix or CancelEmailLinkPrefix, the id of
// the session that requested the link follows; for a VerifyEmailLinkPrefix of a sign-up, that sign-up as JSON.
const (
	ResetPasswordLinkPrefix = "reset-password:" // as in Better Auth
	DeleteAccountLinkPrefix = "delete-account-" // as in Better Auth
	VerifyEmailLinkPrefix   = "verify-email:"
	ChangeEmailLinkPrefix   = "change-email:"
	CancelEmailLinkPrefix   = "cancel-email-change:"
)

// signUpConflictPrefix and the id of a user form the identifier of a row that says that several sign-ups used the
// user's email before it was verified. Statements that delete the links of the user also delete this row.
const signUpConflictPrefix = "sign-up-conflict:"

// noUserID is the user id in the value of a row that is stored for an email that no user has.
const noUserID = "00000000-0000-0000-0000-000000000000"

// insertIntoVerificationSQL is the beginning of every INSERT into verification: of a link, a sign-up conflict or an
// OAuth state.
const insertIntoVerificationSQL = `
			INSERT INTO verification (identifier, value, "expiresAt", "createdAt", "updatedAt")`

// isLinkOfUserSQL is true for a row v of verification if it is a mailed link of the user u, the row that
// signUpConflictPrefix describes, a sign-in that waits for the second factor, or a trusted device.
const isLinkOfUserSQL = `left(v.value, 36) = u.id::text AND v.identifier ~
				('^((reset-password|verify-email|change-email|cancel-email-change|sign-up-conflict):'
				|| '|(delete-account|2fa|trust-device)-)')`

// lockUserSQL is the CTE u, which has the id of user $1 and locks the user's row. Every statement that deletes several
// links of a user locks the user first, so that two such statements cannot deadlock.
const lockUserSQL = `u AS (
			SELECT id FROM "user" WHERE id = $1::uuid FOR NO KEY UPDATE
		)`

// deleteLinksOfUserSQL is a CTE that deletes all mailed links of the user in the CTE u.
const deleteLinksOfUserSQL = `deleted_links AS (
			DELETE FROM verification v USING u
			WHERE ` + isLinkOfUserSQL + `
		)`

// redeemLinkSQL is the beginning of a statement that redeems a link: $1 is its identifier, $2 the time. It locks the
// user and deletes all rows with the identifier, so that only one of several concurrent requests gets them. The CTE u
// has the user, whether their email is verified, and the value of the newest row. It is empty if there is no row or
// user, or if the newest row had expired.
const redeemLinkSQL = `
		WITH locked_user AS (
			SELECT id, "emailVerified" FROM "user"
			WHERE id = (
				SELECT left(value, 36)::uuid FROM verification WHERE identifier = $1 ORDER BY "createdAt" DESC LIMIT 1
			)
			FOR NO KEY UPDATE
		), redeemed_links AS (
			DELETE FROM verification v USING locked_user
			WHERE v.identifier = $1
			RETURNING v.value, v."expiresAt", v."createdAt"
		), newest_link AS (
			SELECT value, "expiresAt" FROM redeemed_links ORDER BY "createdAt" DESC LIMIT 1
		), u AS (
			SELECT locked_user.id, locked_user."emailVerified", newest_link.value
			FROM locked_user, newest_link
			WHERE newest_link."expiresAt" >= $2
		)`

// redeemLinkOfLockedUserSQL has CTEs that redeem link $4 of the user in the CTE locked_user, at time $2, and delete the
// user's other links. The CTE u has the user and the part of the link's value after the user id. It is empty if the
// link is not valid. The link "" has no row and is always valid.
const redeemLinkOfLockedUserSQL = `, redeemed_links AS (
			DELETE FROM verification v USING locked_user
			WHERE v.identifier = $4 AND left(v.value, 36) = locked_user.id::text AND v."expiresAt" >= $2
			RETURNING v.value
		), u AS (
			SELECT id, (SELECT substr(value, 37) FROM redeemed_links LIMIT 1) AS rest
			FROM locked_user
			WHERE $4 = '' OR EXISTS (SELECT FROM redeemed_links)
		), deleted_links AS (
			DELETE FROM verification v USING u
			WHERE v.identifier <> $4 AND ` + isLinkOfUserSQL + `
		)`

// deleteExpiredSQL is a CTE that deletes up to 1000 rows that have expired at $2, if $3 is true, the oldest first. It
// skips rows that another request has locked. The order is for Postgres: a plan for all arguments assumes that a third
// of the rows have expired, and would read the table instead of the index verification_expiry_idx.
const deleteExpiredSQL = `deleted_rows AS (
			DELETE FROM verification WHERE id IN (
				SELECT id FROM verification
				WHERE $3 AND "expiresAt" < $2
				ORDER BY "expiresAt"
				LIMIT 1000
				FOR UPDATE SKIP LOCKED
			)
		)`

// deleteExpiredIf returns sql, a statement with deleteExpiredSQL, if isDue, the argument $3, is true. Otherwise it
// returns the statement without the deletion. Postgres then keeps one plan of the prepared statement. With the deletion
// it makes a new plan for each request, because a plan for all arguments expects to delete 1000 rows.
func deleteExpiredIf(isDue bool, sql string) string {
	if isDue {
		return sql
	}
	return strings.Replace(sql, deleteExpiredSQL, `deleted_rows AS (SELECT $3::boolean)`, 1)
}

// InsertVerification stores a row with an identifier and a value in the table verification.
func (s *Store) InsertVerification(ctx context.Context, identifier, value string, expiresAt, at time.Time) error {
	_, err := s.exec(ctx, insertIntoVerificationSQL+` VALUES ($1, $2, $3, $4, $4)`, identifier, value, expiresAt, at)
	return err
}

// InsertPasswordResetLink stores a reset link for the user with the email (lower case). It returns the id of the user,
// or "" if no user has the email.
func (s *Store) InsertPasswordResetLink(
	ctx context.Context, identifier, email string, expiresAt, at time.Time,
) (string, error) {
	return s.insertLink(ctx, identifier, email, false, expiresAt, at)
}

// InsertEmailVerificationLink stores a link that verifies an email (lower case). It returns the id of its user, or ""
// if no user has the email or it is already verified.
func (s *Store) InsertEmailVerificationLink(
	ctx context.Context, identifier, email string, expiresAt, at time.Time,
) (string, error) {
	return s.insertLink(ctx, identifier, email, true, expiresAt, at)
}

// insertLink stores a link for the user with the email. With unverifiedOnly it ignores a user whose email is verified.
// If there is no such user, it does the same work: it stores a row with the user id noUserID that expires immediately,
// and a later cleanup deletes the row.
func (s *Store) insertLink(
	ctx context.Context, identifier, email string, unverifiedOnly bool, expiresAt, at time.Time,
) (string, error) {
	isDue := s.linkCleanup.isDue(at)
	return writeRow(ctx, s, pgx.RowTo[string], deleteExpiredIf(isDue, `
		WITH `+deleteExpiredSQL+`, link_owner AS (
			SELECT (SELECT id FROM "user" WHERE email = $4 AND NOT ($6 AND "emailVerified")) AS id
		), stored_links AS (`+insertIntoVerificationSQL+`
			SELECT $1, coalesce(id::text, '`+noUserID+`'),
			       CASE WHEN id IS NULL THEN $2 ELSE $5::timestamptz END, $2, $2
			FROM link_owner
		)
		SELECT coalesce(id::text, '') FROM link_owner`),
		identifier, at, isDue, email, expiresAt, unverifiedOnly)
}

// UserOfLink returns the id and the email of the user of a link, without redeeming the link. The email is "" if
// the user was deleted. It returns ErrNotFound if the link is unknown or has expired.
func (s *Store) UserOfLink(
	ctx context.Context, identifier string, now time.Time,
) (id, email string, err error) {
	type result struct {
		Value, Email string
		ExpiresAt    time.Time
	}
	f, err := readRow(ctx, s, pgx.RowToStructByName[result], `
		SELECT v.value, v."expiresAt", coalesce(u.email, '') AS email
		FROM verification v
		LEFT JOIN "user" u ON u.id = v.value::uuid
		WHERE v.identifier = $1
		ORDER BY v."createdAt" DESC
		LIMIT 1`, identifier)
	if err == nil && f.ExpiresAt.Before(now) {
		return "", "", ErrNotFound
	}
	return f.Value, f.Email, err
}

// EmailChange is a change of the email that a user has requested.
type EmailChange struct {
	Link, Cancel      string // identifiers of the links that continue and cancel the change; Cancel may be ""
	UserID, SessionID string // the user, and the session that requested the change
	To                string // the new email, in lower case
}

// InsertEmailChange stores the links of a change, and reports whether a user already has the new email.
func (s *Store) InsertEmailChange(ctx context.Context, c EmailChange, expiresAt, at time.Time) (taken bool, err error) {
	isDue := s.linkCleanup.isDue(at)
	return writeRow(ctx, s, pgx.RowTo[bool], deleteExpiredIf(isDue, `
		WITH `+deleteExpiredSQL+`, stored_links AS (`+insertIntoVerificationSQL+`
			SELECT link, $5, $6, $2, $2
			FROM unnest(ARRAY[$1::text, $4]) link
			WHERE link <> ''
		)
		SELECT EXISTS (SELECT FROM "user" WHERE email = $7)`),
		c.Link, at, isDue, c.Cancel, c.UserID+c.SessionID, expiresAt, c.To)
}

// ContinueEmailChange redeems a link of an email change and stores the next link of the same change. It returns
// ErrNotFound if the link is not valid.
func (s *Store) ContinueEmailChange(ctx context.Context, link, next, userID string, expiresAt, at time.Time) error {
	n, err := s.exec(ctx, `
		WITH redeemed_links AS (
			DELETE FROM verification
			WHERE identifier = $1 AND left(value, 36) = $3 AND "expiresAt" >= $5
			RETURNING value
		)`+insertIntoVerificationSQL+`
		SELECT $2, value, $4, $5, $5 FROM redeemed_links`, link, next, userID, expiresAt, at)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// CancelEmailChange redeems a link that cancels an email change. It deletes the links of all email changes of its user
// and returns the id of the user. It returns ErrNotFound if the link is not valid.
func (s *Store) CancelEmailChange(ctx context.Context, identifier string, now time.Time) (userID string, err error) {
	return writeRow(ctx, s, pgx.RowTo[string], redeemLinkSQL+`, deleted_links AS (
			DELETE FROM verification v USING u
			WHERE left(v.value, 36) = u.id::text AND v.identifier <> $1
			  AND v.identifier ~ '^(change-email:|cancel-email-change:)'
		)
		SELECT id FROM u`, identifier, now)
}

// socialStatePrefix and the OAuth state form the identifier of the data of a social sign-in that is not finished, as in
// Better Auth.
const socialStatePrefix = "auth-state:"

// InsertSocialState stores the data of a social sign-in that has begun. At most once a minute it also deletes expired
// rows.
func (s *Store) InsertSocialState(ctx context.Context, state, data string, expiresAt, at time.Time) error {
	isDue := s.linkCleanup.isDue(at)
	_, err := s.exec(ctx, deleteExpiredIf(isDue, `
		WITH `+deleteExpiredSQL+insertIntoVerificationSQL+` VALUES ($1, $4, $5, $2, $2)`),
		socialStatePrefix+state, at, isDue, data, expiresAt)
	return err
}

// RedeemSocialState returns the data of a social sign-in and deletes it, so that only one of several concurrent
// callbacks gets it. It returns ErrNotFound if the state is unknown or was redeemed.
func (s *Store) RedeemSocialState(ctx context.Context, state string) (data string, err error) {
	return writeRow(ctx, s, pgx.RowTo[string], `
		DELETE FROM verification WHERE identifier = $1 RETURNING value`, socialStatePrefix+state)
}

// SocialState is like RedeemSocialState, but does not delete the data.
func (s *Store) SocialState(ctx context.Context, state string) (data string, err error) {
	return readRow(ctx, s, pgx.RowTo[string], `
		SELECT value FROM verification WHERE identifier = $1`, socialStatePrefix+state)
}
