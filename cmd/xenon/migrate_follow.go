package main

import (
	"context"
	"errors"
	"time"

	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/follow"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// followFlags are the flags of migrate run and migrate tables that copy changes until the cut-over.
type followFlags struct {
	Follow      bool          `help:"After the first copy, copy what changes at the source every few seconds, until Ctrl-C."`
	Interval    time.Duration `help:"With --follow: the shortest time between two polls; default: 5s." placeholder:"TIME"`
	UntilIdle   bool          `help:"With --follow: end after a poll that finds nothing but sign-ins."`
	FreezeCheck bool          `help:"After the fence is closed: copy the last changes, verify what has changed, and end with 0 if only sign-ins still change the source."`
}

// check returns an error if the flags contradict each other.
func (f followFlags) check(source importFlags) error {
	switch {
	case f.Follow && f.FreezeCheck:
		return newUsageError("--follow and --freeze-check cannot be used together: stop --follow first")
	case !f.Follow && (f.UntilIdle || f.Interval != 0):
		return newUsageError("--until-idle and --interval need --follow")
	case f.Interval < 0:
		return newUsageError("--interval must be a positive time, such as 5s")
	case f.isGiven() && (source.isFile() || source.FromFormat != ""):
		return newUsageError("--follow and --freeze-check need the database of the project in --from: a file does not change")
	}
	return nil
}

func (f followFlags) isGiven() bool { return f.Follow || f.FreezeCheck }

// following is a command with followFlags.
type following struct {
	followFlags
	importFlags
	command string // "run" or "tables"
	options follow.Options
	p       *progress
	std     streams
}

// run follows the source, or checks the freeze.
func (f following) run(ctx context.Context, m *importer.Import) error {
	f.options.Interval, f.options.UntilIdle = f.Interval, f.UntilIdle
	f.options.Report = func(poll follow.Poll) {
		f.p.finish()
		if f.JSON && f.Follow {
			_ = printJSON(f.std, poll) // an error of the output must not end the polls
		} else {
			printf(f.std.err, "%s\n", pollLine(poll))
		}
	}
	if f.FreezeCheck {
		return f.checkFreeze(ctx, m)
	}
	return f.follow(ctx, m)
}

// follow copies changes until it is stopped.
func (f following) follow(ctx context.Context, m *importer.Import) error {
	status, err := follow.Run(ctx, m.Env(), f.options)
	f.p.finish()
	switch {
	case errors.Is(err, follow.ErrIncomplete):
		printStatus(f.std.out, status, f.Name)
		return needsAttention(status)
	case err != nil:
		return withTablesAdvice(ctx, err)
	}
	if !f.JSON {
		printf(f.std.out, "Stopped. Everything that was committed before the last poll is copied. Next:\n  %s\n",
			optionFlags{}.commandLine(f.command, f.Name)+" --freeze-check")
	}
	return nil
}

// checkFreeze prints whether the source is frozen.
func (f following) checkFreeze(ctx context.Context, m *importer.Import) error {
	result, err := follow.CheckFreeze(ctx, m.Env(), f.options)
	f.p.finish()
	if err != nil {
		return withTablesAdvice(ctx, err)
	}
	if f.JSON {
		if err := printJSON(f.std, result); err != nil {
			return err
		}
	}
	switch {
	case !result.IsFrozen:
		return needsDecisionError("not frozen: " + result.WhyNot())
	case !f.JSON:
		printf(f.std.out, "Frozen: only sign-ins change the source, and the target has everything%s. This took %.1f s. Next:\n"+
			"  %s --html report.html\n", verifiedTablesText(result.Tables), result.Seconds,
			optionFlags{}.commandLine("report", f.Name))
	}
	return nil
}

// verifiedTablesText counts the tables that were verified, and their rows that the target does not have as they are.
func verifiedTablesText(all []tables.TableSums) string {
	if len(all) == 0 {
		return ""
	}
	var rows, rejected int64
	for _, t := range all {
		rows, rejected = rows+t.SourceRows, rejected+t.Quarantined+t.Outdated
	}
	text := englishPrinter.Sprintf("; %d rows of %d tables were compared", rows, len(all))
	if rejected > 0 {
		text += englishPrinter.Sprintf(", of which the target rejects %d (supabase_import.moved_row)", rejected)
	}
	return text
}

// pollLine returns the output line of a poll.
func pollLine(p follow.Poll) string {
	text := englishPrinter.Sprintf("follow: poll %d", p.Number)
	if p.Error != "" {
		return text + ": " + p.Error + englishPrinter.Sprintf("; lag %.1f s", p.LagSeconds)
	}
	if p.WholePass {
		text += ", a pass over all users"
	} else {
		text += englishPrinter.Sprintf(": %d rows of %d users read, %d users changed, %d rows written",
			p.Rows, p.Users, p.Changed, p.Written)
		if p.Sessions > 0 {
			text += englishPrinter.Sprintf(", %d sessions copied", p.Sessions)
		}
	}
	if t := p.Tables; t != nil {
		text += englishPrinter.Sprintf("; tables: %d rows read, %d written and %d deleted in %d tables",
			t.Rows, t.Written, t.Deleted, t.Tables)
		if t.Rejected > 0 {
			text += englishPrinter.Sprintf(", %d rejected", t.Rejected)
		}
	}
	text += englishPrinter.Sprintf("; %.2f s, lag %.1f s", p.Seconds, p.LagSeconds)
	for _, why := range p.Failed {
		text += "; not copied: " + why
	}
	if p.WholePass {
		return text
	}
	text += englishPrinter.Sprintf("; a freeze would take about %.1f s now", p.FreezeSeconds)
	if p.Unverified.Batches > 0 && p.Unverified.Seconds == 0 {
		text += englishPrinter.Sprintf(", and the verification of %d batches", p.Unverified.Batches)
	}
	if p.Tables != nil && p.Tables.Unmeasured > 0 {
		text += englishPrinter.Sprintf(", and that of %d tables", p.Tables.Unmeasured)
	}
	return text
}
