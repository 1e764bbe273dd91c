package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/follow"
	importrun "github.com/xenon-auth/xenon/shared/importer/run"
)

type migrateRunCmd struct {
	importFlags
	optionFlags
	followFlags
	Concurrency int  `help:"Batches at a time; default: 2. Each uses one connection to the source and one to the target." placeholder:"N"`
	DryRun      bool `help:"Print the plan and write nothing."`
	Quick       bool `help:"In a later pass, skip batches in which no row has a newer time. Run the last pass without it."`
}

func (migrateRunCmd) Help() string {
	return `Copies users in batches. Each batch is one transaction. You can interrupt the command and run it again to
continue. After the run is complete, the same command copies what has changed in the source since the last pass.
The exit status is 3 if rows are in the quarantine or batches are parked.

With --follow it goes on copying changes every few seconds, until Ctrl-C or --until-idle, and the exit status is then 0.
At the cut-over, close the fence, stop it, and run it once more with --freeze-check: docs/migrate.md, "Cut-over".
A run from a file (--from data.sql) continues only with the same file, and cannot be followed.

  xenon migrate run --mfa hold
  xenon migrate run --follow
  xenon migrate run --freeze-check
  xenon migrate run --from data.sql --mfa hold
  xenon migrate run --dry-run --provider custom:acme=acme --profile-value age_range:35_44=35_plus`
}

// Run copies the users. With --dry-run it prints the plan.
func (c migrateRunCmd) Run(ctx context.Context, getenv environment, std streams) error {
	if c.Concurrency < 0 || c.BatchSize < 0 {
		return newUsageError("--concurrency and --batch-size must be 1 or more")
	}
	if err := c.check(c.importFlags); err != nil {
		return err
	}
	if c.isGiven() && (c.Quick || c.DryRun) {
		return newUsageError("--follow and --freeze-check cannot be used with --quick or --dry-run")
	}
	if c.Quick && c.Sessions {
		return newUsageError("--quick cannot be used with --sessions: no time of the source says that a session has ended")
	}
	if c.DryRun {
		return c.plan(ctx, c.importFlags, getenv, std)
	}
	o, err := c.options(c.Name)
	if err != nil {
		return err
	}
	m, p, err := c.open(ctx, getenv, std)
	if err != nil {
		return err
	}
	stop, err := c.load(ctx, m, p, c.Profiles)
	if err != nil {
		return err
	}
	defer stop()
	if c.isGiven() {
		options := follow.Options{Mapping: o, Workers: c.Concurrency}
		return following{c.followFlags, c.importFlags, "run", options, p, std}.run(ctx, m)
	}
	p.printOnTerminal("Copying from %s to %s; planning first …", sourceText(m), hostAndDatabase(m.To))
	status, err := m.Run(ctx, o, c.Quick, c.Concurrency)
	p.finish()
	if err != nil {
		return withImportAdvice(ctx, err)
	}
	if c.JSON {
		err = printJSON(std, status)
	} else {
		printStatus(std.out, status, c.Name)
	}
	if err != nil {
		return err
	}
	return needsAttention(status)
}

func printStatus(out io.Writer, s importer.Status, name string) {
	printf(out, "Run %q is %s: pass %d, %d of %d batches done.\n", s.Run, s.State, s.Pass, s.Done, s.Batches)
	printCounts(out, "Results, in rows", s.Counts)
	printReasons(out, "In the quarantine", s.Reasons, s.Service)
	printSessionCounts(out, s.Sessions)
	if len(s.Parked) > 0 {
		fmt.Fprintln(out, "\nParked batches")
		for _, b := range s.Parked {
			fmt.Fprintf(out, "%12d  %s\n", b.Batch, b.Why)
		}
		fmt.Fprintf(out, "\nCorrect the cause. Then run the same command again.\n")
		return
	}
	fmt.Fprintf(out, "\nNext:\n  %s\n", optionFlags{}.commandLine("verify", name))
}

// needsAttention returns an error if an operator has to check something after the run.
func needsAttention(s importer.Status) error {
	switch n := s.Reasons.Total(); {
	case len(s.Parked) > 0:
		return needsDecisionError(englishPrinter.Sprintf("%d of %d batches are not done", s.Batches-s.Done, s.Batches))
	case n > 0:
		return needsDecisionError(englishPrinter.Sprintf("done; check the %d entries in the quarantine", n))
	}
	return nil
}

type migrateVerifyCmd struct {
	importFlags
	Concurrency int `help:"Batches at a time; default: 2." placeholder:"N"`
}

func (migrateVerifyCmd) Help() string {
	return `Both databases compute checksums of the copied rows. If checksums differ, the command lists the ids of the rows
that differ, and the exit status is 3.

  xenon migrate verify --concurrency 4
  xenon migrate verify --from data.sql`
}

