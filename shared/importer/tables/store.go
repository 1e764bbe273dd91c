package tables

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

const (
	insertMove = `INSERT INTO supabase_import.move (run, state, options, schemas) VALUES ($1, 'copying', $2, $3)`

	insertObjects = `INSERT INTO supabase_import.moved_object (run, number, section, kind, name, sql, state, reason)
SELECT $1, i, x.section, x.kind, x.name, x.sql, x.state, nullif(x.reason, '')
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
  WITH ORDINALITY x (section, kind, name, sql, state, reason, i)`

	insertTables = `INSERT INTO supabase_import.moved_table (run, name, columns)
SELECT $1, name, ARRAY(SELECT jsonb_array_elements_text(columns))
FROM unnest($2::text[], $3::jsonb[]) x (name, columns)`

	insertParts = `INSERT INTO supabase_import.moved_part (run, table_name, number, condition, rows)
SELECT $1, * FROM unnest($2::text[], $3::int[], $4::text[], $5::bigint[])`

	insertKeys = `INSERT INTO supabase_import.moved_key (run, number, table_name, name, definition, state, reason)
SELECT $1, i, x.table_name, x.name, x.definition, x.state, nullif(x.reason, '')
FROM unnest($2::text[], $3::text[], $4::jsonb[], $5::text[], $6::text[])
  WITH ORDINALITY x (table_name, name, definition, state, reason, i)`

	insertDrops = `INSERT INTO supabase_import.moved_drop (run, number, sql)
SELECT $1, i, sql FROM unnest($2::text[]) WITH ORDINALITY x (sql, i)`
)

// storedOptions are the options of a move, with what they exclude.
type storedOptions struct {
	Options

	LeftBehind []string `json:"leftBehind"`
}

func (b *beginning) storeMove(ctx context.Context) error {
	options, err := json.Marshal(storedOptions{b.Options, append([]string{}, b.behind...)})
	if err != nil {
		return err
	}
	_, err = b.dst.Exec(ctx, insertMove, b.run.ID, string(options), b.schemas)
	return run.Wrap("store the move", err)
}

// store stores what is to do.
func (b *beginning) store(ctx context.Context, first []statement) error {
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return b.storeObjects(ctx, first) },
		b.storeUserTriggers, b.storeTables, b.storeKeys, b.storeDrops,
	} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("store what is to do: %w", err)
		}
	}
	return nil
}

func (b *beginning) storeObjects(ctx context.Context, first []statement) error {
	var columns [6][]string
	add := func(s statement, state, reason string) {
		for i, v := range []string{s.Section, s.Kind, s.Name, s.SQL, state, reason} {
			columns[i] = append(columns[i], v)
		}
	}
	for _, list := range [][]statement{first, b.dump.tables, inOrder(b.dump.after)} {
		for _, s := range list {
			if s.SQL == "" || slices.Contains(b.skipped, s) {
				continue
			}
			state, reason := "done", ""
			if isAfter := slices.Contains([]string{indexes, security}, s.Section); isAfter {
				state = "open"
			}
			if i := b.indexOfLeftOut(s.Kind, s.Name); i >= 0 {
				state, reason = "left out", b.leftOut[i].Reason
			}
			add(s, state, reason)
		}
	}
	_, err := b.dst.Exec(
		ctx,
		insertObjects,
		b.run.ID,
		columns[0],
		columns[1],
		columns[2],
		columns[3],
		columns[4],
		columns[5],
	)
	return err
}

func (b *beginning) indexOfLeftOut(kind, name string) int {
	return slices.IndexFunc(b.leftOut, func(o LeftOut) bool { return o.Kind == kind && o.Name == name })
}

func (b *beginning) storeTables(ctx context.Context) error {
	var names, columns, partTables, conditions []string
	var numbers, rows []int64
	for _, r := range b.relations {
		list, err := json.Marshal(r.Columns)
		if err != nil {
			return err
		}
		names, columns = append(names, r.Name), append(columns, string(list))
		parts, err := r.parts(ctx, b.src)
		if err != nil {
			return fmt.Errorf("divide %s into parts: %w", r.Name, err)
		}
		for i, condition := range parts {
			partTables, conditions = append(partTables, r.Name), append(conditions, condition)
			numbers, rows = append(numbers, int64(i)), append(rows, r.Rows/int64(len(parts)))
		}
	}
	if _, err := b.dst.Exec(ctx, insertTables, b.run.ID, names, columns); err != nil {
		return err
	}
	_, err := b.dst.Exec(ctx, insertParts, b.run.ID, partTables, numbers, conditions, rows)
	return err
}

func (b *beginning) storeKeys(ctx context.Context) error {
	var tables, names, definitions, states, reasons []string
	for _, k := range b.keys {
		inTarget, ok := k.inTarget(userTable(b.env))
		state, reason := "open", ""
		if !ok {
			state, reason = "left out", k.Parent+" is not moved"
		}
		if i := b.indexOfLeftOut(foreignKey, k.title()); i >= 0 {
			state, reason = "left out", b.leftOut[i].Reason
		}
		definition, err := json.Marshal(inTarget)
		if err != nil {
			return err
		}
		tables, names, definitions = append(tables, k.Table), append(names, k.Name), append(definitions, string(definition))
		states, reasons = append(states, state), append(reasons, reason)
	}
	_, err := b.dst.Exec(ctx, insertKeys, b.run.ID, tables, names, definitions, states, reasons)
	return err
}

func (b *beginning) storeDrops(ctx context.Context) error {
	_, err := b.dst.Exec(ctx, insertDrops, b.run.ID, b.dump.drops)
	return err
}
