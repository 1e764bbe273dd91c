package tables

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// finish creates what follows the rows. Each step can be repeated.
func (m *mover) finish(ctx context.Context) error {
	return m.env.WithBoth(ctx, func(ctx context.Context, src, dst *pgx.Conn) error {
		f := &finisher{mover: m, src: src, dst: dst}
		if err := f.read(ctx); err != nil {
			return err
		}
		if err := run.Exec(ctx, dst, finishSession); err != nil {
			return err
		}
		steps := []func(context.Context) error{
			f.setState, f.setSequences, f.createIndexes, f.createKeys, f.createSecurity, f.refreshViews, f.analyze,
			f.createUserTriggers, f.complete,
		}
		if f.state == Complete {
			steps = []func(context.Context) error{f.createUserTriggers}
		}
		for _, step := range steps {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// finishSession has the settings for indexes and foreign keys. They may use parallel workers: no application uses the
// tables yet.
const finishSession = `SET search_path = '';
SET check_function_bodies = off;
SET maintenance_work_mem = '256MB';
RESET max_parallel_workers_per_gather`

// finisher creates the objects that follow the rows.
type finisher struct {
	*mover
	src, dst *pgx.Conn
	state    string
	options  Options
	schemas  []string
}

func (f *finisher) read(ctx context.Context) error {
	var options string
	err := f.dst.QueryRow(ctx, "SELECT state, options::text, schemas FROM supabase_import.move WHERE run = $1", f.run.ID).
		Scan(&f.state, &options, &f.schemas)
	if err != nil {
		return fmt.Errorf("read the move: %w", err)
	}
	return json.Unmarshal([]byte(options), &f.options)
}

func (f *finisher) setState(ctx context.Context) error {
	_, err := f.dst.Exec(ctx, "UPDATE supabase_import.move SET state = 'finishing' WHERE run = $1", f.run.ID)
	return err
}

// sequencesQuery lists the sequences of schemas, without those that belong to columns of excluded tables.
const sequencesQuery = `SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND n.nspname = ANY ($1)
  AND NOT EXISTS (
    SELECT FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
      AND (d.refclassid <> 'pg_class'::regclass OR d.refobjid IN (
        SELECT to_regclass(x) FROM unnest($2::text[]) x)))
ORDER BY 1`

// setSequences gives the sequences of the target the values of the source.
func (f *finisher) setSequences(ctx context.Context) error {
	names, err := run.QueryTexts(ctx, f.dst, sequencesQuery, f.schemas, []string{})
	if err != nil {
		return fmt.Errorf("list the sequences: %w", err)
	}
	for _, name := range names {
		var last int64
		var called bool
		err := f.src.QueryRow(ctx, "SELECT last_value, is_called FROM "+name).Scan(&last, &called)
		if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "42P01" {
			continue // a sequence of the target's own
		}
		if err != nil {
			return fmt.Errorf("read the sequence %s: %w", name, err)
		}
		if _, err := f.dst.Exec(ctx, "SELECT setval($1::text::regclass, $2, $3)", name, last, called); err != nil {
			return fmt.Errorf("set the sequence %s: %w", name, err)
		}
	}
	return nil
}

// The source's populated materialized views, in the order of their creation.
const populatedViews = `SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'm' AND c.relispopulated AND n.nspname = ANY ($1)
ORDER BY c.oid`

func (f *finisher) refreshViews(ctx context.Context) error {
	names, err := run.QueryTexts(ctx, f.src, populatedViews, f.schemas)
	if err != nil {
		return fmt.Errorf("list the materialized views: %w", err)
	}
	for _, name := range names {
		var exists bool
		if err := f.dst.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", name).Scan(&exists); err != nil {
			return err
		}
		if !exists {
			continue // it was left out
		}
		err := run.Exec(ctx, f.dst, "REFRESH MATERIALIZED VIEW "+name)
		if isRefusal(err) {
			_, err = f.dst.Exec(ctx, `UPDATE supabase_import.moved_object SET reason = $3
WHERE run = $1 AND kind = 'MATERIALIZED VIEW' AND name = $2`, f.run.ID, name, "not refreshed: "+run.WithoutDetail(err))
		}
		if err != nil {
			return fmt.Errorf("refresh %s: %w", name, err)
		}
	}
	return nil
}

const movedTables = "SELECT name, columns FROM supabase_import.moved_table WHERE run = $1 ORDER BY name"

// movedTable is a row of moved_table.
type movedTable struct {
	Name    string
	Columns []string
}

func (f *finisher) analyze(ctx context.Context) error {
	tables, err := query[movedTable](ctx, f.dst, movedTables, f.run.ID)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if err := run.Exec(ctx, f.dst, "ANALYZE "+t.Name); err != nil {
			return fmt.Errorf("analyze %s: %w", t.Name, err)
		}
	}
	return nil
}

// complete stores the numbers of rows and the definitions of the target, with which a rollback finds what was changed
// since. A move that was interrupted continues with the tables that have no number.
func (f *finisher) complete(ctx context.Context) error {
	if _, err := f.dst.Exec(ctx, storeCopiedRows, f.run.ID); err != nil {
		return fmt.Errorf("store the numbers of rows: %w", err)
	}
	tables, err := run.QueryTexts(ctx, f.dst, tablesWithoutRows, f.run.ID)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if _, err := f.dst.Exec(ctx, storeRows+t+") WHERE run = $1 AND name = $2", f.run.ID, t); err != nil {
			return fmt.Errorf("count the rows of %s: %w", t, err)
		}
	}
	return pgx.BeginFunc(ctx, f.dst, func(tx pgx.Tx) error {
		if err := f.storeDefinitions(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "UPDATE supabase_import.move SET state = 'complete', finished_at = now() WHERE run = $1",
			f.run.ID)
		return err
	})
}

const (
	// If the move has changed no row, the tables have the copied rows, and nothing has to be counted.
	storeCopiedRows = `UPDATE supabase_import.moved_table t
SET rows = (SELECT sum(p.rows) FROM supabase_import.moved_part p WHERE p.run = t.run AND p.table_name = t.name)
WHERE t.run = $1 AND t.rows IS NULL
  AND NOT EXISTS (SELECT FROM supabase_import.moved_row r WHERE r.run = t.run)`

	tablesWithoutRows = `SELECT name
FROM supabase_import.moved_table
WHERE run = $1 AND rows IS NULL
ORDER BY name`

	storeRows = "UPDATE supabase_import.moved_table SET rows = (SELECT count(*) FROM ONLY "
)

func (f *finisher) storeDefinitions(ctx context.Context, tx pgx.Tx) error {
	all, err := definitions(ctx, f.dst, f.schemas, nil)
	if err != nil {
		return err
	}
	var kinds, names, tables, digests []string
	for _, d := range all {
		kinds, names = append(kinds, d.Kind), append(names, d.Name)
		tables, digests = append(tables, d.Table), append(digests, d.Digest)
	}
	_, err = tx.Exec(ctx, `INSERT INTO supabase_import.moved_definition
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[])`, f.run.ID, kinds, names, tables, digests)
	return run.Wrap("store the definitions", err)
}
