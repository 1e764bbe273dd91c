package load

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// report has the results of a run.
type report struct {
	begun         time.Time
	before, after resourceUsage // measured without load
	first, soak   phaseResult
	samples       []sample
	accounts      int // the number of accounts at the end
}

// markdown returns the tables of the run.
func (r *report) markdown(tb testing.TB, database string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d processors, %s, %s, Postgres %s on the same machine.\n\n",
		r.begun.UTC().Format(time.DateOnly), runtime.NumCPU(),
		valueInFile("/proc/cpuinfo", "model name"), runtime.Version(), postgresVersion(tb, database))
	fmt.Fprintf(&b, "| %d users | first %.0f s | then %.0f s |\n|---|---|---|\n",
		userCount, r.first.duration.Seconds(), r.soak.duration.Seconds())
	for _, row := range []struct {
		name string
		of   func(phaseResult) string
	}{
		{"requests", func(p phaseResult) string { return formatCount(len(p.plain) + len(p.password)) }},
		{"requests/s", func(p phaseResult) string {
			return formatCount(int(float64(len(p.plain)+len(p.password)) / p.duration.Seconds()))
		}},
		{"requests with a password", func(p phaseResult) string { return formatCount(len(p.password)) }},
		{"errors", func(p phaseResult) string { return formatCount(p.faults) }},
		{"p50, p95, p99, max", func(p phaseResult) string { return formatLatencies(p.plain) }},
		{"with a password", func(p phaseResult) string { return formatLatencies(p.password) }},
	} {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", row.name, row.of(r.first), row.of(r.soak))
	}
	b.WriteString("\n| when | goroutines | heap | heap objects | resident | descriptors | connections |\n")
	b.WriteString("|" + strings.Repeat("---|", 7) + "\n")
	b.WriteString(formatTableRow("before the load", r.before))
	for _, share := range []float64{0.1, 0.5, 1} {
		if len(r.samples) > 0 {
			s := r.samples[max(0, int(share*float64(len(r.samples)))-1)]
			b.WriteString(formatTableRow(fmt.Sprintf("after %.0f s", s.after.Seconds()), s.resourceUsage))
		}
	}
	b.WriteString(formatTableRow("after the load", r.after))
	fmt.Fprintf(&b, "\n%s accounts at the end, each with the expected content.\n", formatCount(r.accounts))
	return b.String()
}

func formatTableRow(when string, f resourceUsage) string {
	return fmt.Sprintf("| %s | %d | %.1f MiB | %s | %.0f MiB | %d | %d |\n",
		when, f.Goroutines, toMebibytes(f.Heap), formatCount(int(f.Objects)), toMebibytes(f.Resident), f.Files, f.Connections)
}

func formatLatencies(sorted []time.Duration) string {
	var all []string
	for _, share := range []float64{0.5, 0.95, 0.99, 1} {
		all = append(all, fmt.Sprint(quantile(sorted, share).Milliseconds()))
	}
	return strings.Join(all, ", ") + " ms"
}

// formatCount formats a number with commas.
func formatCount(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func postgresVersion(tb testing.TB, database string) string {
	tb.Helper()
	v, _, _ := strings.Cut(dbtest.Value[string](tb, database, "SHOW server_version"), " ")
	return v
}

// valueInFile returns the value of the line "name: value" in a file.
func valueInFile(file, name string) string {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

const (
	tableBegin = "<!-- the soak: begin -->\n"
	tableEnd   = "<!-- the soak: end -->\n"
)

// writePage writes the tables to reliability.md in folder.
func (r *report) writePage(tb testing.TB, folder, database string) {
	tb.Helper()
	page := filepath.Join(folder, "reliability.md")
	text, err := os.ReadFile(page)
	if err != nil {
		tb.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), tableBegin)
	_, tail, okToo := strings.Cut(rest, tableEnd)
	if !ok || !okToo {
		tb.Fatalf("%s has no begin or end marker of the tables, want both", page)
	}
	if err := os.WriteFile(page, []byte(head+tableBegin+r.markdown(tb, database)+tableEnd+tail), 0o600); err != nil {
		tb.Fatal(err)
	}
}
