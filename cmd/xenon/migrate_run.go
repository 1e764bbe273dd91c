package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/xenon-auth/xenon/shared/importer"
	importrun "github.com/xenon-auth/xenon/shared/importer/run"
)

type migrateRunCmd struct {
	importFlags
	choiceFlags
	Concurrency int  `help:"Batches at a time; default: 2. Each takes a connection to either side." placeholder:"N"`
	DryRun      bool `help:"Print the plan and write nothing."`
	Quick       bool `help:"In a later pass, skip batches in which no row has a newer time. The last pass must be full."`
}

func (migrateRunCmd) Help() string {
	return "Copies in batches; each is there wholly or not at all. Interrupt it as you like: the same command goes on " +
		"where it\n" +
		`stopped. Once a run is complete, the same command copies what changed in the source since.
Ends with 3 when something is left for a person: rows in the quarantine, batches put aside.

  xenon migrate run --mfa hold
  xenon migrate run --dry-run --provider custom:acme=acme --profile-value age_range:35_44=35_plus`
}

// Run copies, or plans.
func (c migrateRunCmd) Run(ctx context.Context, getenv environment, std streams) error {
	if c.Concurrency < 0 || c.BatchSize < 0 {
		return wrongUse("--concurrency and --batch-size are numbers from 1 on")
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
	p.say("Copying from %s to %s; planning first …", database(m.From), database(m.To))
	status, err := m.Run(ctx, o, c.Quick, c.Concurrency)
	p.end()
	if err != nil {
		return explain(ctx, err)
	}
	if c.JSON {
		err = printJSON(std, status)
	} else {
		printStatus(std.out, status, c.Name)
	}
	if err != nil {
		return err
	}
	return left(status)
}

func printStatus(out io.Writer, s importer.Status, name string) {
	sayf(out, "Run %q is %s: pass %d, %d of %d batches done.\n", s.Run, s.State, s.Pass, s.Done, s.Batches)
	printCounts(out, "What became of every row", s.Counts)
	printReasons(out, "In the quarantine", s.Reasons)
	if len(s.Parked) > 0 {
		fmt.Fprintln(out, "\nBatches put aside")
		for _, b := range s.Parked {
			fmt.Fprintf(out, "%12d  %s\n", b.Batch, b.Why)
		}
		fmt.Fprintf(out, "\nCorrect the cause; then the same command tries them again.\n")
		return
	}
	fmt.Fprintf(out, "\nNext:\n  %s\n", choiceFlags{}.again("verify", name))
}

// left is what a run leaves for a person.
func left(s importer.Status) error {
	switch n := s.Reasons.Total(); {
	case len(s.Parked) > 0:
		return needsPerson(english.Sprintf("%d of %d batches are not done", s.Batches-s.Done, s.Batches))
	case n > 0:
		return needsPerson(english.Sprintf("done; the quarantine has %d entries for a person to look at", n))
	}
	return nil
}

type migrateVerifyCmd struct {
	importFlags
	Concurrency int `help:"Batches at a time; default: 2." placeholder:"N"`
}

func (migrateVerifyCmd) Help() string {
	return `Both servers compute checksums of what was copied, field by field; where they differ, the rows are named by id.
Ends with 3 when anything differs.

  xenon migrate verify --concurrency 4`
}

// Run verifies.
func (c migrateVerifyCmd) Run(ctx context.Context, getenv environment, std streams) error {
	m, p, err := c.open(ctx, getenv, std)
	if err != nil {
		return err
	}
	v, err := m.Verify(ctx, c.Name, c.Concurrency)
	p.end()
	if err != nil {
		return explain(ctx, err)
	}
	if c.JSON {
		err = printJSON(std, v)
	} else {
		err = c.report(ctx, std.out, m, v)
	}
	if err != nil || v.Equal {
		return err
	}
	return needsPerson(english.Sprintf("source and target are not equal; %d rows differ", v.Different))
}

// report prints what was found and what helps.
func (c migrateVerifyCmd) report(
	ctx context.Context,
	out io.Writer,
	m *importer.Import,
	v importer.VerifyResult,
) error {
	printVerification(out, v)
	if v.Equal {
		fmt.Fprintf(
			out,
			"\nEverything copied is equal to the source. Next:\n  %s --html report.html\n",
			choiceFlags{}.again("report", c.Name),
		)
		return nil
	}
	st, err := m.Status(ctx, c.Name)
	if err != nil {
		return explain(ctx, err)
	}
	fmt.Fprintln(out, "\n"+remedy(v, st))
	return nil
}

// remedy says what helps where source and target differ.
func remedy(v importer.VerifyResult, st importer.Status) string {
	allNamed := v.Different > 0 && v.Different == int64(len(v.Differences))
	elsewhere := func(d importrun.Difference) bool { return d.Why != "target changed since" }
	switch {
	case st.State == "finalized":
		return "The run is finalized: it copies nothing any more. A run of another name (--run NAME) copies what changed " +
			"in the source since."
	case st.Done == st.Batches && allNamed && !slices.ContainsFunc(v.Differences, elsewhere):
		return "These rows changed in the target after they were copied; a first sign-in, too, writes most password hashes " +
			"anew.\n" +
			"Running again leaves them alone. Compare the two; once the application has switched over, the target is right. " +
			"Next:\n  " +
			choiceFlags{}.again(
				"report",
				st.Run,
			) + " --html report.html"
	}
	return "Running again copies what changed in the source since. Next:\n  " + choiceFlags{}.again("run", st.Run)
}

func printVerification(out io.Writer, v importer.VerifyResult) {
	sayf(
		out,
		"Checksums of %d batches, computed in both servers\n  %-14s%14s%14s  %-24s  %s\n",
		v.Batches,
		"",
		"expected",
		"there",
		"sum expected",
		"sum there",
	)
	for _, table := range sortedKeys(v.Checksums) {
		c := v.Checksums[table]
		result := "equal"
		if c.SourceRows != c.TargetRows || c.SourceSum != c.TargetSum {
			result = "DIFFERENT"
		}
		sayf(out, "  %-14s%14d%14d  %-24s  %-24s  %s\n", table, c.SourceRows, c.TargetRows, c.SourceSum, c.TargetSum, result)
	}
	fmt.Fprintln(out, "\nNothing lost, nothing twice")
	for _, e := range v.Equations {
		sign := "holds "
		if !e.Holds {
			sign = "BROKEN"
		}
		sayf(out, "  %s  %s: %d and %d\n", sign, e.Says, e.Left, e.Right)
	}
	printRemaining(out, v)
	if v.Different > 0 {
		printDifferences(out, v)
	}
}

// printRemaining names the rows that are gone from the source and stay in the target.
func printRemaining(out io.Writer, v importer.VerifyResult) {
	if v.Remain == 0 {
		return
	}
	sayf(out, "\nGone from the source, and still here because rows of other tables refer to them: %d\n", v.Remain)
	for i, r := range v.Remaining {
		if i == 20 {
			sayf(out, "  … and %d more; --json or the report names them\n", v.Remain-int64(i))
			break
		}
		fmt.Fprintf(out, "  %-9s %s  %s\n", r.Source, r.ID, r.Why)
	}
}

func printDifferences(out io.Writer, v importer.VerifyResult) {
	sayf(out, "\n%d rows differ\n", v.Different)
	for i, d := range v.Differences {
		if i == 20 {
			sayf(out, "  … and %d more; --json or the report names them\n", v.Different-int64(i))
			break
		}
		why := d.Why
		if why == "" {
			why = "unexplained"
		}
		fmt.Fprintf(out, "  %-13s %s  %s %v: %s\n", d.Table, d.ID, d.Kind, d.Columns, why)
	}
}
