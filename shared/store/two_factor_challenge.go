package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// The identifiers of the rows that belong to a challenge, as in Better Auth: these prefixes, and the identifier of the
// challenge. The row of a mailed code can also belong to a session.
const (
	TwoFactorTriesPrefix  = "2fa-attempts-"
	TwoFactorMailedPrefix = "2fa-otp-"
	// twoFactorSourcePrefix is of a row with the session of Supabase that the sign-in uses. Better Auth ignores it. The
	// value is the id of the user and the id of that session.
	twoFactorSourcePrefix = "2fa-supabase-"
)

// NewChallenge is a sign-in that waits for the second factor.
type NewChallenge struct {
	Identifier   string
	UserID       string
	EndedSession string // the token of a session that the sign-in has stored, and that the challenge replaces, or ""
	// SupabaseSession is the id of the session of Supabase that the sign-in uses, or "". It stays unused until the second
	// factor was right.
	SupabaseSession string
	At, EndsAt      time.Time
}

// InsertChallenge stores a challenge and the counter of its wrong codes. It reports whether the user has an
// authenticator app. It returns ErrBanned if the user is banned. Like InsertSession it removes the Fixed charges that s
// has counted, because the caller has verified the password.
func (s *Store) InsertChallenge(ctx context.Context, c NewChallenge) (hasApp bool, err error) {
	keys, ends := s.takeRefundable()
	isDue := s.linkCleanup.isDue(c.At)
	hasApp, err = writeRow(ctx, s, pgx.RowTo[bool], deleteExpiredIf(isDue, `
		WITH `+deleteExpiredSQL+`, refund_args AS (
			SELECT $7::text[] AS keys, $8::bigint[] AS ends
		)`+refundChargesCTEs+`, ended_session AS (
			DELETE FROM session WHERE token = $6
		), challenged_user AS (
			SELECT u.id FROM "user" u WHERE u.id = $1::uuid AND NOT `+isUserBannedSQL+`
		), stored_rows AS (`+insertIntoVerificationSQL+`
			SELECT r.identifier, r.value, $5, $2, $2
			FROM challenged_user u, LATERAL (
				VALUES ($4, u.id::text, true), ('`+TwoFactorTriesPrefix+`' || $4, '0', true),
				       ('`+twoFactorSourcePrefix+`' || $4, u.id::text || $9, $9 <> '')
			) r (identifier, value, stored)
			WHERE r.stored
		)
		SELECT EXISTS (SELECT FROM "twoFactor" t WHERE t."userId" = u.id AND t.verified IS NOT FALSE)
		FROM challenged_user u`),
		c.UserID, c.At, isDue, c.Identifier, c.EndsAt, c.EndedSession, keys, ends,
		c.SupabaseSession)
	if errors.Is(err, ErrNotFound) {
		return false, ErrBanned
	}
	return hasApp, err
}

// isAfterPasswordSQL is true for a row v of verification of the user u if the password of u was not changed after the
// row was stored. A change of the password deletes these rows, too, but Better Auth's does not.
const isAfterPasswordSQL = `NOT EXISTS (
				SELECT FROM account a WHERE ` + isPasswordAccountSQL + `
				  AND date_trunc('milliseconds', a."updatedAt") > v."createdAt"
			)`

// Try is the newest row of verification with an identifier that counts wrong codes. Storing the result of a try needs
// the value that was read, so that concurrent requests cannot try more codes than the row allows.
type Try struct {
	Identifier string
	Value      string // "" if there is no row or it has expired
}

// newestTryValueSQL is the value of the newest row of verification with the identifier $5.
const newestTryValueSQL = `(SELECT value FROM verification WHERE identifier = $5 ORDER BY "createdAt" DESC LIMIT 1)`

// Challenge is what Postgres knows about a challenge and its user.
type Challenge struct {
	User   User
	Factor TwoFactor
	Codes  Try // of codes of the authenticator app, and of backup codes
	Mailed Try // of the mailed code
}

