package main

import (
	"context"
	"errors"
	"time"

	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/follow"
)

// followFlags are the flags of migrate run that copy changes until the cut-over.
type followFlags struct {
	Follow      bool          `help:"After the first pass, copy what changes at the source every few seconds, until Ctrl-C."`
	Interval    time.Duration `help:"With --follow: the shortest time between two polls; default: 5s." placeholder:"TIME"`
	UntilIdle   bool          `help:"With --follow: end after a poll that finds nothing but sign-ins."`
	FreezeCheck bool          `help:"After the fence is closed: copy the last changes, verify what has changed, and end with 0 if only sign-ins still change the source."`
}

// checkFollow returns an error if the flags contradict each other.
func (c migrateRunCmd) checkFollow() error {
	isFollowing := c.Follow || c.FreezeCheck
	switch {
	case c.Follow && c.FreezeCheck:
		return newUsageError("--follow and --freeze-check cannot be used together: stop --follow first")
	case !c.Follow && (c.UntilIdle || c.Interval != 0):
		return newUsageError("--until-idle and --interval need --follow")
	case c.Interval < 0:
		return newUsageError("--interval must be a positive time, such as 5s")
	case isFollowing && (c.isFile() || c.FromFormat != ""):
		return newUsageError("--follow and --freeze-check need the database of the project in --from: a file does not change")
	case isFollowing && (c.Quick || c.DryRun):
		return newUsageError("--follow and --freeze-check cannot be used with --quick or --dry-run")
	}
	return nil
}

func (c migrateRunCmd) followOptions(o importer.Options, p *progress, std streams) follow.Options {
	return follow.Options{
		Mapping: o, Workers: c.Concurrency, Interval: c.Interval, UntilIdle: c.UntilIdle,
		Report: func(poll follow.Poll) {
			p.finish()
			if c.JSON && c.Follow {
				_ = printJSON(std, poll) // an error of the output must not end the polls
			} else {
				printf(std.err, "%s\n", pollLine(poll))
			}
		},
	}
}

// follow copies changes until it is stopped.
func (c migrateRunCmd) follow(
	ctx context.Context, m *importer.Import, o importer.Options, p *progress, std streams,
) error {
	status, err := follow.Run(ctx, m.Env(), c.followOptions(o, p, std))
	p.finish()
	switch {
	case errors.Is(err, follow.ErrIncomplete):
		printStatus(std.out, status, c.Name)
		return needsAttention(status)
	case err != nil:
		return withImportAdvice(ctx, err)
	}
	if !c.JSON {
		printf(std.out, "Stopped. Everything that was committed before the last poll is copied. Next:\n  %s\n",
			optionFlags{}.commandLine("run", c.Name)+" --freeze-check")
	}
	return nil
}

// checkFreeze prints whether the source is frozen.
func (c migrateRunCmd) checkFreeze(
	ctx context.Context, m *importer.Import, o importer.Options, p *progress, std streams,
) error {
	f, err := follow.CheckFreeze(ctx, m.Env(), c.followOptions(o, p, std))
	p.finish()
	if err != nil {
		return withImportAdvice(ctx, err)
	}
	if c.JSON {
		if err := printJSON(std, f); err != nil {
			return err
		}
	}
	switch {
	case !f.IsFrozen:
		return needsDecisionError("not frozen: " + f.WhyNot())
	case !c.JSON:
		printf(std.out, "Frozen: only sign-ins change the source, and the target has everything. This took %.1f s. Next:\n"+
			"  %s --html report.html\n", f.Seconds, optionFlags{}.commandLine("report", c.Name))
	}
	return nil
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
	return text
}
