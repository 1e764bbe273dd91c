package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// AdminUser has the columns of a new user whom an administrator creates. nil is NULL; for ID, CreatedAt and UpdatedAt
// it is the default.
type AdminUser struct {
	ID                   *string // a UUID
	Name, Email          string  // Email is in lower case
	EmailVerified        bool
	Image                *string
	CreatedAt, UpdatedAt *time.Time
	TwoFactorEnabled     *bool
	Role                 string
	Banned               bool
	BanReason            *string
	BanExpires           *time.Time
	Hash                 string // hash of the password; "": the user has none
}

// CreateUser stores a user and, unless Hash is "", a password account. at is the default of CreatedAt and UpdatedAt. It
// returns ErrDuplicate if another user has the email or the id, and the other errors of SignUp.
func (s *Store) CreateUser(ctx context.Context, n AdminUser, at time.Time) (User, error) {
	return writeRow(ctx, s, s.scanUser, `
		WITH u AS (
			INSERT INTO "user" (
				id, name, email, "emailVerified", image, "createdAt", "updatedAt",
				"twoFactorEnabled", role, banned, "banReason", "banExpires")
			SELECT coalesce($1::uuid, gen_random_uuid()), $2, $3, $4, $5, coalesce($6, $13::timestamptz),
			       coalesce($7, $13::timestamptz), $8, $9, $10, $11, $12
			RETURNING *
		), a AS (`+insertIntoPasswordAccountSQL+`
			SELECT id::text, 'credential', id, $14, $13, $13 FROM u
			WHERE $14 <> ''
		)
		SELECT `+userColumns+` FROM u`,
		n.ID, n.Name, n.Email, n.EmailVerified, n.Image, n.CreatedAt, n.UpdatedAt,
		n.TwoFactorEnabled, n.Role, n.Banned, n.BanReason, n.BanExpires, at, n.Hash)
}

// Change is a new value of a column. The zero value changes nothing.
type Change[T any] struct {
	Set   bool
	Value *T // nil is NULL
}

// ChangeTo returns the change to a value.
func ChangeTo[T any](value T) Change[T] { return Change[T]{true, &value} }

// ChangeToNull returns the change to NULL.
func ChangeToNull[T any]() Change[T] { return Change[T]{Set: true} }

// AdminChange has the columns of a user that an administrator changes.
type AdminChange struct {
	Name, Email      Change[string] // Email is in lower case
	EmailVerified    Change[bool]
	Image            Change[string]
	CreatedAt        Change[time.Time]
	TwoFactorEnabled Change[bool]
	Role             Change[string]
	Banned           Change[bool]
	BanReason        Change[string]
	BanExpires       Change[time.Time]
}

// ChangeUser changes a user and returns the new row. A ban ends all sessions of the user, and revokes the unused ones
// that the user had at Supabase. A ban and a new email also
// delete the user's mailed links. It returns ErrNotFound if there is no such user, also if id is not a UUID, and
// ErrDuplicate if another user has the email.
func (s *Store) ChangeUser(ctx context.Context, id string, c AdminChange, at time.Time) (User, error) {
	return writeRow(ctx, s, s.scanUser, `
		WITH `+lockUserSQL+changeUserSQL, c.arguments(id, at)...)
}

// changeUserSQL is the rest of a statement that changes the user in the CTE u, with the arguments of a change.
const changeUserSQL = `, changed_user AS (
			UPDATE "user"
			SET name = CASE WHEN $3 THEN $4 ELSE name END,
			    email = CASE WHEN $5 THEN $6 ELSE email END,
			    "emailVerified" = CASE WHEN $7 THEN $8 ELSE "emailVerified" END,
			    image = CASE WHEN $9 THEN $10 ELSE image END,
			    "createdAt" = CASE WHEN $11 THEN $12 ELSE "createdAt" END,
			    "twoFactorEnabled" = CASE WHEN $13 THEN $14 ELSE "twoFactorEnabled" END,
			    role = CASE WHEN $15 THEN $16 ELSE role END,
			    banned = CASE WHEN $17 THEN $18 ELSE banned END,
			    "banReason" = CASE WHEN $19 THEN $20 ELSE "banReason" END,
			    "banExpires" = CASE WHEN $21 THEN $22 ELSE "banExpires" END,
			    "updatedAt" = $2
			FROM u
			WHERE "user".id = u.id
			RETURNING "user".*
		), ended_sessions AS (
			DELETE FROM session USING u
			WHERE session."userId" = u.id AND $23
		), ` + revokeSourcesSQL + `u` + isUnusedSourceOfUserSQL + ` AND $23
		), deleted_links AS (
			DELETE FROM verification v USING u
			WHERE ($23 OR $5) AND ` + isLinkOfUserSQL + `
		)
		SELECT ` + userColumns + ` FROM changed_user u`

// arguments returns the arguments of changeUserSQL.
func (c AdminChange) arguments(id string, at time.Time) []any {
	isBan := c.Banned.Set && c.Banned.Value != nil && *c.Banned.Value
	return []any{
		id, at, c.Name.Set, c.Name.Value, c.Email.Set, c.Email.Value, c.EmailVerified.Set, c.EmailVerified.Value,
		c.Image.Set, c.Image.Value, c.CreatedAt.Set, c.CreatedAt.Value, c.TwoFactorEnabled.Set, c.TwoFactorEnabled.Value,
		c.Role.Set, c.Role.Value, c.Banned.Set, c.Banned.Value, c.BanReason.Set, c.BanReason.Value,
		c.BanExpires.Set, c.BanExpires.Value, isBan,
	}
}

// SetPassword stores a new password of a user, who gets a password account if they had none. It deletes the user's
// mailed links, and revokes the unused sessions that the user had at Supabase. It returns ErrNotFound if there is no
// such user.
func (s *Store) SetPassword(ctx context.Context, id, hash string, at time.Time) error {
	_, err := writeRow(ctx, s, pgx.RowTo[string], `
		WITH `+lockUserSQL+`, new_password AS (
			SELECT id, $3::text AS hash FROM u
		)`+setPasswordSQL+`, `+deleteLinksOfUserSQL+`, `+revokeSourcesSQL+`u`+isUnusedSourceOfUserSQL+`
		)
		SELECT id::text FROM u`, id, at, hash)
	return err
}

// InsertImpersonation stores a session in which an administrator impersonates a user, and returns its id. It returns
// ErrBanned if the user is banned at CreatedAt, and ErrOrphan if there is no such user.
func (s *Store) InsertImpersonation(ctx context.Context, n Session) (string, error) {
	id, err := writeRow(ctx, s, pgx.RowTo[string], `
		INSERT INTO session (
			"userId", token, "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent", "impersonatedBy")
		SELECT $1::uuid, $3, $4, $2, $5, $6, $7, $8
		WHERE NOT EXISTS (SELECT FROM "user" u WHERE u.id = $1::uuid AND `+isUserBannedSQL+`)
		RETURNING id`,
		n.UserID, n.CreatedAt.Time, n.Token, n.ExpiresAt.Time, n.UpdatedAt.Time, n.IPAddress, n.UserAgent,
		n.ImpersonatedBy.Value)
	if errors.Is(err, ErrNotFound) {
		return "", ErrBanned
	}
	return id, err
}
