package run

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// Change is a batch with users to copy again.
type Change struct {
	Batch Batch
	Users []string // nil: all users whose fingerprints changed
	Rows  int64    // rows that were written since the last poll
}

// ChangeSet has the batches with changes since a position.
type ChangeSet struct {
	Batches []Change
	Rows    int64 // rows that were written since the position; other columns of them may be unchanged
	Users   int64 // users that have these rows
	// Deleted are the batches whose ids of rows differ from those in the ledger, when the changes were read. It is nil if
	// the ids were not compared.
	Deleted []Batch

	all []Batch // of the run
}

// ReadChanges reads the batches with rows that were written since a position, in one snapshot of the source. If withIDs
// is true, it also compares the ids of all rows with those in the ledger, to find deleted rows. It returns ErrRefused
// if the source has less than half as many users as the ledger, unless the options of the run allow deletions.
func (p *Pass) ReadChanges(
	ctx context.Context, env *Env, since Position, withIDs, allowDeletions bool,
) (ChangeSet, error) {
	var c ChangeSet
	err := env.WithBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		batches, err := AllBatches(ctx, dst, p.ID)
		if err != nil {
			return err
		}
		snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
		var current map[int]idSum
		err = pgx.BeginTxFunc(ctx, src, snapshot, func(tx pgx.Tx) (err error) {
			if c, err = p.readWritten(ctx, tx, batches, since); err == nil && withIDs {
				current, err = readIDSums(ctx, tx, p.IDSums(), batches)
			}
			return err
		})
		c.all = batches
		if err != nil || !withIDs {
			return err
		}
		if err := p.compareIDs(ctx, dst, &c, current, allowDeletions); err != nil || !p.Options.Sessions {
			return err
		}
		return p.addUsersOfEndedSessions(ctx, src, dst, &c)
	})
	return c, err
}

// compareIDs sets c.Deleted. current are the sums of the source.
func (p *Pass) compareIDs(
	ctx context.Context, dst *pgx.Conn, c *ChangeSet, current map[int]idSum, allowDeletions bool,
) error {
	recorded, err := readIDSums(ctx, dst, p.ledgerIDSums(), c.all)
	if err != nil {
		return err
	}
	if err := checkUserCounts(current, recorded, allowDeletions); err != nil {
		return err
	}
	c.Deleted = []Batch{}
	for _, b := range c.all {
		if current[b.Number] != recorded[b.Number] {
			c.Deleted = append(c.Deleted, b)
		}
	}
	return nil
}

// querier is a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func (p *Pass) readWritten(ctx context.Context, src querier, batches []Batch, since Position) (c ChangeSet, err error) {
	rows, err := src.Query(ctx, p.WrittenSince(fmt.Sprint(since.XMin)), lowerBounds(batches))
	if err != nil {
		return c, fmt.Errorf("look for changed rows: %w", err)
	}
	var number int
	var users, n int64
	var ids []string
	_, err = pgx.ForEachRow(rows, []any{&number, &users, &n, &ids}, func() error {
		c.Batches = append(c.Batches, Change{Batch: batches[number], Users: ids, Rows: n})
		c.Users, c.Rows = c.Users+users, c.Rows+n
		ids = nil
		return nil
	})
	return c, Wrap("look for changed rows", err)
}

func lowerBounds(batches []Batch) []string {
	bounds := make([]string, len(batches))
	for i, b := range batches {
		bounds[i] = b.Low
	}
	return bounds
}

// idSum has the numbers of users and rows of a batch, and the sum of the ids of the rows.
type idSum struct {
	users, rows int64
	sum         string
}

func readIDSums(ctx context.Context, db querier, sql string, batches []Batch) (map[int]idSum, error) {
	rows, err := db.Query(ctx, sql, lowerBounds(batches))
	if err != nil {
		return nil, fmt.Errorf("add up the ids: %w", err)
	}
	sums := map[int]idSum{}
	var number int
	var s idSum
	_, err = pgx.ForEachRow(rows, []any{&number, &s.users, &s.rows, &s.sum}, func() error { sums[number] = s; return nil })
	return sums, Wrap("add up the ids", err)
}

// ledgerIDSums returns SQL for the sums of the ids that the source should have. It leaves out rows that are deleted in
// the source, and counts rows to be copied again twice, so that their batch differs.
func (p *Pass) ledgerIDSums() string {
	return mapping.SumIDs(fmt.Sprintf(`SELECT user_id, source::text, key
  FROM supabase_import.ledger
  WHERE run = %[1]d AND outcome <> 'deleted' AND NOT (outcome = 'kept' AND raw IS NULL)
  UNION ALL
  SELECT user_id, '', key
  FROM supabase_import.ledger
  WHERE run = %[1]d AND outcome NOT IN ('deleted', 'kept') AND raw IS NULL`, p.ID))
}

