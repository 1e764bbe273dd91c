package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/follow"
	"github.com/xenon-auth/xenon/shared/importer/tables"
	"github.com/xenon-auth/xenon/shared/postgres"
)

type migrateTablesCmd struct {
	importFlags
	followFlags
	Schema      []string `help:"A schema to move; repeatable. Default: all schemas of the project, without those that Supabase manages." placeholder:"NAME"`
	Exclude     []string `help:"A table that stays behind; repeatable." placeholder:"SCHEMA.TABLE"`
	Orphans     string   `help:"Rows that refer to a row that the target does not have, such as a user in the quarantine: keep leaves them and the foreign key not validated, null clears the reference, quarantine moves the row to supabase_import.moved_row." enum:"keep,null,quarantine" default:"keep"`
	Triggers    bool     `help:"Make the triggers on auth.users again on \"user\", with copies of their functions, if the functions need only what Xenon has. Also for tables that are already moved."`
	Concurrency int      `help:"Parts of tables at a time; default: 2. Each uses one connection to each database." placeholder:"N"`
	DryRun      bool     `help:"Try all statements in one transaction of the target and roll it back. Copies no row."`
	Prepare     bool     `help:"Create the tables only. The state machine, or the same command without --prepare, copies the rows."`
	Script      string   `help:"Write the statements as SQL files into this folder and change nothing." placeholder:"DIR"`
	Verify      bool     `help:"Compare the moved tables with the source."`
	Rollback    bool     `help:"Drop what the move created and what has not changed since."`
	Yes         bool     `help:"Do not ask (for --rollback)."`
}

func (migrateTablesCmd) Help() string {
	return `Moves the other tables of the project, with their types, views, functions, indexes, foreign keys, triggers and
row security. Foreign keys to auth.users refer to "user" afterwards. Run it after xenon migrate run. It needs pg_dump,
not older than the source. You can interrupt the command and run it again to continue. Writes nothing to the source.
The exit status is 3 if something needs your attention.

With --follow it then copies the changes of users and tables every few seconds, until Ctrl-C or --until-idle. Tables
without a primary key are copied again by --freeze-check, which ends with 0 if source and target are equal: run it at
the cut-over, after all writes have stopped.

  xenon migrate tables --dry-run
  xenon migrate tables --exclude public.audit_log --orphans null
  xenon migrate tables --triggers
  xenon migrate tables --follow
  xenon migrate tables --freeze-check
  xenon migrate tables --verify
  xenon migrate tables --rollback --yes`
}

// Run moves the tables, or does what the flags say.
func (c migrateTablesCmd) Run(ctx context.Context, getenv environment, std streams) error {
	chosen := 0
	for _, given := range []bool{
		c.DryRun, c.Prepare, c.Script != "", c.Verify, c.Rollback, c.followFlags.Follow, c.FreezeCheck,
	} {
		if given {
			chosen++
		}
	}
	switch {
	case chosen > 1:
		return newUsageError("--dry-run, --prepare, --script, --verify, --rollback, --follow and --freeze-check exclude each other")
	case c.Concurrency < 0:
		return newUsageError("--concurrency must be 1 or more")
	case c.Rollback:
		return c.rollBack(ctx, getenv, std)
	}
	if err := c.followFlags.check(c.importFlags); err != nil {
		return err
	}
	if c.isFile() {
		return newUsageError("xenon migrate tables needs the database of the project: a file has no definitions of tables " +
			"that it could copy. Restore your own tables with pg_restore or psql")
	}
	m, p, err := c.open(ctx, getenv, std)
	if err != nil {
		return err
	}
	switch {
	case c.Verify:
		return c.verify(ctx, m, p, std)
	case c.Script != "":
		return c.writeScript(ctx, m, std)
	case c.isGiven():
		return c.follow(ctx, m, p, std)
	}
	return c.move(ctx, m, p, std)
}

