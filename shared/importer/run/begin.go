package run

import (
	"context"
	_ "embed" // schema.sql
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

//go:embed schema.sql
var schemaSQL string

// The watermark of a pass is its start time minus overlap, because Supabase sets updated_at before it commits.
const watermarkOverlap = 10 * time.Minute

// passOpener holds the arguments and the connections of Begin.
type passOpener struct {
	env       *Env
	src, dst  *pgx.Conn
	given     mapping.Options
	options   mapping.Options     // the given options, with defaults set
	quick     bool                // skip copied batches without a changed user (startPass)
	conflicts []mapping.Rejection // conflicts in the source; nil if this call has not looked for them
}

// Begin takes the lease and opens a pass: it plans a new run, continues an interrupted pass, or starts the next pass of
// a complete run. If quick is true, a later pass skips the batches that are already copied and have no source row
// whose created_at or updated_at is after the watermark of the pass before (its start minus ten minutes).
func Begin(ctx context.Context, env *Env, o mapping.Options, quick bool) (st Status, err error) {
	name, err := OpenPass(ctx, env, o, quick)
	if err != nil {
		return st, err
	}
	if st, err = ReadStatus(ctx, env, name); err != nil {
		env.ReleaseLease(ctx)
	}
	return st, err
}

// OpenPass is like Begin, but returns the name of the run without its status, which takes a look at the whole ledger.
func OpenPass(ctx context.Context, env *Env, o mapping.Options, quick bool) (name string, err error) {
	given, err := env.withProfile(o)
	if err != nil {
		return "", err
	}
	o, err = withDefaults(given)
	if err != nil {
		return "", err
	}
	err = env.WithBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) (err error) {
		b := passOpener{env: env, src: src, dst: dst, given: given, options: o, quick: quick}
		if err := b.registerRun(ctx); err != nil {
			return err
		}
		if _, err := env.TakeLease(ctx, o.Run); err != nil {
			return err
		}
		return b.openPass(ctx)
	})
	if err != nil {
		env.ReleaseLease(ctx)
	}
	return o.Run, err
}

const runExists = "SELECT EXISTS (SELECT FROM supabase_import.run WHERE name = $1 AND state <> 'rolled back')"

// registerRun plans and stores the run if it is new or rolled back.
func (b *passOpener) registerRun(ctx context.Context) error {
	exists, err := hasLedger(ctx, b.dst)
	if err != nil {
		return err
	}
	if exists {
		var known bool
		if err := b.dst.QueryRow(ctx, runExists, b.options.Run).Scan(&known); err != nil || known {
			return Wrap("look for the run", err)
		}
	}
	p, err := makePlan(ctx, b.env, b.src, b.dst, b.given)
	if err != nil {
		return err
	}
	if len(p.Refusals) > 0 {
		return Refuse(p.Refusals)
	}
	bounds, err := b.batchBounds(ctx)
	if err != nil {
		return err
	}
	stored, err := b.storePlan(ctx, p, bounds)
	if stored {
		b.conflicts = p.conflicts
	}
	return err
}

// batchBounds returns the lower bound of each batch. The first batch begins with the lowest possible UUID.
func (b *passOpener) batchBounds(ctx context.Context) ([]string, error) {
	bounds, err := QueryTexts(ctx, b.src, fmt.Sprintf(`SELECT id::text
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM auth.users) u
WHERE (n - 1) %% %d = 0
ORDER BY id`, b.options.BatchSize))
	if err != nil {
		return nil, fmt.Errorf("divide the users into batches: %w", err)
	}
	if len(bounds) == 0 {
		bounds = []string{""}
	}
	bounds[0] = mapping.MinUUID
	return bounds, nil
}

const (
	lockLedger = "SELECT pg_advisory_xact_lock(hashtextextended('supabase_import', 0))"

	deleteRolledBack = `DELETE FROM supabase_import.batch b
USING supabase_import.run r
WHERE r.id = b.run AND r.name = $1 AND r.state = 'rolled back'`

	insertRun = `WITH r AS (
  INSERT INTO supabase_import.run AS r (name, plan, watermark, pass)
  VALUES ($1, $2::jsonb, $3::timestamptz, 0)
  ON CONFLICT (name) DO UPDATE
  SET plan = excluded.plan, watermark = excluded.watermark, pass = 0, state = 'running',
    started_at = now(), undone = NULL
  WHERE r.state = 'rolled back'
  RETURNING id
)
INSERT INTO supabase_import.batch (run, number, low, high)
SELECT r.id, n - 1, low, lead(low) OVER (ORDER BY n)
FROM r, unnest($4::uuid[]) WITH ORDINALITY b (low, n)`
)

