package importer

import (
	"cmp"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

//go:embed report.html
var reportPage string

var reportTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"count":    plain[int64],
	"whole":    plain[int],
	"when":     when,
	"kind":     func(s Source) string { return kindNames[s] },
	"onDelete": func(e string) string { return OnDeleteTexts[e] },
}).Parse(reportPage))

// HTML writes the report as one page for people. It asks nobody for anything: styles and chart stand in the page, and so
// does the sealed JSON, as a file to save.
func (s Sealed) HTML(w io.Writer) error {
	page := reportData{
		Sealed:     s,
		Conclusion: s.Report.Conclusion(),
		Chart:      chartOf(s.Report.Status.Counts),
		Reasons:    reasonLines(s.Report.Status.Reasons),
		AllReasons: AllReasons,
		File:       template.URL("data:application/json;base64," + base64.StdEncoding.EncodeToString(s.JSON())), //nolint:gosec // G203: our own bytes, encoded
	}
	if err := reportTemplate.Execute(w, page); err != nil {
		return fmt.Errorf("write the report's page: %w", err)
	}
	return nil
}

type reportData struct {
	Sealed
	Conclusion Conclusion
	Chart      chart
	Reasons    []reasonLine
	AllReasons []Reason
	File       template.URL
}

// when is a time as a person in any country reads it.
func when(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2 Jan 2006, 15:04:05 UTC")
}

type reasonLine struct {
	Reason
	Count int64
	Where []reasonPlace
}

type reasonPlace struct {
	Name  string // of a table, or table.field
	Count int64
}

// reasonLines are the reasons with their explanations and where they came up, the most frequent first.
func reasonLines(r Reasons) []reasonLine {
	var lines []reasonLine
	for _, key := range slices.Sorted(maps.Keys(r)) {
		reason := Explain(key)
		i := slices.IndexFunc(lines, func(l reasonLine) bool { return l.Name == reason.Name })
		if i < 0 {
			i, lines = len(lines), append(lines, reasonLine{Reason: reason})
		}
		lines[i].Count += r[key]
		lines[i].Where = append(lines[i].Where, reasonPlace{strings.TrimSuffix(strings.TrimSuffix(key, reason.Name), " "), r[key]})
	}
	slices.SortStableFunc(lines, func(a, b reasonLine) int { return cmp.Compare(b.Count, a.Count) })
	return lines
}

// OnDeleteTexts say what happens to a referring row, for people.
var OnDeleteTexts = map[string]string{
	string(deletes): "the row is deleted, too",
	string(changes): "the reference is set to NULL or its default",
	string(holds):   "Postgres refuses the deletion",
}

var kindNames = map[Source]string{User: "Users", Identity: "Identities", Profile: "Profiles", Factor: "Second factors", Passkey: "Passkeys"}

var (
	kinds    = []Source{User, Identity, Profile, Factor, Passkey}
	outcomes = []Outcome{Copied, Identical, Folded, Kept, Deleted, Quarantined}
)

// What the outcomes mean, for the legend.
var outcomeTexts = map[Outcome]string{
	Copied:      "written by this run",
	Identical:   "was there already, the same",
	Folded:      "e-mail and phone identities, which are part of the user",
	Kept:        "copied, then changed in the target, or gone from the source while rows of other tables refer to it: left alone",
	Deleted:     "copied, then deleted in the source",
	Quarantined: "kept whole, with the reason",
}

// chart is one bar a kind of row, as wide as the picture, divided by outcome.
type chart struct {
	Height   int
	Bars     []chartBar
	Outcomes []chartOutcome
}

type chartBar struct {
	Kind     Source
	Total    int64
	Y        int
	Segments []chartSegment
	Counts   []int64 // by outcome, in the order of chart.Outcomes
}

type chartSegment struct {
	Outcome  Outcome
	X, Width float64
	Count    int64
	Share    string
	Label    bool // there is room for the number
}

type chartOutcome struct {
	Outcome Outcome
	Text    string
}

const (
	chartLeft, chartWidth = 120.0, 590.0
	chartStep             = 44
	chartThin             = 3.0  // what little there is must be seen
	chartRoom             = 64.0 // for a number
)

func chartOf(c Counts) chart {
	var out chart
	for _, o := range outcomes {
		if slices.ContainsFunc(kinds, func(k Source) bool { return c[k][o] > 0 }) {
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
func segments(c map[Outcome]int64, total int64) []chartSegment {
	var out []chartSegment
	widest, extra := 0, 0.0
	for _, o := range outcomes {
		if c[o] <= 0 {
			continue
		}
		exact := chartWidth * float64(c[o]) / float64(total)
		width := max(exact, chartThin)
		extra += width - exact
		out = append(out, chartSegment{Outcome: o, Width: width, Count: c[o], Share: share(c[o], total)})
		if width > out[widest].Width {
			widest = len(out) - 1
		}
	}
	out[widest].Width -= extra
	x := chartLeft
	for i := range out {
		out[i].X, out[i].Label = x, out[i].Width >= chartRoom
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