// follow moves the tables, unless they are moved, and follows the source or checks the freeze.
func (c migrateTablesCmd) follow(ctx context.Context, m *importer.Import, p *progress, std streams) error {
	moved, err := tables.Status(ctx, m.Env(), c.Name)
	isMoved := err == nil && moved.State == tables.Complete
	if err != nil && !errors.Is(err, tables.ErrNoMove) {
		return withTablesAdvice(ctx, err)
	}
	if c.Follow && !isMoved {
		silent := c
		silent.JSON = false
		progressOnly := streams{std.in, std.err, std.err}
		if err := silent.move(ctx, m, p, progressOnly); err != nil {
			if _, needsDecision := errors.AsType[needsDecisionError](err); !needsDecision {
				return err
			}
		}
	}
	o := follow.Options{Mapping: importer.Options{Run: c.Name}, Workers: c.Concurrency, Tables: true}
	return following{c.followFlags, c.importFlags, "tables", o, p, std}.run(ctx, m)
}

func (c migrateTablesCmd) options() tables.Options {
	return tables.Options{Schemas: c.Schema, Exclude: c.Exclude, Orphans: c.Orphans, Triggers: c.Triggers}
}

func (c migrateTablesCmd) move(ctx context.Context, m *importer.Import, p *progress, std streams) error {
	pgDumps := postgres.Programs("pg_dump")
	var result tables.Result
	var err error
	switch {
	case c.DryRun:
		result, err = tables.DryRun(ctx, m.Env(), c.Name, c.options(), pgDumps)
	case c.Prepare:
		result, err = tables.Prepare(ctx, m.Env(), c.Name, c.options(), pgDumps)
	default:
		p.printOnTerminal("Moving tables from %s to %s; trying all statements first …",
			hostAndDatabase(m.From), hostAndDatabase(m.To))
		result, err = tables.Run(ctx, m.Env(), c.Name, c.options(), pgDumps, c.Concurrency)
	}
	p.finish()
	if err != nil {
		return withTablesAdvice(ctx, err)
	}
	if c.JSON {
		err = printJSON(std, result)
	} else {
		printMove(std.out, result, c.Name)
	}
	if err == nil && len(result.Problems()) > 0 {
		return needsDecisionError(englishPrinter.Sprintf("check %d points", len(result.Problems())))
	}
	return err
}

// withTablesAdvice adds advice to an error of package tables.
func withTablesAdvice(ctx context.Context, err error) error {
	if errors.Is(err, tables.ErrNoMove) {
		return withAdvice(err, "Move them with xenon migrate tables.")
	}
	return withImportAdvice(ctx, err)
}

func printMove(out io.Writer, r tables.Result, name string) {
	switch {
	case r.DryRun:
		printf(out, "Dry run: %d tables would be moved; nothing was changed.\n", len(r.Tables))
	default:
		printf(out, "The move of the tables is %s: %d rows of %d tables.\n", stateText(r.State), r.Rows(), len(r.Tables))
	}
	fmt.Fprintf(out, "Schemas: %s\n", strings.Join(r.Schemas, ", "))
	if len(r.LeftBehind) > 0 {
		fmt.Fprintf(out, "Left behind, as the options say: %s\n", strings.Join(r.LeftBehind, ", "))
	}
	printf(out, "\n  %-50s%14s%9s\n", "", "rows", "parts")
	for _, t := range r.Tables {
		printMovedTable(out, t, r.DryRun)
	}
	fmt.Fprintf(out, "\n%s: %s, %s\n", createdText(r), objectText(r.Objects), keyText(r.Keys))
	printLines(out, "Needs your attention", r.Problems())
	printLines(out, "No primary key, so --follow leaves them out and --freeze-check copies them again", keylessLines(r))
	fmt.Fprintln(out, "\nNot moved: files, policies and triggers of storage, publications (Realtime), default privileges "+
		"of new tables.")
	switch {
	case r.DryRun:
		fmt.Fprintf(out, "\nNext:\n  %s\n", optionFlags{}.commandLine("tables", name))
	case r.State == tables.Complete:
		fmt.Fprintf(out, "\nNext:\n  %s --verify\n", optionFlags{}.commandLine("tables", name))
	}
}

