package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// Pass holds the data of a pass that its workers need.
type Pass struct {
	Run                string // name of the run
	ID                 int    // id of the run
	Number             int
	Epoch              int64 // epoch of the lease
	Batches            int
	HasForeignAccounts bool          // when the pass began, the target had accounts that the run did not write
	References         []Reference   // foreign keys that reference users, directly or through other tables
	FactorCipher       *FactorCipher // nil if the run does not copy TOTP factors
	mapping.Mapping
}

const passQuery = `SELECT
  (SELECT count(*) FROM supabase_import.batch WHERE run = $1),
  EXISTS (SELECT FROM supabase_import.foreign_account WHERE run = $1)`

// Join takes the lease of a run and reads the pass that a process with the same Holder has begun, with its mapping. It
// returns ErrRefused if the run copies TOTP factors and the secret is missing or another one.
func Join(ctx context.Context, env *Env, name string) (*Pass, error) {
	epoch, err := env.TakeLease(ctx, name)
	if err != nil {
		return nil, err
	}
	p := &Pass{Run: name, Epoch: epoch}
	return p, env.WithBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		r, err := Find(ctx, dst, name)
		if err == nil {
			err = r.CheckFile(env.File)
		}
		if err != nil {
			return err
		}
		p.ID, p.Number = r.ID, r.Pass
		if p.Mapping, err = r.readStoredMapping(ctx, src, dst); err != nil {
			return err
		}
		switch why, err := env.prepareSessions(ctx, p.Mapping); {
		case err != nil:
			return err
		case len(why) > 0:
			return Refuse(why)
		}
		if p.References, err = ReadReferences(ctx, dst, p.CarriesFactors()); err != nil {
			return err
		}
		if p.CarriesFactors() {
			if p.FactorCipher, err = env.cipherOfRun(ctx, dst, p.ID, p.Mapping); err != nil {
				return err
			}
		}
		return dst.QueryRow(ctx, passQuery, p.ID).Scan(&p.Batches, &p.HasForeignAccounts)
	})
}

// Batch is a range of user ids.
type Batch struct {
	Number int
	mapping.Scope
	Copied bool // a pass has copied all users of the batch: later passes copy only changes
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

	countDone = "SELECT count(*) FROM supabase_import.batch WHERE run = $1 AND (pass >= $2 OR parked IS NOT NULL)"
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

// Shard is the set of batches whose number modulo Count is Index. In JSON it is a lane, the word of the state machine.
type Shard struct {
	Index int `json:"lane"`
	Count int `json:"lanes"`
}

// WholeRun is the shard with every batch.
var WholeRun = Shard{Index: 0, Count: 1}

// OpenBatches returns the open batches of a shard, and the number of batches of the run that are done or parked in
// this pass.
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

// MarkDone records that the batch is done in this pass, with the number of its source rows. If the lease is shared
// (Env.Shared), MarkDone also renews it. The statement has the range of the batch as literals, so that Postgres uses
// both bounds in the index of the ledger.
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
		err = env.renewLeaseIfShared(ctx, db, p)
	}
	return err
}

const (
	parkBatch = "UPDATE supabase_import.batch SET parked = $3 WHERE run = $1 AND number = $2"

	parkShard = `UPDATE supabase_import.batch b SET parked = $4
FROM supabase_import.run r
WHERE r.id = b.run AND r.name = $1 AND b.pass < r.pass AND b.number % $3 = $2`
)

// Park marks a batch as parked: this pass skips it and copies the other batches. The next Begin opens it again.
func (p *Pass) Park(ctx context.Context, env *Env, b Batch, why string) error {
	return env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		_, err := dst.Exec(ctx, parkBatch, p.ID, b.Number, why)
		return err
	})
}

// ParkShard parks the open batches of a shard, so that the other shards can finish. The next Begin opens them again.
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

	withoutStatistics = `SELECT t
FROM unnest($1::text[]) t
JOIN pg_class c ON c.oid = t::regclass
WHERE c.reltuples < 0`
)

const ledgerTable = "supabase_import.ledger"

// The tables that a pass writes, and those that it also writes with Options.Sessions.
var (
	writtenTables = []string{
		`"user"`, "account", "user_profile", ledgerTable, "supabase_import.quarantine",
	}
	writtenSessionTables = []string{`"supabaseSession"`, `"supabaseCredential"`, "supabase_import.session"}
)

// ClosePass ends the pass: the run is complete if no batch is open or parked.
func ClosePass(ctx context.Context, env *Env, name string) (st Status, err error) {
	err = env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		r, err := Find(ctx, dst, name)
		if err != nil {
			return err
		}
		if err := env.completeRun(ctx, dst, r); err != nil {
			return fmt.Errorf("close the pass: %w", err)
		}
		if err := r.gatherStatistics(ctx, env, dst); err != nil {
			return fmt.Errorf("gather statistics: %w", err)
		}
		st, err = readStatus(ctx, dst, name)
		return err
	})
	return st, err
}

// gatherStatistics gathers the statistics of the tables after the first pass, because the verification and the first
// sign-ins may come before autovacuum. After a later pass, which changes few rows, it does so only for tables without
// statistics. It uses two connections at the same time.
func (r *Run) gatherStatistics(ctx context.Context, env *Env, dst *pgx.Conn) (err error) {
	tables := slices.Clone(writtenTables)
	if r.Plan.Options.Sessions {
		tables = append(tables, writtenSessionTables...)
	}
	if r.Pass > 1 {
		if tables, err = QueryTexts(ctx, dst, withoutStatistics, tables); err != nil || len(tables) == 0 {
			return err
		}
	}
	other, err := env.Target(ctx, "")
	if err != nil {
		return err
	}
	defer env.release("target", other)
	var lists [2][]string
	for i, table := range tables {
		if table == ledgerTable {
			table += " (user_id, source, key, outcome)" // no query has a condition on the residue, which is long
		}
		lists[i%2] = append(lists[i%2], table)
	}
	analyze := func(db *pgx.Conn, tables []string) func(context.Context) error {
		return func(ctx context.Context) error {
			if len(tables) == 0 {
				return nil
			}
			return Exec(ctx, db, "ANALYZE "+strings.Join(tables, ", "))
		}
	}
	return RunBoth(ctx, analyze(dst, lists[0]), analyze(other, lists[1]))
}

// completeRun marks the run as complete, unless a batch is open or parked. With sessions it also stores the time of the
// pass, and the public keys of the project if they are given.
func (e *Env) completeRun(ctx context.Context, dst *pgx.Conn, r Run) error {
	if !r.Plan.Options.Sessions {
		_, err := dst.Exec(ctx, completeRun, r.Name)
		return err
	}
	keys, err := e.readPublicKeys(ctx)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, dst, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, completeRun, r.Name)
		if err == nil && tag.RowsAffected() > 0 {
			_, err = tx.Exec(ctx, storeBridge, keys)
		}
		return err
	})
}