func checkUserCounts(current, recorded map[int]idSum, allowDeletions bool) error {
	var inSource, inLedger int64
	for _, s := range current {
		inSource += s.users
	}
	for _, s := range recorded {
		inLedger += s.users
	}
	return refuseManyDeletions(inSource, inLedger, allowDeletions)
}

// RefreshConflicts finds the conflicts between rows of the source again, and stores them. It returns the ids of the
// users whose rejections changed: they have to be copied again, even if no row of them changed. If the process is
// killed before, the cleared fingerprints tell the next poll (ledgerIDSums).
func (p *Pass) RefreshConflicts(ctx context.Context, env *Env) (users []string, err error) {
	err = env.WithBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		found, err := findConflicts(ctx, env, src, p.Mapping)
		if err != nil {
			return err
		}
		if found, err = withoutCarriedFactors(ctx, dst, p.ID, found); err != nil {
			return err
		}
		return pgx.BeginFunc(ctx, dst, func(tx pgx.Tx) error {
			if users, err = changedConflicts(ctx, tx, p.ID, found); err != nil || len(users) == 0 {
				return err
			}
			return replaceConflicts(ctx, tx, p.ID, found)
		})
	})
	return users, err
}

const storedConflicts = `SELECT source::text, reason, key::text, user_id::text
FROM supabase_import.ruling
WHERE run = $1 AND reason NOT LIKE 'target\_%'`

// changedConflicts returns the ids of the users with a rejection that is found and not stored, or stored and not found.
func changedConflicts(ctx context.Context, tx pgx.Tx, id int, found []mapping.Rejection) ([]string, error) {
	rows, err := tx.Query(ctx, storedConflicts, id)
	if err != nil {
		return nil, fmt.Errorf("read the conflicts: %w", err)
	}
	stored, err := pgx.CollectRows(rows, pgx.RowToStructByPos[mapping.Rejection])
	if err != nil {
		return nil, fmt.Errorf("read the conflicts: %w", err)
	}
	count := map[mapping.Rejection]int{}
	for _, x := range append(stored, found...) {
		count[x]++
	}
	var users []string
	for x, n := range count {
		if n == 1 {
			users = append(users, x.User)
		}
	}
	slices.Sort(users)
	return slices.Compact(users), nil
}

// AddUsers adds users to the changes of their batches.
func (c *ChangeSet) AddUsers(users []string) {
	for _, id := range users {
		b := batchOf(c.all, id)
		i := slices.IndexFunc(c.Batches, func(o Change) bool { return o.Batch.Number == b.Number })
		switch {
		case i < 0:
			c.Batches = append(c.Batches, Change{Batch: b, Users: []string{id}})
		case c.Batches[i].Users != nil && !slices.Contains(c.Batches[i].Users, id):
			c.Batches[i].Users = append(c.Batches[i].Users, id)
		}
	}
}

// batchOf returns the batch of a user. The texts of UUIDs, as Postgres writes them, have the order of the UUIDs.
func batchOf(batches []Batch, id string) Batch {
	i, found := slices.BinarySearchFunc(batches, id, func(b Batch, id string) int {
		switch {
		case b.Low < id:
			return -1
		case b.Low > id:
			return 1
		}
		return 0
	})
	if !found {
		i--
	}
	return batches[i]
}

// MarkChanged records that users of the batch were copied after the end of the pass: the batch has to be verified
// again. If the lease is shared (Env.Shared), it also renews it. Its commit waits for the disk, and so do the commits
// before it: see WorkerSession.
func (p *Pass) MarkChanged(ctx context.Context, env *Env, db *pgx.Conn, b Batch) error {
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL synchronous_commit = on"); err != nil {
			return fmt.Errorf("set synchronous_commit: %w", err)
		}
		tag, err := tx.Exec(ctx, `UPDATE supabase_import.batch b
SET verification = 0, (rows, quarantined) = (
  SELECT count(*) FILTER (WHERE l.outcome <> 'deleted'), count(*) FILTER (WHERE l.outcome = 'quarantined')
  FROM supabase_import.ledger l
  WHERE l.run = r.id AND `+b.Contains("l.user_id")+`)
FROM supabase_import.run r
WHERE r.id = b.run AND b.run = $1 AND b.number = $2 AND r.epoch = $3`, p.ID, b.Number, p.Epoch)
		if err == nil && tag.RowsAffected() == 0 {
			return errLeaseLost()
		}
		if err == nil {
			err = env.renewLeaseIfShared(ctx, db, p)
		}
		return Wrap("mark the batch as changed", err)
	})
}

// WithDeletions returns the batches to copy again. Of a batch with deleted rows, all users are looked at.
func (c *ChangeSet) WithDeletions() []Change {
	all := slices.Clone(c.Batches)
	for _, b := range c.Deleted {
		i := slices.IndexFunc(all, func(o Change) bool { return o.Batch.Number == b.Number })
		if i < 0 {
			all = append(all, Change{Batch: b})
		} else {
			all[i].Users = nil
		}
	}
	return all
}
