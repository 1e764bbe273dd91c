//go:build node

package statemachine

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/checkout"
	"github.com/xenon-auth/xenon/internal/testkit/syncbuf"
)

// lambda emulates AWS Lambda for functions/migrate. It starts a process of the function for each concurrent invocation,
// and reuses idle processes. Each process receives one event at a time through the Runtime API, version 2018-06-01.
type lambda struct {
	t         *testing.T
	bootstrap string
	env       []string

	mu   sync.Mutex
	idle []*process
	all  []*process

	log syncbuf.Buffer // the output of the processes
}

func newLambda(t *testing.T, env ...string) *lambda {
	t.Helper()
	bootstrap, err := checkout.BuildFunction("functions/migrate")
	if err != nil {
		t.Fatal(err)
	}
	l := &lambda{t: t, bootstrap: bootstrap, env: env}
	t.Cleanup(func() {
		for _, p := range l.all {
			p.kill()
			p.api.Close()
		}
	})
	return l
}

// functionAnswer is the response of Lambda to the caller of a function.
type functionAnswer struct {
	failed  bool
	payload []byte
}

// invoke runs the function with a timeout. If during is not nil, invoke calls it with the process when the process has
// received the event.
func (l *lambda) invoke(payload []byte, timeout time.Duration, during func(*process)) functionAnswer {
	p, err := l.takeProcess()
	if err != nil {
		return newFailedAnswer("Lambda.ServiceException", err.Error())
	}
	select {
	case p.next <- invocation{payload, time.Now().Add(timeout)}:
	case <-p.exited:
		return newFailedAnswer("Runtime.ExitError", "the process ended before it received the event")
	}
	if during != nil {
		go during(p)
	}
	select {
	case a := <-p.answers:
		l.mu.Lock()
		l.idle = append(l.idle, p)
		l.mu.Unlock()
		return a
	case <-p.exited:
		return newFailedAnswer("Runtime.ExitError", "RequestId: 8c1f7a52 Error: Runtime exited with error: signal: killed")
	case <-time.After(timeout):
		p.kill()
		return newFailedAnswer("Sandbox.Timedout", "RequestId: 8c1f7a52 Error: Task timed out")
	}
}

// newFailedAnswer returns Lambda's answer for a failed invocation.
func newFailedAnswer(name, message string) functionAnswer {
	payload, err := json.Marshal(map[string]string{"errorType": name, "errorMessage": message})
	if err != nil {
		panic(err)
	}
	return functionAnswer{failed: true, payload: payload}
}

// takeProcess returns an idle process, or starts one.
func (l *lambda) takeProcess() (*process, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.idle) > 0 {
		p := l.idle[len(l.idle)-1]
		l.idle = l.idle[:len(l.idle)-1]
		if p.isRunning() {
			return p, nil
		}
	}
	p, err := l.startProcess()
	if err == nil {
		l.all = append(l.all, p)
	}
	return p, err
}

// process is one process of the function, as in one execution environment.
type process struct {
	api     *httptest.Server
	next    chan invocation
	answers chan functionAnswer
	cmd     *exec.Cmd
	exited  chan struct{}
}

type invocation struct {
	payload  []byte
	deadline time.Time
}

func (l *lambda) startProcess() (*process, error) {
	p := &process{next: make(chan invocation), answers: make(chan functionAnswer), exited: make(chan struct{})}
	const base = "/2018-06-01/runtime/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"invocation/next", p.serveNext)
	mux.HandleFunc("POST "+base+"invocation/{id}/response", p.serveAnswer(false))
	mux.HandleFunc("POST "+base+"invocation/{id}/error", p.serveAnswer(true))
	p.api = httptest.NewServer(mux)
	p.cmd = exec.Command(l.bootstrap)
	p.cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(p.api.URL, "http://"),
		"AWS_LAMBDA_FUNCTION_NAME=migrate", "AWS_REGION=eu-central-1", "_HANDLER=bootstrap",
	}, l.env...)
	p.cmd.Stdout, p.cmd.Stderr = &l.log, &l.log
	if err := p.cmd.Start(); err != nil {
		p.api.Close()
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait() // an exit status is not an error here
		close(p.exited)
	}()
	return p, nil
}

func (p *process) kill() {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		panic(err)
	}
	<-p.exited
}

func (p *process) isRunning() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// serveNext answers the function's request for the next event when there is one, as Lambda does.
func (p *process) serveNext(w http.ResponseWriter, r *http.Request) {
	select {
	case e := <-p.next:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", "8c1f7a52-0000-4000-8000-000000000001")
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(e.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:migrate")
		_, _ = w.Write(e.payload) // if the process has ended, invoke notices that from p.exited
	case <-r.Context().Done():
	case <-p.exited:
	}
}

// serveAnswer receives the function's answer to its event.
func (p *process) serveAnswer(failed bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		payload, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		w.WriteHeader(http.StatusAccepted)
		select {
		case p.answers <- functionAnswer{failed: failed, payload: payload}:
		case <-p.exited:
		}
	}
}
