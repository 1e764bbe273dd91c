package conformance

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// xenon is the command itself, built and running `xenon dev` on a database of the test's.
type xenon struct {
	origin   string // the public one
	address  string // where it listens
	dir      string
	database string

	mu  sync.Mutex
	err bytes.Buffer
}

var buildDir string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "xenon-conformance")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		buildDir = dir
		return m.Run()
	}())
}

// build compiles the command once.
var build = sync.OnceValues(func() (string, error) {
	program := filepath.Join(buildDir, "xenon")
	out, err := exec.Command("go", "build", "-o", program, "../cmd/xenon").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return program, nil
})

// startXenon starts Xenon on a port and a database of its own, with env on top of the defaults, and stops it when the
// test ends.
func startXenon(t *testing.T, env ...string) *xenon {
	t.Helper()
	database := dbtest.New(t)
	x := runXenon(t, append(env, "DATABASE_URL="+database)...)
	x.database = database
	return x
}

// runXenon is startXenon on the database that env names.
func runXenon(t *testing.T, env ...string) *xenon {
	t.Helper()
	x, stop, err := launchXenon(t.TempDir(), env...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("xenon dev ended with %v:\n%s", err, x.log())
		}
	})
	return x
}

// launchXenon starts Xenon with its files in dir. stop ends it and waits.
func launchXenon(dir string, env ...string) (x *xenon, stop func() error, err error) {
	program, err := build()
	if err != nil {
		return nil, nil, err
	}
	x = &xenon{dir: dir}
	cmd := exec.Command(program, "dev", "--no-site", "--addr", "127.0.0.1:0", "--dir", x.dir)
	cmd.Dir = ".."
	cmd.Env = append(cmd.Environ(), env...)
	cmd.Stderr = x
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	stop = func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself, which Wait says
		return cmd.Wait()
	}
	x.address, x.origin = readStart(stdout)
	if x.origin == "" {
		return nil, nil, fmt.Errorf("xenon dev did not start (%w):\n%s", stop(), x.log())
	}
	return x, stop, nil
}

// readStart finds the addresses in what a person sees.
func readStart(out io.Reader) (address, origin string) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "Listening on "); ok {
			address = "http://" + rest
		}
		if rest, ok := strings.CutPrefix(lines.Text(), "Xenon is running at "); ok {
			go io.Copy(io.Discard, out)
			return address, strings.Fields(rest)[0]
		}
	}
	return "", ""
}

func (x *xenon) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.err.Write(p)
}

// log is what Xenon has logged.
func (x *xenon) log() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.err.String()
}
