package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/xenon-auth/xenon/shared/importer"
)

type migrateRollbackCmd struct {
	importFlags
	Force          bool   `help:"Take users too that changed in the target since."`
	Cascade        bool   `help:"With --force: take users too to whom rows of other tables refer, as far as the foreign keys allow it. The quarantine keeps these rows."`
	DryRun         bool   `help:"Count what would go, and remove nothing."`
	Yes            bool   `help:"Do not ask."`
	ReturnToSource string `help:"First write SQL here that carries passwords and emails changed in the target back to Supabase. It holds password hashes." placeholder:"FILE"`
}

func (migrateRollbackCmd) Help() string {
	return "Removes what the run copied and nothing has changed since, children first, and lists the rest. The source " +
		"is not\n" +
		`written to. The sessions of these users end. Users to whom rows of other tables refer stay, unless --force --cascade
takes them. Ends with 3 when users were left.

  xenon migrate rollback --dry-run
  xenon migrate rollback --force --cascade --dry-run
  xenon migrate rollback --return-to-source back.sql --yes`
}

// Run rolls back, once it was agreed to.
func (c migrateRollbackCmd) Run(ctx context.Context, getenv environment, std streams) error {
	m, p, err := c.openTarget(ctx, getenv, std)
	if err != nil {
		return err
	}
	if !c.Yes && !c.DryRun && !isTerminal(std.in) {
		return wrongUse("a rollback removes users: look with --dry-run, then say --yes")
	}
	if c.Cascade && !c.Force {
		return wrongUse("--cascade removes rows of other tables: it needs --force, too")
	}
	back, err := c.writeBack(ctx, m, std)
	if err != nil {
		return err
	}
	if err := c.announce(ctx, m, p, std); err != nil {
		return err
	}
	result, err := rollback(ctx, m, c.Name, importer.RollbackOptions{Force: c.Force, Cascade: c.Cascade, DryRun: c.DryRun})
	p.end()
	if err != nil {
		return explain(ctx, err)
	}
	if c.JSON {
		err = printJSON(std, result)
	} else {
		printRollback(std.out, result, c.DryRun, c.Cascade)
	}
	switch {
	case err != nil:
		return err
	case result.Left > 0 && c.DryRun:
		return needsPerson(english.Sprintf("%d users would stay: %s", result.Left, result.WhyLeft()))
	case result.Left > 0:
		return needsPerson(english.Sprintf("%d users stay: %s", result.Left, result.WhyLeft()))
	}
	return back
}

// announce counts what would go, and asks. With --yes it only counts where rows of other tables may go.
func (c migrateRollbackCmd) announce(ctx context.Context, m *importer.Import, p *progress, std streams) error {
	if c.DryRun || c.Yes && !c.Cascade {
		return nil
	}
	would, err := rollback(ctx, m, c.Name, importer.RollbackOptions{Force: c.Force, Cascade: c.Cascade, DryRun: true})
	p.end()
	if err != nil {
		return explain(ctx, err)
	}
	printRollback(std.err, would, true, c.Cascade)
	if c.Yes {
		return nil
	}
	return confirm(std, fmt.Sprintf("Remove them from %s?", database(m.To)))
}

// rollback calls until it is done.
func rollback(
	ctx context.Context,
	m *importer.Import,
	name string,
	o importer.RollbackOptions,
) (importer.RollbackResult, error) {
	for {
		u, err := m.Rollback(ctx, name, o)
		if err != nil || u.Done || o.DryRun {
			return u, err
		}
	}
}

