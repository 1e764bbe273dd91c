package tables

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// Verification is the result of the comparison of source and target.
type Verification struct {
	Run   string `json:"run"`
	Equal bool   `json:"equal"`
	// Schemas are those that were compared, and LeftBehind is what the options of the move exclude.
	Schemas    []string     `json:"schemas"`
	LeftBehind []string     `json:"leftBehind"`
	Tables     []TableSums  `json:"tables"`
	Kinds      []KindCounts `json:"kinds"`
	// LeftOut and Keys are the objects that the target does not have, and the foreign keys that are not valid, as the move
	// has reported them. They do not make Equal false.
	LeftOut []LeftOut `json:"leftOut"`
	Keys    []Key     `json:"keys"`
}

// TableSums compares the rows of a table.
type TableSums struct {
	Name       string `json:"name"`
	SourceRows int64  `json:"sourceRows"`
	SourceSum  string `json:"sourceSum"`
	TargetRows int64  `json:"targetRows"`
	TargetSum  string `json:"targetSum"`
	// Nulled, Quarantined and Outdated are rows that the move changed, took out or did not update. The sums of the target
	// are computed as if it had.
	Nulled      int64 `json:"nulled"`
	Quarantined int64 `json:"quarantined"`
	Outdated    int64 `json:"outdated,omitempty"`
	Equal       bool  `json:"equal"`
}

// KindCounts compares the objects of a kind by their names and definitions.
type KindCounts struct {
	Kind      string   `json:"kind"`
	Source    int      `json:"source"`
	Target    int      `json:"target"`
	Missing   []string `json:"missing"`   // in the source only, without those that were left out
	Different []string `json:"different"` // with another definition
	Extra     []string `json:"extra"`     // in the target only; they do not make Equal false
}

// Verify compares the moved tables with the source: rows and sums of each table, and the other objects by their names
// and definitions. It stores which tables are equal, and changes nothing else.
func Verify(ctx context.Context, env *run.Env, name string, workers int) (Verification, error) {
	v, done, err := VerifyAfter(ctx, env, name, "", workers)
	if err == nil && !done {
		err = context.DeadlineExceeded
	}
	return v, err
}

// VerifyAfter is Verify in steps, for a process with a deadline. It compares the tables whose names follow after, in
// their order, and then the other objects. If it reaches the deadline of ctx, done is false: the result has the tables
// that it compared, and the caller calls VerifyAfter again with the name of the last one.
func VerifyAfter(
	ctx context.Context, env *run.Env, name, after string, workers int,
) (v Verification, done bool, err error) {
	long := forLongStatements(env)
	defer long.KeepConnections()()
	err = long.WithBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		r, err := findMove(ctx, dst, name)
		if err != nil {
			return err
		}
		if err := addColumns(ctx, dst); err != nil {
			return err
		}
		c := &comparison{env: long, run: r, src: src, dst: dst}
		v, err = c.compare(ctx, after, workersOrDefault(workers))
		return err
	})
	if v.Run != "" && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return v, err == nil, nil
	}
	return v, err == nil, err
}

// comparison compares source and target.
type comparison struct {
	env      *run.Env
	run      run.Run
	src, dst *pgx.Conn
	result   Result
	done     atomic.Int64 // tables
}

// compare compares the tables that follow after, and then the other objects. If it returns an error, the result has the
// tables that are compared.
func (c *comparison) compare(ctx context.Context, after string, workers int) (v Verification, err error) {
	if c.result, err = readResult(ctx, c.dst, c.run); err != nil {
		return v, err
	}
	v = Verification{
		Run: c.run.Name, Equal: c.result.State == Complete, Schemas: c.result.Schemas, LeftBehind: c.result.LeftBehind,
		LeftOut: c.result.LeftOut,
	}
	for _, k := range c.result.Keys {
		if k.Reason != "" {
			v.Keys = append(v.Keys, k)
		}
	}
	v.Tables, err = c.compareRows(ctx, after, workers)
	for _, t := range v.Tables {
		v.Equal = v.Equal && t.Equal
	}
	if err != nil {
		return v, err
	}
	if v.Kinds, err = c.compareDefinitions(ctx); err != nil {
		return v, err
	}
	triggers, err := c.compareUserTriggers(ctx)
	if err != nil {
		return v, err
	}
	v.Kinds = append(v.Kinds, triggers...)
	for _, k := range v.Kinds {
		v.Equal = v.Equal && len(k.Missing) == 0 && len(k.Different) == 0
	}
	return v, nil
}

