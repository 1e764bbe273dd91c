//go:build docker

package samlocal

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/xenontest"
)

// listedDifferences are how SAM's gateway differs from AWS's HTTP API and from `xenon dev`.
var listedDifferences = map[string]string{
	"route": `for a route that is not in the template SAM answers 403 "Missing Authentication Token", as a REST API`,
	"slash": "SAM decodes %2F before it matches the route, and finds none",
}

const trustedOriginsEnv = "BETTER_AUTH_TRUSTED_ORIGINS=https://pages.example.net"

// The test starts the script of `make sam-local` as a developer does, with its own port, database and folder, and
// `xenon dev`, and compares their responses to the same requests.
func TestSamLocalAnswersAsXenonDev(t *testing.T) {
	pulled := imageArguments(t)
	if len(pulled) > 0 { // the engine has no other containers
		t.Cleanup(func() {
			if left := listContainers(t); left != "" {
				t.Errorf("containers after sam local exited: got %s, want none", left)
			}
		})
	}
	began := time.Now()
	script := func(string) []string { return append([]string{"scripts/sam-local"}, pulled...) }
	sam := startProgram(t, script, func(port string) []string {
		return []string{"PORT=" + port, "XENON_DIR=" + t.TempDir(), "DATABASE_URL=" + dbtest.New(t), trustedOriginsEnv}
	})
	up := time.Since(began)
	dev := xenontest.Start(t, trustedOriginsEnv)

	got, want := sendAll(t, sam.address(), sam.origin()), sendAll(t, dev.URL, dev.Origin)
	report := []string{fmt.Sprintf("sam local listens after %s (build included)", up.Round(100*time.Millisecond))}
	for i, s := range readSteps(t) {
		isTime := func(p cmp.Path) bool { return p.Last().String() == ".took" }
		diff := cmp.Diff(got[i], want[i], cmp.FilterPath(isTime, cmp.Ignore()))
		why, listed := listedDifferences[s.Differs]
		switch {
		case s.Differs != "" && !listed:
			t.Errorf("%s: smoke.json names the difference %q, want a key of differences in this test", s.name(), s.Differs)
		case diff != "" && !listed:
			t.Errorf("%s (-sam local +xenon dev):\n%s", s.name(), diff)
		case diff == "" && listed:
			t.Errorf("%s: sam local and xenon dev answer the same, want the listed difference (%s); remove it from smoke.json",
				s.name(), why)
		}
		result := "equal"
		if listed {
			result = fmt.Sprintf("%d instead of %d: %s", got[i].Status, want[i].Status, why)
		}
		took, devTook := got[i].took.Round(time.Millisecond), want[i].took.Round(time.Millisecond)
		report = append(report, fmt.Sprintf("%8s %8s  %d  %-75s %s", took, devTook, want[i].Status, s.name(), result))
	}
	if !strings.Contains(sam.printed.String(), `"kind":"reset-password"`) {
		t.Errorf("sam local printed no reset mail, want one in:\n%s", sam.printed.String())
	}
	t.Log("\n" + strings.Join(report, "\n"))
}
