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
	kinds    = []mapping.Kind{mapping.User, mapping.Identity, mapping.Profile, mapping.Factor, mapping.Passkey}
	outcomes = []mapping.Outcome{
		mapping.Copied, mapping.Identical, mapping.Folded, mapping.Kept, mapping.Deleted, mapping.Quarantined,
	}
)

// What the outcomes mean, for the legend.
var outcomeTexts = map[mapping.Outcome]string{
	mapping.Copied:    "written by this run",
	mapping.Identical: "was there already, the same",
	mapping.Folded:    "email and phone identities, which are part of the user",
	mapping.Kept: "copied, then changed in the target, or gone from the source while rows of other tables refer to it: " +
		"left alone",
	mapping.Deleted:     "copied, then deleted in the source",
	mapping.Quarantined: "kept whole, with the reason",
}

// chart is one bar a kind of row, as wide as the picture, divided by outcome.
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
	Label    bool // there is room for the number
}

type chartOutcome struct {
	Outcome mapping.Outcome
	Text    string
}

const (
	chartLeft, chartWidth = 120.0, 590.0
	chartStep             = 44
	minWidth              = 3.0  // so that few rows can be seen
	minLabelWidth         = 64.0 // room for a number
)

func chartOf(c mapping.Counts) chart {
	var out chart
	for _, o := range outcomes {
		if slices.ContainsFunc(kinds, func(k mapping.Kind) bool { return c[k][o] > 0 }) {
			out.Outcomes = append(out.Outcomes, chartOutcome{o, outcomeTexts[o]})
		}
	}
	for _, k := range kinds {
		bar := chartBar{Kind: k, Y: out.Height}
		for _, o := range out.Outcomes {
			bar.Counts = append(bar.Counts, c[k][o.Outcome])
			bar.Total += c[k][o.Outcome]
		}
		if bar.Total == 0 {
			continue
		}
		bar.Segments = segments(c[k], bar.Total)
		out.Bars = append(out.Bars, bar)
		out.Height += chartStep
	}
	return out
}

// segments divide the width by count, but for those that would be too thin to see; the widest makes room for them.
func segments(c map[mapping.Outcome]int64, total int64) []chartSegment {
	var out []chartSegment
	widest, extra := 0, 0.0
	for _, o := range outcomes {
		if c[o] <= 0 {
			continue
		}
		exact := chartWidth * float64(c[o]) / float64(total)
		width := max(exact, minWidth)
		extra += width - exact
		out = append(out, chartSegment{Outcome: o, Width: width, Count: c[o], Share: share(c[o], total)})
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

// share never rounds something to nothing, nor nearly all to all.
func share(n, total int64) string {
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
