package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// TwoFactor is a row of the table "twoFactor": the authenticator app and the backup codes of a user.
type TwoFactor struct {
	ID          string // "" if the user has no row
	Secret      string // encrypted
	BackupCodes string // encrypted
	Verified    *bool  // false: the set-up is not finished. As in Better Auth, NULL counts as finished
	LockedUntil *time.Time
}

// IsSetUp reports whether the user has an authenticator app and has entered a code of it.
func (f TwoFactor) IsSetUp() bool { return f.ID != "" && (f.Verified == nil || *f.Verified) }

// IsLocked reports whether wrong codes have locked the second factor of the user.
func (f TwoFactor) IsLocked(now time.Time) bool {
	return f.LockedUntil != nil && f.LockedUntil.After(now)
}

// factorColumns are the columns of a TwoFactor, read from the row t of "twoFactor", which a LEFT JOIN may leave
// empty.
const factorColumns = `coalesce(t.id::text, ''), coalesce(t.secret, ''), coalesce(t."backupCodes", ''), t.verified,
			t."lockedUntil"`

// factorFieldPointers returns pointers to the fields of f, in the order of factorColumns.
func factorFieldPointers(f *TwoFactor) []any {
	return []any{&f.ID, &f.Secret, &f.BackupCodes, &f.Verified, &f.LockedUntil}
}

// joinTwoFactorSQL joins the row t of "twoFactor" of the user in the row u, if there is one. Code keeps one row for
// each user; no index does.
const joinTwoFactorSQL = `
		LEFT JOIN LATERAL (
			SELECT * FROM "twoFactor" WHERE "userId" = u.id ORDER BY verified IS FALSE, id LIMIT 1
		) t ON true`

// TwoFactorOfUser returns the row of a user, or a zero TwoFactor if the user has none.
func (s *Store) TwoFactorOfUser(ctx context.Context, userID string) (TwoFactor, error) {
	return readRow(ctx, s, func(row pgx.CollectableRow) (f TwoFactor, err error) {
		err = row.Scan(factorFieldPointers(&f)...)
		return f, err
	}, `SELECT `+factorColumns+` FROM (SELECT $1::uuid AS id) u`+joinTwoFactorSQL, userID)
}

// SetUpTwoFactor stores a new secret and new backup codes, which replace those of a set-up that was not finished. It
// returns ErrDuplicate if the user already has an authenticator app. The id of the row is computed from the id of the
// user, so that two concurrent calls cannot store two rows.
func (s *Store) SetUpTwoFactor(ctx context.Context, userID, secret, backupCodes string) error {
	stored, err := writeRow(ctx, s, pgx.RowTo[bool], `
		WITH `+lockUserSQL+`, old_factors AS (
			SELECT t.id, t.verified FROM "twoFactor" t
			JOIN u ON u.id = t."userId"
			FOR UPDATE OF t
		), changed_factor AS (
			UPDATE "twoFactor" t SET secret = $2, "backupCodes" = $3
			FROM old_factors
			WHERE t.id = old_factors.id AND NOT EXISTS (SELECT FROM old_factors WHERE verified IS NOT FALSE)
			RETURNING t.id
		), new_factor AS (
			INSERT INTO "twoFactor" AS t (id, secret, "backupCodes", "userId", verified, "failedVerificationCount")
			SELECT md5('two-factor:' || u.id)::uuid, $2, $3, u.id, false, 0
			FROM u
			WHERE NOT EXISTS (SELECT FROM old_factors)
			ON CONFLICT (id) DO UPDATE SET secret = excluded.secret, "backupCodes" = excluded."backupCodes"
			WHERE t.verified IS FALSE
			RETURNING t.id
		)
		SELECT EXISTS (SELECT FROM changed_factor) OR EXISTS (SELECT FROM new_factor)`, userID, secret, backupCodes)
	if err == nil && !stored {
		return ErrDuplicate
	}
	return err
}

// ReplaceBackupCodes stores other backup codes in a row. If old is not "", it does so only if the stored ones are still
// old, and returns ErrChanged otherwise.
func (s *Store) ReplaceBackupCodes(ctx context.Context, id, old, codes string) error {
	n, err := s.exec(ctx, `
		UPDATE "twoFactor" SET "backupCodes" = $3 WHERE id = $1::uuid AND ($2 = '' OR "backupCodes" = $2)`, id, old, codes)
	if err == nil && n == 0 {
		return ErrChanged
	}
	return err
}

// UsedCode is the code of an authenticator app that a user has entered, so that it does not work again. The zero value
// is no code.
type UsedCode struct {
	Identifier string    // of the row in verification that says that the code was used
	EndsAt     time.Time // when the code is no longer valid
}

