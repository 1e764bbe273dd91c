package versus

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// packageInit has the time and memory of a package's init functions, from GODEBUG=inittrace=1.
type packageInit struct {
	Package      string  `json:"package"`
	Milliseconds float64 `json:"milliseconds"`
	Bytes        float64 `json:"bytes"`
	Allocations  float64 `json:"allocations"`
}

// initSums has the cost of the package initializations of a function: the sum of all packages, and the packages for
// which isSlowOrLarge is true.
type initSums struct {
	Packages int           `json:"packages"`
	Total    packageInit   `json:"total"`
	Heavy    []packageInit `json:"heavy"`
}

// isSlowOrLarge reports whether an init takes more than 0.1 ms or 10 kB.
func (i packageInit) isSlowOrLarge() bool { return i.Milliseconds > 0.1 || i.Bytes > 10_000 }

// measureInits starts functions/session five times with GODEBUG=inittrace=1, and returns the medians.
func (w *benchmarkSetup) measureInits(ctx context.Context, bootstrap string) (initSums, error) {
	var runs [][]packageInit
	environment := append(w.argon2id.functionEnvironment(), "GODEBUG=inittrace=1")
	for range 5 {
		var stderr bytes.Buffer
		_, err := w.timeFunctionStart(ctx, bootstrap, environment, getSessionCalls(w.argon2id)(1), &stderr)
		if err != nil {
			return initSums{}, err
		}
		run, err := parseInits(stderr.String())
		if err != nil {
			return initSums{}, err
		}
		runs = append(runs, run)
	}
	return sumInits(runs), nil
}

// parseInits parses lines of the Go runtime: "init net/http @0.53 ms, 0.012 ms clock, 1234 bytes, 12 allocs".
func parseInits(stderr string) (all []packageInit, _ error) {
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, "init ") {
			continue
		}
		var i packageInit
		var at float64
		if _, err := fmt.Sscanf(line, "init %s @%f ms, %f ms clock, %f bytes, %f allocs", &i.Package, &at, &i.Milliseconds,
			&i.Bytes, &i.Allocations); err != nil {
			return nil, fmt.Errorf("parse the init line %q: %w", line, err)
		}
		all = append(all, i)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the runtime printed no line about an init: %.300q", stderr)
	}
	return all, nil
}

// sumInits takes the median of the runs for each package, and adds up the medians.
func sumInits(runs [][]packageInit) (sums initSums) {
	by := map[string][]packageInit{}
	for _, run := range runs {
		for _, i := range run {
			by[i.Package] = append(by[i.Package], i)
		}
	}
	sums.Packages = len(by)
	for name, all := range by {
		median := func(value func(packageInit) float64) float64 {
			var values []float64
			for _, i := range all {
				values = append(values, value(i))
			}
			return spreadOf(values).Median
		}
		i := packageInit{
			name, median(func(i packageInit) float64 { return i.Milliseconds }),
			median(func(i packageInit) float64 { return i.Bytes }), median(func(i packageInit) float64 { return i.Allocations }),
		}
		sums.Total.Milliseconds += i.Milliseconds
		sums.Total.Bytes += i.Bytes
		sums.Total.Allocations += i.Allocations
		if i.isSlowOrLarge() {
			sums.Heavy = append(sums.Heavy, i)
		}
	}
	slices.SortFunc(sums.Heavy, func(a, b packageInit) int {
		return cmp.Or(cmp.Compare(b.Milliseconds, a.Milliseconds), cmp.Compare(b.Bytes, a.Bytes),
			cmp.Compare(a.Package, b.Package))
	})
	return sums
}

func (sums initSums) write(b *strings.Builder) {
	if sums.Packages == 0 {
		return
	}
	b.WriteString("\n## Before main\n\nWhat the `init` of the packages of functions/session takes, by " +
		"`GODEBUG=inittrace=1`, medians of five starts: those " +
		"with more than 0.1 ms or 10 kB, and all of them.\n\n| package | ms | bytes | allocations |\n|---|--:|--:|--:|\n")
	for _, i := range sums.Heavy {
		fmt.Fprintf(
			b,
			"| %s | %s | %s | %s |\n",
			i.Package,
			formatNumber(i.Milliseconds),
			formatNumber(i.Bytes),
			formatNumber(i.Allocations),
		)
	}
	fmt.Fprintf(b, "| **all %d** | **%s** | **%s** | **%s** |\n", sums.Packages, formatNumber(sums.Total.Milliseconds),
		formatNumber(sums.Total.Bytes), formatNumber(sums.Total.Allocations))
}

func TestInitTraceIsParsed(t *testing.T) {
	t.Parallel()
	traceWithTime := func(ms string) string {
		return "init internal/bytealg @0.005 ms, 0 ms clock, 0 bytes, 0 allocs\n{\"level\":\"INFO\"}\n" +
			"init net/http @0.53 ms, " + ms +
			" ms clock, 12345 bytes, 120 allocs\ninit time @0.9 ms, 0.25 ms clock, 8 bytes, 1 allocs\n"
	}
	var runs [][]packageInit
	for _, ms := range []string{"0.07", "0.012", "0.03"} {
		all, err := parseInits(traceWithTime(ms))
		if err != nil || len(all) != 3 {
			t.Fatalf("three lines about inits: got %v and the error %v, want 3 inits", all, err)
		}
		runs = append(runs, all)
	}
	got := sumInits(runs)
	if got.Packages != 3 || len(got.Heavy) != 2 || got.Heavy[0].Package != "time" ||
		got.Heavy[1] != (packageInit{"net/http", 0.03, 12345, 120}) {
		t.Errorf("the sum of three runs: got %+v, want 3 packages, of them time and net/http heavy, with the median of "+
			"net/http", got)
	}
	if want := (packageInit{"", 0.28, 12353, 121}); got.Total != want {
		t.Errorf("the total of three runs: got %+v, want %+v", got.Total, want)
	}
	for _, wrong := range []string{"", "panic: no", "init net/http @x\n"} {
		if all, err := parseInits(wrong); err == nil {
			t.Errorf("the output %q: got %v, want an error", wrong, all)
		}
	}
}
