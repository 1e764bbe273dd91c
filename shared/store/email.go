package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
)

const userColumns = `id, name, email, "emailVerified", image, "createdAt", "updatedAt"`

func scanUser(row pgx.Row) (u User, err error) {
	err = row.Scan(u.columns()...)
	return u, err
}

// UserByEmail returns the user of an address, which must be lower case, or ErrNotFound.
func (s *Store) UserByEmail(ctx context.Context, email string) (User, error) {
	return read(ctx, s, scanUser, `SELECT `+userColumns+` FROM "user" WHERE email = $1`, email)
}

// UserByID returns a user, or ErrNotFound, also for text that is no id.
func (s *Store) UserByID(ctx context.Context, id string) (User, error) {
	return read(ctx, s, scanUser, `SELECT `+userColumns+` FROM "user" WHERE id = $1::uuid`, id)
}

// pendingSignUp is what a sign-up chose, kept with its link: the one whose link is opened counts.
type pendingSignUp struct {
	Name  string  `json:"name"`
	Image *string `json:"image"`
	Hash  string  `json:"hash"`
}

// SignUpUnverified stores a user and their credential account but no session, and the link that verifies the email
// address ("" for none). It returns the id of the user, and whether it made them. Where a user has the address who
// never verified it nor used the account, it stores a link that belongs to this sign-up. Where another user has the
// address the id is "", and the statement does the same work: nothing is told by an error in the server's log either.
// ErrInvalid for text that Postgres cannot hold.
func (s *Store) SignUpUnverified(ctx context.Context, n NewUser, link string, expiresAt time.Time) (id string, made bool, err error) {
	pending, err := json.Marshal(pendingSignUp{n.Name, n.Image, n.Hash})
	if err != nil {
		return "", false, err
	}
	type found struct {
		id   string
		made bool
	}
	f, err := write(ctx, s, func(row pgx.Row) (f found, err error) {
		err = row.Scan(&f.id, &f.made)
		return f, err
	}, `
		WITH made AS (
			INSERT INTO "user" (name, email, "emailVerified", image, "createdAt", "updatedAt")
			VALUES ($1, $4, false, $3, $2, $2)
			ON CONFLICT (email) DO NOTHING
			RETURNING id
		), a AS (
			INSERT INTO account ("accountId", "providerId", "userId", password, "createdAt", "updatedAt")
			SELECT id::text, 'credential', id, $5, $2, $2 FROM made
		), unused AS (
			SELECT u.id FROM "user" u
			WHERE u.email = $4 AND NOT u."emailVerified"
			  AND NOT EXISTS (SELECT FROM session WHERE "userId" = u.id)
			  AND NOT EXISTS (SELECT FROM account WHERE "userId" = u.id AND "providerId" <> 'credential')
			  AND NOT EXISTS (SELECT FROM user_profile WHERE user_id = u.id)
		), person AS (
			SELECT (SELECT id FROM made UNION ALL SELECT id FROM unused) AS id
		), stored AS (
			INSERT INTO verification (identifier, value, "expiresAt", "createdAt", "updatedAt")
			SELECT $6, coalesce(id::text, '00000000-0000-0000-0000-000000000000') || $7,
			       CASE WHEN id IS NULL THEN $2 ELSE $8::timestamptz END, $2, $2
			FROM person WHERE $6 <> ''
		), conflict AS (
			INSERT INTO verification (identifier, value, "expiresAt", "createdAt", "updatedAt")
			SELECT '`+signUpConflict+`' || id, id::text, $2 + interval '100 years', $2, $2
			FROM unused
			WHERE $6 <> '' AND NOT EXISTS (SELECT FROM verification WHERE identifier = '`+signUpConflict+`' || id)
		)
		SELECT coalesce(id::text, ''), EXISTS (SELECT FROM made) FROM person`,
		n.Name, n.At, n.Image, n.Email, n.Hash, link, string(pending), expiresAt)
	return f.id, f.made, err
}

// ConfirmEmail redeems the link that verifies the email address of a user ("" for a link that no row stands for), marks
// the address as verified and deletes the user's other links. Of several sign-ups with the address, the one whose link
// this is gives the account its name, image and password. If the link belongs to none of them, no password is left:
// whose it is is not known, and the user can reset it. ErrNotFound if the link is unknown, spent or expired, or if the
// address is verified already or no longer theirs: of several clicks on one link only the first gets through.
func (s *Store) ConfirmEmail(ctx context.Context, link, userID, email string, at time.Time) (User, error) {
	return write(ctx, s, scanUser, `
		WITH locked AS (
			SELECT id FROM "user" WHERE id = $1::uuid AND email = $3 AND NOT "emailVerified" FOR NO KEY UPDATE
		)`+redeemFor+`, chosen AS (
			SELECT id, nullif(rest, '')::json AS sign_up FROM u
		), decided AS (
			SELECT id, sign_up->>'hash' AS hash FROM chosen
			WHERE sign_up IS NOT NULL
			   OR EXISTS (SELECT FROM verification WHERE identifier = '`+signUpConflict+`' || chosen.id)
		), changed AS (
			UPDATE account a SET password = decided.hash, "updatedAt" = $2
			FROM decided
			WHERE a."userId" = decided.id AND a."providerId" = 'credential' AND a."accountId" = decided.id::text
			RETURNING a.id
		), made AS (
			INSERT INTO account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
			SELECT md5('credential:' || id)::uuid, id::text, 'credential', id, hash, $2, $2
			FROM decided WHERE hash IS NOT NULL AND NOT EXISTS (SELECT FROM changed)
			ON CONFLICT (id) DO UPDATE SET password = excluded.password, "updatedAt" = excluded."updatedAt"
		), ended AS (
			DELETE FROM session USING decided WHERE session."userId" = decided.id
		), confirmed AS (
			UPDATE "user"
			SET "emailVerified" = true, "updatedAt" = $2, name = coalesce(chosen.sign_up->>'name', name),
			    image = CASE WHEN chosen.sign_up IS NULL THEN image ELSE chosen.sign_up->>'image' END
			FROM chosen WHERE "user".id = chosen.id
			RETURNING "user".*
		)
		SELECT `+userColumns+` FROM confirmed`, userID, at, email, link)
}

