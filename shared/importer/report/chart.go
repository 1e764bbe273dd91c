package report

import (
	"fmt"
	"slices"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

var kindNames = map[mapping.Kind]string{
	mapping.User: "Users", mapping.Identity: "Identities", mapping.Profile: "Profiles", mapping.Factor: "Second factors",
	mapping.Passkey: "Passkeys",
}

var (
	chartKinds    = []mapping.Kind{mapping.User, mapping.Identity, mapping.Profile, mapping.Factor, mapping.Passkey}
	chartOutcomes = []mapping.Outcome{
		mapping.Copied, mapping.Identical, mapping.Folded, mapping.Kept, mapping.Deleted, mapping.Quarantined,
	}
)

// outcomeTexts explains the outcomes in the legend of the chart.
var outcomeTexts = map[mapping.Outcome]string{
	mapping.Copied:    "written by this run",
	mapping.Identical: "another program had already written the same row",
	mapping.Folded:    "email and phone identities, which are part of the user",
	mapping.Kept: "not changed by the import, because the row was changed in the target, or was deleted in the source " +
		"while rows of other tables refer to it, or because the target rejects the change",
	mapping.Deleted:     "deleted in the source after the run had read it",
	mapping.Quarantined: "not copied; the complete row is in the quarantine, with the reason",
}

// chart has one bar of full width for each kind of row. The bar is divided by outcome.
type chart struct {
	Height   int
	Bars     []chartBar
	Outcomes []chartOutcome
}

type chartBar struct {
	Kind     mapping.Kind
	Total    int64
	Y        int
	Segments []chartSegment
	Counts   []int64 // by outcome, in the order of chart.Outcomes
}

type chartSegment struct {
	Outcome  mapping.Outcome
	X, Width float64
	Count    int64
	Share    string
	Label    bool // the segment is wide enough for a label
}

type chartOutcome struct {
	Outcome mapping.Outcome
	Text    string
}

const (
	chartLeft, chartWidth = 120.0, 590.0
	chartBarDistance      = 44
	minSegmentWidth       = 3.0  // so that a segment of few rows is visible
	minLabelWidth         = 64.0 // minimum width of a segment that gets a label
)

func newChart(c mapping.Counts) chart {
	var out chart
	for _, o := range chartOutcomes {
		if slices.ContainsFunc(chartKinds, func(k mapping.Kind) bool { return c[k][o] > 0 }) {
			out.Outcomes = append(out.Outcomes, chartOutcome{o, outcomeTexts[o]})
		}
	}
	for _, k := range chartKinds {
		bar := chartBar{Kind: k, Y: out.Height}
		for _, o := range out.Outcomes {
			bar.Counts = append(bar.Counts, c[k][o.Outcome])
			bar.Total += c[k][o.Outcome]
		}
		if bar.Total == 0 {
			continue
		}
		bar.Segments = divideBar(c[k], bar.Total)
		out.Bars = append(out.Bars, bar)
		out.Height += chartBarDistance
	}
	return out
}

// divideBar divides the width of a bar in proportion to the counts. A segment that would be too thin to see gets
// minSegmentWidth, and the widest segment becomes narrower by the difference.
func divideBar(c map[mapping.Outcome]int64, total int64) []chartSegment {
	var out []chartSegment
	widest, extra := 0, 0.0
	for _, o := range chartOutcomes {
		if c[o] <= 0 {
			continue
		}
		exact := chartWidth * float64(c[o]) / float64(total)
		width := max(exact, minSegmentWidth)
		extra += width - exact
		out = append(out, chartSegment{Outcome: o, Width: width, Count: c[o], Share: percentage(c[o], total)})
		if width > out[widest].Width {
			widest = len(out) - 1
		}
	}
	out[widest].Width -= extra
	x := chartLeft
	for i := range out {
		out[i].X, out[i].Label = x, out[i].Width >= minLabelWidth
		x += out[i].Width
	}
	return out
}

// percentage returns n as a percentage of total. It writes "< 0.1 %" instead of rounding to 0 %, and "> 99.9 %" instead
// of rounding to 100 %.
func percentage(n, total int64) string {
	switch p := 100 * float64(n) / float64(total); {
	case n == total:
		return "100 %"
	case p < 0.1:
		return "< 0.1 %"
	case p > 99.9:
		return "> 99.9 %"
	default:
		return fmt.Sprintf("%.1f %%", p)
	}
}