const changedRows = `SELECT
  count(*) FILTER (WHERE action = 'quarantined'), count(*) FILTER (WHERE action = 'nulled'),
  count(*) FILTER (WHERE action = 'outdated'),
  (coalesce(sum(before) - coalesce(sum(after), 0), 0) + $3::text::numeric)::text
FROM supabase_import.moved_row
WHERE run = $1 AND table_name = $2`

const movedTablesAfter = `SELECT name, columns
FROM supabase_import.moved_table
WHERE run = $1 AND name > $2
ORDER BY name`

// compareRows compares the sums of the tables that follow after. Each worker has a connection to each database. If it
// returns an error, the result has the first tables, up to one that is not compared.
func (c *comparison) compareRows(ctx context.Context, after string, workers int) ([]TableSums, error) {
	tables, err := query[movedTable](ctx, c.dst, movedTablesAfter, c.run.ID, after)
	if err != nil {
		return nil, run.Wrap("read the moved tables", err)
	}
	all := make([]TableSums, len(tables))
	workers = min(workers, len(tables))
	g, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		g.Go(func() error {
			i := w
			return c.env.WithBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
				for ; i < len(tables); i += workers {
					s, err := c.compareTable(ctx, src, dst, tables[i])
					if err != nil {
						return err
					}
					all[i] = s
					c.report(s, len(tables))
				}
				return nil
			})
		})
	}
	err = g.Wait()
	if first := slices.IndexFunc(all, func(s TableSums) bool { return s.Name == "" }); err != nil && first >= 0 {
		all = all[:first]
	}
	return all, err
}

func (c *comparison) report(s TableSums, all int) {
	c.env.Report(run.Event{
		Run:     c.run.Name,
		Action:  "verify " + Action,
		Table:   s.Name,
		Batches: all,
		Done:    int(c.done.Add(1)),
		Rows:    s.SourceRows,
	})
}

// compareTable computes the sums of a table in both databases at the same time.
func (c *comparison) compareTable(ctx context.Context, src, dst *pgx.Conn, t movedTable) (s TableSums, err error) {
	began := c.env.Now()
	var source, target run.Sum
	err = run.RunBoth(ctx,
		func(ctx context.Context) (err error) { source, err = t.sum(ctx, src); return run.Wrap("source", err) },
		func(ctx context.Context) (err error) { target, err = t.sum(ctx, dst); return run.Wrap("target", err) })
	if err != nil {
		return s, err
	}
	s = TableSums{Name: t.Name, SourceRows: source.Rows, SourceSum: source.Sum}
	err = dst.QueryRow(ctx, changedRows, c.run.ID, t.Name, target.Sum).
		Scan(&s.Quarantined, &s.Nulled, &s.Outdated, &s.TargetSum)
	if err != nil {
		return s, fmt.Errorf("read the changed rows: %w", err)
	}
	s.TargetRows = target.Rows
	s.Equal = s.SourceRows == s.TargetRows+s.Quarantined && s.SourceSum == s.TargetSum
	_, err = dst.Exec(ctx, markVerified, c.run.ID, t.Name, s.Equal, c.env.Now().Sub(began).Seconds())
	return s, run.Wrap("store the verification", err)
}

const markVerified = `UPDATE supabase_import.moved_table SET verified = $3, verify_seconds = $4
WHERE run = $1 AND name = $2`
