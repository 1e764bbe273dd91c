//go:build node || peers

package conformance

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/syncbuf"
)

// betterAuthProcess is a Node process with one version of Better Auth, which runs the servers of all tests. Loading
// Better Auth takes two seconds of processor time, much longer than starting a server.
type betterAuthProcess struct {
	mu      sync.Mutex // held during a command
	stdin   io.Writer
	answers *json.Decoder
	log     syncbuf.Buffer // standard error
}

// betterAuthProcesses has the running processes by the name of the package, such as better-auth. They end when the
// process of the tests ends, because then their standard input ends.
var betterAuthProcesses struct {
	sync.Mutex
	byPackage map[string]*betterAuthProcess
}

// betterAuthProcessOf returns the process of a version of Better Auth, and starts it at the first call.
func betterAuthProcessOf(t *testing.T, packageName string) *betterAuthProcess {
	t.Helper()
	betterAuthProcesses.Lock()
	defer betterAuthProcesses.Unlock()
	if p := betterAuthProcesses.byPackage[packageName]; p != nil {
		return p
	}
	p := new(betterAuthProcess)
	cmd := exec.Command("node", "--import", "./redirect.mjs", "server.mjs")
	cmd.Dir, cmd.Stderr = "reference", &p.log
	cmd.Env = append(cmd.Environ(), "NODE_ENV=production", "LIBRARY="+packageName)
	cmd.Env = append(cmd.Env, environmentList(sharedProviderServer(t).Environment())...)
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		p.stdin, err = cmd.StdinPipe()
	}
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("start Better Auth: %v; this test needs Node 20 and the packages that `make conformance` installs", err)
	}
	p.answers = json.NewDecoder(bufio.NewReader(stdout))
	if betterAuthProcesses.byPackage == nil {
		betterAuthProcesses.byPackage = map[string]*betterAuthProcess{}
	}
	betterAuthProcesses.byPackage[packageName] = p
	return p
}

// run sends a command to reference/server.mjs and returns the URL in the answer.
func (p *betterAuthProcess) run(command map[string]any) (url string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := json.NewEncoder(p.stdin).Encode(command); err != nil {
		return "", fmt.Errorf("send a command to Better Auth: %w; it logged:\n%s", err, p.log.String())
	}
	var answer struct{ URL, Error string }
	if err := p.answers.Decode(&answer); err != nil {
		return "", fmt.Errorf("read the answer of Better Auth: %w; it logged:\n%s", err, p.log.String())
	}
	if answer.Error != "" {
		return "", errors.New(answer.Error)
	}
	return answer.URL, nil
}

// startBetterAuthServer starts a server of the pinned Better Auth, or of the version in LIBRARY, and returns its URL.
// The server ends at the end of the test. If the test fails, it logs what all servers of the version have logged
// meanwhile.
func startBetterAuthServer(t *testing.T, settings map[string]string) (url string, err error) {
	t.Helper()
	packageName := "better-auth"
	if name := settings["LIBRARY"]; name != "" {
		packageName = name
	}
	p := betterAuthProcessOf(t, packageName)
	logged := len(p.log.String())
	url, err = p.run(map[string]any{"start": settings})
	if err != nil {
		return "", err
	}
	t.Cleanup(func() {
		if _, err := p.run(map[string]any{"stop": url}); err != nil {
			t.Errorf("stop Better Auth: got the error %v, want none", err)
		}
		if t.Failed() {
			t.Logf("Better Auth logged:\n%s", p.log.String()[logged:])
		}
	})
	return url, nil
}
