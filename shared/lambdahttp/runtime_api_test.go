package lambdahttp_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// RuntimeAPI is a stand-in for Lambda for one function process: it serves the Runtime API, version 2018-06-01, as AWS
// documents it for custom runtimes, on a loopback port.
type RuntimeAPI struct {
	server  *httptest.Server
	next    chan invocation
	answers chan Answer
	polled  sync.Once
	Ready   chan struct{} // closed at the first GET /next, when the init phase has ended
}

type invocation struct {
	id       string
	event    []byte
	deadline time.Time
}

// Answer is the body that the function posted for an event: to /response, or to /error if Failed.
type Answer struct {
	ID      string
	Failed  bool
	Payload []byte
}

// NewRuntimeAPI returns a RuntimeAPI that serves until the test ends.
func NewRuntimeAPI(t *testing.T) *RuntimeAPI {
	t.Helper()
	a := &RuntimeAPI{next: make(chan invocation), answers: make(chan Answer), Ready: make(chan struct{})}
	const base = "/2018-06-01/runtime/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"invocation/next", a.serveNext)
	mux.HandleFunc("POST "+base+"invocation/{id}/response", a.serveAnswer(false))
	mux.HandleFunc("POST "+base+"invocation/{id}/error", a.serveAnswer(true))
	mux.HandleFunc("POST "+base+"init/error", a.serveAnswer(true))
	a.server = httptest.NewServer(mux)
	t.Cleanup(a.server.Close)
	return a
}

// serveNext blocks the function's request until there is an event, as Lambda does. Lambda freezes the process
// meanwhile.
func (a *RuntimeAPI) serveNext(w http.ResponseWriter, r *http.Request) {
	a.polled.Do(func() { close(a.Ready) })
	select {
	case i := <-a.next:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", i.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:under-test")
		h.Set("Lambda-Runtime-Trace-Id", "Root=1-68f5c1a2-0123456789abcdef01234567;Sampled=0")
		if _, err := w.Write(i.event); err != nil {
			return // the process died, which Invoke reports
		}
	case <-r.Context().Done():
	}
}

func (a *RuntimeAPI) serveAnswer(failed bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		payload, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		w.WriteHeader(http.StatusAccepted)
		select {
		case a.answers <- Answer{ID: r.PathValue("id"), Failed: failed, Payload: payload}:
		case <-r.Context().Done():
		}
	}
}

// Process is the process of a function, which RuntimeAPI.Start starts as Lambda does.
type Process struct {
	api    *RuntimeAPI
	exited chan struct{}
	err    error
	out    bytes.Buffer // stdout and stderr, which both go to the log; read it only after the process has ended
	events int
}

// Start runs the executable with env and the variables that Lambda sets, and no other variable of this process. The
// process ends with the test.
func (a *RuntimeAPI) Start(t *testing.T, bootstrap string, env ...string) *Process {
	t.Helper()
	p := &Process{api: a, exited: make(chan struct{})}
	cmd := exec.CommandContext(t.Context(), bootstrap)
	cmd.Env = append(env, "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(a.server.URL, "http://"),
		"AWS_LAMBDA_FUNCTION_NAME=under-test", "AWS_REGION=eu-central-1", "_HANDLER=bootstrap")
	cmd.Stdout, cmd.Stderr = &p.out, &p.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() { <-p.exited })
	return p
}

// Wait returns the output and the exit status of a process that ends by itself. It fails the test if the process asks
// for an event instead.
func (p *Process) Wait(t *testing.T) (out string, status int) {
	t.Helper()
	select {
	case <-p.exited:
	case <-p.api.Ready:
		t.Fatal("the process asked for an event, want it to exit")
	}
	if exit, ok := errors.AsType[*exec.ExitError](p.err); ok {
		status = exit.ExitCode()
	}
	return p.out.String(), status
}

// Invoke sends an event whose invocation ends after the duration remaining, and returns the function's answer.
func (p *Process) Invoke(t *testing.T, event any, remaining time.Duration) Answer {
	t.Helper()
	raw, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	p.events++
	id := fmt.Sprintf("8c1f7a52-0000-4000-8000-%012d", p.events)
	select {
	case p.api.next <- invocation{id, raw, time.Now().Add(remaining)}:
	case <-p.exited:
		t.Fatalf("the process ended before the event: %v\n%s", p.err, &p.out)
	}
	select {
	case answer := <-p.api.answers:
		if answer.ID != id {
			t.Fatalf("got an answer to %q, want %q", answer.ID, id)
		}
		return answer
	case <-p.exited:
		t.Fatalf("the process ended while it handled the event: %v\n%s", p.err, &p.out)
	}
	panic("unreachable")
}

// HTTP decodes the answer as API Gateway does. It fails the test if the invocation failed.
func (a Answer) HTTP(t *testing.T) events.APIGatewayV2HTTPResponse {
	t.Helper()
	var r events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(a.Payload, &r); err != nil || a.Failed {
		t.Fatalf("the invocation failed: %s", a.Payload)
	}
	return r
}
