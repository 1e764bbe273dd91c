package rollback

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// Finalize ends a run permanently. The run must be complete or rolled back. Finalize deletes password hashes, one-time
// tokens, OAuth tokens and secrets of second factors from the ledger and the quarantine, and all profile fields for
// which the target has no column. No pass, rollback or return to the source is possible afterwards. The rest of the
// quarantine stays, with the rows of other tables that a rollback saved. Finalize can be interrupted and repeated.
func Finalize(ctx context.Context, env *run.Env, name string) error {
	epoch, err := env.TakeLease(ctx, name)
	if err != nil {
		return err
	}
	if !env.Shared {
		defer env.ReleaseLease(ctx)
	}
	return env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		r, err := run.Find(ctx, dst, name)
		if err != nil {
			return err
		}
		// Mark the run first, so that no action starts that needs the deleted values.
		if err := r.MarkFinalized(ctx, dst, epoch); err != nil {
			return err
		}
		batches, err := run.AllBatches(ctx, dst, r.ID)
		if err != nil {
			return err
		}
		for _, b := range batches {
			if err := r.DeleteSecrets(ctx, dst, b); err != nil {
				return err
			}
		}
		return nil
	})
}
