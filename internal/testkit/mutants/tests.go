package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/mutants/switches"
)

// test is a test function.
type test struct {
	binary  *testBinary
	name    string
	took    time.Duration // without a mutant
	reaches map[int]bool  // the numbers of the operators that the test computes
}

// outcome is the result of running the tests with a mutant.
type outcome string

const (
	killed     outcome = "killed"
	timedOut   outcome = "timed out"
	lived      outcome = "lived"
	notCovered outcome = "not covered"
	notViable  outcome = "does not compile"
)

var testNamePattern = regexp.MustCompile(`^(Test|Fuzz|Example)`)

// listTests returns the tests of the binary whose names match.
func (b *testBinary) listTests(ctx context.Context, match string) ([]*test, error) {
	cmd := exec.CommandContext(ctx, b.path, "-test.list", match) //nolint:gosec // a test binary of ours
	cmd.Dir = b.dir
	output, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var tests []*test
	for name := range strings.FieldsSeq(string(output)) {
		if testNamePattern.MatchString(name) {
			tests = append(tests, &test{binary: b, name: name})
		}
	}
	return tests, nil
}

// maxCleanupSilence is the longest time without output after a test has failed, while the other tests of the binary
// clean up.
const maxCleanupSilence = 5 * time.Second

// runTests runs the tests, which are of one binary, until one fails or until the binary prints nothing for maxSilence.
// Of a failure it also returns the line that the binary printed, and of a timeout the name of the first test.
func runTests(ctx context.Context, tests []*test, maxSilence time.Duration, env ...string) (outcome, string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	names := make([]string, len(tests))
	for i, t := range tests {
		names[i] = t.name
	}
	b := tests[0].binary
	//nolint:gosec // a test binary of ours
	cmd := exec.CommandContext(ctx, b.path, "-test.v", "-test.failfast", "-test.run", "^("+strings.Join(names, "|")+")$")
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the tests start processes, which must end too
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	w := &watcher{timer: time.AfterFunc(maxSilence, cancel), maxSilence: maxSilence}
	defer w.timer.Stop()
	cmd.Stdout, cmd.Stderr = w, w
	err := cmd.Run()
	failed := string(failurePattern.Find(w.output))
	switch {
	case err == nil:
		return lived, ""
	case failed == "" && ctx.Err() != nil:
		return timedOut, names[0]
	}
	return killed, failed
}

// watcher collects the output of a test binary. Every output restarts the timer that ends the binary.
type watcher struct {
	output     []byte
	timer      *time.Timer
	maxSilence time.Duration
}

func (w *watcher) Write(p []byte) (int, error) {
	w.output = append(w.output, p...)
	if bytes.Contains(w.output, []byte("--- FAIL: ")) {
		w.maxSilence = min(w.maxSilence, maxCleanupSilence)
	}
	w.timer.Reset(w.maxSilence)
	return len(p), nil
}

var failurePattern = regexp.MustCompile(`(?m)--- FAIL: \S+|^(panic|fatal error): .*$`)

// measureDuration runs the test without a mutant. It returns false if the test fails.
func (t *test) measureDuration(ctx context.Context, work string) bool {
	file := filepath.Join(work, t.name+".reached")
	start := time.Now()
	result, _ := runTests(ctx, []*test{t}, 20*time.Minute, switches.Reached+"="+file)
	t.took = time.Since(start)
	t.reaches = map[int]bool{}
	output, _ := os.ReadFile(file) //nolint:gosec // it is missing if the test reaches no operator
	for number := range strings.FieldsSeq(string(output)) {
		id, _ := strconv.Atoi(number)
		t.reaches[id] = true
	}
	return result == lived
}

// tryMutant runs tests with the mutant, the fastest ones first: one, then two, then four, and so on, until one fails.
// It returns what runTests returns. For a mutant that can be switched on, it runs only the tests that reach it. If
// o.limit is set, it leaves out the slowest tests. slots is how many mutants run at a time.
func (o *options) tryMutant(ctx context.Context, m *mutant, tests []*test, slots int) (outcome, string) {
	var env []string
	if !m.needsRebuild {
		env = []string{switches.Mutant + "=" + strconv.Itoa(m.id) + " " + m.replacement()}
		tests = slices.DeleteFunc(slices.Clone(tests), func(t *test) bool { return !t.reaches[m.id] })
	}
	if len(tests) == 0 {
		return notCovered, ""
	}
	slices.SortFunc(tests, func(a, b *test) int { return int(a.took - b.took) })
	if o.limit > 0 {
		tests = fastestTests(tests, o.limit)
	}
	for size := 1; len(tests) > 0; size *= 2 {
		size = min(size, len(tests))
		for _, group := range groupByBinary(tests[:size]) {
			if result, by := o.runGroup(ctx, group, slots, env...); result != lived {
				return result, by
			}
		}
		tests = tests[size:]
	}
	return lived, ""
}

// runGroup runs tests with a mutant. If they time out, it runs them without the mutant. If they now take at least twice
// as long as at the measurement, the machine is busier, and it runs them with the mutant once more, with a longer
// limit.
func (o *options) runGroup(ctx context.Context, group []*test, slots int, env ...string) (outcome, string) {
	slowest := slices.MaxFunc(group, func(a, b *test) int { return int(a.took - b.took) }).took
	maxSilence := func() time.Duration { return 20*time.Second*time.Duration(slots) + 5*slowest }
	result, by := runTests(ctx, group, maxSilence(), env...)
	if result != timedOut {
		return result, by
	}
	start := time.Now()
	runTests(ctx, group, 20*time.Minute)
	now := time.Since(start)
	if now < 2*slowest || ctx.Err() != nil {
		return result, by
	}
	slowest = now
	return runTests(ctx, group, maxSilence(), env...)
}

// fastestTests returns the first tests of sorted that together take at most the limit without a mutant, and at least
// one.
func fastestTests(sorted []*test, limit time.Duration) []*test {
	total := time.Duration(0)
	for i, t := range sorted {
		if total += t.took; total > limit && i > 0 {
			return sorted[:i]
		}
	}
	return sorted
}

func groupByBinary(tests []*test) [][]*test {
	var groups [][]*test
	for _, t := range tests {
		i := slices.IndexFunc(groups, func(g []*test) bool { return g[0].binary == t.binary })
		if i < 0 {
			groups = append(groups, nil)
			i = len(groups) - 1
		}
		groups[i] = append(groups[i], t)
	}
	return groups
}
