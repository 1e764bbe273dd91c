package main

import (
	"fmt"
	"io"
	"maps"
	"slices"

	importreport "github.com/xenon-auth/xenon/shared/importer/report"
	importrun "github.com/xenon-auth/xenon/shared/importer/run"
)

// printSessionPlan prints how many people can stay signed in, and recommends to import their sessions.
func printSessionPlan(out io.Writer, s *importrun.SessionPlan) {
	if s == nil || s.Total == 0 {
		return
	}
	fmt.Fprintln(out, "\nSessions")
	printf(out, "%12d  in auth.sessions\n", s.Total)
	if s.Chosen {
		printf(out, "%12d  are imported: these browsers and apps stay signed in\n", s.Bridged)
	} else {
		printf(out, "%12d  are valid, and end: these people have to sign in again\n", s.Bridged)
	}
	printSkippedSessions(out, s.Skipped)
	if !s.Chosen && s.Bridged > 0 {
		const advice = "Recommended: --sessions imports them, so that these people stay signed in " +
			"(docs/migrate.md, Sessions)."
		fmt.Fprintln(out, "              "+wrapText(advice, 96, "\n              "))
	}
}

// printSessionCounts prints the outcomes of the sessions of a run.
func printSessionCounts(out io.Writer, c *importrun.SessionCounts) {
	if c == nil {
		return
	}
	fmt.Fprintln(out, "\nSessions")
	printf(out, "%12d  in auth.sessions when the pass read them\n", c.Read)
	printf(out, "%12d  imported\n", c.Bridged)
	for _, line := range []struct {
		n    int64
		text string
	}{
		{c.Kept, "used or revoked in the target before, and left as they are"},
		{c.Gone, "more used or revoked in the target, which the source no longer has"},
		{c.Changed, "changed in the source after the pass, as the last verification found"},
	} {
		if line.n > 0 {
			printf(out, "%12d  %s\n", line.n, line.text)
		}
	}
	printSkippedSessions(out, c.Skipped)
	equal := "equal"
	if c.Read != c.Outcomes() {
		equal = "NOT EQUAL"
	}
	printf(out, "  sessions = bridged + kept + skipped: %d and %d, %s\n", c.Read, c.Outcomes(), equal)
}

func printSkippedSessions(out io.Writer, skipped map[string]int64) {
	for _, reason := range slices.Sorted(maps.Keys(skipped)) {
		printf(out, "%12d  %s\n", skipped[reason], reason)
		fmt.Fprintln(out, "              "+wrapText(importreport.ExplainSession(reason), 96, "\n              "))
	}
}
