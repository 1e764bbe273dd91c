package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// codeIdentifier returns the identifier in the table verification of the codes of a type that are mailed to an email
// (lower case), as in Better Auth.
func codeIdentifier(codeType, email string) string { return codeType + "-otp-" + email }

// checkCodeSQL has CTEs that check the code in the CTE guess with the newest code that has the identifier $1, at the
// time $2. The CTE checked_proof has its state, 'valid', 'wrong', 'expired' or 'used up', and is empty if there is no
// code. The value of a code is "<code>:<number of wrong tries>".
//
// As in Better Auth a wrong try is counted and keeps the code, after three of them the next try deletes it, and older
// codes are deleted. A valid code stays if the column keep of guess is true. The statement locks the codes first, so
// simultaneous requests check a code one after the other. It compares hashes, so that the time shows nothing about the
// code.
const checkCodeSQL = `, locked_codes AS (
			SELECT id, value, "expiresAt", "createdAt" FROM verification
			WHERE identifier = $1
			ORDER BY id
			FOR UPDATE
		), newest_code AS (
			SELECT id, "expiresAt", regexp_replace(value, ':[^:]*$', '') AS code,
			       coalesce(substring(value FROM ':([0-9]{1,6})[^:]*$'), '0')::int AS tries
			FROM locked_codes
			ORDER BY "createdAt" DESC
			LIMIT 1
		), checked_proof AS (
			SELECT newest_code.id, newest_code.code, tries,
			       CASE
			           WHEN "expiresAt" < $2 THEN 'expired'
			           WHEN tries >= 3 THEN 'used up'
			           WHEN sha256(convert_to(newest_code.code, 'UTF8')) <> sha256(convert_to(guess.code, 'UTF8')) THEN 'wrong'
			           ELSE 'valid'
			       END AS state
			FROM newest_code, guess
		), counted_try AS (
			UPDATE verification v SET value = c.code || ':' || c.tries + 1, "updatedAt" = $2
			FROM checked_proof c
			WHERE v.id = c.id AND c.state = 'wrong'
		), deleted_codes AS (
			DELETE FROM verification v USING locked_codes, checked_proof c, guess
			WHERE v.id = locked_codes.id AND (v.id <> c.id OR c.state <> 'wrong' AND NOT (c.state = 'valid' AND guess.keep))
		)`

// codeError returns the error for a state of checkCodeSQL. It is nil for 'valid', and ErrNotFound for 'wrong'.
func codeError(state string) error {
	switch state {
	case "valid":
		return nil
	case "expired":
		return ErrCodeExpired
	case "used up":
		return ErrCodeUsedUp
	}
	return ErrNotFound
}

// InsertCode stores a mailed code, and reports whether a user has the email (lower case). At most once a minute it also
// deletes expired rows.
func (s *Store) InsertCode(
	ctx context.Context, codeType, email, code string, expiresAt, at time.Time,
) (hasUser bool, err error) {
	isDue := s.linkCleanup.isDue(at)
	return writeRow(ctx, s, pgx.RowTo[bool], deleteExpiredIf(isDue, `
		WITH `+deleteExpiredSQL+`, stored_code AS (`+insertIntoVerificationSQL+`
			VALUES ($1, $4, $5, $2, $2)
		)
		SELECT EXISTS (SELECT FROM "user" WHERE email = $6)`),
		codeIdentifier(codeType, email), at, isDue, code+":0", expiresAt, email)
}

// CheckCode checks a code without using it up. It returns the id of the user with the email, or "" if no user has it.
// Its errors are those of SignInWithCode.
func (s *Store) CheckCode(ctx context.Context, codeType, email, code string, now time.Time) (userID string, err error) {
	type result struct{ State, UserID string }
	got, err := writeRow(ctx, s, pgx.RowToStructByName[result], `
		WITH guess AS (
			SELECT $3::text AS code, true AS keep
		)`+checkCodeSQL+`
		SELECT state, coalesce((SELECT id::text FROM "user" WHERE email = $4), '') AS user_id FROM checked_proof`,
		codeIdentifier(codeType, email), now, code, email)
	if err == nil {
		err = codeError(got.State)
	}
	return got.UserID, err
}

