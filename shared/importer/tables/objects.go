package tables

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

const (
	openObjects = `SELECT number, kind, name, sql
FROM supabase_import.moved_object
WHERE run = $1 AND section = $2 AND state = 'open'
ORDER BY number`

	lockObject = `SELECT state = 'open' FROM supabase_import.moved_object WHERE run = $1 AND number = $2 FOR UPDATE`

	closeObject = `UPDATE supabase_import.moved_object SET state = $3, reason = nullif($4, '')
WHERE run = $1 AND number = $2`
)

// object is a row of moved_object.
type object struct {
	Number          int
	Kind, Name, SQL string
}

// objectCreator creates the open objects of a section.
type objectCreator struct {
	*finisher
	section string
	all     int
	done    atomic.Int64
}

func (f *finisher) openObjects(ctx context.Context, section string) (*objectCreator, []object, error) {
	all, err := query[object](ctx, f.dst, openObjects, f.run.ID, section)
	c := &objectCreator{finisher: f, section: section, all: len(all)}
	return c, all, run.Wrap("read the open objects", err)
}

// createSecurity creates triggers, rules and policies, one after the other.
func (f *finisher) createSecurity(ctx context.Context) error {
	c, all, err := f.openObjects(ctx, security)
	if err != nil {
		return err
	}
	return c.createAll(ctx, f.dst, all)
}

// createIndexes creates indexes and constraints. Those of different tables are created at the same time.
func (f *finisher) createIndexes(ctx context.Context) error {
	c, all, err := f.openObjects(ctx, indexes)
	if err != nil {
		return err
	}
	for len(all) > 0 {
		n := slices.IndexFunc(all, func(o object) bool { return o.table() == "" })
		if n < 0 {
			n = len(all)
		}
		if n > 0 {
			err = c.createInParallel(ctx, all[:n])
		} else {
			n = 1
			err = c.createAll(ctx, f.dst, all[:n]) // it can need any object before it
		}
		if err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

var tableOfIndex = regexp.MustCompile(
	`^(?:CREATE (?:UNIQUE )?INDEX \S+ ON (?:ONLY )?|ALTER TABLE (?:ONLY )?)((?:"[^"]+"|[^\s."]+)\.(?:"[^"]+"|[^\s."]+))\s`)

// table returns the table of an index or a constraint, or "" if the statement is of another kind.
func (o object) table() string {
	if m := tableOfIndex.FindStringSubmatch(o.SQL); m != nil {
		return m[1]
	}
	return ""
}

// createInParallel creates objects of tables. The objects of one table are created in their order.
func (c *objectCreator) createInParallel(ctx context.Context, all []object) error {
	var order []string
	byTable := map[string][]object{}
	for _, o := range all {
		if byTable[o.table()] == nil {
			order = append(order, o.table())
		}
		byTable[o.table()] = append(byTable[o.table()], o)
	}
	queue := make(chan []object, len(order))
	for _, table := range order {
		queue <- byTable[table]
	}
	close(queue)
	g, ctx := errgroup.WithContext(ctx)
	for range min(c.workers, len(order)) {
		g.Go(func() error {
			dst, err := c.env.Target(ctx, finishSession+";\n")
			if err != nil {
				return err
			}
			defer run.Close(dst)
			for list := range queue {
				if err := c.createAll(ctx, dst, list); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// createAll executes statements, each with its ledger entry in one transaction. A statement that the target rejects
// although it succeeded on empty tables is left out.
func (c *objectCreator) createAll(ctx context.Context, dst *pgx.Conn, all []object) error {
	for i, o := range all {
		began := c.env.Now()
		err := c.create(ctx, dst, o)
		// Without row security or a restrictive policy, the privileges must not follow.
		isEssential := c.section == security && statement{Kind: o.Kind, SQL: o.SQL}.isEssential()
		if isRefusal(err) && !isEssential {
			_, err = dst.Exec(ctx, closeObject, c.run.ID, o.Number, "left out", run.WithoutDetail(err))
		}
		if err != nil {
			return fmt.Errorf("create %s: %w", o.Name, err)
		}
		c.env.Report(run.Event{
			Run: c.run.Name, Action: c.section, Table: o.Name, Batch: i, Batches: c.all, Done: int(c.done.Add(1)),
			Took: c.env.Now().Sub(began),
		})
	}
	return nil
}

// create creates an object, unless another process has created it.
func (c *objectCreator) create(ctx context.Context, dst *pgx.Conn, o object) error {
	return pgx.BeginFunc(ctx, dst, func(tx pgx.Tx) error {
		var open bool
		if err := tx.QueryRow(ctx, lockObject, c.run.ID, o.Number).Scan(&open); err != nil || !open {
			return err
		}
		if err := run.Exec(ctx, dst, o.SQL); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, closeObject, c.run.ID, o.Number, "done", "")
		return err
	})
}

// isRefusal reports whether Postgres rejected a statement because of its rows or its text. A full disk, for example, is
// no refusal.
func isRefusal(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && slices.Contains([]string{"0A", "22", "23", "2B", "42", "54", "55", "P0"}, e.Code[:2]) &&
		run.CauseOf(err) != run.Transient
}