// storePlan writes the plan and the batches of a new run. It returns false if another process stored its plan first;
// that plan may have other options.
func (b *passOpener) storePlan(ctx context.Context, p *planner, bounds []string) (stored bool, err error) {
	plan, err := json.Marshal(p.Plan)
	if err != nil {
		return false, err
	}
	err = pgx.BeginFunc(ctx, b.dst, func(tx pgx.Tx) error {
		// If two calls begin the same run at the same time, the second call waits here and then finds the run of the first.
		if _, err := tx.Exec(ctx, lockLedger); err != nil {
			return err
		}
		exists, err := hasLedger(ctx, b.dst)
		if err != nil {
			return err
		}
		if !exists {
			if err := Exec(ctx, b.dst, schemaSQL); err != nil {
				return fmt.Errorf("create the schema supabase_import: %w", err)
			}
		}
		if _, err := tx.Exec(ctx, deleteRolledBack, p.Run); err != nil {
			return fmt.Errorf("delete the batches of the run that was rolled back: %w", err)
		}
		tag, err := tx.Exec(ctx, insertRun, p.Run, string(plan), p.mapping.AsOf, bounds)
		stored = tag.RowsAffected() > 0
		return err
	})
	return stored, err
}

// openPass continues an interrupted pass, or starts the next one.
func (b *passOpener) openPass(ctx context.Context) error {
	r, err := Find(ctx, b.dst, b.options.Run)
	if err == nil {
		err = r.CheckFile(b.env.File)
	}
	if err != nil {
		return err
	}
	if r.State == Finalized {
		return fmt.Errorf("%w: the run %q is finalized; use another name for the run", ErrRefused, r.Name)
	}
	changed, err := r.changeProfileTable(ctx, b.src, b.dst, b.given)
	if err != nil {
		return err
	}
	b.quick = b.quick && !changed // every row of another table is new to the run, whatever its times are
	if err := r.changeSessionOptions(ctx, b.dst, b.given); err != nil {
		return err
	}
	if err := checkOptions(r.Plan.Options, b.given); err != nil {
		return err
	}
	m, err := r.readStoredMapping(ctx, b.src, b.dst)
	if err != nil {
		return err
	}
	why, err := b.env.prepareSessions(ctx, m)
	if err != nil {
		return err
	}
	if why = append(m.Target.Refusals(), why...); len(why) > 0 {
		return Refuse(why)
	}
	if m.CarriesFactors() {
		if why := m.Target.FactorRefusals(); len(why) > 0 {
			return Refuse(why)
		}
		if _, err := b.env.cipherOfRun(ctx, b.dst, r.ID, m); err != nil {
			return err
		}
	}
	if m.Options.Sessions {
		if err := createSessionTables(ctx, b.dst); err != nil {
			return err
		}
	}
	if resumed, err := r.resumePass(ctx, b.dst); err != nil || resumed {
		return err
	}
	return b.startPass(ctx, r, m)
}

const (
	hasOpenBatch = "SELECT EXISTS (SELECT FROM supabase_import.batch WHERE run = $1 AND pass < $2)"

	resumeRun = `WITH b AS (UPDATE supabase_import.batch SET parked = NULL WHERE run = $1)
UPDATE supabase_import.run SET state = 'running', finished_at = NULL WHERE id = $1`
)

// resumePass continues a pass that has open or parked batches, or that was interrupted before ClosePass.
func (r *Run) resumePass(ctx context.Context, dst *pgx.Conn) (resumed bool, err error) {
	var open bool
	if err := dst.QueryRow(ctx, hasOpenBatch, r.ID, r.Pass).Scan(&open); err != nil {
		return false, fmt.Errorf("look for open batches: %w", err)
	}
	if r.Pass == 0 || !open && r.State != Running {
		return false, nil
	}
	_, err = dst.Exec(ctx, resumeRun, r.ID)
	return true, err
}