// redeemFor redeems link $4 of the user that the CTE locked has, by time $2. The CTE u is the user with the rest of the
// link's value, empty if the link is not good. A link without a row, "", is good.
const redeemFor = `, taken AS (
			DELETE FROM verification v USING locked
			WHERE v.identifier = $4 AND left(v.value, 36) = locked.id::text AND v."expiresAt" >= $2
			RETURNING v.value
		), u AS (
			SELECT id, (SELECT substr(value, 37) FROM taken LIMIT 1) AS rest
			FROM locked WHERE $4 = '' OR EXISTS (SELECT FROM taken)
		), links AS (
			DELETE FROM verification v USING u WHERE v.identifier <> $4 AND ` + isLink + `
		)`

// EmailChange is a change of email address that a user asked for.
type EmailChange struct {
	Link, Cancel      string // identifiers of the links that carry it out and that cancel it; Cancel may be ""
	UserID, SessionID string // who asked
	To                string // lower case
}

// InsertEmailChange stores the links of a change, and reports whether a user has the new address already.
func (s *Store) InsertEmailChange(ctx context.Context, c EmailChange, expiresAt, at time.Time) (taken bool, err error) {
	return write(ctx, s, scalar[bool], `
		WITH `+swept+`, stored AS (
			INSERT INTO verification (identifier, value, "expiresAt", "createdAt", "updatedAt")
			SELECT link, $5, $6, $2, $2 FROM unnest(ARRAY[$1::text, $4]) link WHERE link <> ''
		)
		SELECT EXISTS (SELECT FROM "user" WHERE email = $7)`,
		c.Link, at, s.broom.due(at), c.Cancel, c.UserID+c.SessionID, expiresAt, c.To)
}

// ContinueEmailChange redeems a link of a change and stores the next one in its place. ErrNotFound if it is not good.
func (s *Store) ContinueEmailChange(ctx context.Context, link, next, userID string, expiresAt, at time.Time) error {
	n, err := s.exec(ctx, `
		WITH taken AS (
			DELETE FROM verification
			WHERE identifier = $1 AND left(value, 36) = $3 AND "expiresAt" >= $5
			RETURNING value
		)
		INSERT INTO verification (identifier, value, "expiresAt", "createdAt", "updatedAt")
		SELECT $2, value, $4, $5, $5 FROM taken`, link, next, userID, expiresAt, at)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// CancelEmailChange redeems a link that cancels and deletes all links of changes of its user, whose id it returns.
// ErrNotFound if the link is not good.
func (s *Store) CancelEmailChange(ctx context.Context, identifier string, now time.Time) (userID string, err error) {
	return write(ctx, s, scalar[string], redeem+`, links AS (
			DELETE FROM verification v USING u
			WHERE left(v.value, 36) = u.id::text AND v.identifier <> $1
			  AND v.identifier ~ '^(change-email:|cancel-email-change:)'
		)
		SELECT id FROM u`, identifier, now)
}

// ChangeEmail redeems the link of a change ("" for one that no row stands for), moves the user from one email address
// to another, both lower case, and deletes the user's other links; keepVerified leaves the mark of a verified address
// as it is. ErrNotFound if the link is not good, or the user banned or without the old address; ErrDuplicate, which
// leaves the link as it is, if another user has the new one. A link is good only while the session that asked for it
// lives: one that was stored while the session was being ended was not there yet when the user's links were deleted.
func (s *Store) ChangeEmail(
	ctx context.Context, link, userID, from, to string, keepVerified bool, at time.Time,
) (User, error) {
	return write(ctx, s, scanUser, `
		WITH locked AS (
			SELECT u.id FROM "user" u
			WHERE u.id = $1::uuid AND u.email = $3 AND NOT `+barred+` AND NOT EXISTS (
				SELECT FROM verification v
				WHERE v.identifier = $4 AND length(v.value) > 36 AND NOT EXISTS (
					SELECT FROM session WHERE "userId" = u.id AND id::text = substr(v.value, 37)))
			FOR NO KEY UPDATE
		)`+redeemFor+`, changed AS (
			UPDATE "user" SET email = $5, "emailVerified" = "emailVerified" AND $6, "updatedAt" = $2
			FROM u WHERE "user".id = u.id
			RETURNING "user".*
		)
		SELECT `+userColumns+` FROM changed`, userID, at, from, link, to, keepVerified)
}
