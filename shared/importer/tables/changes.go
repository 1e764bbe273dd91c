package tables

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// Changes are the result of a poll of the moved tables.
type Changes struct {
	Rows     int64    `json:"rows"`     // rows of the source that were written since the poll before
	Tables   int      `json:"tables"`   // tables in which the poll wrote or deleted rows
	Written  int64    `json:"written"`  // rows that the poll wrote to the target
	Deleted  int64    `json:"deleted"`  // rows that the poll deleted in the target
	Rejected int64    `json:"rejected"` // rows that the target rejects: supabase_import.moved_row has them
	Failed   []string `json:"failed"`   // what could not be done; the next poll tries it again
	// FreezeSeconds estimates how long the tables without a primary key are copied and the changed tables are verified.
	// Unmeasured is the number of tables among them of which nothing is known, because they were never verified.
	FreezeSeconds float64 `json:"freezeSeconds"`
	Unmeasured    int     `json:"unmeasured"`

	waits bool // the next poll tries rejected rows again
}

// IsIdle reports whether the poll wrote nothing, and the next poll has nothing to do again.
func (c Changes) IsIdle() bool {
	return c.Written == 0 && c.Deleted == 0 && len(c.Failed) == 0 && !c.waits
}

// Follower copies the changes of moved tables to the target. The caller has the lease of the run, and makes one call at
// a time.
type Follower struct {
	env            *run.Env
	run            run.Run
	keyed, keyless []followedTable // tables with and without a primary key
	// hasWaited means that the last poll has not stored its position, because rows refer to rows that the target did not
	// have: a user who is new can be copied before the next poll.
	hasWaited bool
}

// NewFollower returns the Follower of a complete move. It returns ErrNoMove if the run has moved no tables.
func NewFollower(ctx context.Context, env *run.Env, name string) (*Follower, error) {
	f := &Follower{env: forLongStatements(env)}
	return f, f.env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) (err error) {
		if f.run, err = findMove(ctx, dst, name); err != nil {
			return err
		}
		if err := addColumns(ctx, dst); err != nil {
			return err
		}
		result, err := readResult(ctx, dst, f.run)
		if err != nil {
			return err
		}
		if result.State != Complete {
			return fmt.Errorf("%w: the move of the tables is %s: complete it with xenon migrate tables first",
				run.ErrRefused, result.State)
		}
		return f.readTables(ctx, dst)
	})
}

// Names returns the names of all followed tables.
func (f *Follower) Names() (names []string) {
	for _, t := range slices.Concat(f.keyed, f.keyless) {
		names = append(names, t.Name)
	}
	return names
}

// Poll copies the changes of the tables with a primary key, in one transaction of the target, from one snapshot of the
// source. With deletions it also looks for deleted rows.
func (f *Follower) Poll(ctx context.Context, deletions bool) (Changes, error) {
	at, err := run.CurrentPosition(ctx, f.env)
	if err != nil {
		return Changes{}, err
	}
	return f.make(ctx, poll{Follower: f, at: &at, tables: f.keyed, looksForDeletions: deletions})
}

// make makes a poll. If the target rejects rows, it first looks for deleted rows: they can have the same values.
func (f *Follower) make(ctx context.Context, p poll) (c Changes, err error) {
	for {
		var again bool
		err = f.env.WithBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
			attempt := p
			attempt.src, attempt.dst = src, dst
			err := attempt.copy(ctx)
			c, again = attempt.changes, errors.Is(err, errNeedsDeletions)
			if again {
				return nil
			}
			return err
		})
		if err != nil || !again {
			return c, err
		}
		p.looksForDeletions = true
	}
}

// errNeedsDeletions means that a poll must be made again, with looksForDeletions.
var errNeedsDeletions = errors.New("the target rejects rows")

// poll is one poll of tables.
type poll struct {
	*Follower
	src, dst          *pgx.Conn
	at                *run.Position   // of the source, before the poll reads it; nil: the poll is not one of changes
	tables            []followedTable // that are looked at
	looksForDeletions bool

	steps     []*step
	changes   Changes
	lacksRows bool // a row refers to a row that the target does not have
}

const lockMove = "SELECT FROM supabase_import.move WHERE run = $1 FOR UPDATE"

