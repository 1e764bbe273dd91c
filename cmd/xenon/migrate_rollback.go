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
	Force          bool   `help:"Also remove users that have changed in the target since the import."`
	Cascade        bool   `help:"With --force: also remove users to whom rows of other tables refer, if the foreign keys allow it. The quarantine keeps a copy of these rows."`
	DryRun         bool   `help:"Show how many rows would be removed. Removes nothing."`
	Yes            bool   `help:"Do not ask."`
	ReturnToSource string `help:"First write a file with SQL that copies passwords and emails that changed in the target back to Supabase. The file contains password hashes." placeholder:"FILE"`
}

func (migrateRollbackCmd) Help() string {
	return `Removes the rows that the run copied and that have not changed since, and lists the others. It revokes the
sessions of the removed users. It writes nothing to the source. It keeps users to whom rows of other tables refer,
unless you use --force --cascade. The exit status is 3 if some users were not removed.

  xenon migrate rollback --dry-run
  xenon migrate rollback --force --cascade --dry-run
  xenon migrate rollback --return-to-source back.sql --yes`
}

// Run asks for a confirmation and rolls back.
func (c migrateRollbackCmd) Run(ctx context.Context, getenv environment, std streams) error {
	m, p, err := c.openTarget(ctx, getenv, std)
	if err != nil {
		return err
	}
	if !c.Yes && !c.DryRun && !isTerminal(std.in) {
		return newUsageError("a rollback removes users: check with --dry-run first, then confirm with --yes")
	}
	if c.Cascade && !c.Force {
		return newUsageError("--cascade removes rows of other tables: it requires --force, too")
	}
	incomplete, err := c.writeReturnFile(ctx, m, std)
	if err != nil {
		return err
	}
	if err := c.confirmRemoval(ctx, m, p, std); err != nil {
		return err
	}
	result, err := rollBackUntilComplete(
		ctx,
		m,
		c.Name,
		importer.RollbackOptions{Force: c.Force, Cascade: c.Cascade, DryRun: c.DryRun},
	)
	p.finish()
	if err != nil {
		return withImportAdvice(ctx, err)
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
		return needsDecisionError(englishPrinter.Sprintf("%d users would be kept: %s", result.Left, result.WhyKept()))
	case result.Left > 0:
		return needsDecisionError(englishPrinter.Sprintf("%d users were kept: %s", result.Left, result.WhyKept()))
	}
	return incomplete
}

// confirmRemoval prints how many rows would be removed and asks for a confirmation. With --yes it does not ask, and it
// prints the numbers only with --cascade, because only then can rows of other tables be removed. With --dry-run it does
// nothing.
func (c migrateRollbackCmd) confirmRemoval(ctx context.Context, m *importer.Import, p *progress, std streams) error {
	if c.DryRun || c.Yes && !c.Cascade {
		return nil
	}
	would, err := rollBackUntilComplete(
		ctx,
		m,
		c.Name,
		importer.RollbackOptions{Force: c.Force, Cascade: c.Cascade, DryRun: true},
	)
	p.finish()
	if err != nil {
		return withImportAdvice(ctx, err)
	}
	printRollback(std.err, would, true, c.Cascade)
	if c.Yes {
		return nil
	}
	return confirm(std, fmt.Sprintf("Remove them from %s?", hostAndDatabase(m.To)))
}

// rollBackUntilComplete calls Rollback until the rollback is complete. A dry run needs only one call.
func rollBackUntilComplete(
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

// writeReturnFile writes the SQL that copies changes back to the source. incomplete is not nil if some users have a
// new password hash that Supabase cannot read, so that the SQL does not contain it.
func (c migrateRollbackCmd) writeReturnFile(
	ctx context.Context, m *importer.Import, std streams,
) (incomplete, err error) {
	if c.ReturnToSource == "" {
		return nil, nil
	}
	file, err := os.OpenFile(c.ReturnToSource, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, withAdvice(
			fmt.Errorf("%s exists already", c.ReturnToSource),
			"Choose another name: the command does not overwrite files. Nothing was removed.",
		)
	}
	if err != nil {
		return nil, withAdvice(err, "Nothing was removed.")
	}
	usersInFile, unreadableHashes, err := m.ReturnToSource(ctx, c.Name, file)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = os.Remove(c.ReturnToSource) // the file is incomplete
		return nil, withImportAdvice(ctx, err)
	}
	printf(
		std.err,
		"%s: SQL that copies %d users back. The file contains password hashes: run it on the source, then delete it.\n",
		c.ReturnToSource,
		usersInFile,
	)
	if unreadableHashes > 0 {
		incomplete = needsDecisionError(englishPrinter.Sprintf(
			"%d users have a new password hash that Supabase cannot read; in Supabase they keep the old password",
			unreadableHashes,
		))
		fmt.Fprintln(std.err, incomplete)
	}
	return incomplete, nil
}

