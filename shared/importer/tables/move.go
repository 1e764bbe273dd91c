package tables

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// Action is the action of the progress events of a move. Their Batch counts parts of tables.
const Action = "tables"

// Run begins a move or continues it, until all rows are copied and all other objects are created. The run must be
// complete. pgDumps are the paths of the installed pg_dump programs. workers is the number of parts that are copied at
// the same time; 0 means 2. If a move exists, its options apply.
func Run(ctx context.Context, env *run.Env, name string, o Options, pgDumps []string, workers int) (Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Result{}, err
	}
	return withLease(ctx, env, name, func(ctx context.Context, r run.Run) (Result, error) {
		if _, err := begin(ctx, env, r, o, pgDumps, false); err != nil {
			return Result{}, err
		}
		return continueMove(ctx, env, r, workers)
	})
}

// DryRun returns what Run would do. It executes the DDL in the target and rolls it back.
func DryRun(ctx context.Context, env *run.Env, name string, o Options, pgDumps []string) (Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Result{}, err
	}
	return withLease(ctx, env, name, func(ctx context.Context, r run.Run) (Result, error) {
		return begin(ctx, env, r, o, pgDumps, true)
	})
}

// Prepare creates the tables and stores what is to do, for a Continue on another machine.
func Prepare(ctx context.Context, env *run.Env, name string, o Options, pgDumps []string) (Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Result{}, err
	}
	return withLease(ctx, env, name, func(ctx context.Context, r run.Run) (Result, error) {
		return begin(ctx, env, r, o, pgDumps, false)
	})
}

// Continue continues a move until it is complete. At the deadline of ctx it returns the state so far, without an error.
// It returns ErrNoMove if there is none. It does not need pg_dump.
func Continue(ctx context.Context, env *run.Env, name string, workers int) (Result, error) {
	return withLease(ctx, env, name, func(ctx context.Context, r run.Run) (Result, error) {
		before, err := Status(ctx, env, name)
		if err == nil && before.State == RolledBack {
			err = errRolledBack()
		}
		if err != nil {
			return Result{}, err
		}
		return continueMove(ctx, env, r, workers)
	})
}

// Status returns the state of a move, or ErrNoMove.
func Status(ctx context.Context, env *run.Env, name string) (result Result, err error) {
	err = env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		r, err := findMove(ctx, dst, name)
		if err == nil {
			result, err = readResult(ctx, dst, r)
		}
		return err
	})
	return result, err
}

// errRolledBack returns the error of a move that a rollback has undone in part.
func errRolledBack() error {
	return fmt.Errorf("%w: a rollback of the moved tables has kept some objects: correct what it named and run it again",
		run.ErrRefused)
}

// withLease calls f with a complete run, while this process has the lease of the run.
func withLease[T any](
	ctx context.Context, env *run.Env, name string, f func(context.Context, run.Run) (T, error),
) (result T, err error) {
	defer env.KeepConnections()()
	if _, err := env.TakeLease(ctx, name); err != nil {
		return result, err
	}
	if !env.Shared {
		defer env.ReleaseLease(ctx)
	}
	var r run.Run
	err = env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) (err error) {
		r, err = run.Find(ctx, dst, name)
		return err
	})
	if err != nil {
		return result, err
	}
	if r.State != run.Complete && r.State != run.Finalized {
		return result, fmt.Errorf("%w: the run %q is %s; copy the users first: foreign keys refer to them",
			run.ErrRefused, name, r.State)
	}
	err = env.KeepShared(ctx, name, func(ctx context.Context) (err error) {
		result, err = f(ctx, r)
		return err
	})
	return result, err
}

// mover continues a move.
type mover struct {
	env  *run.Env // for statements that can take long
	run  run.Run
	done atomic.Int64 // parts

	workers int
}

