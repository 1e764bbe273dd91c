package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
)

// NewUser has the data that a sign-up stores.
type NewUser struct {
	Name  string
	Email string // lower case
	Image *string
	Hash  string // hash of the password
	At    time.Time
}

// insertIntoUserSQL is the beginning of every INSERT of a user, up to the values.
const (
	insertIntoUserSQL   = insertIntoUserStart + insertIntoUserColumns
	insertIntoUserStart = `
			INSERT INTO "user" (`
	insertIntoUserColumns = `name, email, "emailVerified", image, "createdAt", "updatedAt")
			SELECT `
)

// SignUp stores a user, their password account and their first session in one statement, so in one transaction and one
// round trip. It sets session.ID and session.UserID. It returns ErrDuplicate if another user has the email,
// ErrInvalid for text that Postgres cannot store, and ErrRejected or ErrOrphan if a trigger of the database refuses.
func (s *Store) SignUp(ctx context.Context, n NewUser, session *Session) (User, error) {
	return writeRow(ctx, s, func(row pgx.CollectableRow) (u User, err error) {
		err = scanRow(row, s.userFieldPointers(&u, &session.ID)...)
		session.UserID = u.ID
		return u, err
	}, `
		WITH u AS (`+insertIntoUserSQL+`$1, $2, false, $3, $4, $4
			RETURNING *
		), a AS (`+insertIntoPasswordAccountSQL+`
			SELECT id::text, 'credential', id, $5, $4, $4 FROM u
		), s AS (`+insertIntoSessionSQL+`
			SELECT id, $6, $7, $4, $4, $8, $9 FROM u
			RETURNING id
		)
		SELECT `+userColumns+`, s.id FROM u, s`,
		n.Name, n.Email, n.Image, n.At, n.Hash,
		session.Token, session.ExpiresAt.Time, session.IPAddress, session.UserAgent)
}

// pendingSignUp is the data of a sign-up whose email is not verified. It is stored with the mailed link of this
// sign-up: if several sign-ups use one email, the one whose link is opened gets the account.
type pendingSignUp struct {
	Name  string  `json:"name"`
	Image *string `json:"image"`
	Hash  string  `json:"hash"`
}

// SignUpUnverified stores a sign-up whose email has to be verified: the user and their password account, no session,
// and the link that verifies the email ("" for no link). It returns the id of the user, and whether it created the
// user. If the email belongs to a user who has neither verified it nor used the account, it stores only the link. If it
// belongs to any other user, id is "". Then the statement does the same work and causes no error, which the log of
// Postgres would show. It returns ErrInvalid for text that Postgres cannot store.
func (s *Store) SignUpUnverified(
	ctx context.Context, n NewUser, link string, expiresAt time.Time,
) (id string, created bool, err error) {
	pending, err := json.Marshal(pendingSignUp{n.Name, n.Image, n.Hash})
	if err != nil {
		return "", false, err
	}
	type result struct {
		ID   string
		Made bool
	}
	f, err := writeRow(ctx, s, pgx.RowToStructByName[result], `
		WITH new_user AS (`+insertIntoUserSQL+`$1, $4, false, $3, $2, $2
			ON CONFLICT (email) DO NOTHING
			RETURNING id
		), a AS (`+insertIntoPasswordAccountSQL+`
			SELECT id::text, 'credential', id, $5, $2, $2 FROM new_user
		), unused_user AS (
			SELECT u.id FROM "user" u
			WHERE u.email = $4 AND NOT u."emailVerified"
			  AND NOT EXISTS (SELECT FROM session WHERE "userId" = u.id)
			  AND NOT EXISTS (SELECT FROM account WHERE "userId" = u.id AND "providerId" <> 'credential')
			  AND NOT EXISTS (SELECT FROM user_profile WHERE user_id = u.id)
		), link_owner AS (
			SELECT (SELECT id FROM new_user UNION ALL SELECT id FROM unused_user) AS id
		), stored_link AS (`+insertIntoVerificationSQL+`
			SELECT $6, coalesce(id::text, '`+noUserID+`') || $7,
			       CASE WHEN id IS NULL THEN $2 ELSE $8::timestamptz END, $2, $2
			FROM link_owner
			WHERE $6 <> ''
		), stored_conflict AS (`+insertIntoVerificationSQL+`
			SELECT '`+signUpConflictPrefix+`' || id, id::text, $2 + interval '100 years', $2, $2
			FROM unused_user
			WHERE $6 <> '' AND NOT EXISTS (SELECT FROM verification WHERE identifier = '`+signUpConflictPrefix+`' || id)
		)
		SELECT coalesce(id::text, '') AS id, EXISTS (SELECT FROM new_user) AS made FROM link_owner`,
		n.Name, n.At, n.Image, n.Email, n.Hash, link, string(pending), expiresAt)
	return f.ID, f.Made, err
}

// ConfirmEmail redeems the link that verifies the email of a user, sets emailVerified and deletes the user's other
// links. link is "" for a link that the table verification does not have.
//
// If a sign-up has stored the link, the user gets the name, image and password of this sign-up. Otherwise, if several
// sign-ups have used the email, the password is deleted, because it is not known which of them set it. The user can
// reset it. In both cases all sessions of the user are ended.
//
// It returns ErrNotFound if the link is unknown, used or expired, if the email is already verified, or if the user has
// changed the email. If a user opens a link several times, only the first request succeeds.
func (s *Store) ConfirmEmail(ctx context.Context, link, userID, email string, at time.Time) (User, error) {
	return writeRowAfterSignIns(ctx, s, lockSignInsOfUser(userID), s.scanUser, `
		WITH locked_user AS (
			SELECT id FROM "user"
			WHERE id = $1::uuid AND email = $3 AND NOT "emailVerified"
			FOR NO KEY UPDATE
		)`+redeemLinkOfLockedUserSQL+`, chosen_sign_up AS (
			SELECT id, nullif(rest, '')::json AS sign_up FROM u
		), new_password AS (
			SELECT id, sign_up->>'hash' AS hash FROM chosen_sign_up
			WHERE sign_up IS NOT NULL
			   OR EXISTS (SELECT FROM verification WHERE identifier = '`+signUpConflictPrefix+`' || chosen_sign_up.id)
		)`+setPasswordSQL+`, ended_sessions AS (
			DELETE FROM session USING new_password
			WHERE session."userId" = new_password.id
		), `+revokeSourcesSQL+`new_password u`+isUnusedSourceOfUserSQL+`
		), confirmed_user AS (
			UPDATE "user"
			SET "emailVerified" = true, "updatedAt" = $2, name = coalesce(chosen_sign_up.sign_up->>'name', name),
			    image = CASE WHEN chosen_sign_up.sign_up IS NULL THEN image ELSE chosen_sign_up.sign_up->>'image' END
			FROM chosen_sign_up
			WHERE "user".id = chosen_sign_up.id
			RETURNING "user".*
		)
		SELECT `+userColumns+` FROM confirmed_user u`, userID, at, email, link)
}
