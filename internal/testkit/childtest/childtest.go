// Package childtest runs the executable of a test as another process, which the test can kill or measure.
package childtest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// optionsVariable is the environment variable with the options of a child process, as JSON.
const optionsVariable = "XENON_TEST_CHILD"

// Main is the TestMain of a package. In a process that Command has started, it calls run with the options, and exits
// with status 1 if run returns an error. In every other process it runs the tests.
func Main[T any](m *testing.M, run func(options T) error) {
	text, isChild := os.LookupEnv(optionsVariable)
	if !isChild {
		os.Exit(m.Run())
	}
	var options T
	err := json.Unmarshal([]byte(text), &options)
	if err == nil {
		err = run(options)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Command returns the command that starts a child process with options, which must have a form in JSON. The child is
// killed at the end of the test, if it still runs.
func Command(t *testing.T, options any) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // the executable of the test
	cmd.Env = append(os.Environ(), optionsVariable+"="+string(text))
	return cmd
}