// copy makes the poll.
func (p *poll) copy(ctx context.Context) error {
	p.changes.Failed = []string{}
	if err := run.Exec(ctx, p.src, beginSnapshot); err != nil {
		return fmt.Errorf("begin at the source: %w", err)
	}
	return pgx.BeginFunc(ctx, p.dst, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockMove, p.run.ID); err != nil {
			return fmt.Errorf("lock the move: %w", err)
		}
		if err := p.stage(ctx); err != nil {
			return err
		}
		if len(p.steps) > 0 {
			if err := p.write(ctx); err != nil {
				return err
			}
		}
		return p.savePosition(ctx, tx)
	})
}

// write makes the changes, while the triggers of the tables do not fire.
func (p *poll) write(ctx context.Context) error {
	enable, err := p.disableTriggers(ctx)
	if err != nil {
		return err
	}
	if err := run.Exec(ctx, p.dst, createMark+";\nSAVEPOINT object"); err != nil {
		return err
	}
	if err := p.makeSteps(ctx); err != nil {
		return err
	}
	if err := run.Exec(ctx, p.dst, enable); err != nil {
		return fmt.Errorf("enable triggers: %w", err)
	}
	if p.changes.Written == 0 && p.changes.Deleted == 0 {
		return nil
	}
	return p.countRows(ctx)
}

// countRows stores the numbers of rows of the changed tables. A deletion can also delete rows of other tables.
func (p *poll) countRows(ctx context.Context) error {
	changed := map[string]bool{}
	for _, s := range p.steps {
		if s.changed > 0 {
			changed[s.table.Name] = true
		}
	}
	p.changes.Tables = len(changed)
	for _, name := range p.Names() {
		if p.changes.Deleted == 0 && !changed[name] {
			continue
		}
		sql := fmt.Sprintf(`UPDATE supabase_import.moved_table t
SET verified = t.verified AND NOT $3 AND t.rows = n.n, rows = n.n
FROM (SELECT count(*) AS n FROM ONLY %s) n
WHERE t.run = $1 AND t.name = $2`, name)
		if _, err := p.dst.Exec(ctx, sql, p.run.ID, name, changed[name]); err != nil {
			return fmt.Errorf("count the rows of %s: %w", name, err)
		}
	}
	return nil
}

const (
	findPosition = `SELECT coalesce(xid, 0), coalesce(server, '') FROM supabase_import.move WHERE run = $1`

	storePosition = "UPDATE supabase_import.move SET xid = $2, server = $3 WHERE run = $1"
)

// readPosition returns the position up to which everything is copied. exists is false if it cannot be used.
func (p *poll) readPosition(ctx context.Context) (since run.Position, exists bool, err error) {
	var xid int64
	if err := p.dst.QueryRow(ctx, findPosition, p.run.ID).Scan(&xid, &since.Server); err != nil {
		return since, false, fmt.Errorf("read the position: %w", err)
	}
	since.XMin = uint64(xid) //nolint:gosec // the ids of transactions have 63 bits at most in practice
	return since, xid > 0 && since.IsBefore(*p.at), nil
}

// savePosition stores the position of the poll, unless something failed, or a row refers to a row that the next poll can
// bring.
func (p *poll) savePosition(ctx context.Context, tx pgx.Tx) error {
	if p.at == nil {
		return nil
	}
	p.changes.waits = p.lacksRows && !p.hasWaited
	p.hasWaited = p.changes.waits
	if p.changes.waits || len(p.changes.Failed) > 0 {
		return nil
	}
	//nolint:gosec // see readPosition
	_, err := tx.Exec(ctx, storePosition, p.run.ID, int64(p.at.XMin), p.at.Server)
	return run.Wrap("store the position", err)
}

// storeFirstPosition stores the position of the source before the first row is copied.
func (m *mover) storeFirstPosition(ctx context.Context) error {
	at, err := run.CurrentPosition(ctx, m.env)
	if err != nil {
		return err
	}
	return m.env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		//nolint:gosec // see readPosition
		_, err := dst.Exec(ctx, storePosition+" AND xid IS NULL AND NOT EXISTS (\n"+
			"  SELECT FROM supabase_import.moved_part p WHERE p.run = $1 AND p.copied)", m.run.ID, int64(at.XMin), at.Server)
		return run.Wrap("store the position", err)
	})
}