func createdText(r tables.Result) string {
	if r.DryRun {
		return "Before the rows it would create"
	}
	return "Created"
}

// objectNames are the plural names of the kinds of objects that are worth a number, as pg_dump names them.
var objectNames = []struct{ kind, name string }{
	{"TYPE", "types"},
	{"DOMAIN", "domains"},
	{"FUNCTION", "functions"},
	{"PROCEDURE", "procedures"},
	{"TABLE", "tables"},
	{"VIEW", "views"},
	{"MATERIALIZED VIEW", "materialized views"},
	{"SEQUENCE", "sequences"},
	{"CONSTRAINT", "primary keys and other constraints"},
	{"INDEX", "indexes"},
	{"TRIGGER", "triggers"},
	{"POLICY", "policies"},
	{"EXTENSION", "extensions"},
}

func objectText(counts map[string]int) string {
	var texts []string
	for _, o := range objectNames {
		if n := counts[o.kind]; n > 0 {
			texts = append(texts, englishPrinter.Sprintf("%d %s", n, o.name))
		}
	}
	return strings.Join(texts, ", ")
}

func stateText(state string) string {
	if state == tables.Complete {
		return state
	}
	return state + ", not complete"
}

func printMovedTable(out io.Writer, t tables.Table, dry bool) {
	parts := fmt.Sprintf("%d/%d", t.Copied, t.Parts)
	if dry {
		parts = fmt.Sprint(t.Parts)
	}
	more := ""
	if t.Nulled > 0 {
		more += englishPrinter.Sprintf("  %d references set to NULL", t.Nulled)
	}
	if t.Quarantined > 0 {
		more += englishPrinter.Sprintf("  %d rows quarantined", t.Quarantined)
	}
	printf(out, "  %-50s%14d%9s%s\n", t.Name, t.Rows, parts, more)
}

// keylessLines says for each table without a primary key how long its copy took.
func keylessLines(r tables.Result) (lines []string) {
	for _, t := range r.Keyless {
		line := englishPrinter.Sprintf("%s: %d rows in %.1f s", t.Name, t.Rows, t.Seconds)
		if t.Seconds > 0 {
			line += englishPrinter.Sprintf(", %.0f rows/s", float64(t.Rows)/t.Seconds)
		}
		lines = append(lines, line)
	}
	return lines
}

// keyText counts foreign keys by their state.
func keyText(keys []tables.Key) string {
	counts := map[string]int{}
	for _, k := range keys {
		counts[k.State]++
	}
	text := englishPrinter.Sprintf("%d foreign keys", len(keys))
	var states []string
	for _, state := range sortedKeys(counts) {
		states = append(states, englishPrinter.Sprintf("%d %s", counts[state], state))
	}
	if len(states) == 0 {
		return text
	}
	return text + " (" + strings.Join(states, ", ") + ")"
}

func (c migrateTablesCmd) writeScript(ctx context.Context, m *importer.Import, std streams) error {
	files, err := tables.WriteScript(ctx, m.Env(), c.options(), postgres.Programs("pg_dump"), c.Script)
	if err != nil {
		return withTablesAdvice(ctx, err)
	}
	if c.JSON {
		return printJSON(std, map[string]any{"folder": c.Script, "files": files})
	}
	printf(std.out, "Written to %s, to be executed in this order: %s\n", c.Script, strings.Join(files, ", "))
	return nil
}

func (c migrateTablesCmd) verify(ctx context.Context, m *importer.Import, p *progress, std streams) error {
	v, err := tables.Verify(ctx, m.Env(), c.Name, c.Concurrency)
	p.finish()
	if err != nil {
		return withTablesAdvice(ctx, err)
	}
	if c.JSON {
		err = printJSON(std, v)
	} else {
		printTablesVerification(std.out, v)
	}
	if err == nil && !v.Equal {
		return needsDecisionError("the moved tables are not equal to the source")
	}
	return err
}

