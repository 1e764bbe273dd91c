package report

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

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

//go:embed report.html
var reportPage string

var reportTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"count":    run.WithThousandsCommas[int64],
	"countInt": run.WithThousandsCommas[int],
	"when":     formatTime,
	"kind":     func(k mapping.Kind) string { return kindNames[k] },
	"session":  ExplainSession,
	"onDelete": func(e string) string { return run.OnDeleteTexts[e] },
}).Parse(reportPage))

// HTML writes the report as one page for people. The page loads nothing: it contains the styles, the chart and the
// signed JSON, as a file to save.
func (s SignedReport) HTML(w io.Writer) error {
	file := "data:application/json;base64," + base64.StdEncoding.EncodeToString(s.JSON())
	service := s.Report.Plan.File.ServiceName()
	page := reportData{
		SignedReport: s,
		Conclusion:   s.Report.Conclusion(),
		Chart:        newChart(s.Report.Status.Counts),
		Service:      service,
		Reasons:      reasonLines(s.Report.Status.Reasons, service),
		AllReasons:   ReasonsFrom(service),
		File:         template.URL(file), //nolint:gosec // G203: our own bytes, encoded
	}
	if err := reportTemplate.Execute(w, page); err != nil {
		return fmt.Errorf("write the page of the report: %w", err)
	}
	return nil
}

type reportData struct {
	SignedReport
	Conclusion Conclusion
	Chart      chart
	Service    string // that the users come from
	Reasons    []reasonLine
	AllReasons []Reason
	File       template.URL
}

// Explain returns the explanation of a reason.
func (d reportData) Explain(reason string) Reason { return ExplainReason(reason).From(d.Service) }

// NotCarriedRows returns the numbers of rows that were counted but not copied, without zeros.
func (d reportData) NotCarriedRows() map[string]int64 {
	rows := maps.Clone(d.Report.Plan.NotCarried)
	maps.DeleteFunc(rows, func(_ string, n int64) bool { return n == 0 })
	return rows
}

// formatTime formats a time in UTC for readers in any country.
func formatTime(t time.Time) string {
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
	Name  string // "kind" or "kind.field", such as "user.email"
	Count int64
}

// reasonLines returns the reasons with their explanations and with the kinds of rows or fields that have them, the most
// frequent reason first.
func reasonLines(r mapping.Reasons, service string) []reasonLine {
	var lines []reasonLine
	for _, key := range slices.Sorted(maps.Keys(r)) {
		reason := ExplainReason(key).From(service)
		i := slices.IndexFunc(lines, func(l reasonLine) bool { return l.Name == reason.Name })
		if i < 0 {
			i, lines = len(lines), append(lines, reasonLine{Reason: reason})
		}
		lines[i].Count += r[key]
		place := strings.TrimSuffix(strings.TrimSuffix(key, reason.Name), " ")
		lines[i].Where = append(lines[i].Where, reasonPlace{place, r[key]})
	}
	slices.SortStableFunc(lines, func(a, b reasonLine) int { return cmp.Compare(b.Count, a.Count) })
	return lines
}
