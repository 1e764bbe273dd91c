package run

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// Worker processes one batch at a time, with one connection to each database. Retry opens the connections.
type Worker struct {
	Env      *Env
	Pass     *Pass
	Src, Dst *pgx.Conn
	setUp    string // statements for a new connection to the target
}

// ForEachBatch calls do once for each batch. workers is the maximum number of calls at the same time. The first error
// cancels the context of all calls. setUp has statements for every new connection to the target.
func ForEachBatch(ctx context.Context, env *Env, p *Pass, batches []Batch, workers int, setUp string,
	do func(context.Context, *Worker, Batch) error,
) error {
	queue := make(chan Batch, len(batches))
	for _, b := range batches {
		queue <- b
	}
	close(queue)
	g, ctx := errgroup.WithContext(ctx)
	for range min(workers, len(batches)) {
		g.Go(func() error {
			w := &Worker{Env: env, Pass: p, setUp: WorkerSession + setUp}
			defer w.Close()
			for b := range queue {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := do(ctx, w, b); err != nil {
					return fmt.Errorf("batch %d: %w", b.Number, err)
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// Close closes both connections.
func (w *Worker) Close() {
	Close(w.Src)
	Close(w.Dst)
	w.Src, w.Dst = nil, nil
}

// connect opens the connections that are not open.
func (w *Worker) connect(ctx context.Context) error {
	if w.Src == nil || w.Src.IsClosed() {
		src, err := w.Env.Source(ctx)
		if err != nil {
			return err
		}
		w.Src = src
	}
	if w.Dst == nil || w.Dst.IsClosed() {
		dst, err := w.Env.Target(ctx, w.setUp)
		if err != nil {
			return err
		}
		w.Dst = dst
	}
	return nil
}

// Retry calls f when both connections are open. If one of them breaks, it opens two new ones and calls f again.
func (w *Worker) Retry(ctx context.Context, f func(context.Context) error) error {
	return w.Env.Retry(ctx, func() error {
		err := w.connect(ctx)
		if err == nil {
			err = f(ctx)
		}
		if err != nil && CauseOf(err) == Transient {
			w.Close() // the state of the connections is unknown
		}
		return err
	})
}

// RunBoth calls both functions at the same time. If one fails, it cancels the context of the other.
func RunBoth(ctx context.Context, one, other func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return one(ctx) })
	g.Go(func() error { return other(ctx) })
	return g.Wait()
}
