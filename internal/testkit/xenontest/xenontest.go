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

// xenon is a running `xenon dev` on a database of the test.
type xenon struct {
	origin   string // its public origin
	address  string // its URL
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

// startXenon starts Xenon on its own port and database, with env in addition to the defaults, and stops it when the
// test ends.
func startXenon(t *testing.T, env ...string) *xenon {
	t.Helper()
	database := dbtest.New(t)
	x := runXenon(t, append(env, "DATABASE_URL="+database)...)
	x.database = database
	return x
}

// runXenon is startXenon with the database of env.
func runXenon(t *testing.T, env ...string) *xenon {
	t.Helper()
	x, stop, err := launchXenon(t.TempDir(), env...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("xenon dev exited with %v:\n%s", err, x.log())
		}
	})
	return x
}

// launchXenon starts Xenon with its files in dir. stop terminates it and waits.
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
		_ = cmd.Process.Signal(syscall.SIGTERM) // if it has already exited, Wait returns the reason
		return cmd.Wait()
	}
	x.address, x.origin = readStart(stdout)
	if x.origin == "" {
		return nil, nil, fmt.Errorf("xenon dev did not start (%w):\n%s", stop(), x.log())
	}
	return x, stop, nil
}

// readStart reads the URL and the public origin from the output of xenon dev.
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

// log returns Xenon's log up to now.
func (x *xenon) log() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.err.String()
}
