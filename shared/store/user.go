package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// User is a row of "user", in the library's words.
type User struct {
	ID            string  `json:"id"`
	Name          string  `json:"name"`
	Email         string  `json:"email"` // lower case
	EmailVerified bool    `json:"emailVerified"`
	Image         *string `json:"image"`
	CreatedAt     Time    `json:"createdAt"`
	UpdatedAt     Time    `json:"updatedAt"`
}

func (u *User) columns() []any {
	return []any{&u.ID, &u.Name, &u.Email, &u.EmailVerified, &u.Image, &u.CreatedAt, &u.UpdatedAt}
}

// Credential is a person's password account.
type Credential struct {
	AccountID string // "" when the person has none
	Hash      string // "" when the account has no password
}

// EmailTaken reports whether a user has the address, which must be lower case.
func (s *Store) EmailTaken(ctx context.Context, email string) (bool, error) {
	return read(ctx, s, scalar[bool], `SELECT EXISTS (SELECT FROM "user" WHERE email = $1)`, email)
}

// UserWithPassword returns the user of an address (lower case) with their credential account, or ErrNotFound.
func (s *Store) UserWithPassword(ctx context.Context, email string) (User, Credential, error) {
	type pair struct {
		user       User
		credential Credential
	}
	p, err := read(ctx, s, func(row pgx.Row) (p pair, err error) {
		err = row.Scan(append(p.user.columns(), &p.credential.AccountID, &p.credential.Hash)...)
		return p, err
	}, `
		SELECT u.id, u.name, u.email, u."emailVerified", u.image, u."createdAt", u."updatedAt",
		       coalesce(a.id::text, ''), coalesce(a.password, '')
		FROM "user" u
		LEFT JOIN account a ON a."userId" = u.id AND a."providerId" = 'credential' AND a."accountId" = u.id::text
		WHERE u.email = $1
		LIMIT 1`, email)
	return p.user, p.credential, err
}

// NewUser is what SignUp stores.
type NewUser struct {
	Name  string
	Email string // lower case
	Image *string
	Hash  string // of the password
	At    time.Time
}

// SignUp stores a user, their credential account and their first session in one statement, so in one transaction and one
// round trip. It fills in session.ID and session.UserID. ErrDuplicate when the address was taken meanwhile, ErrInvalid for text that
// Postgres cannot hold.
func (s *Store) SignUp(ctx context.Context, n NewUser, session *Session) (User, error) {
	return write(ctx, s, func(row pgx.Row) (u User, err error) {
		err = row.Scan(append(u.columns(), &session.ID)...)
		session.UserID = u.ID
		return u, err
	}, `
		WITH u AS (
			INSERT INTO "user" (name, email, "emailVerified", image, "createdAt", "updatedAt")
			VALUES ($1, $2, false, $3, $4, $4)
			RETURNING *
		), a AS (
			INSERT INTO account ("accountId", "providerId", "userId", password, "createdAt", "updatedAt")
			SELECT id::text, 'credential', id, $5, $4, $4 FROM u
		), s AS (
			INSERT INTO session ("userId", token, "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent")
			SELECT id, $6, $7, $4, $4, $8, $9 FROM u
			RETURNING id
		)
		SELECT u.id, u.name, u.email, u."emailVerified", u.image, u."createdAt", u."updatedAt", s.id FROM u, s`,
		n.Name, n.Email, n.Image, n.At, n.Hash,
		session.Token, session.ExpiresAt.Time, session.IPAddress, session.UserAgent)
}

// ReplaceHash stores a new hash of the same password, unless the password was changed since old was read.
func (s *Store) ReplaceHash(ctx context.Context, accountID, old, hash string, at time.Time) error {
	_, err := s.exec(ctx, `
		UPDATE account SET password = $3, "updatedAt" = $4
		WHERE id = $1::uuid AND password = $2`, accountID, old, hash, at)
	return err
}

// UserChange is what UpdateUser changes.
type UserChange struct {
	Name     *string // nil leaves it
	SetImage bool
	Image    *string // nil removes it
	At       time.Time
}

// UpdateUser changes a user and returns the new state: ErrNotFound when the user is gone, ErrInvalid for text that Postgres
// cannot hold.
func (s *Store) UpdateUser(ctx context.Context, userID string, c UserChange) (User, error) {
	return write(ctx, s, func(row pgx.Row) (u User, err error) {
		err = row.Scan(u.columns()...)
		return u, err
	}, `
		UPDATE "user"
		SET name = coalesce($2::text, name), image = CASE WHEN $3::boolean THEN $4::text ELSE image END, "updatedAt" = $5
		WHERE id = $1::uuid
		RETURNING id, name, email, "emailVerified", image, "createdAt", "updatedAt"`,
		userID, c.Name, c.SetImage, c.Image, c.At)
}

func scalar[T any](row pgx.Row) (v T, err error) {
	err = row.Scan(&v)
	return v, err
}
