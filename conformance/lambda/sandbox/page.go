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
)

// WritePart puts text into docs/lambda.md, between the comments that bear the name.
func WritePart(t testing.TB, name, text string) {
	t.Helper()
	file := filepath.Join(Root(), "docs", "lambda.md")
	page, err := os.ReadFile(file) //nolint:gosec // the name is ours
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(page), "<!-- "+name+" -->\n")
	_, after, ends := strings.Cut(rest, "<!-- /"+name+" -->\n")
	if !begins || !ends {
		t.Fatalf("docs/lambda.md has no part %s", name)
	}
	page = []byte(before + "<!-- " + name + " -->\n" + text + "<!-- /" + name + " -->\n" + after)
	if err := os.WriteFile(file, page, 0o644); err != nil { //nolint:gosec // a page for everybody
		t.Fatal(err)
	}
}

// Machine is this one, in a few words, and how busy it is.
func Machine() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // without it the machine has no name
	name := "unknown processor"
	if found := regexp.MustCompile(`model name\s*: (.*)`).FindSubmatch(text); found != nil {
		name = string(found[1])
	}
	busy, _ := os.ReadFile("/proc/loadavg") // without it nobody knows
	load, _, _ := strings.Cut(string(busy), " ")
	return fmt.Sprintf("%s, %d of its processors, %s/%s, %s; load average %s",
		name, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), load)
}
