package run

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// deletedMembers are the JSON members that finalizing deletes from residue and quarantine: passwords, one-time tokens
// and second factors of Supabase, and secrets of accounts and second factors of the target.
const deletedMembers = `ARRAY[
    'encrypted_password', 'confirmation_token', 'recovery_token', 'email_change_token_new',
    'email_change_token_current', 'phone_change_token', 'reauthentication_token', 'secret',
    'last_webauthn_challenge_data', 'web_authn_credential',
    'password', 'accessToken', 'refreshToken', 'idToken', 'backupCodes']`

// profileFields are the columns of user_profile. Other columns of a profile of the source can contain secrets.
const profileFields = `
    SELECT attname FROM pg_attribute WHERE attrelid = 'user_profile'::regclass AND attnum > 0 AND NOT attisdropped`

// MarkFinalized ends a run that is complete or rolled back. No pass, rollback or return to the source can follow.
func (r *Run) MarkFinalized(ctx context.Context, dst *pgx.Conn, epoch int64) error {
	if r.State == Running {
		return fmt.Errorf("%w: the run %q is not complete: finish it, or roll it back", ErrRefused, r.Name)
	}
	err := execWithLease(ctx, dst,
		"UPDATE supabase_import.run SET state = 'finalized' WHERE id = $1 AND epoch = $2", r.ID, epoch)
	return Wrap("finalize the run", err)
}

// DeleteSecrets deletes the secrets of a batch from the ledger and the quarantine, and all fields of profiles for which
// user_profile has no column. Rows of other tables that a rollback saved stay unchanged.
func (r *Run) DeleteSecrets(ctx context.Context, dst *pgx.Conn, b Batch) error {
	sql := fmt.Sprintf(`UPDATE supabase_import.ledger l SET residue = NULL
WHERE l.run = %[1]d AND %[3]s AND l.source = 'profile' AND l.residue IS NOT NULL;
UPDATE supabase_import.quarantine l
SET original = coalesce((
  SELECT jsonb_object_agg(key, value) FROM jsonb_each(l.original) WHERE key IN (`+profileFields+`)), '{}')
WHERE l.run = %[1]d AND %[3]s AND l.source = 'profile'
  AND EXISTS (SELECT FROM jsonb_object_keys(l.original) key WHERE key NOT IN (`+profileFields+`));
UPDATE supabase_import.ledger l SET residue = (l.residue::jsonb - %[2]s)::text
WHERE l.run = %[1]d AND %[3]s AND l.source = 'user' AND l.residue::jsonb ?| %[2]s;
UPDATE supabase_import.quarantine l SET original = (l.original #- '{credential}') - %[2]s
WHERE l.run = %[1]d AND %[3]s AND l.reason <> 'cascaded' AND l.original ?| (%[2]s || 'credential'::text)`,
		r.ID, deletedMembers, b.Contains("l.user_id"))
	return Wrap(fmt.Sprintf("delete the secrets of batch %d", b.Number), Exec(ctx, dst, sql))
}
