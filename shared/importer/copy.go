package importer

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// ongoing is a run as its workers see it.
type ongoing struct {
	id, pass int
	epoch    int64
	batches  int
	foreign  bool        // the target has accounts that the run did not write
	leading  []reference // foreign keys that lead to users
	mapping
}

// batch is a range of user ids.
type batch struct {
	number int
	scope
	copied bool
}

// moved is what a batch did.
type moved struct{ rows, written, unchanged, identical, folded, quarantined int64 }

func (a moved) plus(b moved) moved {
	return moved{
		a.rows + b.rows, a.written + b.written, a.unchanged + b.unchanged, a.identical + b.identical, a.folded + b.folded,
		a.quarantined + b.quarantined,
	}
}

// worker has one connection to either side and does one batch after the other.
type worker struct {
	m        *Import
	run      *ongoing
	src, dst *pgx.Conn
	written  *pgx.Conn // the connection on which the batch first committed anything
}

func (w *worker) close() {
	closed(w.src)
	closed(w.dst)
	w.src, w.dst = nil, nil
}

// ready connects what is not connected.
func (w *worker) ready(ctx context.Context) error {
	if w.src == nil || w.src.IsClosed() {
		src, err := w.m.source(ctx)
		if err != nil {
			return err
		}
		w.src = src
	}
	if w.dst == nil || w.dst.IsClosed() {
		dst, err := w.m.target(ctx, workerSession)
		if err != nil {
			return err
		}
		if err := run(ctx, dst, w.run.stages()); err != nil {
			closed(dst)
			return fmt.Errorf("make the staging tables: %w", err)
		}
		w.dst = dst
	}
	return nil
}

// patiently calls f with connections that work, and again with new ones when they broke.
func (w *worker) patiently(ctx context.Context, f func(context.Context) error) error {
	return w.m.again(ctx, func() error {
		err := w.ready(ctx)
		if err == nil {
			err = f(ctx)
		}
		if err != nil && kindOf(err) == transient {
			w.close() // whatever state they are in
		}
		return err
	})
}

// batch brings one batch up to date and marks it done. Nobody waits for the disk (workerSession), so a crash of the target may
// take commits back after they were answered. It takes every connection along too: the mark is good only on the connection
// that all of the batch went through, and on any other the batch is looked at again.
func (w *worker) batch(ctx context.Context, b batch) (moved, error) {
	for range tries {
		w.written = nil
		did, err := w.bring(ctx, b)
		if err != nil {
			return did, err
		}
		marked := false
		err = w.patiently(ctx, func(ctx context.Context) error {
			if w.written != nil && w.written != w.dst {
				return nil
			}
			marked = true
			return w.mark(ctx, b, did)
		})
		if err != nil || marked {
			return did, err
		}
	}
	return moved{}, gaveUp{errors.New("the target keeps breaking the connection")}
}

// bring copies a batch: wholly the first time, later what has changed.
func (w *worker) bring(ctx context.Context, b batch) (moved, error) {
	var did moved
	s := b.scope
	if b.copied {
		var changed []string
		err := w.patiently(ctx, func(ctx context.Context) (err error) {
			changed, did, err = w.changed(ctx, b.scope)
			return err
		})
		if err != nil {
			return did, err
		}
		s.ids = changed
	}
	if !b.copied || len(s.ids) > 0 {
		d, err := w.copy(ctx, b, s)
		if err != nil {
			return did, err
		}
		did = did.plus(d)
	}
	return did, nil
}

// mark writes down that the batch is done in this pass.
func (w *worker) mark(ctx context.Context, b batch, did moved) error {
	// The range is written out, so that the index of the ledger serves both of its ends.
	tag, err := w.dst.Exec(ctx, `update supabase_import.batch b set pass = r.pass, copied = true, parked = null, rows = $3,
  quarantined = (select count(*) from supabase_import.ledger l where l.run = r.id and l.outcome = 'quarantined' and `+b.on("l.user_id")+`)
from supabase_import.run r where r.id = b.run and b.run = $1 and b.number = $2 and r.epoch = $4`, w.run.id, b.number, did.rows, w.run.epoch)
	if err == nil && tag.RowsAffected() == 0 {
		return lost()
	}
	if err == nil {
		err = w.prolong(ctx)
	}
	return err
}

// prolong renews a shared lease, which no connection of its own does.
func (w *worker) prolong(ctx context.Context) error {
	if !w.m.Shared {
		return nil
	}
	_, err := w.dst.Exec(ctx, "update supabase_import.run set held_until = now() + $3::interval where id = $1 and epoch = $2", w.run.id, w.run.epoch, leaseTime)
	return err
}

func lost() error { return fmt.Errorf("%w: somebody else took it over", ErrHeld) }

// copy brings over the users of s. What the target refuses is narrowed down, by halves, to the row that is to blame.
func (w *worker) copy(ctx context.Context, b batch, s scope) (moved, error) {
	did, err := w.settle(ctx, b, s)
	if err == nil || kindOf(err) != data {
		return did, err
	}
	halves, e := w.halve(ctx, s)
	switch {
	case e != nil:
		return did, e
	case len(halves) == 1:
		return w.condemn(ctx, b, halves[0], err)
	}
	if len(halves) > 0 {
		did, err = moved{}, nil
	}
	for _, half := range halves {
		d, err := w.copy(ctx, b, half)
		if did = did.plus(d); err != nil {
			return did, err
		}
	}
	return did, err
}

func column1(ctx context.Context, db *pgx.Conn, sql string, args ...any) ([]string, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if ids == nil {
		ids = []string{}
	}
	return ids, err
}
