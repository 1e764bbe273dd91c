package run

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// Pass is a pass of a run as its workers see it.
type Pass struct {
	Run                string // name
	ID                 int    // of the run
	Number             int
	Epoch              int64 // of the lease
	Batches            int
	HasForeignAccounts bool        // the target has accounts that the run did not write
	References         []Reference // foreign keys that lead to users
	mapping.Mapping
}

const passQuery = `SELECT
  (SELECT count(*) FROM supabase_import.batch WHERE run = $1),
  EXISTS (SELECT FROM supabase_import.foreign_account WHERE run = $1)`

// Join reads the pass that this process, or another of the same Holder, has begun, and makes its mapping.
func Join(ctx context.Context, env *Env, name string) (*Pass, error) {
	epoch, err := env.Take(ctx, name)
	if err != nil {
		return nil, err
	}
	p := &Pass{Run: name, Epoch: epoch}
	return p, env.WithBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		r, err := Find(ctx, dst, name)
		if err != nil {
			return err
		}
		p.ID, p.Number = r.ID, r.Pass
		if p.Mapping, err = r.mapping(ctx, src, dst); err != nil {
			return err
		}
		if p.References, err = ReadReferences(ctx, dst); err != nil {
			return err
		}
		return dst.QueryRow(ctx, passQuery, p.ID).Scan(&p.Batches, &p.HasForeignAccounts)
	})
}

// Batch is a range of user ids.
type Batch struct {
	Number int
	mapping.Scope
	Copied bool // wholly, at least once: from then on only what changed is looked for
}

const (
	allBatches = `SELECT number, low::text, coalesce(high::text, ''), copied
FROM supabase_import.batch
WHERE run = $1
ORDER BY number`

	openBatches = `SELECT number, low::text, coalesce(high::text, ''), copied
FROM supabase_import.batch
WHERE run = $1 AND pass < $2 AND parked IS NULL AND number % $4 = $3
ORDER BY number`

	countDone = "SELECT count(*) FROM supabase_import.batch WHERE run = $1 AND pass >= $2"
)

// AllBatches lists the batches of a run.
func AllBatches(ctx context.Context, db *pgx.Conn, id int) ([]Batch, error) {
	all, err := queryBatches(ctx, db, allBatches, id)
	return all, Wrap("read the batches", err)
}

func queryBatches(ctx context.Context, db *pgx.Conn, sql string, args ...any) ([]Batch, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (b Batch, err error) {
		err = row.Scan(&b.Number, &b.Low, &b.High, &b.Copied)
		return b, err
	})
}

// Shard is a share of the batches: those whose number is Index modulo Count. The state machine names it a lane.
type Shard struct {
	Index int `json:"lane"`
	Count int `json:"lanes"`
}

// WholeRun is the shard of every batch.
var WholeRun = Shard{Index: 0, Count: 1}

// OpenBatches lists what is to be copied in a shard, and says how many batches of the run are done.
func (p *Pass) OpenBatches(ctx context.Context, env *Env, s Shard) (open []Batch, done int, err error) {
	err = env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) (err error) {
		if err := dst.QueryRow(ctx, countDone, p.ID, p.Number).Scan(&done); err != nil {
			return err
		}
		open, err = queryBatches(ctx, dst, openBatches, p.ID, p.Number, s.Index, s.Count)
		return err
	})
	return open, done, err
}

// MarkDone writes that the batch is done in this pass, and renews a shared lease. rows are its source rows. The range
// stands in the statement, so that the index of the ledger serves both of its ends.
func (p *Pass) MarkDone(ctx context.Context, env *Env, db *pgx.Conn, b Batch, rows int64) error {
	tag, err := db.Exec(ctx, `UPDATE supabase_import.batch b
SET pass = r.pass, copied = true, parked = NULL, rows = $3, quarantined = (
  SELECT count(*)
  FROM supabase_import.ledger l
  WHERE l.run = r.id AND l.outcome = 'quarantined' AND `+b.Contains("l.user_id")+`)
FROM supabase_import.run r
WHERE r.id = b.run AND b.run = $1 AND b.number = $2 AND r.epoch = $4`, p.ID, b.Number, rows, p.Epoch)
	if err == nil && tag.RowsAffected() == 0 {
		return errLeaseLost()
	}
	if err == nil {
		err = env.prolong(ctx, db, p)
	}
	return err
}

const (
	parkBatch = "UPDATE supabase_import.batch SET parked = $3 WHERE run = $1 AND number = $2"

	parkShard = `UPDATE supabase_import.batch b SET parked = $4
FROM supabase_import.run r
WHERE r.id = b.run AND r.name = $1 AND b.pass < r.pass AND b.number % $3 = $2`
)

// Park sets a batch aside, so that the rest can finish.
func (p *Pass) Park(ctx context.Context, env *Env, b Batch, why string) error {
	return env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		_, err := dst.Exec(ctx, parkBatch, p.ID, b.Number, why)
		return err
	})
}

// ParkShard sets the shard's open batches aside, so that the rest can finish. The next pass tries them again.
func ParkShard(ctx context.Context, env *Env, name string, s Shard, why string) error {
	return env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		_, err := dst.Exec(ctx, parkShard, name, s.Index, s.Count, why)
		return err
	})
}

const (
	completeRun = `UPDATE supabase_import.run r SET state = 'complete', finished_at = now()
WHERE name = $1
  AND state = 'running'
  AND NOT EXISTS (SELECT FROM supabase_import.batch b WHERE b.run = r.id AND b.pass < r.pass)`

	// The tables are new to the planner, and verification and the first sign-ins come before autovacuum does.
	analyze = `ANALYZE "user", account, user_profile, supabase_import.ledger, supabase_import.quarantine`
)

// ClosePass ends the pass: the run is complete when no batch is open or parked.
func ClosePass(ctx context.Context, env *Env, name string) (st Status, err error) {
	err = env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		if _, err := dst.Exec(ctx, completeRun, name); err != nil {
			return fmt.Errorf("close the pass: %w", err)
		}
		if _, err := dst.Exec(ctx, analyze); err != nil {
			return fmt.Errorf("gather statistics: %w", err)
		}
		st, err = readStatus(ctx, dst, name)
		return err
	})
	return st, err
}