func printTablesVerification(out io.Writer, v tables.Verification) {
	printf(out, "Checksums, computed by both databases\n  %-50s%14s%14s\n", "", "source", "target")
	for _, t := range v.Tables {
		result := "equal"
		if !t.Equal {
			result = "DIFFERENT"
		}
		if n := t.Quarantined + t.Nulled; n > 0 {
			result += englishPrinter.Sprintf(", with the %d rows that the move changed", n)
		}
		printf(out, "  %-50s%14d%14d  %s\n", t.Name, t.SourceRows, t.TargetRows, result)
	}
	printf(out, "\nObjects, by name and definition\n  %-20s%8s%8s\n", "", "source", "target")
	for _, k := range v.Kinds {
		printf(out, "  %-20s%8d%8d\n", k.Kind, k.Source, k.Target)
		for _, list := range []struct {
			title string
			names []string
		}{{"MISSING", k.Missing}, {"DIFFERENT", k.Different}, {"added in the target", k.Extra}} {
			if len(list.names) > 0 {
				fmt.Fprintf(out, "      %s: %s\n", list.title, joinFirst(list.names))
			}
		}
	}
	printLines(out, "Left out by the move, or not valid", tables.Result{LeftOut: v.LeftOut, Keys: v.Keys}.Problems())
	if v.Equal {
		printCoverage(out, v)
	}
}

// printCoverage says what a verification covers, and what it does not.
func printCoverage(out io.Writer, v tables.Verification) {
	printf(out, "\nThe moved tables are equal to the source. This covers the rows of %d tables, and the objects above.\n",
		len(v.Tables))
	fmt.Fprintf(out, "Schemas: %s\n", strings.Join(v.Schemas, ", "))
	if len(v.LeftBehind) > 0 {
		fmt.Fprintf(out, "Not covered, because the options left it behind: %s\n", strings.Join(v.LeftBehind, ", "))
	}
	fmt.Fprintln(out, "xenon migrate verify covers users, accounts and the profile table.")
}

func (c migrateTablesCmd) rollBack(ctx context.Context, getenv environment, std streams) error {
	m, p, err := c.openTarget(ctx, getenv, std)
	if err != nil {
		return err
	}
	if !c.Yes && !isTerminal(std.in) {
		return newUsageError("--rollback drops tables: confirm with --yes")
	}
	if !c.Yes {
		would, err := tables.Rollback(ctx, m.Env(), c.Name, true)
		if err != nil {
			return withTablesAdvice(ctx, err)
		}
		printTablesRollback(std.err, would)
		if err := confirm(std, fmt.Sprintf("Drop them in %s?", hostAndDatabase(m.To))); err != nil {
			return err
		}
	}
	result, err := tables.Rollback(ctx, m.Env(), c.Name, false)
	p.finish()
	if err != nil {
		return withTablesAdvice(ctx, err)
	}
	if c.JSON {
		err = printJSON(std, result)
	} else {
		printTablesRollback(std.out, result)
	}
	if err == nil && len(result.Kept) > 0 {
		return needsDecisionError(englishPrinter.Sprintf("%d objects were kept", len(result.Kept)))
	}
	return err
}

func printTablesRollback(out io.Writer, r tables.RollbackResult) {
	dropped, kept := "dropped", "Kept"
	if r.DryRun {
		dropped, kept = "would be dropped", "Would be kept"
	}
	printf(out, "%d objects %s\n", r.Dropped, dropped)
	var lines []string
	for _, o := range r.Kept {
		lines = append(lines, fmt.Sprintf("%s %s: %s", strings.ToLower(o.Kind), o.Name, o.Reason))
	}
	slices.Sort(lines)
	printLines(out, kept, lines)
}
