package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// EmailSignIn has what to store for a sign-in by which a person proves that an email is theirs.
type EmailSignIn struct {
	Email string // lower case
	// Name and Image are for a new user. Other users keep theirs.
	Name   string
	Image  *string
	SignUp bool // create a user if no user has the email
	// Session is the new session. Storing it sets its ID and UserID. The sign-in happens at its CreatedAt.
	Session *Session
}

// EmailSignInResult says what a sign-in by email has stored.
type EmailSignInResult struct {
	User            User // the zero value if no user has the email and EmailSignIn.SignUp is false
	Created         bool // User is new
	RemovedAccounts int  // accounts that were deleted, because User had not proved the email before
}

// signInByEmailSQL is the end of a statement that signs in the owner of an email. The CTE checked_proof has the column
// state, which is 'valid' if the person has proved that the email is theirs; it can be empty. $1 is its identifier, $2
// the time, $3 the email, $4 and $5 the name and the image of a new user, $6 whether a user may be created, $7 to $10
// the session, $11 and $12 the Fixed charges to refund.
//
// A user whose email is not verified may have been created by another person. So their accounts, sessions and mailed
// links are deleted, as in Better Auth, and their second factor (D154), and their email becomes verified. The statement
// clears a ban that has ended, and starts no session for a banned user. It returns one row, unless checked_proof is
// empty. The user in this row has the id noUserID if none is signed in.
const signInByEmailSQL = `, proof AS (
			SELECT FROM checked_proof WHERE state = 'valid'
		), known_user AS (
			SELECT u.* FROM "user" u, proof
			WHERE u.email = $3
			FOR NO KEY UPDATE OF u
		), new_user AS (` + insertIntoUserSQL + `$4::text, $3, true, $5::text, $2, $2
			FROM proof
			WHERE $6::boolean AND NOT EXISTS (SELECT FROM known_user)
			RETURNING *
		), unproved_user AS (
			SELECT id FROM known_user WHERE NOT "emailVerified"
		), removed_accounts AS (
			DELETE FROM account a USING unproved_user u
			WHERE a."userId" = u.id
			RETURNING a.id
		), ended_sessions AS (
			DELETE FROM session s USING unproved_user u
			WHERE s."userId" = u.id
		), ` + revokeSourcesSQL + `unproved_user u` + isUnusedSourceOfUserSQL + `
		), deleted_links AS (
			DELETE FROM verification v USING unproved_user u
			WHERE ` + isLinkOfUserSQL + `
		), deleted_factors AS (
			DELETE FROM "twoFactor" t USING unproved_user u
			WHERE t."userId" = u.id
		), changed_user AS (
			UPDATE "user" u
			SET "emailVerified" = true,
			    "twoFactorEnabled" = CASE WHEN u."emailVerified" THEN u."twoFactorEnabled" ELSE false END,
			    banned = CASE WHEN ` + banHasEndedSQL + ` THEN false ELSE u.banned END,
			    "banReason" = CASE WHEN ` + banHasEndedSQL + ` THEN NULL ELSE u."banReason" END,
			    "banExpires" = CASE WHEN ` + banHasEndedSQL + ` THEN NULL ELSE u."banExpires" END,
			    "updatedAt" = $2
			FROM known_user
			WHERE u.id = known_user.id AND (NOT u."emailVerified" OR ` + banHasEndedSQL + `)
			RETURNING u.*
		), signed_in_user AS (
			SELECT * FROM new_user
			UNION ALL
			SELECT * FROM changed_user
			UNION ALL
			SELECT * FROM known_user WHERE NOT EXISTS (SELECT FROM changed_user)
		), refund_args AS (
			SELECT $11::text[] AS keys, $12::bigint[] AS ends FROM proof
		)` + refundChargesCTEs + `, new_session AS (` + insertIntoSessionSQL + `
			SELECT u.id, $7, $8, $2, $2, $9, $10
			FROM signed_in_user u
			WHERE NOT ` + isUserBannedSQL + `
			RETURNING id
		), resulting_user AS (
			SELECT * FROM signed_in_user
			UNION ALL
			SELECT no_user.* FROM checked_proof, ` + noUserSQL + `
			WHERE NOT EXISTS (SELECT FROM signed_in_user)
		)
		SELECT ` + userColumns + `, coalesce((SELECT id::text FROM new_session), ''),
		       EXISTS (SELECT FROM new_user), (SELECT count(*) FROM removed_accounts), (SELECT state FROM checked_proof)
		FROM resulting_user u`

