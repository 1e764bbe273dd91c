package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// Verify compares everything copied with the source, concurrency batches at a time (0 is 2), and stores the result with the
// run. It changes no row of either side.
func (m *Import) Verify(ctx context.Context, run string, concurrency int) (Verification, error) {
	if err := m.take(ctx, run); err != nil {
		return Verification{}, err
	}
	defer m.release(ctx)
	if err := m.StartVerification(ctx, run); err != nil {
		return Verification{}, err
	}
	if concurrency <= 0 {
		concurrency = 2
	}
	if err := m.verify(ctx, run, 0, 1, concurrency); err != nil {
		return Verification{}, err
	}
	return m.Verdict(ctx, run)
}

// StartVerification makes every batch due for VerifyLane. What an earlier verification found is kept until its batch is
// looked at again, but counts no more.
func (m *Import) StartVerification(ctx context.Context, run string) error {
	return m.ask(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		id, _, state, _, err := stored(ctx, dst, run)
		if err != nil {
			return err
		}
		if state == "rolled back" {
			return fmt.Errorf("%w: the run %q is rolled back, there is nothing to compare", ErrRefused, run)
		}
		if _, err := dst.Exec(ctx, "update supabase_import.run set verification = verification + 1 where id = $1", id); err != nil {
			return fmt.Errorf("start the verification: %w", err)
		}
		return nil
	})
}

// VerifyLane is Verify for the batches of one lane, from where it stopped; what it finds is stored. false: the time was up,
// call again. StartVerification comes before the lanes, and Verdict puts them together.
func (m *Import) VerifyLane(ctx context.Context, run string, lane, lanes int) (done bool, err error) {
	err = m.verify(ctx, run, lane, lanes, 1)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return false, nil
	}
	return err == nil, err
}

// verify compares the batches of a lane that are due with some workers.
func (m *Import) verify(ctx context.Context, name string, lane, lanes, concurrency int) error {
	r, err := m.join(ctx, name)
	if err != nil {
		return err
	}
	number, due, done, vacant, err := m.due(ctx, r, lane, lanes)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	return m.each(ctx, r, due, concurrency, func(ctx context.Context, w *worker, b batch) error {
		began := m.Now()
		found, err := w.compare(ctx, b, vacant)
		if err != nil {
			return err
		}
		if err := w.patiently(ctx, func(ctx context.Context) error { return w.note(ctx, b, number, found) }); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		done++
		m.tell(Event{
			Run: name, Action: "verify", Pass: r.pass, Batch: b.number, Batches: r.batches, Done: done,
			Rows: found.rows(), Different: found.different, Took: m.Now().Sub(began),
		})
		return nil
	})
}

// due lists what the verification has not looked at in a lane. number is the verification's, done how many batches of the
// run it is through with. vacant says that no user of the target had an id of the source's when the run was planned.
func (m *Import) due(ctx context.Context, r *ongoing, lane, lanes int) (number int, due []batch, done int, vacant bool, err error) {
	err = m.ask(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		err := dst.QueryRow(ctx, `select verification, (select count(*) from supabase_import.batch b where b.run = r.id and b.verification = r.verification),
  not coalesce(plan->'collisions', '{}') ? 'target_id_taken' from supabase_import.run r where id = $1`, r.id).Scan(&number, &done, &vacant)
		if err != nil {
			return fmt.Errorf("read the verification: %w", err)
		}
		due = nil
		rows, err := dst.Query(ctx, `select number, low::text, coalesce(high::text, '') from supabase_import.batch
where run = $1 and verification < $2 and number % $4 = $3 order by number`, r.id, number, lane, lanes)
		if err != nil {
			return fmt.Errorf("read the batches: %w", err)
		}
		var b batch
		_, err = pgx.ForEachRow(rows, []any{&b.number, &b.low, &b.high}, func() error { due = append(due, b); return nil })
		return err
	})
	return number, due, done, vacant, err
}

// each does something with batches, some at a time, each worker with connections of its own. The first error ends it.
func (m *Import) each(ctx context.Context, r *ongoing, batches []batch, concurrency int, do func(context.Context, *worker, batch) error) error {
	queue := make(chan batch)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(queue)
		for _, b := range batches {
			select {
			case queue <- b:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range min(concurrency, max(1, len(batches))) {
		g.Go(func() error {
			w := &worker{m: m, run: r}
			defer w.close()
			for b := range queue {
				if err := do(ctx, w, b); err != nil {
					return fmt.Errorf("batch %d: %w", b.number, err)
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// found is what comparing a batch found.
type found struct {
	sums      map[string]Checksum
	named     []Difference
	different int64
}

func (f found) rows() (n int64) {
	for _, c := range f.sums {
		n += c.SourceRows
	}
	return n
}

// note writes down what was found.
func (w *worker) note(ctx context.Context, b batch, number int, f found) error {
	sums, err := json.Marshal(f.sums)
	if err != nil {
		return err
	}
	named, err := json.Marshal(f.named)
	if err != nil {
		return err
	}
	tag, err := w.dst.Exec(ctx, `update supabase_import.batch b set verification = $3, verified_pass = r.pass, verified_at = now(), checksums = $4::jsonb, differences = $5::jsonb, different = $6
from supabase_import.run r where r.id = b.run and b.run = $1 and b.number = $2 and r.epoch = $7`, w.run.id, b.number, number, string(sums), string(named), f.different, w.run.epoch)
	if err == nil && tag.RowsAffected() == 0 {
		return lost()
	}
	if err == nil {
		err = w.prolong(ctx)
	}
	return err
}
