package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/xenon-auth/xenon/shared/importer"
)

// progress prints the progress of an import: a progress bar on a terminal, otherwise one line for each batch.
type progress struct {
	out      io.Writer
	terminal bool
	now      func() time.Time

	isLineOpen bool // printBytes has printed a line without its end

	bar    *progressbar.ProgressBar
	action string
	began  time.Time // start of the first batch of this action
	before int       // how many batches were done before that batch
	sums   struct{ rows, copied, quarantined, different int64 }
}

func newProgress(out io.Writer, now func() time.Time) *progress {
	return &progress{out: out, terminal: isTerminal(out), now: now}
}

// printOnTerminal prints a line if the output is a terminal.
func (p *progress) printOnTerminal(format string, args ...any) {
	if p.terminal {
		fmt.Fprintf(p.out, format+"\n", args...)
	}
}

func (p *progress) handleEvent(e importer.Event) {
	if e.Waiting != "" {
		p.printWait(e.Waiting)
		return
	}
	if e.Action != p.action {
		p.finish()
		p.action, p.began, p.before = e.Action, p.now().Add(-e.Took), e.Done-1
	}
	p.sums.rows += e.Rows
	p.sums.copied += e.Copied
	p.sums.quarantined += e.Quarantined
	p.sums.different += e.Different
	if !p.terminal {
		fmt.Fprintln(p.out, batchLine(e))
		return
	}
	if p.bar == nil {
		p.bar = p.newBar(e)
	}
	if e.Parked != "" {
		_ = p.bar.Clear() // ignore errors of the terminal
		fmt.Fprintln(p.out, batchLine(e))
	}
	p.bar.Describe(p.barText(e))
	_ = p.bar.Set(e.Done)
}

// printWait prints why the import waits for a database. It prints the line above the progress bar, if there is one.
func (p *progress) printWait(why string) {
	if p.bar != nil {
		_ = p.bar.Clear() // ignore errors of the terminal
	}
	fmt.Fprintln(p.out, "waiting for a database:", why)
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
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: "░"}), // in the usual fonts of terminals
	)
}

// finish finishes the progress bar and starts a new line.
func (p *progress) finish() {
	if p.bar != nil {
		fmt.Fprintln(p.out)
	}
	*p = progress{out: p.out, terminal: p.terminal, now: p.now}
}

// barText returns the text to the right of the progress bar.
func (p *progress) barText(e importer.Event) string {
	took := p.now().Sub(p.began)
	unit := "batches"
	if e.Table != "" {
		unit = "of " + e.Table
	}
	text := englishPrinter.Sprintf("%s %d/%d %s", actionName(e), e.Done, e.Batches, unit)
	if e.Action == "rollback" {
		text += englishPrinter.Sprintf(", %d rows %s", p.sums.copied, removedText(e))
	} else if seconds := took.Seconds(); seconds > 0 {
		text += englishPrinter.Sprintf(", %d rows/s", int64(float64(p.sums.rows)/seconds))
	}
	switch e.Action {
	case "copy":
		text += englishPrinter.Sprintf(", %d quarantined", p.sums.quarantined)
	case "verify":
		text += englishPrinter.Sprintf(", %d different", p.sums.different)
	}
	if did, todo := e.Done-p.before, e.Batches-e.Done; todo > 0 && did > 0 {
		return text + ", " + (took / time.Duration(did) * time.Duration(todo)).Round(time.Second).String() + " left"
	}
	return text + ", " + took.Round(time.Second).String()
}

// batchLine returns the output line of a batch.
func batchLine(e importer.Event) string {
	if e.Table != "" {
		text := englishPrinter.Sprintf("%s: %s, %d of %d done: ", e.Action, e.Table, e.Done, e.Batches)
		if e.Rows > 0 {
			text += englishPrinter.Sprintf("%d rows, ", e.Rows)
		}
		return text + e.Took.Round(time.Millisecond).String()
	}
	pass := ""
	if e.Pass > 0 { // a rollback has no pass
		pass = englishPrinter.Sprintf("pass %d, ", e.Pass)
	}
	text := englishPrinter.Sprintf("%s: %sbatch %d, %d of %d done: ", actionName(e), pass, e.Batch, e.Done, e.Batches)
	if e.Parked != "" {
		return text + "parked: " + e.Parked
	}
	switch e.Action {
	case "verify":
		text += englishPrinter.Sprintf("%d rows, %d different", e.Rows, e.Different)
	case "rollback":
		text += englishPrinter.Sprintf("%d rows %s", e.Copied, removedText(e))
	default:
		text += englishPrinter.Sprintf("%d rows, %d written", e.Rows, e.Copied)
		for _, more := range []struct {
			n    int64
			what string
		}{{e.Unchanged, "unchanged"}, {e.Identical, "identical"}, {e.Folded, "folded"}} {
			if more.n > 0 {
				text += englishPrinter.Sprintf(", %d %s", more.n, more.what)
			}
		}
		text += englishPrinter.Sprintf(", %d quarantined", e.Quarantined)
	}
	return text + ", " + e.Took.Round(time.Millisecond).String()
}

// actionName returns the name of the action for the output.
func actionName(e importer.Event) string {
	if e.DryRun {
		return e.Action + " (dry run)"
	}
	return e.Action
}

// removedText returns "removed", or "would be removed" for a dry run.
func removedText(e importer.Event) string {
	if e.DryRun {
		return "would be removed"
	}
	return "removed"
}
