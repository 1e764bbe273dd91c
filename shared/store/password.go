package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// CredentialOfUser returns the password account of a user, a zero Credential if they have none.
func (s *Store) CredentialOfUser(ctx context.Context, userID string) (Credential, error) {
	return read(ctx, s, func(row pgx.Row) (c Credential, err error) {
		err = row.Scan(&c.AccountID, &c.Hash)
		return c, err
	}, `
		SELECT coalesce(a.id::text, ''), coalesce(a.password, '')
		FROM (SELECT $1::uuid AS id) u
		LEFT JOIN account a ON a."userId" = u.id AND a."providerId" = 'credential' AND a."accountId" = u.id::text
		LIMIT 1`, userID)
}

// ChangePassword replaces the hash of an account, which must still be old's, and deletes all mailed links of its user;
// ErrNotFound if the password was changed meanwhile.
func (s *Store) ChangePassword(ctx context.Context, userID string, old Credential, hash string, at time.Time) error {
	_, err := write(ctx, s, scalar[string], `
		WITH `+locksUser+`, changed AS (
			UPDATE account a SET password = $4, "updatedAt" = $5
			FROM u
			WHERE a.id = $2::uuid AND a."userId" = u.id AND a.password = $3
			RETURNING a.id
		), links AS (
			DELETE FROM verification v USING u WHERE EXISTS (SELECT FROM changed) AND `+isLink+`
		)
		SELECT id FROM changed`, userID, old.AccountID, old.Hash, hash, at)
	return err
}

// ChangePasswordAndSessions is ChangePassword that also ends every session of the user and starts next, in one
// transaction. It fills in next.ID; next.UserID must be the owner of the account.
func (s *Store) ChangePasswordAndSessions(ctx context.Context, old Credential, hash string, next *Session) error {
	id, err := write(ctx, s, scalar[string], `
		WITH `+locksUser+`, changed AS (
			UPDATE account a SET password = $4, "updatedAt" = $5
			FROM u
			WHERE a.id = $2::uuid AND a."userId" = u.id AND a.password = $3
			RETURNING a."userId"
		), links AS (
			DELETE FROM verification v USING u WHERE EXISTS (SELECT FROM changed) AND `+isLink+`
		), ended AS (
			DELETE FROM session USING changed WHERE session."userId" = changed."userId"
		)
		INSERT INTO session ("userId", token, "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent")
		SELECT "userId", $6, $7, $5, $5, $8, $9 FROM changed
		RETURNING id`,
		next.UserID, old.AccountID, old.Hash, hash, next.CreatedAt.Time,
		next.Token, next.ExpiresAt.Time, next.IPAddress, next.UserAgent)
	next.ID = id
	return err
}

// ResetPassword redeems a reset value and stores the new hash for the user that it names, who gets a password account
// if they had none; with revoke it ends all their sessions. It deletes all mailed links of the user and the counters
// named in counters. All of it is one transaction. ErrNotFound if the value is unknown, spent or expired, or the user
// gone.
func (s *Store) ResetPassword(
	ctx context.Context, identifier, hash string, revoke bool, counters []string, now time.Time,
) error {
	// The id of a new account follows from the user's, so that two resets at once cannot make two accounts.
	_, err := write(ctx, s, scalar[string], redeem+`, changed AS (
			UPDATE account a SET password = $3, "updatedAt" = $2
			FROM u
			WHERE a."userId" = u.id AND a."providerId" = 'credential' AND a."accountId" = u.id::text
			RETURNING a.id
		), made AS (
			INSERT INTO account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
			SELECT md5('credential:' || id)::uuid, id::text, 'credential', id, $3, $2, $2
			FROM u WHERE NOT EXISTS (SELECT FROM changed)
			ON CONFLICT (id) DO UPDATE SET password = excluded.password, "updatedAt" = excluded."updatedAt"
		), links AS (
			DELETE FROM verification v USING u WHERE v.identifier <> $1 AND `+isLink+`
		), ended AS (
			DELETE FROM session USING u WHERE $4 AND session."userId" = u.id
		), counters AS (
			SELECT r.id
			FROM unnest($5::text[]) WITH ORDINALITY AS c (key, place)
			JOIN "rateLimit" r ON r.key = c.key
			WHERE EXISTS (SELECT FROM u)
			ORDER BY c.place
			FOR UPDATE OF r
		), cleared AS (
			DELETE FROM "rateLimit" r USING counters WHERE r.id = counters.id
		)
		SELECT id FROM u`, identifier, now, hash, revoke, counters)
	return err
}