// Challenge returns a challenge. It returns ErrNotFound if it does not exist or has expired, if its user was deleted,
// or if the password was changed since.
func (s *Store) Challenge(ctx context.Context, identifier string, now time.Time) (Challenge, error) {
	return readRow(ctx, s, func(row pgx.CollectableRow) (c Challenge, err error) {
		c.Codes.Identifier, c.Mailed.Identifier = TwoFactorTriesPrefix+identifier, TwoFactorMailedPrefix+identifier
		fields := append(factorFieldPointers(&c.Factor), &c.Codes.Value, &c.Mailed.Value)
		err = scanRow(row, s.userFieldPointers(&c.User, fields...)...)
		return c, err
	}, `
		SELECT `+userColumns+`, `+factorColumns+`, coalesce((
				SELECT CASE WHEN "expiresAt" >= $2 THEN value END FROM verification
				WHERE identifier = '`+TwoFactorTriesPrefix+`' || $1 ORDER BY "createdAt" DESC LIMIT 1
			), ''), coalesce((
				SELECT CASE WHEN "expiresAt" >= $2 THEN value END FROM verification
				WHERE identifier = '`+TwoFactorMailedPrefix+`' || $1 ORDER BY "createdAt" DESC LIMIT 1
			), '')
		FROM verification v
		JOIN "user" u ON u.id = v.value::uuid`+joinTwoFactorSQL+`
		WHERE v.identifier = $1 AND v."expiresAt" >= $2 AND `+isAfterPasswordSQL+`
		LIMIT 1`, identifier, now)
}

// MailedCode returns the row of the mailed code of a signed-in user. owner is the id of the user, "!" and the id of the
// session.
func (s *Store) MailedCode(ctx context.Context, owner string, now time.Time) (Try, error) {
	value, err := readRow(ctx, s, pgx.RowTo[string], `
		SELECT coalesce((
			SELECT CASE WHEN "expiresAt" >= $2 THEN value END FROM verification
			WHERE identifier = $1 ORDER BY "createdAt" DESC LIMIT 1
		), '')`, TwoFactorMailedPrefix+owner, now)
	return Try{TwoFactorMailedPrefix + owner, value}, err
}

// DeleteVerifications deletes all rows of verification with the identifiers.
func (s *Store) DeleteVerifications(ctx context.Context, identifiers ...string) error {
	_, err := s.exec(ctx, `DELETE FROM verification WHERE identifier = ANY ($1::text[])`, identifiers)
	return err
}

// SpendMailedCode deletes the row of a mailed code that was right. It returns ErrChanged if another request has used it
// or counted a wrong code meanwhile.
func (s *Store) SpendMailedCode(ctx context.Context, t Try) error {
	n, err := s.exec(ctx, `
		DELETE FROM verification v
		WHERE v.identifier = $1 AND $2 = (
			SELECT value FROM verification WHERE identifier = $1 ORDER BY "createdAt" DESC LIMIT 1
		)`, t.Identifier, t.Value)
	if err == nil && n == 0 {
		return ErrChanged
	}
	return err
}

// The account is locked for twoFactorLock after maxTwoFactorFailures wrong codes in a row, as in Better Auth.
const (
	maxTwoFactorFailures = 10
	twoFactorLock        = 15 * time.Minute
)

// lockFactorSQL is the CTE factor, the row $1 of "twoFactor" if it is not locked at $2. It locks the row until the end
// of the statement, so that concurrent tries of one user happen one after the other. isFactorUsableSQL is true if the
// row is in the CTE, or if $1 is "".
const (
	lockFactorSQL = `factor AS (
			SELECT id FROM "twoFactor"
			WHERE id = nullif($1, '')::uuid AND ("lockedUntil" IS NULL OR "lockedUntil" <= $2)
			FOR UPDATE
		)`
	isFactorUsableSQL = `($1 = '' OR EXISTS (SELECT FROM factor))`
)

// FailTwoFactor counts a wrong code: in the row of the try, which gets the value next, and in the row f of the user, if
// it has an ID. It returns ErrLocked if the user is locked, and ErrChanged if another request has changed the row of
// the try; then it counts nothing. A counter that is NULL counts as 0; in Better Auth it never locks.
func (s *Store) FailTwoFactor(ctx context.Context, f TwoFactor, t Try, next string, at time.Time) error {
	type result struct{ Usable, Counted bool }
	r, err := writeRow(ctx, s, pgx.RowToStructByName[result], `
		WITH `+lockFactorSQL+`, spent_tries AS (
			DELETE FROM verification v
			WHERE v.identifier = $5 AND `+isFactorUsableSQL+` AND $6 = `+newestTryValueSQL+`
			RETURNING v."expiresAt"
		), counted_tries AS (`+insertIntoVerificationSQL+`
			SELECT $5, $3, max("expiresAt"), $2, $2 FROM spent_tries HAVING count(*) > 0
		), counted_failures AS (
			UPDATE "twoFactor" t
			SET "failedVerificationCount" =
			        1 + CASE WHEN t."lockedUntil" IS NULL THEN coalesce(t."failedVerificationCount", 0) ELSE 0 END,
			    "lockedUntil" = CASE
			        WHEN t."lockedUntil" IS NULL AND t."failedVerificationCount" >= $7::integer - 1 THEN $4::timestamptz END
			FROM factor
			WHERE t.id = factor.id AND EXISTS (SELECT FROM spent_tries)
		)
		SELECT `+isFactorUsableSQL+` AS usable, EXISTS (SELECT FROM spent_tries) AS counted`,
		f.ID, at, next, at.Add(twoFactorLock), t.Identifier, t.Value, maxTwoFactorFailures)
	switch {
	case err != nil:
		return err
	case !r.Usable:
		return ErrLocked
	case !r.Counted:
		return ErrChanged
	}
	return nil
}

