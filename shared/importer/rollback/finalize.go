package rollback

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// Finalize ends a run that is complete or rolled back for good: password hashes, one-time tokens and secrets of second
// factors are deleted from the ledger and the quarantine, as are all fields of profiles that the target has no column
// for. No pass, rollback or return to the source can follow. The rest of the quarantine stays. It can be stopped at any
// time and repeated.
func Finalize(ctx context.Context, env *run.Env, name string) error {
	epoch, err := env.Take(ctx, name)
	if err != nil {
		return err
	}
	if !env.Shared {
		defer env.Release(ctx)
	}
	return env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		r, err := run.Find(ctx, dst, name)
		if err != nil {
			return err
		}
		// The state comes first, so that no action begins that needs the deleted rows.
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