func printRollback(out io.Writer, u importer.RollbackResult, dry, cascade bool) {
	removed, changed, revoked, kept, got := "removed", "changed", "revoked", "kept", "got"
	if dry {
		removed, changed, revoked = "would be removed", "would be changed", "would be revoked"
		kept, got = "would be kept", "would get"
	}
	for _, table := range sortedKeys(u.Removed) {
		printf(out, "%12d  %s %s\n", u.Removed[table], table, removed)
	}
	printf(out, "%12d  sessions of these users %s\n", u.Sessions, revoked)
	for _, table := range sortedKeys(u.Cascaded) {
		printf(out, "%12d  rows of %s %s; the quarantine keeps a copy\n", u.Cascaded[table], table, removed)
	}
	for _, table := range sortedKeys(u.Changed) {
		printf(
			out,
			"%12d  rows of %s %s (reference set to NULL or to its default); the quarantine keeps the old rows\n",
			u.Changed[table],
			table,
			changed,
		)
	}
	if u.Restored > 0 {
		printf(out, "%12d  users of the target %s back the email that the run had removed\n", u.Restored, got)
	}
	if u.Left > 0 {
		printKept(out, u, kept, cascade)
	}
}

// printKept lists the users that the rollback keeps, and the rows of other tables that are the reason. kept is "kept"
// or "would be kept".
func printKept(out io.Writer, u importer.RollbackResult, kept string, cascade bool) {
	printf(out, "%12d  users %s: %s\n", u.Left, kept, u.WhyKept())
	for i, id := range u.KeptUsers {
		if i == 20 {
			printf(out, "                … and %d more; --json or the report lists them\n", u.Left-int64(i))
			break
		}
		why := u.KeptReasons[id]
		if why == "" {
			why = "changed in the target"
		}
		fmt.Fprintf(out, "                %s  %s\n", id, why)
	}
	for _, table := range sortedKeys(u.Holding) {
		printf(out, "%12d  rows of %s prevent the removal of users\n", u.Holding[table], table)
	}
	if len(u.Holding) > 0 && !cascade {
		fmt.Fprintln(
			out,
			"              Use --force --cascade to remove these users and rows too, if the foreign keys allow it.",
		)
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

type migrateFinalizeCmd struct {
	importFlags
	Yes bool `help:"Do not ask."`
}

func (migrateFinalizeCmd) Help() string {
	return `Ends a run permanently. Deletes the imported password hashes from the ledger and the quarantine. After that, no
pass and no rollback is possible. Write the report first.

  xenon migrate finalize --yes`
}

// Run asks for a confirmation and finalizes the run.
func (c migrateFinalizeCmd) Run(ctx context.Context, getenv environment, std streams) error {
	m, _, err := c.openTarget(ctx, getenv, std)
	if err != nil {
		return err
	}
	if !c.Yes && !isTerminal(std.in) {
		return newUsageError("a finalized run cannot be rolled back: confirm with --yes")
	}
	if !c.Yes {
		if err := confirm(std, fmt.Sprintf("Finalize the run %q? It cannot be rolled back afterwards.", c.Name)); err != nil {
			return err
		}
	}
	if err := m.Finalize(ctx, c.Name); err != nil {
		return withImportAdvice(ctx, err)
	}
	if c.JSON {
		return printJSON(std, map[string]string{"run": c.Name, "state": "finalized"})
	}
	fmt.Fprintf(std.out, "Run %q is finalized.\n", c.Name)
	return nil
}

var errNotConfirmed = errors.New("nothing was done")

// confirm asks a question. It returns nil only if the answer is "yes".
func confirm(std streams, question string) error {
	fmt.Fprint(std.err, question, " Type yes: ")
	line, err := bufio.NewReader(std.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(line) != "yes" {
		return errNotConfirmed
	}
	return nil
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