// insertUsedCodeSQL is the beginning of an INSERT of the row of a UsedCode at $2: its identifier is $3, and the code
// ends at $4. The id of the row is computed from the identifier, so that only one of several concurrent statements
// inserts it.
const insertUsedCodeSQL = `
			INSERT INTO verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt")
			SELECT md5($3)::uuid, $3, '', $4::timestamptz, $2, $2`

// VerifyTwoFactor notes that a signed-in user has used a code of the authenticator app, and that the set-up is
// finished. It returns ErrDuplicate if the code was used before.
func (s *Store) VerifyTwoFactor(ctx context.Context, f TwoFactor, code UsedCode, at time.Time) error {
	_, err := writeRow(ctx, s, pgx.RowTo[string], `
		WITH used_code AS (`+insertUsedCodeSQL+`
			FROM "twoFactor" WHERE id = $1::uuid AND secret = $5
			ON CONFLICT (id) DO NOTHING
			RETURNING id
		), verified_factor AS (
			UPDATE "twoFactor" SET verified = true
			WHERE id = $1::uuid AND verified IS NOT TRUE AND EXISTS (SELECT FROM used_code)
		)
		SELECT id::text FROM used_code`, f.ID, at, code.Identifier, code.EndsAt, f.Secret)
	if errors.Is(err, ErrNotFound) {
		return ErrDuplicate
	}
	return err
}

// TwoFactorChange switches the second factor of a signed-in user on or off, and replaces the session.
type TwoFactorChange struct {
	Enabled bool

	// What proves that the user can use the second factor. Zero values prove nothing.
	Factor TwoFactor // the row that becomes verified
	Code   UsedCode  // the code of the authenticator app
	Mailed Try       // the mailed code, whose row is deleted

	OldToken string // of the current session, which ends
	Next     *Session
	At       time.Time
}

// ChangeTwoFactor stores a change in one transaction, and returns the user. The new session has the IP address and the
// user agent of the old one. When the second factor is switched off, it also deletes the row of the user, the trusted
// devices and the sign-ins that wait for a second factor. It returns ErrNotFound if the code was used before, if the
// secret or the mailed code has changed, or if the session has ended.
func (s *Store) ChangeTwoFactor(ctx context.Context, c TwoFactorChange) (User, error) {
	next := c.Next
	return writeRow(ctx, s, func(row pgx.CollectableRow) (u User, err error) {
		err = scanRow(row, s.userFieldPointers(&u, &next.ID, &next.IPAddress, &next.UserAgent)...)
		return u, err
	}, `
		WITH `+lockUserSQL+`, spent_code AS (
			DELETE FROM verification v USING u
			WHERE v.identifier = $5 AND $6 = `+newestTryValueSQL+`
			RETURNING v.id
		), used_code AS (`+insertUsedCodeSQL+` FROM u
			WHERE $3 <> ''
			ON CONFLICT (id) DO NOTHING
			RETURNING id
		), allowed_user AS (
			SELECT id FROM u
			WHERE ($5 = '' OR EXISTS (SELECT FROM spent_code)) AND ($3 = '' OR EXISTS (SELECT FROM used_code))
			  AND ($10 = '' OR EXISTS (SELECT FROM "twoFactor" t WHERE t.id = nullif($10, '')::uuid AND t.secret = $11))
		), ended_session AS (
			DELETE FROM session USING allowed_user
			WHERE session.token = $7 AND session."userId" = allowed_user.id
			RETURNING session."userId", session."ipAddress", session."userAgent"
		), new_session AS (`+insertIntoSessionSQL+`
			SELECT "userId", $8, $9, $2, $2, "ipAddress", "userAgent" FROM ended_session
			RETURNING id, "ipAddress", "userAgent"
		), verified_factor AS (
			UPDATE "twoFactor" t SET verified = true
			FROM ended_session
			WHERE t.id = nullif($10, '')::uuid AND t."userId" = ended_session."userId"
		), deleted_factors AS (
			DELETE FROM "twoFactor" t USING ended_session
			WHERE NOT $12::boolean AND t."userId" = ended_session."userId"
		), deleted_rows AS (
			DELETE FROM verification v USING ended_session
			WHERE NOT $12::boolean AND left(v.value, 36) = ended_session."userId"::text
			  AND v.identifier ~ '^(2fa|trust-device)-'
		), changed_user AS (
			UPDATE "user" SET "twoFactorEnabled" = $12, "updatedAt" = $2
			FROM ended_session
			WHERE "user".id = ended_session."userId"
			RETURNING "user".*
		)
		SELECT `+userColumns+`, new_session.id, new_session."ipAddress", new_session."userAgent"
		FROM changed_user u, new_session`,
		next.UserID, c.At, c.Code.Identifier, c.Code.EndsAt, c.Mailed.Identifier, c.Mailed.Value,
		c.OldToken, next.Token, next.ExpiresAt.Time, c.Factor.ID, c.Factor.Secret, c.Enabled)
}
