//go:build node

package statemachine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/syncbuf"
)

var buildDir string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "xenon-statemachine")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		buildDir = dir
		return m.Run()
	}())
}

// build makes the function's executable once, with the Makefile's tag.
var build = sync.OnceValues(func() (string, error) {
	bootstrap := filepath.Join(buildDir, "bootstrap")
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", bootstrap, "./functions/migrate")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build functions/migrate: %w\n%s", err, out)
	}
	return bootstrap, nil
})

// lambda stands in for Lambda: it starts as many processes of the built function as there are invocations at a time,
// and gives each one event after another through the Runtime API, version 2018-06-01.
type lambda struct {
	t         *testing.T
	bootstrap string
	env       []string

	mu   sync.Mutex
	idle []*sandbox
	all  []*sandbox

	log syncbuf.Buffer // what the processes wrote
}

func newLambda(t *testing.T, env ...string) *lambda {
	t.Helper()
	bootstrap, err := build()
	if err != nil {
		t.Fatal(err)
	}
	l := &lambda{t: t, bootstrap: bootstrap, env: env}
	t.Cleanup(func() {
		for _, s := range l.all {
			s.kill()
			s.api.Close()
		}
	})
	return l
}

// answer is what Lambda tells the caller of a function.
type answer struct {
	failed  bool
	payload []byte
}

// invoke runs the function, which has so much time. during, if given, is told of the sandbox as soon as it has the
// event.
func (l *lambda) invoke(payload []byte, timeout time.Duration, during func(*sandbox)) answer {
	s, err := l.take()
	if err != nil {
		return failure("Lambda.ServiceException", err.Error())
	}
	select {
	case s.next <- event{payload, time.Now().Add(timeout)}:
	case <-s.exited:
		return failure("Runtime.ExitError", "the process ended before the event")
	}
	if during != nil {
		go during(s)
	}
	select {
	case a := <-s.answers:
		l.mu.Lock()
		l.idle = append(l.idle, s)
		l.mu.Unlock()
		return a
	case <-s.exited:
		return failure("Runtime.ExitError", "RequestId: 8c1f7a52 Error: Runtime exited with error: signal: killed")
	case <-time.After(timeout):
		s.kill()
		return failure("Sandbox.Timedout", "RequestId: 8c1f7a52 Error: Task timed out")
	}
}

func failure(name, message string) answer {
	payload, err := json.Marshal(map[string]string{"errorType": name, "errorMessage": message})
	if err != nil {
		panic(err)
	}
	return answer{failed: true, payload: payload}
}

func (l *lambda) take() (*sandbox, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.idle) > 0 {
		s := l.idle[len(l.idle)-1]
		l.idle = l.idle[:len(l.idle)-1]
		if s.lives() {
			return s, nil
		}
	}
	s, err := l.start()
	if err == nil {
		l.all = append(l.all, s)
	}
	return s, err
}

// sandbox is one process of the function.
type sandbox struct {
	api     *httptest.Server
	next    chan event
	answers chan answer
	cmd     *exec.Cmd
	exited  chan struct{}
}

type event struct {
	payload  []byte
	deadline time.Time
}

func (l *lambda) start() (*sandbox, error) {
	s := &sandbox{next: make(chan event), answers: make(chan answer), exited: make(chan struct{})}
	const base = "/2018-06-01/runtime/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"invocation/next", s.serveNext)
	mux.HandleFunc("POST "+base+"invocation/{id}/response", s.serveAnswer(false))
	mux.HandleFunc("POST "+base+"invocation/{id}/error", s.serveAnswer(true))
	s.api = httptest.NewServer(mux)
	s.cmd = exec.Command(l.bootstrap)
	s.cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(s.api.URL, "http://"),
		"AWS_LAMBDA_FUNCTION_NAME=migrate", "AWS_REGION=eu-central-1", "_HANDLER=bootstrap",
	}, l.env...)
	s.cmd.Stdout, s.cmd.Stderr = &l.log, &l.log
	if err := s.cmd.Start(); err != nil {
		s.api.Close()
		return nil, err
	}
	go func() {
		_ = s.cmd.Wait() // how it ended does not matter to Lambda
		close(s.exited)
	}()
	return s, nil
}

func (s *sandbox) kill() {
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		panic(err)
	}
	<-s.exited
}

func (s *sandbox) lives() bool {
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// serveNext holds the function's request until there is an event, as Lambda does.
func (s *sandbox) serveNext(w http.ResponseWriter, r *http.Request) {
	select {
	case e := <-s.next:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", "8c1f7a52-0000-4000-8000-000000000001")
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(e.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:migrate")
		_, _ = w.Write(e.payload) // a process that died is seen by its exit
	case <-r.Context().Done():
	case <-s.exited:
	}
}

func (s *sandbox) serveAnswer(failed bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		payload, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		w.WriteHeader(http.StatusAccepted)
		select {
		case s.answers <- answer{failed: failed, payload: payload}:
		case <-s.exited:
		}
	}
}
