package importer

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// secretMembers are those that leave residue and quarantine: passwords, one-time tokens and second factors of Supabase, and
// what was archived of accounts of the target.
const secretMembers = `array['encrypted_password', 'confirmation_token', 'recovery_token', 'email_change_token_new', 'email_change_token_current', 'phone_change_token',
  'reauthentication_token', 'secret', 'last_webauthn_challenge_data', 'web_authn_credential', 'password', 'accessToken', 'refreshToken', 'idToken']`

// profileFields are the columns of the target's profiles. What a profile of the source has besides may be a secret.
const profileFields = `select attname from pg_attribute where attrelid = 'user_profile'::regclass and attnum > 0 and not attisdropped`

// Finalize ends a run that is complete or rolled back for good: password hashes, one-time tokens and secrets of second
// factors leave the ledger and the quarantine, as do all fields of profiles that the target has no column for. No pass,
// rollback or return to the source can follow. The rest of the quarantine stays. It can be ended at any time and
// repeated.
func (m *Import) Finalize(ctx context.Context, run string) error {
	if err := m.take(ctx, run); err != nil {
		return err
	}
	if !m.Shared {
		defer m.release(ctx)
	}
	epoch := m.lease.epoch
	return m.ask(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		id, _, state, _, err := stored(ctx, dst, run)
		if err != nil {
			return err
		}
		if state == "running" {
			return fmt.Errorf("%w: the run %q is not complete: finish it, or roll it back", ErrRefused, run)
		}
		// First the end, so that nothing can need what goes.
		tag, err := dst.Exec(ctx, "update supabase_import.run set state = 'finalized' where id = $1 and epoch = $2", id, epoch)
		if err == nil && tag.RowsAffected() == 0 {
			return lost()
		}
		if err != nil {
			return fmt.Errorf("finalize the run: %w", err)
		}
		return forget(ctx, dst, id)
	})
}

// forget takes the secrets out, batch by batch.
func forget(ctx context.Context, dst *pgx.Conn, id int) error {
	batches, err := allBatches(ctx, dst, id)
	if err != nil {
		return err
	}
	for _, b := range batches {
		err := run(ctx, dst, fmt.Sprintf(`update supabase_import.ledger l set residue = null where l.run = %[1]d and %[3]s and l.source = 'profile' and l.residue is not null;
update supabase_import.quarantine l set original = coalesce((select jsonb_object_agg(key, value) from jsonb_each(l.original) where key in (`+profileFields+`)), '{}')
  where l.run = %[1]d and %[3]s and l.source = 'profile' and exists (select from jsonb_object_keys(l.original) key where key not in (`+profileFields+`));
update supabase_import.ledger l set residue = (l.residue::jsonb - %[2]s)::text where l.run = %[1]d and %[3]s and l.source = 'user' and l.residue::jsonb ?| %[2]s;
update supabase_import.quarantine l set original = (l.original #- '{credential}') - %[2]s where l.run = %[1]d and %[3]s and l.original ?| (%[2]s || 'credential'::text)`,
			id, secretMembers, b.on("l.user_id")))
		if err != nil {
			return fmt.Errorf("forget the secrets of batch %d: %w", b.number, err)
		}
	}
	return nil
}
