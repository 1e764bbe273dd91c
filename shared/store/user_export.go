package store

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"
)

// UserExport has the rows of a user as JSON. It has no password hash, no token and no secret of a second factor. User,
// Profile and the sessions at Supabase have all columns of their tables, also those that another program has added.
type UserExport struct {
	User             json.RawMessage
	Profile          json.RawMessage // null if the user has none
	Accounts         json.RawMessage // the following members are lists
	Sessions         json.RawMessage
	TwoFactors       json.RawMessage
	SupabaseSessions json.RawMessage
	Verifications    json.RawMessage // mailed links and codes, trusted devices, and what else waits for the user
}

// verificationKindSQL is what the row v of verification is for: the identifier without the token.
const verificationKindSQL = `coalesce(substring(v.identifier FROM
			'^(reset-password|verify-email|change-email|cancel-email-change|sign-up-conflict|magic-link|delete-account'
			|| '|2fa-otp|2fa|trust-device|(?:sign-in|email-verification|forget-password|change-email)-otp)[:-]'), 'other')`

// isVerificationOfUserSQL is true for a row v of verification that belongs to the user u: its value or identifier has
// the id of the user, or it is a code or a link that was mailed to the user's email.
const isVerificationOfUserSQL = `(left(v.value, 36) = u.id::text
			    OR position(u.id::text IN v.identifier) > 0
			    OR v.identifier IN ('sign-in-otp-' || u.email, 'email-verification-otp-' || u.email,
			                        'forget-password-otp-' || u.email, 'change-email-otp-' || u.email)
			    OR starts_with(lower(v.value), '{"type":"magic-link","email":' || to_json(u.email)::text))`

// ExportUser returns the rows of a user in one snapshot. It returns ErrNotFound if there is no such user, also if id is
// not a UUID.
func (s *Store) ExportUser(ctx context.Context, id string) (UserExport, error) {
	return readRow(ctx, s, pgx.RowToStructByPos[UserExport], `
		SELECT to_jsonb(u),
		       (SELECT to_jsonb(p) FROM user_profile p WHERE p.user_id = u.id),
		       (
		           SELECT coalesce(jsonb_agg(jsonb_build_object(
		               'id', a.id, 'providerId', a."providerId", 'accountId', a."accountId", 'scope', a.scope,
		               'accessTokenExpiresAt', a."accessTokenExpiresAt",
		               'refreshTokenExpiresAt', a."refreshTokenExpiresAt", 'hasPassword', a.password IS NOT NULL,
		               'createdAt', a."createdAt", 'updatedAt', a."updatedAt") ORDER BY a."createdAt", a.id), '[]')
		           FROM account a WHERE a."userId" = u.id
		       ),
		       (
		           SELECT coalesce(jsonb_agg(jsonb_build_object(
		               'id', s.id, 'createdAt', s."createdAt", 'updatedAt', s."updatedAt", 'expiresAt', s."expiresAt",
		               'ipAddress', s."ipAddress", 'userAgent', s."userAgent",
		               'impersonatedBy', s."impersonatedBy") ORDER BY s."createdAt", s.id), '[]')
		           FROM session s WHERE s."userId" = u.id
		       ),
		       (
		           SELECT coalesce(jsonb_agg(jsonb_build_object(
		               'id', t.id, 'verified', t.verified, 'failedVerificationCount', t."failedVerificationCount",
		               'lockedUntil', t."lockedUntil") ORDER BY t.id), '[]')
		           FROM "twoFactor" t WHERE t."userId" = u.id
		       ),
		       (
		           SELECT coalesce(jsonb_agg(to_jsonb(b) ORDER BY b.id), '[]')
		           FROM "supabaseSession" b WHERE b."userId" = u.id
		       ),
		       (
		           SELECT coalesce(jsonb_agg(jsonb_build_object(
		               'id', v.id, 'kind', `+verificationKindSQL+`, 'createdAt', v."createdAt",
		               'expiresAt', v."expiresAt") ORDER BY v."createdAt", v.id), '[]')
		           FROM verification v WHERE `+isVerificationOfUserSQL+`
		       )
		FROM "user" u
		WHERE u.id = $1::uuid`, id)
}

// ImportExport has the rows of the import from Supabase about a user as JSON, without the details of errors.
type ImportExport struct {
	Ledger     json.RawMessage
	Quarantine json.RawMessage
}

// importRowsSQL reads an ImportExport. The schema of the import does not depend on the setting SCHEMA.
var importRowsSQL = `
		SELECT (
		           SELECT coalesce(jsonb_agg(jsonb_build_object(
		               'run', r.name, 'source', l.source, 'key', l.key, 'outcome', l.outcome, 'pass', l.pass,
		               'residue', l.residue::jsonb) ORDER BY l.run, l.source, l.key), '[]')
		           FROM supabase_import.ledger l
		           JOIN supabase_import.run r ON r.id = l.run
		           WHERE l.user_id = $1::uuid
		       ),
		       (
		           SELECT coalesce(jsonb_agg(jsonb_build_object(
		               'run', r.name, 'source', q.source, 'key', q.key, 'field', q.field, 'reason', q.reason,
		               'firstSeen', q.first_seen, 'lastSeen', q.last_seen, 'resolved', q.resolved,
		               'original', q.original) ORDER BY q.run, q.source, q.key, q.field, q.reason), '[]')
		           FROM supabase_import.quarantine q
		           JOIN supabase_import.run r ON r.id = q.run
		           WHERE q.user_id = $1::uuid
		       )`

// ExportImportRows returns the rows that the import from Supabase has about a user. The rows can contain password
// hashes and other secrets of Supabase. It returns ErrNotFound if the database has no tables of an import.
func (s *Store) ExportImportRows(ctx context.Context, id string) (ImportExport, error) {
	exists, err := readRow(ctx, s, pgx.RowTo[bool], `
		SELECT EXISTS (
			SELECT FROM pg_class c
			JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = 'supabase_import' AND c.relname = 'quarantine'
		)`)
	if err != nil || !exists {
		return ImportExport{}, orNotFound(err)
	}
	return readRow(ctx, s, pgx.RowToStructByPos[ImportExport], importRowsSQL, id)
}

// orNotFound returns err, or ErrNotFound if err is nil.
func orNotFound(err error) error {
	if err == nil {
		return ErrNotFound
	}
	return err
}
