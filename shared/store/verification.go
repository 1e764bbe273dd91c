package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// The identifiers of mailed links begin with one of these prefixes; the rest is random. The value begins with the id of
// the user, 36 characters. After the id it has, for a ChangeEmailLink or CancelEmailLink, the id of the session that
// requested it, and for a VerifyEmailLink of a sign-up, that sign-up as JSON.
const (
	ResetPasswordLink = "reset-password:" // as in Better Auth
	DeleteAccountLink = "delete-account-" // as in Better Auth
	VerifyEmailLink   = "verify-email:"
	ChangeEmailLink   = "change-email:"
	CancelEmailLink   = "cancel-email-change:"
)

// signUpConflict plus the id of a user is the identifier of a row that records that several sign-ups used the email
// before it was verified. Statements that delete the links of the user delete this row too.
const signUpConflict = "sign-up-conflict:"

// noUser is the user id in the value of a link for an email that no user has.
const noUser = "00000000-0000-0000-0000-000000000000"

// insertIntoVerification is the head of every INSERT of a link.
const insertIntoVerification = `
			INSERT INTO verification (identifier, value, "expiresAt", "createdAt", "updatedAt")`

// isLink is true for a row v of verification that is a mailed link or the signUpConflict row of user u.
const isLink = `left(v.value, 36) = u.id::text AND v.identifier ~
				'^(reset-password:|delete-account-|verify-email:|change-email:|cancel-email-change:|sign-up-conflict:)'`

// lockUser is the CTE u, which has the row of user $1 and locks it. Every statement that deletes several links of a
// user locks the user first, so that two of them cannot deadlock.
const lockUser = `u AS (
			SELECT id FROM "user" WHERE id = $1::uuid FOR NO KEY UPDATE
		)`

// deleteLinks is a CTE that deletes all mailed links of the user in the CTE u.
const deleteLinks = `links AS (
			DELETE FROM verification v USING u
			WHERE ` + isLink + `
		)`

// redeemLink is the head of a statement that redeems a link: $1 is its identifier, $2 the time. It locks the user and
// deletes the rows with the identifier, so that only one of several concurrent requests gets them. The CTE u has the
// user, whether their email is verified, and the value of the newest row. It is empty if that row had expired.
const redeemLink = `
		WITH locked AS (
			SELECT id, "emailVerified" FROM "user"
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
			SELECT locked.id, locked."emailVerified", newest.value FROM locked, newest WHERE newest."expiresAt" >= $2
		)`

// redeemLinkOfLocked has CTEs that redeem link $4 of the user in the CTE locked, at time $2, and delete the user's
// other links. The CTE u has the user and the rest of the link's value, and is empty if the link is not valid. The link
// "", which has no row, is valid.
const redeemLinkOfLocked = `, taken AS (
			DELETE FROM verification v USING locked
			WHERE v.identifier = $4 AND left(v.value, 36) = locked.id::text AND v."expiresAt" >= $2
			RETURNING v.value
		), u AS (
			SELECT id, (SELECT substr(value, 37) FROM taken LIMIT 1) AS rest
			FROM locked
			WHERE $4 = '' OR EXISTS (SELECT FROM taken)
		), links AS (
			DELETE FROM verification v USING u
			WHERE v.identifier <> $4 AND ` + isLink + `
		)`

// deleteExpired is a CTE that deletes links that have expired by $2, if $3 is true. It skips rows that another request
// is redeeming.
const deleteExpired = `expired AS (
			DELETE FROM verification WHERE id IN (
				SELECT id FROM verification
				WHERE $3 AND "expiresAt" < $2
				LIMIT 1000
				FOR UPDATE SKIP LOCKED
			)
		)`

// InsertVerification stores a value under an identifier.
func (s *Store) InsertVerification(ctx context.Context, identifier, value string, expiresAt, at time.Time) error {
	_, err := s.exec(ctx, insertIntoVerification+` VALUES ($1, $2, $3, $4, $4)`, identifier, value, expiresAt, at)
	return err
}

// InsertPasswordReset stores a reset link for the user of an email (lower case) and returns the id of the user, "" if
// no user has the email.
func (s *Store) InsertPasswordReset(
	ctx context.Context, identifier, email string, expiresAt, at time.Time,
) (string, error) {
	return s.insertLink(ctx, identifier, email, false, expiresAt, at)
}

// InsertEmailVerification stores a link that verifies an email (lower case) and returns the id of its user, "" if no
// user has the email or it is already verified.
func (s *Store) InsertEmailVerification(
	ctx context.Context, identifier, email string, expiresAt, at time.Time,
) (string, error) {
	return s.insertLink(ctx, identifier, email, true, expiresAt, at)
}

