package tables

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// RollbackResult describes the rollback of a move.
type RollbackResult struct {
	Run     string `json:"run"`
	DryRun  bool   `json:"dryRun,omitempty"`
	Dropped int    `json:"dropped"` // statements that dropped an object
	// Kept are the objects that stay, with the reason: they were changed since the move, or another object needs them.
	Kept []LeftOut `json:"kept"`
}

// Rollback drops the objects that the move created and that are unchanged since, in one transaction. A table is
// unchanged if its rows and its definition are, with indexes, constraints, triggers and policies. A dry run drops
// nothing. Rollback does not read the source.
func Rollback(ctx context.Context, env *run.Env, name string, dry bool) (result RollbackResult, err error) {
	if _, err := env.TakeLease(ctx, name); err != nil {
		return result, err
	}
	if !env.Shared {
		defer env.ReleaseLease(ctx)
	}
	err = forLongStatements(env).WithTarget(ctx, func(ctx context.Context, dst *pgx.Conn) error {
		r, err := findMove(ctx, dst, name)
		if err != nil {
			return err
		}
		b := &moveRollback{env: env, run: r, dst: dst}
		err = pgx.BeginFunc(ctx, dst, func(tx pgx.Tx) error {
			err := b.drop(ctx)
			if err == nil && dry {
				return errDryRun
			}
			return err
		})
		if errors.Is(err, errDryRun) {
			err = nil
		}
		result = RollbackResult{Run: name, DryRun: dry, Dropped: b.dropped, Kept: b.kept}
		return err
	})
	return result, err
}

// moveRollback rolls back a move in a transaction.
type moveRollback struct {
	env     *run.Env
	run     run.Run
	dst     *pgx.Conn
	move    Result
	dropped int
	kept    []LeftOut
	drops   []string          // the stored statements
	changed map[string]string // why an object is kept, by its kind and name as in a DROP statement
}

