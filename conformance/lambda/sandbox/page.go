//go:build moto

package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/checkout"
)

// WritePartOfPage writes text to docs/lambda.md, between the comments with this name.
func WritePartOfPage(t testing.TB, name, text string) {
	t.Helper()
	file := filepath.Join(checkout.Root(), "docs", "lambda.md")
	page, err := os.ReadFile(file) //nolint:gosec // a constant name
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(page), "<!-- "+name+" -->\n")
	_, after, ends := strings.Cut(rest, "<!-- /"+name+" -->\n")
	if !begins || !ends {
		t.Fatalf("docs/lambda.md has no begin or end marker of the part %s, want both", name)
	}
	page = []byte(before + "<!-- " + name + " -->\n" + text + "<!-- /" + name + " -->\n" + after)
	if err := os.WriteFile(file, page, 0o644); err != nil { //nolint:gosec // a public page
		t.Fatal(err)
	}
}

// DescribeMachine describes this machine and its load.
func DescribeMachine() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // the file does not exist on every system
	name := "unknown processor"
	if found := regexp.MustCompile(`model name\s*: (.*)`).FindSubmatch(text); found != nil {
		name = string(found[1])
	}
	busy, _ := os.ReadFile("/proc/loadavg") // the file does not exist on every system
	load, _, _ := strings.Cut(string(busy), " ")
	return fmt.Sprintf("%s, %d of its processors, %s/%s, %s; load average %s",
		name, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), load)
}