// Run compares the copied rows with the source.
func (c migrateVerifyCmd) Run(ctx context.Context, getenv environment, std streams) error {
	m, p, err := c.open(ctx, getenv, std)
	if err != nil {
		return err
	}
	stop, err := c.load(ctx, m, p, "")
	if err != nil {
		return err
	}
	defer stop()
	v, err := m.Verify(ctx, c.Name, c.Concurrency)
	p.finish()
	if err != nil {
		return withImportAdvice(ctx, err)
	}
	if c.JSON {
		err = printJSON(std, v)
	} else {
		err = c.printResult(ctx, std.out, m, v)
	}
	if err != nil || v.Equal {
		return err
	}
	return needsDecisionError("source and target are not equal: " + v.WhyNotEqual())
}

// printResult prints the result of the verification and the next command.
func (c migrateVerifyCmd) printResult(
	ctx context.Context,
	out io.Writer,
	m *importer.Import,
	v importer.VerifyResult,
) error {
	printVerification(out, v)
	if v.Equal {
		fmt.Fprintf(
			out,
			"\nAll copied rows are equal to the source. This covers users, accounts and the profile table. "+
				"xenon migrate tables --verify\ncovers the other tables. Next:\n  %s --html report.html\n",
			optionFlags{}.commandLine("report", c.Name),
		)
		return nil
	}
	st, err := m.Status(ctx, c.Name)
	if err != nil {
		return withImportAdvice(ctx, err)
	}
	fmt.Fprintln(out, "\n"+nextStep(v, st))
	return nil
}

// nextStep returns what the operator can do if source and target differ.
func nextStep(v importer.VerifyResult, st importer.Status) string {
	allNamed := v.Different > 0 && v.Different == int64(len(v.Differences))
	hasOtherCause := func(d importrun.Difference) bool { return d.Why != "target changed since" }
	switch {
	case st.State == "finalized":
		return "This run is finalized and copies nothing. To copy later changes, start another run with --run NAME."
	case st.Done == st.Batches && allNamed && !slices.ContainsFunc(v.Differences, hasOtherCause):
		return "These rows changed in the target after the import. For example, the first sign-in replaces most password " +
			"hashes.\n" +
			"Another run does not change these rows. Compare source and target. After the cut-over, the target is correct. " +
			"Next:\n  " +
			optionFlags{}.commandLine("report", st.Run) + " --html report.html"
	}
	return "Another pass copies what has changed in the source since the last one. Next:\n  " +
		optionFlags{}.commandLine("run", st.Run)
}

func printVerification(out io.Writer, v importer.VerifyResult) {
	printf(
		out,
		"Checksums of %d batches, computed by both databases\n  %-14s%14s%14s  %-24s  %s\n",
		v.Batches,
		"",
		"expected",
		"found",
		"expected sum",
		"found sum",
	)
	for _, table := range sortedKeys(v.Checksums) {
		c := v.Checksums[table]
		equal := "equal"
		if c.SourceRows != c.TargetRows || c.SourceSum != c.TargetSum {
			equal = "DIFFERENT"
		}
		printf(out, "  %-14s%14d%14d  %-24s  %-24s  %s\n", table, c.SourceRows, c.TargetRows, c.SourceSum, c.TargetSum, equal)
	}
	fmt.Fprintln(out, "\nRow counts")
	for _, e := range v.Equations {
		result := "equal"
		if !e.Holds {
			result = "NOT EQUAL"
		}
		printf(out, "  %-9s  %s: %d and %d\n", result, e.Text, e.Left, e.Right)
	}
	printRemaining(out, v)
	if v.Different > 0 {
		printDifferences(out, v)
	}
}

// printRemaining lists the rows that were deleted in the source and that the target keeps.
func printRemaining(out io.Writer, v importer.VerifyResult) {
	if v.Remain == 0 {
		return
	}
	printf(out, "\nDeleted in the source, kept in the target because rows of other tables refer to them or because the "+
		"target\nrejects the deletion: %d\n", v.Remain)
	for i, r := range v.Remaining {
		if i == 20 {
			printf(out, "  … and %d more; --json or the report lists them\n", v.Remain-int64(i))
			break
		}
		fmt.Fprintf(out, "  %-9s %s  %s\n", r.Source, r.ID, r.Why)
	}
}

func printDifferences(out io.Writer, v importer.VerifyResult) {
	printf(out, "\n%d rows differ\n", v.Different)
	for i, d := range v.Differences {
		if i == 20 {
			printf(out, "  … and %d more; --json or the report lists them\n", v.Different-int64(i))
			break
		}
		why := d.Why
		if why == "" {
			why = "cause unknown"
		}
		fmt.Fprintf(out, "  %-13s %s  %s %v: %s\n", d.Table, d.ID, d.Kind, d.Columns, why)
	}
}
