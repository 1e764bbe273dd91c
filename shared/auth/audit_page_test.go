package auth

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// eventRowPattern matches a row of the table of events in docs/audit-log.md. Its groups are the event and its routes.
var eventRowPattern = regexp.MustCompile("(?m)^\\| `([a-z_-]+)` \\| ([^|]*) \\|")

// codeSpanPattern matches a text in backquotes.
var codeSpanPattern = regexp.MustCompile("`([^`]+)`")

func TestAuditPageListsTheEventsOfAllRoutes(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/audit-log.md")
	if err != nil {
		t.Fatal(err)
	}
	_, events, _ := strings.Cut(string(page), "\n## Events\n")
	events, _, _ = strings.Cut(events, "\n## ")
	listed := map[string][]string{}
	for _, row := range eventRowPattern.FindAllStringSubmatch(events, -1) {
		for _, path := range codeSpanPattern.FindAllStringSubmatch(row[2], -1) {
			listed[row[1]] = append(listed[row[1]], path[1])
		}
		slices.Sort(listed[row[1]])
	}
	want := map[string][]string{}
	for path, event := range auditEvents {
		want[event] = append(want[event], path)
		slices.Sort(want[event])
	}
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("routes of each event (-auditEvents +docs/audit-log.md):\n%s", diff)
	}
	if !strings.Contains(events, "\n| `"+rateLimitEvent+"` | any other route |") {
		t.Errorf("docs/audit-log.md has no row with the event %s and the text \"any other route\"", rateLimitEvent)
	}
}