// TwoFactorSignIn is a challenge whose code was right.
type TwoFactorSignIn struct {
	Challenge string // its identifier
	UserID    string
	Factor    TwoFactor // the row of the user, or the zero value
	Try       Try       // the row that counts wrong codes
	NextTry   string    // its value after a code of the app that was used before
	Code      UsedCode  // the code of the authenticator app, or the zero value

	// OldCodes and NewCodes are the stored backup codes before and after one was used, or "".
	OldCodes, NewCodes string

	Session       *Session // the new session; nil leaves the challenge as it is, and starts none
	TrustedDevice string   // the identifier of a device that the user trusts from now on, or ""
	TrustEndsAt   time.Time
	At            time.Time
}

// SignInWithTwoFactor finishes a challenge: one transaction uses the code, resets the counters of wrong codes, deletes
// the challenge and starts the session, whose ID it sets. Only one of several concurrent calls for a challenge or a
// code succeeds. It returns ErrLocked if the user is locked, ErrChanged if another request has used a backup code
// meanwhile, ErrNotFound if another request has ended the challenge or counted a try, ErrDuplicate if the code of the
// app was used before, which counts as a try, and ErrBanned if the user is banned; then the code and the challenge are
// used up. Like InsertSession it removes the Fixed charges that s has counted, and clears a ban that has ended.
//
// If the sign-in began with a session of Supabase, SignInWithTwoFactor uses that session and returns its id. If it was
// used or revoked meanwhile or has ended, the challenge ends and the error is ErrNotFound.
func (s *Store) SignInWithTwoFactor(ctx context.Context, in TwoFactorSignIn) (supabaseSession string, err error) {
	type result struct {
		Usable, Counted, New, Accepted bool
		SessionID, SourceID            string
	}
	keys, ends := s.takeRefundable()
	session := in.Session
	if session == nil {
		session = &Session{}
	}
	r, err := writeRow(ctx, s, pgx.RowToStructByName[result], `
		WITH refund_args AS (
			SELECT $17::text[] AS keys, $18::bigint[] AS ends
		)`+refundChargesCTEs+`, factor AS (
			SELECT id FROM "twoFactor"
			WHERE id = nullif($1, '')::uuid AND ("lockedUntil" IS NULL OR "lockedUntil" <= $2)
			  AND ($8 = '' OR "backupCodes" = $8)
			FOR UPDATE
		), spent_tries AS (
			DELETE FROM verification v
			WHERE v.identifier = $5 AND `+isFactorUsableSQL+` AND $6 = `+newestTryValueSQL+`
			RETURNING v."expiresAt"
		), used_code AS (`+insertUsedCodeSQL+`
			WHERE $3 <> '' AND EXISTS (SELECT FROM spent_tries)
			ON CONFLICT (id) DO NOTHING
			RETURNING id
		), new_code AS (
			SELECT 1 WHERE EXISTS (SELECT FROM spent_tries) AND ($3 = '' OR EXISTS (SELECT FROM used_code))
		), counted_replay AS (`+insertIntoVerificationSQL+`
			SELECT $5, $19, max("expiresAt"), $2, $2 FROM spent_tries
			HAVING count(*) > 0 AND NOT EXISTS (SELECT FROM new_code)
		), ended_challenge AS (
			DELETE FROM verification v
			WHERE v.identifier = $7 AND $11 <> '' AND EXISTS (SELECT FROM new_code)
			RETURNING v.value, v."expiresAt"
		), wanted_source AS (
			DELETE FROM verification v
			WHERE v.identifier = '`+twoFactorSourcePrefix+`' || $7 AND EXISTS (SELECT FROM ended_challenge)
			RETURNING substr(v.value, 37)::uuid AS id
		), source AS (
			SELECT b.id FROM "supabaseSession" b
			JOIN wanted_source ON wanted_source.id = b.id
			WHERE b."userId" = $10::uuid AND `+isSourceOpenSQL+`
			FOR UPDATE OF b
		), accepted AS (
			SELECT 1
			WHERE EXISTS (SELECT FROM ended_challenge WHERE value = $10::uuid::text AND "expiresAt" >= $2)
			      AND (NOT EXISTS (SELECT FROM wanted_source) OR EXISTS (SELECT FROM source))
			   OR $11 = '' AND EXISTS (SELECT FROM new_code)
		), reset_factor AS (
			UPDATE "twoFactor" t
			SET "failedVerificationCount" = 0, "lockedUntil" = NULL,
			    "backupCodes" = CASE WHEN $8 = '' THEN t."backupCodes" ELSE $9 END,
			    verified = CASE WHEN $3 = '' THEN t.verified ELSE true END
			FROM factor, accepted
			WHERE t.id = factor.id
		), cleared_ban AS (
			UPDATE "user" u SET banned = false, "banReason" = NULL, "banExpires" = NULL, "updatedAt" = $2
			FROM accepted
			WHERE u.id = $10::uuid AND $11 <> '' AND `+banHasEndedSQL+`
		), new_session AS (`+insertIntoSessionSQL+`
			SELECT $10::uuid, $11, $12::timestamptz, $2, $2, $13::text, $14::text FROM accepted
			WHERE $11 <> '' AND NOT EXISTS (SELECT FROM "user" u WHERE u.id = $10::uuid AND `+isUserBannedSQL+`)
			RETURNING id
		), `+useSourceSQL+`, trusted_device AS (`+insertIntoVerificationSQL+`
			SELECT $15, $10::uuid::text, $16::timestamptz, $2, $2 FROM new_session WHERE $15 <> ''
		)
		SELECT `+isFactorUsableSQL+` AS usable, EXISTS (SELECT FROM spent_tries) AS counted,
			EXISTS (SELECT FROM new_code) AS new, EXISTS (SELECT FROM accepted) AS accepted,
			coalesce((SELECT id::text FROM new_session), '') AS "sessionId",
			coalesce((SELECT id::text FROM used_source), '') AS "sourceId"`,
		in.Factor.ID, in.At, in.Code.Identifier, in.Code.EndsAt, in.Try.Identifier, in.Try.Value, in.Challenge,
		in.OldCodes, in.NewCodes, in.UserID, session.Token, session.ExpiresAt.Time, session.IPAddress, session.UserAgent,
		in.TrustedDevice, in.TrustEndsAt, keys, ends, in.NextTry)
	session.ID = r.SessionID
	switch {
	case err != nil:
	case !r.Usable:
		err = s.reasonForUnusableFactor(ctx, in)
	case r.Counted && !r.New:
		err = ErrDuplicate
	case !r.Accepted:
		err = ErrNotFound
	case in.Session != nil && r.SessionID == "":
		err = ErrBanned
	}
	return r.SourceID, err
}

