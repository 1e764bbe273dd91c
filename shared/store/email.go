package store

import (
	"context"
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

// SignUpUnverified stores a user and their credential account but no session, in one transaction. ErrNotFound when the
// address is taken: nothing is told by an error in the server's log either. ErrInvalid for text that Postgres cannot hold.
func (s *Store) SignUpUnverified(ctx context.Context, n NewUser) (User, error) {
	return write(ctx, s, scanUser, `
		WITH u AS (
			INSERT INTO "user" (name, email, "emailVerified", image, "createdAt", "updatedAt")
			VALUES ($1, $2, false, $3, $4, $4)
			ON CONFLICT (email) DO NOTHING
			RETURNING *
		), a AS (
			INSERT INTO account ("accountId", "providerId", "userId", password, "createdAt", "updatedAt")
			SELECT id::text, 'credential', id, $5, $4, $4 FROM u
		)
		SELECT `+userColumns+` FROM u`, n.Name, n.Email, n.Image, n.At, n.Hash)
}

// ConfirmEmail marks the address of a user as verified. ErrNotFound if it is already, or is no longer theirs: of several
// clicks on one link only the first gets through.
func (s *Store) ConfirmEmail(ctx context.Context, userID, email string, at time.Time) (User, error) {
	return write(ctx, s, scanUser, `
		UPDATE "user" SET "emailVerified" = true, "updatedAt" = $3
		WHERE id = $1::uuid AND email = $2 AND NOT "emailVerified"
		RETURNING `+userColumns, userID, email, at)
}

// ChangeEmail moves a user from one address to another, both lower case; keepVerified leaves the mark of a verified
// address as it is. ErrNotFound if the user no longer has the old one, ErrDuplicate if somebody else has the new one.
func (s *Store) ChangeEmail(ctx context.Context, userID, from, to string, keepVerified bool, at time.Time) (User, error) {
	return write(ctx, s, scanUser, `
		UPDATE "user" SET email = $3, "emailVerified" = "emailVerified" AND $4, "updatedAt" = $5
		WHERE id = $1::uuid AND email = $2
		RETURNING `+userColumns, userID, from, to, keepVerified, at)
}
