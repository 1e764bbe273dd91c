package run

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// Position is a place in the sequence of transactions of the source. Every transaction before it was committed or
// rolled back when the position was read. So a pass that began there has all changes of these transactions, and later
// changes are in rows that the transaction XMin or a later one wrote.
type Position struct {
	XMin   uint64 // the oldest open transaction, or else the next one, with all 64 bits
	Server string // identifies the source: another server, database or history has other transactions
}

// maxPositionAge is the number of transactions after which a position cannot be used. The xmin of a row has 32 bits, so
// Postgres can compare transactions that are at most 2^31 apart.
const maxPositionAge = 1_500_000_000

// IsBefore reports whether the changes since p can be read at a later position of the same source. It is false for a
// source that was restored, because its transactions are older or have another history.
func (p Position) IsBefore(later Position) bool {
	return p.Server == later.Server && p.XMin <= later.XMin && later.XMin-p.XMin <= maxPositionAge
}

const (
	positionQuery = `SELECT pg_snapshot_xmin(pg_current_snapshot())::text::numeric::bigint,
  (SELECT oid::text FROM pg_database WHERE datname = current_database())`

	historyQuery = `SELECT s.system_identifier || ' ' || c.timeline_id
FROM pg_control_system() s
CROSS JOIN pg_control_checkpoint() c`
)

// CurrentPosition reads the current position of the source.
func CurrentPosition(ctx context.Context, env *Env) (p Position, err error) {
	err = env.Retry(ctx, func() error {
		src, err := env.Source(ctx)
		if err != nil {
			return err
		}
		defer Close(src)
		p, err = readPosition(ctx, src)
		return err
	})
	return p, err
}

func readPosition(ctx context.Context, src *pgx.Conn) (p Position, err error) {
	var xmin int64
	if err := src.QueryRow(ctx, positionQuery).Scan(&xmin, &p.Server); err != nil {
		return p, fmt.Errorf("read the transactions of the source: %w", err)
	}
	p.XMin = uint64(xmin) //nolint:gosec // the ids of transactions have 63 bits at most in practice
	var history string
	err = pgx.BeginFunc(ctx, src, func(tx pgx.Tx) error { return tx.QueryRow(ctx, historyQuery).Scan(&history) })
	if err != nil && !isPermissionDenied(err) {
		return p, fmt.Errorf("read the identifier of the source: %w", err)
	}
	p.Server += " " + history
	return p, nil
}

// createPositions is executed when a pass begins, because the ledger of an older release lacks the table.
const createPositions = `CREATE TABLE IF NOT EXISTS supabase_import.position (
  run smallint PRIMARY KEY REFERENCES supabase_import.run,
  xid bigint NOT NULL,                         -- every transaction of the source before it is copied,
  server text NOT NULL,                        -- once the current pass is complete
  set_at timestamptz NOT NULL DEFAULT now()
)`

const storePosition = `INSERT INTO supabase_import.position (run, xid, server)
SELECT id, $2::bigint, $3::text FROM supabase_import.run WHERE id = $1 AND ($4::bigint IS NULL OR epoch = $4)
ON CONFLICT (run) DO UPDATE SET xid = excluded.xid, server = excluded.server, set_at = now()`

// startAt stores the position at which a pass begins, before it reads a row.
func (p Position) startAt(ctx context.Context, tx pgx.Tx, id int) error {
	if _, err := tx.Exec(ctx, createPositions); err != nil {
		return fmt.Errorf("create the table of positions: %w", err)
	}
	_, err := tx.Exec(ctx, storePosition, id, int64(p.XMin), p.Server, nil) //nolint:gosec // see readPosition
	return Wrap("store the position of the pass", err)
}

// SavePosition stores the position up to which everything is copied. It returns ErrHeld if another process has the
// lease. Its commit waits for the disk, and so do all commits before it.
func (p *Pass) SavePosition(ctx context.Context, env *Env, at Position) error {
	return env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		tag, err := dst.Exec(ctx, storePosition, p.ID, int64(at.XMin), at.Server, p.Epoch) //nolint:gosec // see readPosition
		if err == nil && tag.RowsAffected() == 0 {
			return errLeaseLost()
		}
		if err == nil && p.Options.Sessions {
			_, err = dst.Exec(ctx, touchBridge)
		}
		return Wrap("store the position", err)
	})
}

const findPosition = `SELECT p.xid, p.server, r.plan->'options'
FROM supabase_import.position p
JOIN supabase_import.run r ON r.id = p.run
WHERE r.name = $1 AND r.state = 'complete'`

// FindPosition returns the position up to which everything is copied. exists is false if the run has none: it is new,
// not complete, an older release has copied it, or the given options about sessions differ from those of its last pass.
func FindPosition(
	ctx context.Context, env *Env, name string, given mapping.Options,
) (p Position, exists bool, err error) {
	err = env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		var hasTable bool
		err := dst.QueryRow(ctx, "SELECT to_regclass('supabase_import.position') IS NOT NULL").Scan(&hasTable)
		if err != nil || !hasTable {
			return Wrap("look for the position", err)
		}
		var xmin int64
		var stored mapping.Options
		err = dst.QueryRow(ctx, findPosition, name).Scan(&xmin, &p.Server, &stored)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		_, areOther := withSessionOptions(stored, given)
		p.XMin, exists = uint64(xmin), err == nil && !areOther //nolint:gosec // see readPosition
		return Wrap("read the position", err)
	})
	return p, exists, err
}
