//go:build docker

package samlocal

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// differences are what SAM's stand-in for the gateway does that the HTTP API of the cloud and `xenon dev` do not.
var differences = map[string]string{
	"route": `a route that is not in the template is SAM's own 403 "Missing Authentication Token", as of a REST API`,
	"slash": "SAM decodes %2F before it looks for the route, and finds none",
}

const trusted = "BETTER_AUTH_TRUSTED_ORIGINS=https://pages.example.net"

// TestP16_SamLocalAnswersAsDev has one conversation with both. It starts `make sam-local` as a developer does, but for the
// port, the database and the place of the files.
func TestP16_SamLocalAnswersAsDev(t *testing.T) {
	pulled := pull(t)
	if len(pulled) > 0 { // the engine is ours
		t.Cleanup(func() {
			if left := containers(t); left != "" {
				t.Errorf("sam local has ended and left containers: %s", left)
			}
		})
	}
	began := time.Now()
	sam := start(t, func(string) []string { return append([]string{"scripts/sam-local"}, pulled...) }, func(port string) []string {
		return []string{"PORT=" + port, "XENON_DIR=" + t.TempDir(), "DATABASE_URL=" + dbtest.New(t), trusted}
	})
	up := time.Since(began)
	xenon, database := build(t, "./cmd/xenon", "xenon"), dbtest.New(t)
	dev := start(t, func(port string) []string {
		return []string{xenon, "dev", "--no-site", "--addr", "localhost:" + port, "--dir", t.TempDir(), "--database-url", database}
	}, func(string) []string { return []string{trusted} })

	got, want := play(t, sam.address(), sam.origin()), play(t, dev.address(), dev.origin())
	report := []string{fmt.Sprintf("sam local listens after %s (build included)", up.Round(100*time.Millisecond))}
	for i, s := range steps(t) {
		diff := cmp.Diff(got[i], want[i], cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".took" }, cmp.Ignore()))
		why, listed := differences[s.Differs]
		switch {
		case s.Differs != "" && !listed:
			t.Errorf("%s: %q is not a difference that is listed", s.name(), s.Differs)
		case diff != "" && !listed:
			t.Errorf("%s: sam local -, xenon dev +:\n%s", s.name(), diff)
		case diff == "" && listed:
			t.Errorf("%s: no longer differs (%s)", s.name(), why)
		}
		verdict := "equal"
		if listed {
			verdict = fmt.Sprintf("%d for %d: %s", got[i].Status, want[i].Status, why)
		}
		report = append(report, fmt.Sprintf("%8s %8s  %d  %-75s %s", got[i].took.Round(time.Millisecond), want[i].took.Round(time.Millisecond), want[i].Status, s.name(), verdict))
	}
	if !strings.Contains(sam.printed(), `"kind":"reset-password"`) {
		t.Errorf("the mail is not among what sam prints:\n%s", sam.printed())
	}
	t.Log("\n" + strings.Join(report, "\n"))
}