// reasonForUnusableFactor returns ErrLocked if the second factor of the user is locked, and ErrChanged otherwise: then
// another request has used a backup code, or deleted the row.
func (s *Store) reasonForUnusableFactor(ctx context.Context, in TwoFactorSignIn) error {
	f, err := s.TwoFactorOfUser(ctx, in.UserID)
	switch {
	case err != nil:
		return err
	case f.IsLocked(in.At):
		return ErrLocked
	}
	return ErrChanged
}

// RenewTrustedDevice replaces the identifier of a trusted device of a user by another one, because an identifier works
// once. It returns ErrNotFound if the old one is unknown, expired, of another user, or older than the password.
func (s *Store) RenewTrustedDevice(ctx context.Context, userID, old, next string, endsAt, at time.Time) error {
	n, err := s.exec(ctx, `
		WITH u AS (
			SELECT id FROM "user" WHERE id = $1::uuid
		), spent_devices AS (
			DELETE FROM verification v USING u
			WHERE v.identifier = $3
			RETURNING v.value = u.id::text AND v."expiresAt" > $2 AND `+isAfterPasswordSQL+` AS trusted
		)`+insertIntoVerificationSQL+`
		SELECT $4, $1::uuid::text, $5, $2, $2 FROM spent_devices HAVING bool_or(trusted)`, userID, at, old, next, endsAt)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}