// writeBack writes the SQL that carries changes back. left is not nil when it cannot cover every user.
func (c migrateRollbackCmd) writeBack(ctx context.Context, m *importer.Import, std streams) (left, err error) {
	if c.ReturnToSource == "" {
		return nil, nil
	}
	file, err := os.OpenFile(c.ReturnToSource, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, advise(
			fmt.Errorf("%s is there already", c.ReturnToSource),
			"Choose another name: password hashes are not written over a file. Nothing was removed.",
		)
	}
	if err != nil {
		return nil, advise(err, "Nothing was removed.")
	}
	covered, not, err := m.ReturnToSource(ctx, c.Name, file)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = os.Remove(c.ReturnToSource) // half of it is worse than nothing
		return nil, explain(ctx, err)
	}
	sayf(
		std.err,
		"%s: the SQL that returns %d users. It has password hashes: run it on the source, then delete it.\n",
		c.ReturnToSource,
		covered,
	)
	if not > 0 {
		left = needsPerson(
			english.Sprintf("%d users have a password now that Supabase cannot read; they keep their old one there", not),
		)
		fmt.Fprintln(std.err, left)
	}
	return left, nil
}

func printRollback(out io.Writer, u importer.RollbackResult, dry, cascade bool) {
	removed, changed, ended, stay, back := "removed", "lost the reference", "ended", "stay", "have"
	if dry {
		removed, changed, ended, stay, back = "would go", "would lose the reference", "would end", "would stay", "would have"
	}
	for _, table := range sortedKeys(u.Removed) {
		sayf(out, "%12d  %s %s\n", u.Removed[table], table, removed)
	}
	sayf(out, "%12d  sessions of these users %s\n", u.Sessions, ended)
	for _, table := range sortedKeys(u.Cascaded) {
		sayf(out, "%12d  rows of %s %s, kept in the quarantine\n", u.Cascaded[table], table, removed)
	}
	for _, table := range sortedKeys(u.Changed) {
		sayf(out, "%12d  rows of %s %s, kept in the quarantine as they were\n", u.Changed[table], table, changed)
	}
	if u.Restored > 0 {
		sayf(out, "%12d  users of the target %s the email back that the run had taken from them\n", u.Restored, back)
	}
	if u.Left == 0 {
		return
	}
	sayf(out, "%12d  users %s: %s\n", u.Left, stay, u.WhyLeft())
	for i, id := range u.Touched {
		if i == 20 {
			sayf(out, "                … and %d more; --json or the report names them\n", u.Left-int64(i))
			break
		}
		why := u.Because[id]
		if why == "" {
			why = "changed here"
		}
		fmt.Fprintf(out, "                %s  %s\n", id, why)
	}
	for _, table := range sortedKeys(u.Holding) {
		sayf(out, "%12d  rows of %s keep users\n", u.Holding[table], table)
	}
	if len(u.Holding) > 0 && !cascade {
		fmt.Fprintln(
			out,
			"              --force --cascade takes these users and such rows, too, as far as the foreign keys allow it.",
		)
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

type migrateFinalizeCmd struct {
	importFlags
	Yes bool `help:"Do not ask."`
}

func (migrateFinalizeCmd) Help() string {
	return "Ends a run for good, when you are sure: imported password hashes leave the ledger and the quarantine, and " +
		"neither a\n" +
		`pass nor a rollback can follow. Write the report first.

  xenon migrate finalize --yes`
}

// Run finalizes, once it was agreed to.
func (c migrateFinalizeCmd) Run(ctx context.Context, getenv environment, std streams) error {
	m, _, err := c.openTarget(ctx, getenv, std)
	if err != nil {
		return err
	}
	if !c.Yes && !isTerminal(std.in) {
		return wrongUse("after finalize the run cannot be rolled back: confirm with --yes")
	}
	if !c.Yes {
		if err := confirm(std, fmt.Sprintf("End the run %q? It cannot be rolled back afterwards.", c.Name)); err != nil {
			return err
		}
	}
	if err := m.Finalize(ctx, c.Name); err != nil {
		return explain(ctx, err)
	}
	if c.JSON {
		return printJSON(std, map[string]string{"run": c.Name, "state": "finalized"})
	}
	fmt.Fprintf(std.out, "Run %q is finalized.\n", c.Name)
	return nil
}

var errNotAgreed = errors.New("nothing was done")

// confirm asks a question that only "yes" answers.
func confirm(std streams, question string) error {
	fmt.Fprint(std.err, question, " Type yes: ")
	line, err := bufio.NewReader(std.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(line) != "yes" {
		return errNotAgreed
	}
	return nil
}

// isTerminal reports whether a stream is a person's terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
