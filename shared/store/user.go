package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// User is a row of the table "user". Its JSON has the names and the order of Better Auth's.
type User struct {
	Name          string  `json:"name"`
	Email         string  `json:"email"` // lower case
	EmailVerified bool    `json:"emailVerified"`
	Image         *string `json:"image"`
	CreatedAt     Time    `json:"createdAt"`
	UpdatedAt     Time    `json:"updatedAt"`
	UserPluginFields
	ID string `json:"id"`
}

// UserPluginFields are the fields of a User that Better Auth's plugins twoFactor and admin add.
type UserPluginFields struct {
	TwoFactorEnabled PluginField[bool]   `json:"twoFactorEnabled,omitzero"`
	Role             PluginField[string] `json:"role,omitzero"` // names, separated by commas
	Banned           PluginField[bool]   `json:"banned,omitzero"`
	BanReason        PluginField[string] `json:"banReason,omitzero"`
	BanExpires       PluginField[Time]   `json:"banExpires,omitzero"`
}

// userColumns are the columns of a User, read from the row u of "user".
const userColumns = `u.id, u.name, u.email, u."emailVerified", u.image, u."createdAt", u."updatedAt"`

// userFieldPointers returns pointers to the fields of u, in the order of userColumns, followed by more.
func (s *Store) userFieldPointers(u *User, more ...any) []any {
	all := []any{&u.ID, &u.Name, &u.Email, &u.EmailVerified, &u.Image, &u.CreatedAt, &u.UpdatedAt}
	return append(append(all, s.userPluginPointers(u)...), more...)
}

// isUserBannedSQL is true for a row u of "user" if the user is banned at $2: without end, or until a time that is not
// before $2 (docs/wire.md#banned-users). Postgres evaluates it, so that 'infinity' and other values that an operator
// writes with SQL have their meaning in Postgres.
const isUserBannedSQL = `(u.banned IS TRUE AND coalesce(u."banExpires" >= $2, true))`

// IsEmailTaken reports whether a user has the email (lower case).
func (s *Store) IsEmailTaken(ctx context.Context, email string) (bool, error) {
	return readRow(ctx, s, pgx.RowTo[bool], `SELECT EXISTS (SELECT FROM "user" WHERE email = $1)`, email)
}

// UserByEmail returns the user with the email (lower case), or ErrNotFound.
func (s *Store) UserByEmail(ctx context.Context, email string) (User, error) {
	return readRow(ctx, s, s.scanUser, `SELECT `+userColumns+` FROM "user" u WHERE u.email = $1`, email)
}

// UserByID returns the user with the id. It returns ErrNotFound if there is none, also if id is not a UUID.
func (s *Store) UserByID(ctx context.Context, id string) (User, error) {
	return readRow(ctx, s, s.scanUser, `SELECT `+userColumns+` FROM "user" u WHERE u.id = $1::uuid`, id)
}

// UserWithPassword returns the user with the email (lower case) and their password account, or ErrNotFound if no user
// has the email.
func (s *Store) UserWithPassword(ctx context.Context, email string) (User, PasswordAccount, error) {
	type pair struct {
		user       User
		credential PasswordAccount
	}
	p, err := readRow(ctx, s, func(row pgx.CollectableRow) (p pair, err error) {
		err = scanRow(row, s.userFieldPointers(&p.user, &p.credential.AccountID, &p.credential.Hash)...)
		return p, err
	}, `
		SELECT `+userColumns+`, `+passwordAccountColumns+`
		FROM "user" u
		LEFT JOIN account a ON `+isPasswordAccountSQL+`
		WHERE u.email = $1
		LIMIT 1`, email)
	return p.user, p.credential, err
}

// UserChange has the new values of UpdateUser.
type UserChange struct {
	Name     *string // nil means no change
	SetImage bool    // whether Image is stored
	Image    *string // nil means NULL
	At       time.Time
}

// UpdateUser changes a user and returns the new row. It returns ErrNotFound if the user was deleted, and ErrInvalid for
// text that Postgres cannot store.
func (s *Store) UpdateUser(ctx context.Context, userID string, c UserChange) (User, error) {
	return writeRow(ctx, s, s.scanUser, `
		UPDATE "user" u
		SET name = coalesce($2::text, name),
		    image = CASE WHEN $3::boolean THEN $4::text ELSE image END,
		    "updatedAt" = $5
		WHERE id = $1::uuid
		RETURNING `+userColumns,
		userID, c.Name, c.SetImage, c.Image, c.At)
}

// ChangeEmail redeems a mailed link that changes the email of a user. from is the old and to is the new email, both in
// lower case. It deletes the link and the user's other links. link is "" for a link that the table verification does
// not have; then only the user is checked. If keepVerified is false, the new email is not verified.
//
// It returns ErrNotFound if the link is not valid, or if the user is banned or no longer has the old email. It returns
// ErrDuplicate, and keeps the link, if another user has the new email.
//
// A link is valid only while the session that requested it exists. Without this rule, a request could store a link
// after the session was ended and the user's links were deleted, and this link would work.
func (s *Store) ChangeEmail(
	ctx context.Context, link, userID, from, to string, keepVerified bool, at time.Time,
) (User, error) {
	return writeRow(ctx, s, s.scanUser, `
		WITH locked_user AS (
			SELECT u.id FROM "user" u
			WHERE u.id = $1::uuid AND u.email = $3 AND NOT `+isUserBannedSQL+` AND NOT EXISTS (
				SELECT FROM verification v
				WHERE v.identifier = $4 AND length(v.value) > 36 AND NOT EXISTS (
					SELECT FROM session WHERE "userId" = u.id AND id::text = substr(v.value, 37)
				)
			)
			FOR NO KEY UPDATE
		)`+redeemLinkOfLockedUserSQL+`, changed_user AS (
			UPDATE "user" SET email = $5, "emailVerified" = "emailVerified" AND $6, "updatedAt" = $2
			FROM u
			WHERE "user".id = u.id
			RETURNING "user".*
		)
		SELECT `+userColumns+` FROM changed_user u`, userID, at, from, link, to, keepVerified)
}

// DeleteUser deletes a user and their mailed links. Foreign keys also delete their sessions, accounts and profile. It
// returns nil if there is no such user.
func (s *Store) DeleteUser(ctx context.Context, id string) error {
	_, err := s.exec(ctx, `
		WITH `+lockUserSQL+`, `+deleteLinksOfUserSQL+`
		DELETE FROM "user" USING u
		WHERE "user".id = u.id`, id)
	return err
}

// DeleteUserByLink redeems a link that permits the deletion of a user, and deletes the user as DeleteUser does,
// in one transaction. It returns ErrNotFound if the link is unknown, used, expired, or for another user than the one
// with this id. A link for another user is used up, too.
func (s *Store) DeleteUserByLink(ctx context.Context, identifier, id string, now time.Time) error {
	_, err := writeRow(ctx, s, pgx.RowTo[string], redeemLinkSQL+`, deleted_links AS (
			DELETE FROM verification v USING u
			WHERE u.id = $3::text::uuid AND v.identifier <> $1 AND `+isLinkOfUserSQL+`
		)
		DELETE FROM "user" USING u
		WHERE "user".id = u.id AND u.id = $3::text::uuid
		RETURNING "user".id`, identifier, now, id)
	return err
}
