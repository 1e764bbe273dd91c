package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Account is a row of the table account without its secrets. Each account is one way in which a user can sign in.
type Account struct {
	AccountID  string `json:"accountId"` // the user's id at the provider
	ProviderID string `json:"providerId"`
	UserID     string `json:"userId"`
	CreatedAt  Time   `json:"createdAt"`
	UpdatedAt  Time   `json:"updatedAt"`
	ID         string `json:"id"`
	Scope      string `json:"-"` // the scopes that the provider granted, separated by commas
}

// PasswordAccount is the account with the password of a user.
type PasswordAccount struct {
	AccountID string // "" if the user has none
	Hash      string // "" if the account has no password
}

// passwordAccountColumns are the columns of a PasswordAccount. They read the row a of account, which a LEFT JOIN may
// leave empty.
//
//nolint:gosec // G101: SQL
const passwordAccountColumns = `coalesce(a.id::text, '') AS "accountId", coalesce(a.password, '') AS hash`

// isPasswordAccountSQL is true for the row a of account that has the password of user u.
//
//nolint:gosec // G101: SQL
const isPasswordAccountSQL = `a."userId" = u.id AND a."providerId" = 'credential' AND a."accountId" = u.id::text`

// insertIntoPasswordAccountSQL is the beginning of every INSERT of a PasswordAccount whose id Postgres generates.
const insertIntoPasswordAccountSQL = `
			INSERT INTO account ("accountId", "providerId", "userId", password, "createdAt", "updatedAt")`

// AccountsOfUser returns the accounts of a user, oldest first.
func (s *Store) AccountsOfUser(ctx context.Context, userID string) ([]Account, error) {
	return readRows(ctx, s, pgx.RowToStructByName[Account], `
		SELECT "accountId", "providerId", "userId", "createdAt", "updatedAt", id, coalesce(scope, '') AS scope
		FROM account
		WHERE "userId" = $1::uuid
		ORDER BY "createdAt", id`, userID)
}

// DeleteAccount deletes an account of the user. id is the id of its row, or any other text. It returns ErrNotFound if
// no account of the user has the id. If allowLast is false and the user has only one account, it returns
// ErrLastAccount, whatever the id is. It locks the user, and then all their accounts before it counts them, so that two
// concurrent calls cannot delete the last two accounts.
func (s *Store) DeleteAccount(ctx context.Context, userID, id string, allowLast bool) error {
	id = strings.ReplaceAll(id, "\x00", "\uFFFD") // no id has a NUL or U+FFFD; Postgres rejects text with a NUL
	type counts struct{ Own, Deleted int }
	n, err := writeRow(ctx, s, pgx.RowToStructByName[counts], `
		WITH `+lockUserSQL+`, user_accounts AS (
			SELECT a.id FROM account a
			JOIN u ON u.id = a."userId"
			ORDER BY a.id
			FOR UPDATE OF a
		), deleted AS (
			DELETE FROM account a USING user_accounts
			WHERE a.id = user_accounts.id AND user_accounts.id::text = $2 AND ($3 OR (SELECT count(*) FROM user_accounts) > 1)
			RETURNING a.id
		)
		SELECT (SELECT count(*) FROM user_accounts) AS own, (SELECT count(*) FROM deleted) AS deleted`, userID, id, allowLast)
	switch {
	case err != nil:
		return err
	case n.Own == 1 && !allowLast:
		return ErrLastAccount
	case n.Deleted == 0:
		return ErrNotFound
	}
	return nil
}

// PasswordAccountOfUser returns the password account of a user, or a zero PasswordAccount if the user has none.
func (s *Store) PasswordAccountOfUser(ctx context.Context, userID string) (PasswordAccount, error) {
	return readRow(ctx, s, pgx.RowToStructByName[PasswordAccount], `
		SELECT `+passwordAccountColumns+`
		FROM (SELECT $1::uuid AS id) u
		LEFT JOIN account a ON `+isPasswordAccountSQL+`
		LIMIT 1`, userID)
}

// ReplaceHash stores another hash of the same password. It does nothing if the stored hash is no longer the one in old,
// because then the password was changed meanwhile. It writes no event password.changed: the setting xenon.events ends
// with the statement.
func (s *Store) ReplaceHash(ctx context.Context, accountID, old, hash string, at time.Time) error {
	_, err := s.exec(ctx, `
		UPDATE account SET password = $3, "updatedAt" = $4
		WHERE id = $1::uuid AND password = $2 AND set_config('xenon.events', 'off', true) = 'off'`,
		accountID, old, hash, at)
	return err
}

// changePasswordSQL is the beginning of a statement that changes a password: $1 is the user, $2 the time, $3 the old
// hash, $4 the new hash, $5 the account. If the stored hash is still the old one, the CTE changed_account has the id of
// the user, and all mailed links of the user are deleted. Otherwise changed is empty.
const changePasswordSQL = `
		WITH ` + lockUserSQL + `, changed_account AS (
			UPDATE account a SET password = $4, "updatedAt" = $2
			FROM u
			WHERE a.id = $5::uuid AND a."userId" = u.id AND a.password = $3
			RETURNING a."userId"
		), deleted_links AS (
			DELETE FROM verification v USING u
			WHERE EXISTS (SELECT FROM changed_account) AND ` + isLinkOfUserSQL + `
		)`