const (
	startNext = `UPDATE supabase_import.run
SET pass = pass + 1, state = 'running', finished_at = NULL, watermark = $2::timestamptz, undone = NULL
WHERE id = $1`

	// skipUnchanged marks the batches that were copied before and have no changed user as done.
	skipUnchanged = `UPDATE supabase_import.batch b SET pass = $2
WHERE run = $1
  AND copied
  AND NOT EXISTS (SELECT FROM unnest($3::uuid[]) u WHERE u >= b.low AND (b.high IS NULL OR u < b.high))`
)

// startPass starts the next pass: it stores the current conflicts of the source and opens every batch. If quick is
// true, it leaves out the batches that were copied before and have no changed user (listChangedUsers).
func (b *passOpener) startPass(ctx context.Context, r Run, m mapping.Mapping) (err error) {
	if err := b.checkDeletions(ctx, r); err != nil {
		return err
	}
	position, err := readPosition(ctx, b.src)
	if err != nil {
		return err
	}
	if b.conflicts == nil {
		if b.conflicts, err = findConflicts(ctx, b.env, b.src, m); err != nil {
			return err
		}
	}
	if b.conflicts, err = withoutCarriedFactors(ctx, b.dst, r.ID, b.conflicts); err != nil {
		return err
	}
	quick := b.quick && r.Pass > 0
	if quick && m.Options.Sessions {
		return fmt.Errorf("%w: --quick (quick) does not see that a session has ended, because no time of the source "+
			"says it: a run with sessions needs whole passes", ErrRefused)
	}
	var changed []string
	if quick {
		if changed, err = r.listChangedUsers(ctx, b.src, b.dst, m); err != nil {
			return err
		}
	}
	var watermark string
	err = b.src.QueryRow(
		ctx,
		"SELECT (now() - make_interval(secs => $1))::text",
		watermarkOverlap.Seconds(),
	).Scan(
		&watermark,
	)
	if err != nil {
		return fmt.Errorf("read the time of the source: %w", err)
	}
	return pgx.BeginFunc(ctx, b.dst, func(tx pgx.Tx) error {
		if err := replaceConflicts(ctx, tx, r.ID, b.conflicts); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, startNext, r.ID, watermark); err != nil {
			return fmt.Errorf("open the pass: %w", err)
		}
		if quick { // it can miss changes, so that the position of an earlier pass stays
			_, err := tx.Exec(ctx, skipUnchanged, r.ID, r.Pass+1, changed)
			return err
		}
		return position.startAt(ctx, tx, r.ID)
	})
}

const countKnownUsers = `SELECT count(*)
FROM supabase_import.ledger
WHERE run = $1 AND source = 'user' AND outcome <> 'deleted'`

// checkDeletions refuses a pass if the source has less than half as many users as the ledger, because a wrong database
// URL is more likely than so many deletions. AllowDeletions turns this check off.
func (b *passOpener) checkDeletions(ctx context.Context, r Run) error {
	var inSource, inLedger int64
	if err := b.src.QueryRow(ctx, "SELECT count(*) FROM auth.users").Scan(&inSource); err != nil {
		return fmt.Errorf("count auth.users: %w", err)
	}
	if err := b.dst.QueryRow(ctx, countKnownUsers, r.ID).Scan(&inLedger); err != nil {
		return fmt.Errorf("count the users in the ledger: %w", err)
	}
	return refuseManyDeletions(inSource, inLedger, b.options.AllowDeletions)
}

func refuseManyDeletions(inSource, inLedger int64, areAllowed bool) error {
	if 2*inSource < inLedger && !areAllowed {
		return fmt.Errorf("%w: auth.users has %d rows, but the run has read %d users: if the missing users were deleted "+
			"on purpose, use --allow-deletions", ErrRefused, inSource, inLedger)
	}
	return nil
}

// listChangedUsers returns the ids of the users with a row whose created_at or updated_at is not before the stored
// watermark.
func (r *Run) listChangedUsers(ctx context.Context, src, dst *pgx.Conn, m mapping.Mapping) ([]string, error) {
	var since string
	err := dst.QueryRow(ctx, "SELECT watermark::text FROM supabase_import.run WHERE id = $1", r.ID).Scan(&since)
	if err != nil {
		return nil, fmt.Errorf("read the watermark: %w", err)
	}
	ids, err := QueryTexts(ctx, src, m.ChangedSince(since))
	return ids, Wrap("look for changed users", err)
}