// insertLink stores a link for the user of an email. If no user has the email, it does the same work: it stores a value
// with the user id noUser that has already expired. The next cleanup deletes it.
func (s *Store) insertLink(
	ctx context.Context, identifier, email string, unverifiedOnly bool, expiresAt, at time.Time,
) (string, error) {
	return writeRow(ctx, s, pgx.RowTo[string], `
		WITH `+deleteExpired+`, owner AS (
			SELECT (SELECT id FROM "user" WHERE email = $4 AND NOT ($6 AND "emailVerified")) AS id
		), stored AS (`+insertIntoVerification+`
			SELECT $1, coalesce(id::text, '`+noUser+`'),
			       CASE WHEN id IS NULL THEN $2 ELSE $5::timestamptz END, $2, $2
			FROM owner
		)
		SELECT coalesce(id::text, '') FROM owner`,
		identifier, at, s.linkCleanup.isDue(at), email, expiresAt, unverifiedOnly)
}

// UserOfVerification returns the id and the email of the user of a link that has not expired, without redeeming it. The
// email is "" if the user was deleted. It returns ErrNotFound if there is no such link.
func (s *Store) UserOfVerification(
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

// EmailChange is a change of email that a user requested.
type EmailChange struct {
	Link, Cancel      string // identifiers of the links that execute and that cancel the change; Cancel may be ""
	UserID, SessionID string // user and session of the request
	To                string // lower case
}

// InsertEmailChange stores the links of a change, and reports whether another user has the new email.
func (s *Store) InsertEmailChange(ctx context.Context, c EmailChange, expiresAt, at time.Time) (taken bool, err error) {
	return writeRow(ctx, s, pgx.RowTo[bool], `
		WITH `+deleteExpired+`, stored AS (`+insertIntoVerification+`
			SELECT link, $5, $6, $2, $2
			FROM unnest(ARRAY[$1::text, $4]) link
			WHERE link <> ''
		)
		SELECT EXISTS (SELECT FROM "user" WHERE email = $7)`,
		c.Link, at, s.linkCleanup.isDue(at), c.Cancel, c.UserID+c.SessionID, expiresAt, c.To)
}

// ContinueEmailChange redeems a link of a change and stores the next link of the change. It returns ErrNotFound if the
// link is not valid.
func (s *Store) ContinueEmailChange(ctx context.Context, link, next, userID string, expiresAt, at time.Time) error {
	n, err := s.exec(ctx, `
		WITH taken AS (
			DELETE FROM verification
			WHERE identifier = $1 AND left(value, 36) = $3 AND "expiresAt" >= $5
			RETURNING value
		)`+insertIntoVerification+`
		SELECT $2, value, $4, $5, $5 FROM taken`, link, next, userID, expiresAt, at)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// CancelEmailChange redeems a link that cancels a change, deletes all links of changes of its user and returns the id
// of the user. It returns ErrNotFound if the link is not valid.
func (s *Store) CancelEmailChange(ctx context.Context, identifier string, now time.Time) (userID string, err error) {
	return writeRow(ctx, s, pgx.RowTo[string], redeemLink+`, links AS (
			DELETE FROM verification v USING u
			WHERE left(v.value, 36) = u.id::text AND v.identifier <> $1
			  AND v.identifier ~ '^(change-email:|cancel-email-change:)'
		)
		SELECT id FROM u`, identifier, now)
}

// socialState, with the OAuth state, is the identifier of a sign-in with a provider that has begun, as in Better Auth.
const socialState = "auth-state:"

// InsertSocialState stores the data of a sign-in with a provider that has begun, and deletes expired rows.
func (s *Store) InsertSocialState(ctx context.Context, state, data string, expiresAt, at time.Time) error {
	_, err := s.exec(ctx, `
		WITH `+deleteExpired+insertIntoVerification+` VALUES ($1, $4, $5, $2, $2)`,
		socialState+state, at, s.linkCleanup.isDue(at), data, expiresAt)
	return err
}

// RedeemSocialState returns the data of a sign-in with a provider and deletes it, so that only one of several
// concurrent callbacks gets it. It returns ErrNotFound if the state is unknown or was redeemed.
func (s *Store) RedeemSocialState(ctx context.Context, state string) (data string, err error) {
	return writeRow(ctx, s, pgx.RowTo[string], `
		DELETE FROM verification WHERE identifier = $1 RETURNING value`, socialState+state)
}

// SocialState is like RedeemSocialState, but does not delete the data.
func (s *Store) SocialState(ctx context.Context, state string) (data string, err error) {
	return readRow(ctx, s, pgx.RowTo[string], `
		SELECT value FROM verification WHERE identifier = $1`, socialState+state)
}
