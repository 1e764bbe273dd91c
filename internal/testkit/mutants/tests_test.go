package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// testOfScript returns TestA of a test binary that is a shell script.
func testOfScript(t *testing.T, text string) []*test {
	t.Helper()
	path := filepath.Join(t.TempDir(), "p.test")
	// No process may begin while the file is open for writing: it would inherit the file, which then cannot be executed.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return []*test{{name: "TestA", binary: &testBinary{path: path}}}
}

func TestRunReturnsTheOutcomeAndTheFailure(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		want   outcome
		by     string
	}{
		"all pass":                        {"echo '--- PASS: TestA (0.00s)'", lived, ""},
		"one fails":                       {"echo '--- FAIL: TestA (0.00s)'; exit 1", killed, "--- FAIL: TestA"},
		"it panics":                       {"echo 'panic: index out of range'; exit 2", killed, "panic: index out of range"},
		"it prints nothing more":          {"echo '=== RUN TestA'; sleep 60", timedOut, "TestA"},
		"it does not end after a failure": {"echo '--- FAIL: TestB (0.00s)'; sleep 60; exit 1", killed, "--- FAIL: TestB"},
		"it is slow":                      {"for i in 1 2 3; do sleep 0.5; echo '--- PASS: TestA'; done", lived, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, by := runTests(t.Context(), testOfScript(t, c.script), time.Second); got != c.want || by != c.by {
				t.Errorf("run the script %s: got the outcome %q with %q, want %q with %q", c.script, got, by, c.want, c.by)
			}
		})
	}
}

func TestLimitKeepsTheFastestTests(t *testing.T) {
	t.Parallel()
	sorted := []*test{{took: time.Second}, {took: 2 * time.Second}, {took: 3 * time.Second}}
	for limit, want := range map[time.Duration]int{
		time.Millisecond: 1, 2 * time.Second: 1, 3 * time.Second: 2, 5 * time.Second: 2, time.Minute: 3,
	} {
		if got := fastestTests(sorted, limit); len(got) != want {
			t.Errorf("the fastest tests within %v: got %d, want %d", limit, len(got), want)
		}
	}
}
