//go:build node

package statemachine

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/syncbuf"
)

// interpreter is a process of run.mjs, which executes the state machines of all tests. Loading its packages takes most
// of a second of processor time, longer than most executions.
type interpreter struct {
	stdin io.Writer
	log   syncbuf.Buffer // standard error
	ended chan struct{}  // closed when the standard output has ended

	mu      sync.Mutex // held while a command is sent
	sent    int
	waiting map[int]chan<- nodeAnswer // by the id of the command
}

// nodeAnswer is the answer to a command.
type nodeAnswer struct {
	ID     int
	Result json.RawMessage
	Error  string
}

// startInterpreter starts the process at the first call. It ends when the process of the tests ends, because then its
// standard input ends.
var startInterpreter = sync.OnceValues(func() (*interpreter, error) {
	program, err := filepath.Abs(filepath.Join("node_modules", ".bin", "node"))
	if err != nil {
		return nil, err
	}
	p := &interpreter{ended: make(chan struct{}), waiting: map[int]chan<- nodeAnswer{}}
	cmd := exec.Command(program, "run.mjs")
	cmd.Stderr = &p.log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go p.readAnswers(stdout)
	return p, nil
})

// readAnswers passes each answer on to the caller that waits for it.
func (p *interpreter) readAnswers(stdout io.Reader) {
	defer close(p.ended)
	for answers := json.NewDecoder(bufio.NewReader(stdout)); ; {
		var a nodeAnswer
		if err := answers.Decode(&a); err != nil {
			fmt.Fprintf(&p.log, "read the answers of run.mjs: %v\n", err)
			return
		}
		p.mu.Lock()
		waiting := p.waiting[a.ID]
		delete(p.waiting, a.ID)
		p.mu.Unlock()
		waiting <- a
	}
}

// send sends a command and returns the channel of its answer.
func (p *interpreter) send(name string, argument any) (<-chan nodeAnswer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent++
	answer := make(chan nodeAnswer, 1)
	p.waiting[p.sent] = answer
	return answer, json.NewEncoder(p.stdin).Encode(map[string]any{"id": p.sent, name: argument})
}

// runCommand runs a command of run.mjs, and returns its result.
func runCommand(t *testing.T, name string, argument any) (json.RawMessage, error) {
	t.Helper()
	p, err := startInterpreter()
	if err != nil {
		t.Fatalf("start run.mjs: %v", err)
	}
	answer, err := p.send(name, argument)
	if err != nil {
		return nil, fmt.Errorf("send a command to run.mjs: %w; it logged:\n%s", err, p.log.String())
	}
	select {
	case a := <-answer:
		if a.Error != "" {
			return nil, fmt.Errorf("%s; run.mjs logged:\n%s", a.Error, p.log.String())
		}
		return a.Result, nil
	case <-p.ended:
		return nil, fmt.Errorf("run.mjs has ended; it logged:\n%s", p.log.String())
	case <-t.Context().Done():
		return nil, t.Context().Err()
	}
}