// continueMove copies the open parts and then creates the other objects.
func continueMove(ctx context.Context, env *run.Env, r run.Run, workers int) (result Result, err error) {
	m := &mover{env: forLongStatements(env), run: r, workers: workersOrDefault(workers)}
	defer m.env.KeepConnections()()
	err = env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		return run.Wrap("create the tables of the move", run.Exec(ctx, dst, schemaSQL)) // it may be of an older version
	})
	if err == nil {
		err = m.copyAll(ctx)
	}
	if err == nil {
		err = m.finish(ctx)
	}
	if err != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return result, err
	}
	err = env.WithTarget(context.WithoutCancel(ctx), func(ctx context.Context, dst *pgx.Conn) (err error) {
		if result, err = readResult(ctx, dst, r); err == nil && result.State == Complete {
			result.Keyless, err = readKeyless(ctx, dst, r)
		}
		return err
	})
	return result, err
}

// workersOrDefault returns workers, or 2 if it is 0.
func workersOrDefault(workers int) int {
	if workers <= 0 {
		return 2
	}
	return workers
}

// forLongStatements returns env for statements that can take hours, such as CREATE INDEX. A dead connection is found by
// TCP keepalive.
func forLongStatements(env *run.Env) *run.Env {
	return &run.Env{
		From: env.From, To: env.To, Schema: env.Schema, Holder: env.Holder, Shared: env.Shared, Progress: env.Progress,
		Now: env.Now, Timeout: 24 * time.Hour, RetryDelay: env.RetryDelay,
	}
}

// part is a part that is not copied.
type part struct {
	Table     string
	Columns   []string
	Number    int
	Condition string
	Open      int // number of the open parts of the move
	All       int // number of all parts

	binary bool // whether the rows are copied in the binary format
	copied bool // by this process
}

const openParts = `SELECT p.table_name, t.columns, p.number, p.condition,
  (count(*) OVER ())::int,
  (SELECT count(*) FROM supabase_import.moved_part a WHERE a.run = $1)::int
FROM supabase_import.moved_part p
JOIN supabase_import.moved_table t ON t.run = p.run AND t.name = p.table_name
WHERE p.run = $1 AND NOT p.copied
ORDER BY p.rows DESC, p.table_name, p.number`

// copyAll copies the open parts, each in one transaction of the target, from one snapshot of the source.
func (m *mover) copyAll(ctx context.Context) error {
	var parts []part
	err := m.env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) (err error) {
		parts, err = query[part](ctx, dst, openParts, m.run.ID)
		return run.Wrap("read the open parts", err)
	})
	if err != nil || len(parts) == 0 {
		return err
	}
	m.done.Store(int64(parts[0].All - parts[0].Open))
	if err := m.storeFirstPosition(ctx); err != nil {
		return err
	}
	return m.env.Retry(ctx, func() error {
		src, err := m.env.Source(ctx)
		if err != nil {
			return err
		}
		defer run.Close(src)
		if err := m.chooseFormats(ctx, src, parts); err != nil {
			return err
		}
		return inSnapshot(ctx, src, func(snapshot string) error {
			err := m.copyParts(ctx, parts, snapshot)
			parts = slices.DeleteFunc(parts, func(p part) bool { return p.copied })
			return err
		})
	})
}

// chooseFormats sets the format of each part.
func (m *mover) chooseFormats(ctx context.Context, src *pgx.Conn, parts []part) error {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.Table
	}
	return m.env.WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		binary, err := binaryTables(ctx, src, dst, slices.Compact(slices.Sorted(slices.Values(names))))
		for i := range parts {
			parts[i].binary = binary[parts[i].Table]
		}
		return err
	})
}

func (m *mover) copyParts(ctx context.Context, parts []part, snapshot string) error {
	queue := make(chan *part, len(parts))
	for i := range parts {
		queue <- &parts[i]
	}
	close(queue)
	g, ctx := errgroup.WithContext(ctx)
	for range min(m.workers, len(parts)) {
		g.Go(func() error {
			w := &copyWorker{mover: m, snapshot: snapshot}
			defer w.close()
			for p := range queue {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := w.copyPart(ctx, p); err != nil {
					return fmt.Errorf("copy %s: %w", p.Table, err)
				}
			}
			return nil
		})
	}
	return g.Wait()
}
