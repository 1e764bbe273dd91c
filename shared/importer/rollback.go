package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// unwinding is a rollback as it is stored with the run: what it has done, and where it goes on.
type unwinding struct {
	Undone
	Next    int  `json:"next"` // the first batch that it has not come to
	Force   bool `json:"force"`
	Cascade bool `json:"cascade"`
}

// rollback undoes a run, one batch after the other.
type rollback struct {
	m     *Import
	run   string
	id    int
	epoch int64
	RollbackOptions
	so      unwinding
	batches []batch
	mapping
	references []reference
	dst        *pgx.Conn
}

// touchedNamed bounds how many users that were left alone are named.
const touchedNamed = 1000

// Rollback removes what the run brought and nobody has touched since, children first, batch by batch. It reads nothing
// of the source.
//
// A user is touched or untouched as a whole, with accounts and profile: whatever was changed, added or removed. Rows of
// other tables that refer to any of this, or to a session of the user, are a touch, too; sessions themselves are none.
// Of a user who was there before the run the whole is what the run added. Those left alone stay in the ledger, and a
// later run leaves them alone as well. What Force takes in spite of a change goes to the quarantine as it was last,
// with the reason "rolled_back"; rows of other tables are only ever deleted or changed with Cascade, and kept with the
// reason "cascaded".
//
// A dry one carries out every batch and takes it back, so that it finds what a real one would find.
//
// It can be ended at any time and repeated: it goes on where it stopped, and when there is nothing left to do says
// again what was done. When ctx's time is up it returns without an error what was done so far; a dry one, which cannot
// go on from there, returns the error.
func (m *Import) Rollback(ctx context.Context, run string, o RollbackOptions) (Undone, error) {
	if o.Cascade && !o.Force {
		return Undone{}, fmt.Errorf("%w: cascade is for a forced rollback", ErrRefused)
	}
	r := &rollback{m: m, run: run, RollbackOptions: o, so: unwinding{Undone: noneUndone()}}
	err := r.all(ctx)
	closed(r.dst)
	if !m.Shared && !o.DryRun {
		m.release(ctx)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && !o.DryRun {
		return r.so.Undone, nil
	}
	return r.so.Undone, err
}

func (r *rollback) all(ctx context.Context) error {
	if !r.DryRun {
		if err := r.m.take(ctx, r.run); err != nil {
			return err
		}
		r.epoch = r.m.lease.epoch
	}
	if err := r.patiently(ctx, r.start); err != nil || r.so.Done {
		return err
	}
	if r.connected() {
		return r.patiently(ctx, r.rehearse)
	}
	for i, b := range r.batches {
		if b.number < r.so.Next {
			continue
		}
		err := r.patiently(ctx, func(ctx context.Context) error { return r.batch(ctx, i) })
		if err != nil {
			return fmt.Errorf("roll back batch %d: %w", b.number, err)
		}
	}
	return r.patiently(ctx, r.finish)
}

// connected says that a dry run has to see every batch as the batches before it leave the target: with Cascade a batch
// may take rows that hold a user of a later one, and so may a user who refers to another.
func (r *rollback) connected() bool {
	return r.DryRun && (r.Cascade || slices.ContainsFunc(r.references, func(r reference) bool { return r.ours }))
}

// rehearse does all batches in one transaction and takes them back.
func (r *rollback) rehearse(ctx context.Context) error {
	r.so = unwinding{Undone: noneUndone()}
	if err := run(ctx, r.dst, "begin isolation level repeatable read"); err != nil {
		return err
	}
	for i, b := range r.batches {
		if err := r.step(ctx, i); err != nil {
			return fmt.Errorf("rehearse batch %d: %w", b.number, err)
		}
	}
	if err := run(ctx, r.dst, "rollback"); err != nil {
		return err
	}
	return r.finish(ctx)
}

// patiently calls f with a connection that works, and again with a new one when it broke. A change of a user under the
// rollback's hands is a reason to look again, too.
func (r *rollback) patiently(ctx context.Context, f func(context.Context) error) error {
	return r.m.again(ctx, func() error {
		if r.dst == nil || r.dst.IsClosed() {
			dst, err := r.m.target(ctx, workerSession)
			if err != nil {
				return err
			}
			if err := run(ctx, dst, undoTables+reachedTable); err != nil {
				closed(dst)
				return fmt.Errorf("make the working table: %w", err)
			}
			r.dst = dst
		}
		err := f(ctx)
		if err != nil {
			closed(r.dst) // whatever state it is in
		}
		return err
	})
}

// start reads the run, and opens a rollback where none was interrupted. From then on a run that begins starts a new pass
// over every batch.
func (r *rollback) start(ctx context.Context) error {
	id, _, state, _, err := stored(ctx, r.dst, r.run)
	if err != nil {
		return err
	}
	if state == "finalized" {
		return fmt.Errorf("%w: the run %q is finalized and cannot be rolled back", ErrRefused, r.run)
	}
	r.id = id
	if r.mapping.dst, err = lookAtTarget(ctx, r.dst); err != nil {
		return err
	}
	if r.references, err = references(ctx, r.dst); err != nil {
		return err
	}
	if r.batches, err = allBatches(ctx, r.dst, id); err != nil {
		return err
	}
	if r.DryRun {
		return nil
	}
	return r.open(ctx, state)
}

func noneUndone() Undone {
	return Undone{
		Removed: map[string]int64{"user": 0, "account": 0, "user_profile": 0}, Touched: []string{},
		Cascaded: map[string]int64{}, Changed: map[string]int64{}, Because: map[string]string{}, Holding: map[string]int64{},
	}
}

// open goes on with the rollback that is stored, or begins one.
func (r *rollback) open(ctx context.Context, state string) error {
	var text *string
	var anything bool
	err := r.dst.QueryRow(ctx, "select undone::text, exists (select from supabase_import.ledger where run = $1) from supabase_import.run where id = $1", r.id).Scan(&text, &anything)
	if err != nil {
		return fmt.Errorf("read the run: %w", err)
	}
	was := unwinding{Undone: noneUndone()}
	if text != nil {
		if err := json.Unmarshal([]byte(*text), &was); err != nil {
			return fmt.Errorf("read the rollback: %w", err)
		}
	}
	if r.so = was; text != nil && !was.Done && was.Force == r.Force && was.Cascade == r.Cascade || was.Done && state == "rolled back" && !anything {
		return nil
	}
	// What an earlier one has removed counts on; who is left is asked anew.
	r.so = unwinding{Undone: noneUndone(), Force: r.Force, Cascade: r.Cascade}
	r.so.Removed, r.so.Sessions = was.Removed, was.Sessions
	add(r.so.Cascaded, was.Cascaded)
	add(r.so.Changed, was.Changed)
	stored, err := json.Marshal(r.so)
	if err != nil {
		return err
	}
	tag, err := r.dst.Exec(ctx, `with r as (update supabase_import.run set state = 'running', pass = 0, finished_at = null, undone = $2::jsonb where id = $1 and epoch = $3 returning id)
update supabase_import.batch b set pass = -1, parked = null, verification = 0, verified_pass = null, verified_at = null, checksums = null, differences = null, different = null from r where b.run = r.id`, r.id, string(stored), r.epoch)
	if err == nil && tag.RowsAffected() == 0 {
		return lost()
	}
	return named("open the rollback", err)
}

func allBatches(ctx context.Context, db *pgx.Conn, id int) ([]batch, error) {
	rows, err := db.Query(ctx, "select number, low::text, coalesce(high::text, '') from supabase_import.batch where run = $1 order by number", id)
	if err != nil {
		return nil, fmt.Errorf("read the batches: %w", err)
	}
	var all []batch
	var b batch
	_, err = pgx.ForEachRow(rows, []any{&b.number, &b.low, &b.high}, func() error { all = append(all, b); return nil })
	return all, named("read the batches", err)
}

// finish closes the rollback.
func (r *rollback) finish(ctx context.Context) error {
	so := r.so
	so.Done = true
	if !r.DryRun {
		text, err := json.Marshal(so)
		if err != nil {
			return err
		}
		// Nobody waited for the disk at every batch; here the last word is waited for.
		if err := run(ctx, r.dst, fmt.Sprintf("set synchronous_commit = on; delete from supabase_import.foreign_account where run = %d", r.id)); err != nil {
			return fmt.Errorf("close the rollback: %w", err)
		}
		tag, err := r.dst.Exec(ctx, "update supabase_import.run set state = 'rolled back', finished_at = now(), undone = $2::jsonb where id = $1 and epoch = $3", r.id, string(text), r.epoch)
		if err == nil && tag.RowsAffected() == 0 {
			return lost()
		}
		if err != nil {
			return fmt.Errorf("close the rollback: %w", err)
		}
	}
	r.so = so
	return nil
}