// SignInWithCode uses up a mailed code and signs in the owner of its email (signInByEmailSQL). It returns ErrNotFound
// if the code is wrong or unknown, ErrCodeExpired or ErrCodeUsedUp; ErrBanned if the user is banned; and errors of
// triggers of the database.
func (s *Store) SignInWithCode(
	ctx context.Context, codeType, code string, in EmailSignIn,
) (EmailSignInResult, error) {
	return s.signInByEmail(ctx, `
		WITH guess AS (
			SELECT $13::text AS code, false AS keep
		)`+checkCodeSQL+signInByEmailSQL, codeIdentifier(codeType, in.Email), in, code)
}

// VerifyEmailWithCode uses up a mailed code and sets emailVerified of the user with the email (lower case). A user
// whose email was not verified loses the mailed links, and the password if several sign-ups have used the email, as in
// ConfirmEmail. It returns the zero User if no user has the email. Its errors are those of SignInWithCode.
func (s *Store) VerifyEmailWithCode(ctx context.Context, codeType, email, code string, now time.Time) (User, error) {
	state := ""
	scan := func(columns pgx.CollectableRow) (u User, err error) {
		err = columns.Scan(s.userFieldPointers(&u, &state)...)
		return u, err
	}
	user, err := writeRowAfterSignIns(ctx, s, lockSignInsOfEmail(email), scan, `
		WITH guess AS (
			SELECT $3::text AS code, false AS keep
		)`+checkCodeSQL+`, u AS (
			SELECT "user".id, "user"."emailVerified" FROM "user", checked_proof
			WHERE "user".email = $4 AND state = 'valid'
			FOR NO KEY UPDATE OF "user"
		), deleted_links AS (
			DELETE FROM verification v USING u
			WHERE NOT u."emailVerified" AND `+isLinkOfUserSQL+`
		), new_password AS (
			SELECT id, NULL::text AS hash FROM u
			WHERE NOT "emailVerified"
			  AND EXISTS (SELECT FROM verification WHERE identifier = '`+signUpConflictPrefix+`' || u.id)
		)`+setPasswordSQL+`, ended_sessions AS (
			DELETE FROM session USING new_password
			WHERE session."userId" = new_password.id
		), `+revokeSourcesSQL+`new_password u`+isUnusedSourceOfUserSQL+`
		), verified_user AS (
			UPDATE "user" SET "emailVerified" = true, "updatedAt" = $2
			FROM u
			WHERE "user".id = u.id
			RETURNING "user".*
		), resulting_user AS (
			SELECT * FROM verified_user
			UNION ALL
			SELECT no_user.* FROM checked_proof, `+noUserSQL+`
			WHERE NOT EXISTS (SELECT FROM verified_user)
		)
		SELECT `+userColumns+`, (SELECT state FROM checked_proof)
		FROM resulting_user u`, codeIdentifier(codeType, email), now, code, email)
	switch {
	case err != nil:
		return User{}, err
	case user.ID == noUserID:
		return User{}, codeError(state)
	}
	return user, nil
}

// ResetPasswordWithCode is like ResetPassword, with a mailed code to the email (lower case) instead of a link. It also
// sets emailVerified. ok is false if no user has the email. Its errors are those of SignInWithCode.
func (s *Store) ResetPasswordWithCode(
	ctx context.Context, codeType, email, code, hash string, revoke bool, counters []string, now time.Time,
) (ok bool, removed int, err error) {
	type result struct {
		State   string
		Done    bool
		Removed int
	}
	got, err := writeRowAfterSignIns(ctx, s, lockSignInsOfEmail(email), pgx.RowToStructByName[result], `
		WITH guess AS (
			SELECT $6::text AS code, false AS keep
		)`+checkCodeSQL+`, u AS (
			SELECT "user".id, "user"."emailVerified" FROM "user", checked_proof
			WHERE "user".email = $7 AND state = 'valid'
			FOR NO KEY UPDATE OF "user"
		)`+resetPasswordSQL+`, verified_user AS (
			UPDATE "user" SET "emailVerified" = true, "updatedAt" = $2
			FROM u
			WHERE "user".id = u.id AND NOT u."emailVerified"
		)
		SELECT state, EXISTS (SELECT FROM u) AS done, (SELECT count(*) FROM removed_accounts) AS removed
		FROM checked_proof`, codeIdentifier(codeType, email), now, hash, revoke, counters, code, email)
	if err == nil {
		err = codeError(got.State)
	}
	return got.Done, got.Removed, err
}
