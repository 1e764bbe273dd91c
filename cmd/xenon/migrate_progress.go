package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/xenon-auth/xenon/shared/importer"
)

// progress tells how far an import is: a bar that moves on a terminal, a line a batch anywhere else.
type progress struct {
	out      io.Writer
	terminal bool
	now      func() time.Time

	bar    *progressbar.ProgressBar
	action string
	began  time.Time // of the first batch seen
	before int       // batches done by then
	sums   struct{ rows, copied, quarantined, different int64 }
}

func newProgress(out io.Writer, now func() time.Time) *progress {
	return &progress{out: out, terminal: isTerminal(out), now: now}
}

// say is a line for the person who waits; machines do without.
func (p *progress) say(format string, args ...any) {
	if p.terminal {
		fmt.Fprintf(p.out, format+"\n", args...)
	}
}

func (p *progress) event(e importer.Event) {
	if e.Waiting != "" {
		p.wait(e.Waiting)
		return
	}
	if e.Action != p.action {
		p.end()
		p.action, p.began, p.before = e.Action, p.now().Add(-e.Took), e.Done-1
	}
	p.sums.rows += e.Rows
	p.sums.copied += e.Copied
	p.sums.quarantined += e.Quarantined
	p.sums.different += e.Different
	if !p.terminal {
		fmt.Fprintln(p.out, line(e))
		return
	}
	if p.bar == nil {
		p.bar = p.newBar(e)
	}
	if e.Parked != "" {
		_ = p.bar.Clear() // a terminal that cannot be written to is the person's own
		fmt.Fprintln(p.out, line(e))
	}
	p.bar.Describe(p.figures(e))
	_ = p.bar.Set(e.Done)
}

// wait says what the import waits for, above the bar if there is one.
func (p *progress) wait(what string) {
	if p.bar != nil {
		_ = p.bar.Clear() // as above
	}
	fmt.Fprintln(p.out, "waiting for a database:", what)
}

func (p *progress) newBar(e importer.Event) *progressbar.ProgressBar {
	return progressbar.NewOptions(
		e.Batches,
		progressbar.OptionSetWriter(p.out),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionFullWidth(),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: "░"}), // blocks that every font has,
	)
}

// end leaves the bar as it is and goes to the next line.
func (p *progress) end() {
	if p.bar != nil {
		fmt.Fprintln(p.out)
	}
	*p = progress{out: p.out, terminal: p.terminal, now: p.now}
}

// figures are what stands behind the bar.
func (p *progress) figures(e importer.Event) string {
	took := p.now().Sub(p.began)
	text := english.Sprintf("%s %d/%d batches", action(e), e.Done, e.Batches)
	if e.Action == "rollback" {
		text += english.Sprintf(", %d rows %s", p.sums.copied, gone(e))
	} else if seconds := took.Seconds(); seconds > 0 {
		text += english.Sprintf(", %d rows/s", int64(float64(p.sums.rows)/seconds))
	}
	switch e.Action {
	case "copy":
		text += english.Sprintf(", %d quarantined", p.sums.quarantined)
	case "verify":
		text += english.Sprintf(", %d different", p.sums.different)
	}
	if did, todo := e.Done-p.before, e.Batches-e.Done; todo > 0 && did > 0 {
		return text + ", " + (took / time.Duration(did) * time.Duration(todo)).Round(time.Second).String() + " left"
	}
	return text + ", " + took.Round(time.Second).String()
}

// line is a batch in one line.
func line(e importer.Event) string {
	pass := ""
	if e.Pass > 0 { // a rollback has none
		pass = english.Sprintf("pass %d, ", e.Pass)
	}
	text := english.Sprintf("%s: %sbatch %d, %d of %d done: ", action(e), pass, e.Batch, e.Done, e.Batches)
	if e.Parked != "" {
		return text + "put aside: " + e.Parked
	}
	switch e.Action {
	case "verify":
		text += english.Sprintf("%d rows, %d different", e.Rows, e.Different)
	case "rollback":
		text += english.Sprintf("%d rows %s", e.Copied, gone(e))
	default:
		text += english.Sprintf("%d rows, %d written", e.Rows, e.Copied)
		for _, more := range []struct {
			n    int64
			what string
		}{{e.Unchanged, "unchanged"}, {e.Identical, "identical"}, {e.Folded, "folded"}} {
			if more.n > 0 {
				text += english.Sprintf(", %d %s", more.n, more.what)
			}
		}
		text += english.Sprintf(", %d quarantined", e.Quarantined)
	}
	return text + ", " + e.Took.Round(time.Millisecond).String()
}

// action is what is going on, for people.
func action(e importer.Event) string {
	if e.DryRun {
		return e.Action + " (dry run)"
	}
	return e.Action
}

// gone is what happened to the rows of a rollback.
func gone(e importer.Event) string {
	if e.DryRun {
		return "would go"
	}
	return "removed"
}