// noUserSQL is a row of "user" with the id noUserID, for statements that return their result with or without a user.
const noUserSQL = `jsonb_populate_record(NULL::"user", jsonb_build_object(
				'id', '` + noUserID + `', 'name', '', 'email', '', 'emailVerified', false, 'createdAt', $2, 'updatedAt', $2
			)) no_user`

// signInByEmail runs a statement that ends with signInByEmailSQL. args are its arguments from $13 on. It returns the
// error of a proof that is not valid (codeError), and ErrBanned, with the result, if the user is banned. If another
// request creates a user with the email at the same time, the statement stores nothing, and signInByEmail runs it
// again.
func (s *Store) signInByEmail(
	ctx context.Context, sql, identifier string, in EmailSignIn, args ...any,
) (EmailSignInResult, error) {
	if err := s.FlushCharges(ctx); err != nil { // before takeRefundable, which returns charges that were counted
		return EmailSignInResult{}, err
	}
	keys, ends := s.takeRefundable()
	row := in.Session
	all := append([]any{
		identifier, row.CreatedAt.Time, in.Email, in.Name, in.Image, in.SignUp,
		row.Token, row.ExpiresAt.Time, row.IPAddress, row.UserAgent, keys, ends,
	}, args...)
	state := ""
	run := func() (EmailSignInResult, error) {
		scan := func(columns pgx.CollectableRow) (got EmailSignInResult, err error) {
			err = columns.Scan(s.userFieldPointers(&got.User, &row.ID, &got.Created, &got.RemovedAccounts, &state)...)
			return got, err
		}
		return writeRowAfterSignIns(ctx, s, lockSignInsOfUnprovedEmail(in.Email), scan, sql, all...)
	}
	got, err := run()
	if IsDuplicateUser(err) {
		got, err = run()
	}
	switch {
	case err != nil:
		return EmailSignInResult{}, err
	case got.User.ID == noUserID:
		return EmailSignInResult{}, codeError(state)
	case row.ID == "":
		return got, ErrBanned
	}
	row.UserID = got.User.ID
	return got, nil
}

// magicLinkPrefix and the token form the identifier of a mailed link that signs in, as in Better Auth.
const magicLinkPrefix = "magic-link:"

// InsertMagicLink stores a mailed link that signs in. At most once a minute it also deletes expired rows.
func (s *Store) InsertMagicLink(ctx context.Context, token, value string, expiresAt, at Time) error {
	isDue := s.linkCleanup.isDue(at.Time)
	_, err := s.exec(ctx, deleteExpiredIf(isDue, `
		WITH `+deleteExpiredSQL+insertIntoVerificationSQL+` VALUES ($1, $4, $5, $2, $2)`),
		magicLinkPrefix+token, at.Time, isDue, value, expiresAt.Time)
	return err
}

// MagicLink returns the value of a mailed link without redeeming it. It returns ErrNotFound if the link is unknown or
// used. A link that has expired is still there.
func (s *Store) MagicLink(ctx context.Context, token string) (value string, err error) {
	return readRow(ctx, s, pgx.RowTo[string], `
		SELECT value FROM verification
		WHERE identifier = $1
		ORDER BY "createdAt" DESC
		LIMIT 1`, magicLinkPrefix+token)
}

// SignInWithMagicLink redeems a mailed link whose value MagicLink has returned, and signs in the owner of its email
// (signInByEmailSQL). It returns ErrNotFound if the link was used or has expired or changed, ErrBanned if the user is
// banned, and errors of triggers of the database.
func (s *Store) SignInWithMagicLink(
	ctx context.Context, token, value string, in EmailSignIn,
) (EmailSignInResult, error) {
	return s.signInByEmail(ctx, `
		WITH redeemed_links AS (
			DELETE FROM verification
			WHERE identifier = $1
			RETURNING value, "expiresAt", "createdAt"
		), newest_link AS (
			SELECT value, "expiresAt" FROM redeemed_links ORDER BY "createdAt" DESC LIMIT 1
		), checked_proof AS (
			SELECT 'valid' AS state FROM newest_link WHERE value = $13 AND "expiresAt" >= $2
		)`+signInByEmailSQL, magicLinkPrefix+token, in, value)
}

// IsRejectedByDatabase reports whether err means that a trigger or constraint of the operator rejects a write, or that
// Postgres cannot store a text.
func IsRejectedByDatabase(err error) bool {
	return errors.Is(err, ErrRejected) || errors.Is(err, ErrOrphan) || errors.Is(err, ErrDuplicate) ||
		errors.Is(err, ErrInvalid)
}