// ChangePassword replaces the hash of an account and deletes all mailed links of its user. It returns ErrNotFound if
// the stored hash is not old.Hash, because then the password was changed meanwhile.
func (s *Store) ChangePassword(
	ctx context.Context, userID string, old PasswordAccount, hash string, at time.Time,
) error {
	_, err := writeRow(ctx, s, pgx.RowTo[string], changePasswordSQL+`
		SELECT "userId" FROM changed_account`, userID, at, old.Hash, hash, old.AccountID)
	return err
}

// ChangePasswordAndSessions is like ChangePassword, but also ends every session of the user, revokes the unused ones
// that the user had at Supabase, and stores the session next, all in one transaction. It sets next.ID. next.UserID must
// be the owner of the account.
func (s *Store) ChangePasswordAndSessions(ctx context.Context, old PasswordAccount, hash string, next *Session) error {
	lock := lockSignInsOfUser(next.UserID)
	id, err := writeRowAfterSignIns(ctx, s, lock, pgx.RowTo[string], changePasswordSQL+`, ended_sessions AS (
			DELETE FROM session USING changed_account
			WHERE session."userId" = changed_account."userId"
		), `+revokeSourcesSQL+`(SELECT "userId" AS id FROM changed_account) u`+isUnusedSourceOfUserSQL+`
		)`+insertIntoSessionSQL+`
		SELECT "userId", $6, $7, $2, $2, $8, $9 FROM changed_account
		RETURNING id`,
		next.UserID, next.CreatedAt.Time, old.Hash, hash, old.AccountID,
		next.Token, next.ExpiresAt.Time, next.IPAddress, next.UserAgent)
	next.ID = id
	return err
}

// setPasswordSQL has CTEs that store the column hash of the CTE new_password as the password of the user in that CTE,
// at time $2. If hash is NULL, they delete the password. Otherwise a user without a password account gets one. The id
// of this account is computed from the id of the user, so that two concurrent statements cannot create two accounts.
const setPasswordSQL = `, changed_account AS (
			UPDATE account a SET password = u.hash, "updatedAt" = $2
			FROM new_password u
			WHERE ` + isPasswordAccountSQL + `
			RETURNING a.id
		), new_account AS (
			INSERT INTO account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
			SELECT md5('credential:' || id)::uuid, id::text, 'credential', id, hash, $2, $2
			FROM new_password
			WHERE hash IS NOT NULL AND NOT EXISTS (SELECT FROM changed_account)
			ON CONFLICT (id) DO UPDATE SET password = excluded.password, "updatedAt" = excluded."updatedAt"
		)`

// resetPasswordSQL has CTEs that reset the password of the user in the CTE u, as ResetPassword describes: $1 is the
// identifier of the redeemed link or code, $2 the time, $3 the hash, $4 whether to end all sessions, $5 the keys of the
// rate limit rows to delete.
const resetPasswordSQL = `, new_password AS (
			SELECT id, $3::text AS hash FROM u
		)` + setPasswordSQL + `, deleted_links AS (
			DELETE FROM verification v USING u
			WHERE v.identifier <> $1 AND ` + isLinkOfUserSQL + `
		), removed_accounts AS (
			DELETE FROM account a USING u
			WHERE a."userId" = u.id AND NOT u."emailVerified" AND a."providerId" <> 'credential'
			RETURNING a.id
		), ended_sessions AS (
			DELETE FROM session USING u
			WHERE ($4 OR EXISTS (SELECT FROM removed_accounts)) AND session."userId" = u.id
		), ` + revokeSourcesSQL + `u` + isUnusedSourceOfUserSQL + `
		), counters_to_delete AS (
			SELECT r.id
			FROM unnest($5::text[]) WITH ORDINALITY AS c (key, place)
			JOIN "rateLimit" r ON r.key = c.key
			WHERE EXISTS (SELECT FROM u)
			ORDER BY c.place
			FOR UPDATE OF r
		), deleted_counters AS (
			DELETE FROM "rateLimit" r USING counters_to_delete
			WHERE r.id = counters_to_delete.id
		)`

// ResetPassword redeems a reset link and stores the new hash for its user, who gets a password account if they had
// none. With revoke it ends all their sessions. It always revokes the unused sessions that the user had at Supabase. It
// deletes all mailed links of the user, and the rate limit rows whose keys are in counters. All of it is one
// transaction. It returns ErrNotFound if the link is unknown, used or expired, or if the user was deleted.
//
// If the email of the user is not verified, another person may have signed up with it at a provider. Then ResetPassword
// deletes the user's accounts at providers and returns their number. If there was one, it ends all sessions.
func (s *Store) ResetPassword(
	ctx context.Context, identifier, hash string, revoke bool, counters []string, now time.Time,
) (removed int, err error) {
	return writeRowAfterSignIns(ctx, s, lockSignInsOfLink(identifier), pgx.RowTo[int], redeemLinkSQL+resetPasswordSQL+`
		SELECT (SELECT count(*) FROM removed_accounts) FROM u`, identifier, now, hash, revoke, counters)
}
