package importer

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// Run is Begin and then every open batch, concurrency at a time (0 is 2), and the closing of the pass.
func (m *Import) Run(ctx context.Context, o Options, quick bool, concurrency int) (Status, error) {
	st, err := m.Begin(ctx, o, quick)
	if err != nil {
		return st, err
	}
	defer m.release(ctx)
	if concurrency <= 0 {
		concurrency = 2
	}
	if err := m.work(ctx, st.Run, 0, 1, concurrency); err != nil {
		return st, err
	}
	return m.Close(ctx, st.Run)
}

// CopyLane works on the open batches whose number is lane modulo lanes until none is left (true) or ctx is about to end
// (false: call again). Begin has to come first, in this or another process of the same Holder. A batch that the target
// refuses for good is parked; any other error ends the lane.
func (m *Import) CopyLane(ctx context.Context, run string, lane, lanes int) (done bool, err error) {
	err = m.work(ctx, run, lane, lanes, 1)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return false, nil
	}
	return err == nil, err
}

// work does the open batches of a lane with some workers. It asks again when they are done: a crash of the target may have
// taken some back.
func (m *Import) work(ctx context.Context, name string, lane, lanes, concurrency int) error {
	r, err := m.join(ctx, name)
	if err != nil {
		return err
	}
	for {
		open, done, err := m.openBatches(ctx, r, lane, lanes)
		if err != nil || len(open) == 0 {
			return err
		}
		if err := m.workOn(ctx, r, name, open, done, concurrency); err != nil {
			return err
		}
	}
}

func (m *Import) workOn(ctx context.Context, r *ongoing, name string, open []batch, done, concurrency int) error {
	queue := make(chan batch)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(queue)
		for _, b := range open {
			select {
			case queue <- b:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	var mu sync.Mutex
	for range min(concurrency, max(1, len(open))) {
		g.Go(func() error {
			w := &worker{m: m, run: r}
			defer w.close()
			for b := range queue {
				began := m.Now()
				did, err := w.batch(ctx, b)
				parked := ""
				if err != nil && kindOf(err) == data && ctx.Err() == nil {
					parked, err = withoutDetail(err), m.park(ctx, w, b, err)
				}
				if err != nil {
					return fmt.Errorf("batch %d: %w", b.number, err)
				}
				mu.Lock()
				done++
				m.tell(Event{
					Run: name, Action: "copy", Pass: r.pass, Batch: b.number, Batches: r.batches, Done: done, Rows: did.rows,
					Copied: did.written, Unchanged: did.unchanged, Identical: did.identical, Folded: did.folded, Quarantined: did.quarantined,
					Took: m.Now().Sub(began), Parked: parked,
				})
				mu.Unlock()
			}
			return nil
		})
	}
	return g.Wait()
}

func (m *Import) tell(e Event) {
	if m.Progress != nil {
		m.telling.Lock()
		defer m.telling.Unlock()
		m.Progress(e)
	}
}

// openBatches lists what is to be done in a lane, and how many batches of the run are done.
func (m *Import) openBatches(ctx context.Context, r *ongoing, lane, lanes int) (open []batch, done int, err error) {
	err = m.ask(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		if err := dst.QueryRow(ctx, "select count(*) from supabase_import.batch where run = $1 and pass >= $2", r.id, r.pass).Scan(&done); err != nil {
			return err
		}
		open = nil
		rows, err := dst.Query(ctx, `select number, low::text, coalesce(high::text, ''), copied from supabase_import.batch
where run = $1 and pass < $2 and parked is null and number % $4 = $3 order by number`, r.id, r.pass, lane, lanes)
		if err != nil {
			return err
		}
		var b batch
		_, err = pgx.ForEachRow(rows, []any{&b.number, &b.low, &b.high, &b.copied}, func() error { open = append(open, b); return nil })
		return err
	})
	return open, done, err
}

// ask does something with a connection to the target, again when it breaks.
func (m *Import) ask(ctx context.Context, f func(context.Context, *pgx.Conn) error) error {
	return m.again(ctx, func() error {
		dst, err := m.target(ctx, "")
		if err != nil {
			return err
		}
		defer closed(dst)
		return f(ctx, dst)
	})
}

// park puts a batch aside, so that the rest can finish.
func (m *Import) park(ctx context.Context, w *worker, b batch, why error) error {
	return m.ask(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		_, err := dst.Exec(ctx, "update supabase_import.batch set parked = $3 where run = $1 and number = $2", w.run.id, b.number, withoutDetail(why))
		return err
	})
}

// Park puts the lane's open batches aside, so that the rest can finish. The next pass tries them again.
func (m *Import) Park(ctx context.Context, run string, lane, lanes int, why string) error {
	return m.ask(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		_, err := dst.Exec(ctx, `update supabase_import.batch b set parked = $4 from supabase_import.run r
where r.id = b.run and r.name = $1 and b.pass < r.pass and b.number % $3 = $2`, run, lane, lanes, why)
		return err
	})
}

// Close ends the pass: the run is complete when no batch is open or parked.
func (m *Import) Close(ctx context.Context, run string) (st Status, err error) {
	err = m.ask(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		if _, err := dst.Exec(ctx, `update supabase_import.run r set state = 'complete', finished_at = now() where name = $1 and state = 'running'
  and not exists (select from supabase_import.batch b where b.run = r.id and b.pass < r.pass)`, run); err != nil {
			return fmt.Errorf("close the pass: %w", err)
		}
		// The tables are new to the planner, and verification and the first people to sign in come before autovacuum does.
		if _, err := dst.Exec(ctx, `analyze "user", account, user_profile, supabase_import.ledger, supabase_import.quarantine`); err != nil {
			return fmt.Errorf("gather statistics: %w", err)
		}
		st, err = status(ctx, dst, run)
		return err
	})
	return st, err
}
