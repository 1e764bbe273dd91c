//go:build moto

package lambda

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/conformance/lambda/sandbox"
	"github.com/xenon-auth/xenon/internal/testkit/checkout"
)

// Limits of what the initialization of packages may allocate, in bytes. Go counts almost the same bytes in every run.
const (
	maxInitBytesOfOwnPackage = 20_000
	maxInitBytes             = 220_000
)

// maxInitBytesOfDeliver is the limit of functions/deliver, which links the SDK's client of EventBridge. It handles
// messages of a queue, so no request waits for its start.
const maxInitBytesOfDeliver = 600_000

// Before main, a function prepares only what every request needs. For example, it compiles no regular expression.
func TestPackagesAllocateLittleBeforeMain(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob(filepath.Join(checkout.Root(), "functions", "*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("folders in functions/: got %q and the error %v, want at least one", folders, err)
	}
	for _, folder := range folders {
		name := filepath.Base(folder)
		total, packages := 0, 0
		for line := range strings.Lines(initTrace(t, sandbox.Build(t, "functions/"+name))) {
			pkg, bytes, ok := parseInitLine(line)
			if !ok {
				continue
			}
			packages++
			total += bytes
			if isOwnPackage(pkg) && bytes > maxInitBytesOfOwnPackage {
				t.Errorf("functions/%s: %s allocates %d bytes before main, want at most %d",
					name, pkg, bytes, maxInitBytesOfOwnPackage)
			}
		}
		limit := maxInitBytes
		if name == "deliver" {
			limit = maxInitBytesOfDeliver
		}
		if packages == 0 || total > limit {
			t.Errorf("functions/%s: %d packages allocate %d bytes before main, want at least one package and at most %d bytes",
				name, packages, total, limit)
		}
	}
}

// isOwnPackage reports whether the limit for Xenon's packages applies. It does not apply to the import, which takes
// minutes.
func isOwnPackage(pkg string) bool {
	return strings.HasPrefix(pkg, "github.com/xenon-auth/xenon/") && !strings.Contains(pkg, "/shared/importer/")
}

// initTrace returns what the Go runtime prints about the initialization of packages. The program ends after it, because
// it has no settings.
func initTrace(t *testing.T, program string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = []string{"GODEBUG=inittrace=1"}
	text, err := cmd.CombinedOutput()
	if _, ended := err.(*exec.ExitError); !ended { //nolint:errorlint // exec returns this type itself
		t.Fatalf("%s without settings: got the error %v, want that it ends with an error\n%s", program, err, text)
	}
	return string(text)
}

// parseInitLine parses a line such as "init net/http @0.53 ms, 0.012 ms clock, 1234 bytes, 12 allocs".
func parseInitLine(line string) (pkg string, bytes int, ok bool) {
	var at, took float64
	_, err := fmt.Sscanf(line, "init %s @%f ms, %f ms clock, %d bytes", &pkg, &at, &took, &bytes)
	return pkg, bytes, err == nil
}
