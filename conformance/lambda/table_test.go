//go:build moto

package lambda

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/conformance/lambda/sandbox"
)

// markdownTable has the measurements as Markdown, one row for each function.
type markdownTable struct {
	t    *testing.T
	rows map[string]string
}

func newTable(t *testing.T) *markdownTable {
	t.Helper()
	return &markdownTable{t: t, rows: map[string]string{}}
}

// add adds the row of a function that has handled an event: how long its start and its first response took, its peak
// memory, and the texts requests and answers.
func (tb *markdownTable) add(folder string, s *sandbox.Sandbox, requests, answers string) {
	tb.t.Helper()
	starts, first := []time.Duration{s.InitTime()}, s.FirstAnswer().Sub(s.FirstEvent())
	if starts[0] <= 0 || first <= 0 {
		tb.t.Errorf("functions/%s: the start took %v and the first response %v, want both above 0",
			folder, starts[0], first)
	}
	if *update {
		for range 6 {
			again := s.StartAnother()
			again.Invoke(struct{}{}) // the event is invalid, but the function starts
			starts = append(starts, again.InitTime())
		}
	}
	slices.Sort(starts)
	tb.rows[folder] = fmt.Sprintf("| %s | %s | %s | %.1f | %s | %s |\n",
		folder, inMilliseconds(starts[len(starts)/2]), inMilliseconds(first), float64(s.PeakMemory())/1024, requests, answers)
}

func (tb *markdownTable) functions() []string {
	var all []string
	for folder := range tb.rows {
		all = append(all, folder)
	}
	slices.Sort(all)
	return all
}

func (tb *markdownTable) text() string {
	var b strings.Builder
	b.WriteString("| function | init, ms | first event, ms | memory, MB | requests | status codes |\n" +
		"|---|---|---|---|---|---|\n")
	for _, folder := range tb.functions() {
		b.WriteString(tb.rows[folder])
	}
	return b.String()
}

func inMilliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000)
}
