// Package xenontest runs `xenon dev` for tests.
package xenontest

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/checkout"
	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/syncbuf"
)

// Server is a running `xenon dev`.
type Server struct {
	URL      string // URL of the server
	Origin   string // public origin of the server
	Database string // URL of its database; only Start sets it

	log syncbuf.Buffer
}

// Start starts xenon dev with a new database and a free port. env has settings in the form NAME=value, in addition to
// the environment of the test. xenon dev stops at the end of the test.
func Start(t *testing.T, env ...string) *Server {
	t.Helper()
	database := dbtest.New(t)
	s := StartWithEnv(t, append(env, "DATABASE_URL="+database)...)
	s.Database = database
	return s
}

// StartWithEnv is like Start, but env has to contain DATABASE_URL, or xenon dev starts its own database.
func StartWithEnv(t *testing.T, env ...string) *Server {
	t.Helper()
	s, stop, err := StartProcess(t.TempDir(), env...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("xenon dev exited with the error %v and logged:\n%s", err, s.Log())
		}
	})
	return s
}

// StartProcess starts xenon dev with its files in dir, which has to exist. stop sends it SIGTERM and waits until it has
// ended.
func StartProcess(dir string, env ...string) (s *Server, stop func() error, err error) {
	program, err := checkout.BuildCommand()
	if err != nil {
		return nil, nil, err
	}
	if err := writeSigningKeys(dir, env); err != nil {
		return nil, nil, err
	}
	s = &Server{}
	cmd := exec.Command(program, "dev", "--no-site", "--addr", "127.0.0.1:0", "--dir", dir) //nolint:gosec // our own build
	cmd.Dir = checkout.Root()
	cmd.Env = append(cmd.Environ(), env...)
	cmd.Stderr = &s.log
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
	s.URL, s.Origin = readURLAndOrigin(stdout)
	if s.Origin == "" {
		return nil, nil, fmt.Errorf("xenon dev did not start (%w):\n%s", stop(), s.Log())
	}
	return s, stop, nil
}

// readURLAndOrigin reads the URL and the public origin from the output of xenon dev.
func readURLAndOrigin(out io.Reader) (url, origin string) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "Listening on "); ok {
			url = "http://" + rest
		}
		if rest, ok := strings.CutPrefix(lines.Text(), "Xenon is running at "); ok {
			go io.Copy(io.Discard, out) //nolint:errcheck // it only keeps the pipe from filling up
			return url, strings.Fields(rest)[0]
		}
	}
	return "", ""
}

// Log returns Xenon's log up to now.
func (s *Server) Log() string { return s.log.String() }
