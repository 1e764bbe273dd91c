package run

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// Writer is an open transaction of the source that has written to a table of the import. Its changes are not visible
// yet, and can be committed later.
type Writer struct {
	Transaction string `json:"-"`           // the virtual id of the transaction
	Name        string `json:"transaction"` // "pid 42" or "prepared transaction 'name'"
	Table       string `json:"table"`
}

// writersQuery lists the transactions that hold a lock of a statement that writes. A prepared transaction has no pid.
const writersQuery = `SELECT DISTINCT ON (l.virtualtransaction) l.virtualtransaction,
  CASE WHEN l.pid IS NOT NULL THEN 'pid ' || l.pid
    ELSE 'prepared transaction' || coalesce((
      SELECT ' ' || quote_literal(p.gid)
      FROM pg_locks x
      JOIN pg_prepared_xacts p ON p.transaction = x.transactionid
      WHERE x.pid IS NULL AND x.virtualtransaction = l.virtualtransaction
      LIMIT 1), '') END,
  l.relation::regclass::text
FROM pg_locks l
WHERE l.locktype = 'relation' AND l.granted
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.relation = ANY ($1::text[]::regclass[])
  AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
  AND (l.pid IS NULL OR l.pid <> pg_backend_pid())
ORDER BY l.virtualtransaction, l.relation::regclass::text`

// ReadWriters lists the open transactions of the source that have written to a table of the import, or to another one of
// the given tables.
func (p *Pass) ReadWriters(ctx context.Context, env *Env, others []string) (all []Writer, err error) {
	err = env.WithBoth(ctx, func(ctx context.Context, src, _ *pgx.Conn) error {
		rows, err := src.Query(ctx, writersQuery, append(p.FollowedTables(), others...))
		if err != nil {
			return fmt.Errorf("look for open transactions: %w", err)
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Writer])
		return Wrap("look for open transactions", err)
	})
	return all, err
}

const notATable = `SELECT c.oid::regclass::text
FROM unnest($1::text[]) t
JOIN pg_class c ON c.oid = t::regclass
WHERE c.relkind NOT IN ('r', 'p')`

// CheckFollowable returns ErrRefused if the run began with other options than the given ones, if its sessions were
// imported with another secret, or if it reads a view: the rows of a view have no transactions.
func (p *Pass) CheckFollowable(ctx context.Context, env *Env, given mapping.Options) error {
	if err := checkOptions(p.Options, given); err != nil {
		return err
	}
	return env.WithBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		if p.Options.Sessions {
			if err := p.CheckSessionKey(ctx, env, dst); err != nil {
				return err
			}
		}
		views, err := QueryTexts(ctx, src, notATable, p.FollowedTables())
		if err == nil && len(views) > 0 {
			return fmt.Errorf("%w: %s is not a table, so the changes of its rows cannot be followed: use passes without "+
				"--follow, or another run with --profiles TABLE or --profiles none", ErrRefused, views[0])
		}
		return Wrap("check the tables of the source", err)
	})
}

// UnverifiedBatches is what a verification would compare now.
type UnverifiedBatches struct {
	Batches int     `json:"batches"`
	Seconds float64 `json:"seconds"` // estimated from the last verification; 0 if there was none
}

const unverifiedQuery = `SELECT count(*) FILTER (WHERE NOT verified),
  coalesce(extract(epoch FROM max(verified_at) FILTER (WHERE verified) - min(verified_at) FILTER (WHERE verified))
    / nullif(count(*) FILTER (WHERE verified) - 1, 0) * count(*) FILTER (WHERE NOT verified), 0)::float8
FROM (
  SELECT b.verified_at,
    r.verification > 0 AND b.verification = r.verification AND b.verified_pass = r.pass AS verified
  FROM supabase_import.batch b
  JOIN supabase_import.run r ON r.id = b.run
  WHERE r.id = $1
) b`

// CountUnverified counts the batches that were not verified since they were last copied.
func (p *Pass) CountUnverified(ctx context.Context, env *Env) (u UnverifiedBatches, err error) {
	err = env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		return Wrap("count the batches to verify", dst.QueryRow(ctx, unverifiedQuery, p.ID).Scan(&u.Batches, &u.Seconds))
	})
	return u, err
}

const (
	openVerification = `UPDATE supabase_import.run SET verification = greatest(verification, 1)
WHERE name = $1 AND state <> 'rolled back'
RETURNING id`

	reopenCopiedBatches = `UPDATE supabase_import.batch b SET verification = 0
FROM supabase_import.run r
WHERE r.id = b.run AND r.id = $1 AND b.verified_pass IS DISTINCT FROM r.pass`
)

// ContinueVerification marks the batches that were copied since the last verification as not verified, and leaves the
// results of the others.
func ContinueVerification(ctx context.Context, env *Env, name string) error {
	return env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		var id int
		if err := dst.QueryRow(ctx, openVerification, name).Scan(&id); err != nil {
			return fmt.Errorf("continue the verification: %w", err)
		}
		_, err := dst.Exec(ctx, reopenCopiedBatches, id)
		return Wrap("continue the verification", err)
	})
}