func (b *moveRollback) drop(ctx context.Context) (err error) {
	b.dropped, b.kept, b.changed = 0, []LeftOut{}, map[string]string{}
	if b.move, err = readResult(ctx, b.dst, b.run); err != nil {
		return err
	}
	if err := run.Exec(ctx, b.dst, schemaSQL); err != nil { // an older version did not create all tables
		return fmt.Errorf("create the tables of the move: %w", err)
	}
	if err := b.readDrops(ctx); err != nil {
		return err
	}
	if b.move.State == Complete || b.move.State == RolledBack {
		if err := b.findChanged(ctx); err != nil {
			return err
		}
	}
	if err := openSavepoint(ctx, b.dst); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{b.dropOnTables, b.dropObjects, b.forget} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// findChanged finds the tables and other objects that were changed since the move was complete.
func (b *moveRollback) findChanged(ctx context.Context) error {
	then, err := storedDefinitions(ctx, b.dst, b.run.ID)
	if err != nil {
		return err
	}
	now, err := currentDefinitions(ctx, b.dst, b.move.Schemas)
	if err != nil {
		return err
	}
	for key, d := range now {
		before, known := then[key]
		table := d.Table
		switch {
		case known && before.Digest == d.Digest, !known && table == "":
		case known && table == "":
			b.changed[strings.ToUpper(d.Kind)+" "+d.Name] = "its definition was changed"
		default:
			b.changed["TABLE "+table] = fmt.Sprintf("the %s %s was added or changed", key.kind, key.name)
		}
	}
	for key, d := range then {
		_, exists := now[key]
		if _, hasTable := now[objectKey{"table", d.Table}]; !exists && hasTable { // an earlier rollback dropped other tables
			b.changed["TABLE "+d.Table] = fmt.Sprintf("the %s %s was dropped", key.kind, key.name)
		}
	}
	// The schemas can also have tables that the move has not created, such as those of Xenon.
	maps.DeleteFunc(b.changed, func(what, _ string) bool { return !slices.Contains(b.drops, "DROP "+what+";") })
	return b.findChangedRows(ctx)
}

func (b *moveRollback) findChangedRows(ctx context.Context) error {
	type storedTable struct {
		Name string
		Rows int64
	}
	tables, err := query[storedTable](ctx, b.dst, `SELECT name, rows
FROM supabase_import.moved_table
WHERE run = $1 AND to_regclass(name) IS NOT NULL AND rows IS NOT NULL`, b.run.ID)
	if err != nil {
		return run.Wrap("read the moved tables", err)
	}
	var isRecorded bool
	const anyTransaction = "SELECT EXISTS (SELECT FROM supabase_import.moved_transaction WHERE run = $1)"
	if err := b.dst.QueryRow(ctx, anyTransaction, b.run.ID).Scan(&isRecorded); err != nil {
		return run.Wrap("read the transactions of the move", err)
	}
	for _, t := range tables {
		var now, unchanged int64
		err := b.dst.QueryRow(ctx, fmt.Sprintf("SELECT count(*), count(*) FILTER (WHERE %s) FROM ONLY %s c",
			run.IsUnchangedSinceMove(b.run.ID, "c"), t.Name)).Scan(&now, &unchanged)
		if err != nil {
			return fmt.Errorf("look for changed rows of %s: %w", t.Name, err)
		}
		switch {
		case now == t.Rows && unchanged == t.Rows:
		case isRecorded:
			b.changed["TABLE "+t.Name] = fmt.Sprintf(
				"its rows were changed: %d after the move, %d now, of which %d are unchanged", t.Rows, now, unchanged)
		default:
			b.changed["TABLE "+t.Name] = fmt.Sprintf("an older version of xenon moved its rows and did not store which "+
				"are its own: %d after the move, %d now. Drop it yourself if you do not need it", t.Rows, now)
		}
	}
	return nil
}

// storedDrops lists the statements of a rollback. Triggers on "user" are dropped first: they use the other objects.
const storedDrops = `SELECT sql FROM (
  SELECT 1 AS step, o.number, d.i, d.sql
  FROM supabase_import.moved_object o
  CROSS JOIN unnest(o.drops) WITH ORDINALITY d (sql, i)
  WHERE o.run = $1 AND o.state = 'done'
  UNION ALL
  SELECT 2, number, 0, sql FROM supabase_import.moved_drop WHERE run = $1
) x
ORDER BY step, number, i`

func (b *moveRollback) readDrops(ctx context.Context) (err error) {
	b.drops, err = run.QueryTexts(ctx, b.dst, storedDrops, b.run.ID)
	return run.Wrap("read the statements of the rollback", err)
}

// onTables lists statements that drop what a table has and what can refer to other objects: foreign keys, policies,
// triggers, rules and indexes. $1: the tables.
const onTables = `SELECT d.sql
FROM unnest($1::text[]) x (name)
JOIN LATERAL (SELECT to_regclass(x.name) AS oid) o ON o.oid IS NOT NULL
CROSS JOIN LATERAL (
  SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', x.name, k.conname) AS sql
  FROM pg_constraint k
  WHERE k.conrelid = o.oid AND k.contype = 'f' AND k.conparentid = 0
  UNION ALL
  SELECT format('DROP POLICY %I ON %s', p.polname, x.name) FROM pg_policy p WHERE p.polrelid = o.oid
  UNION ALL
  SELECT format('DROP TRIGGER %I ON %s', t.tgname, x.name)
  FROM pg_trigger t
  WHERE t.tgrelid = o.oid AND NOT t.tgisinternal AND t.tgparentid = 0
  UNION ALL
  SELECT format('DROP RULE %I ON %s', w.rulename, x.name)
  FROM pg_rewrite w
  WHERE w.ev_class = o.oid AND w.rulename <> '_RETURN'
  UNION ALL
  SELECT format('DROP INDEX %I.%I', n.nspname, c.relname)
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE i.indrelid = o.oid AND NOT c.relispartition
    AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
    AND NOT EXISTS (SELECT FROM pg_class t WHERE t.oid = i.indrelid AND t.relispartition)
) d`

// dropOnTables drops what refers to other objects, so that the objects can be dropped in the order of pg_dump.
func (b *moveRollback) dropOnTables(ctx context.Context) error {
	var tables []string
	for _, sql := range b.drops {
		if name, ok := droppedTable(sql); ok && b.changed["TABLE "+name] == "" {
			tables = append(tables, name)
		}
	}
	statements, err := run.QueryTexts(ctx, b.dst, onTables, tables)
	if err != nil {
		return run.Wrap("list the foreign keys, policies and triggers", err)
	}
	for _, sql := range statements {
		if err := b.execute(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// droppedTable returns the name of the table that a statement drops.
func droppedTable(sql string) (name string, ok bool) {
	name, ok = strings.CutPrefix(strings.TrimSuffix(sql, ";"), "DROP TABLE ")
	return name, ok
}

// dropObjects executes the stored statements, without those for objects that were changed since.
func (b *moveRollback) dropObjects(ctx context.Context) error {
	for _, what := range slices.Sorted(maps.Keys(b.changed)) {
		kind, name, _ := strings.Cut(what, " ")
		b.kept = append(b.kept, LeftOut{kind, name, b.changed[what]})
	}
	for _, sql := range b.drops {
		if b.isForChanged(sql) {
			continue
		}
		if err := b.execute(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// isForChanged reports whether a statement drops an object that was changed, or a part of a table that was changed.
func (b *moveRollback) isForChanged(sql string) bool {
	sql = strings.TrimSuffix(sql, ";")
	for what := range b.changed {
		starts := []string{"CREATE OR REPLACE " + what + " "}
		if table, isTable := strings.CutPrefix(what, "TABLE "); isTable {
			starts = append(starts, "ALTER TABLE "+table+" ", "ALTER TABLE ONLY "+table+" ")
		}
		isStart := func(start string) bool { return strings.HasPrefix(sql, start) }
		if sql == "DROP "+what || slices.ContainsFunc(starts, isStart) {
			return true
		}
	}
	return false
}

// gone are the SQLSTATEs of an object that does not exist.
var gone = []string{"42P01", "42704", "42883", "3F000", "42703"}

// execute executes a statement in a savepoint. An object that another object needs is kept.
func (b *moveRollback) execute(ctx context.Context, sql string) error {
	e, err := try(ctx, b.dst, sql)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", sql, err)
	case e == nil:
		b.dropped++
	case !slices.Contains(gone, e.Code):
		if i := strings.LastIndex(sql, ";\nDROP ROLE "); i >= 0 {
			sql = sql[i+2:] // without what is revoked first
		}
		kind, name, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(sql, "DROP "), ";"), " ")
		why := strings.ReplaceAll(strings.TrimSpace(e.Message+": "+e.Detail), "\n", "; ")
		b.kept = append(b.kept, LeftOut{kind, name, why})
	}
	return nil
}

// forget deletes the stored move. If objects are kept, it stays, so that the rollback can be repeated.
func (b *moveRollback) forget(ctx context.Context) error {
	if len(b.kept) > 0 {
		_, err := b.dst.Exec(ctx, "UPDATE supabase_import.move SET state = 'rolled back' WHERE run = $1", b.run.ID)
		return err
	}
	for _, table := range []string{
		"moved_transaction", "moved_row", "moved_definition", "moved_key", "moved_part", "moved_table", "moved_drop",
		"moved_object", "move",
	} {
		if _, err := b.dst.Exec(ctx, "DELETE FROM supabase_import."+table+" WHERE run = $1", b.run.ID); err != nil {
			return fmt.Errorf("delete the stored move: %w", err)
		}
	}
	return nil
}
