//go:build moto

package lambda

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/xenon-auth/xenon/conformance/lambda/sandbox"
	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// concurrentEvents is the number of events that one process handles concurrently. Lambda can do this for functions on
// managed instances.
const concurrentEvents = 8

// concurrentLambda emulates Lambda and sends several events to one process at the same time, which AWS's emulator does
// not support. It implements the Runtime API, version 2018-06-01. The function is built with the race detector.
type concurrentLambda struct {
	t       *testing.T
	process *exec.Cmd
	next    chan queuedEvent
	out     bytes.Buffer

	mu      sync.Mutex
	waiting map[string]chan []byte
}

// queuedEvent is an event with its request id.
type queuedEvent struct {
	id    string
	event any
}

// startConcurrent starts one process of a function. At the end of the test it stops the process and searches its output
// for data races and secrets.
func startConcurrent(t *testing.T, d *sandbox.Deployment, folder string) *concurrentLambda {
	t.Helper()
	l := &concurrentLambda{t: t, next: make(chan queuedEvent), waiting: map[string]chan []byte{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", l.serveNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{what}", l.serveAnswer)
	api := httptest.NewServer(mux)
	l.process = exec.Command(sandbox.BuildWithRaceDetector(t, "functions/"+folder))
	o := d.Functions[folder].Options("", d.Cloud, map[string]string{
		"AWS_LAMBDA_RUNTIME_API":     api.Listener.Addr().String(),
		"AWS_LAMBDA_MAX_CONCURRENCY": fmt.Sprint(concurrentEvents), "GORACE": "halt_on_error=1",
	})
	for name, value := range o.Env {
		l.process.Env = append(l.process.Env, name+"="+value)
	}
	l.process.Stdout, l.process.Stderr = &l.out, &l.out
	if err := l.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = l.process.Process.Kill()
		_ = l.process.Wait() // the error is that it was killed
		api.CloseClientConnections()
		api.Close()
		if out := l.out.String(); strings.Contains(out, "DATA RACE") || strings.Contains(out, "fatal error") {
			t.Errorf("functions/%s printed a data race or a fatal error, want neither:\n%s", folder, out)
		}
		for _, what := range sandbox.FindSecrets(l.out.String(), d.Hidden...) {
			t.Errorf("the function printed %s, want no secret in its output", what)
		}
	})
	return l
}

func (l *concurrentLambda) serveNext(w http.ResponseWriter, r *http.Request) {
	select {
	case i := <-l.next:
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", i.id)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
		_ = json.NewEncoder(w).Encode(i.event) // if it fails, the test waits for the answer and times out
	case <-r.Context().Done():
	}
}

func (l *concurrentLambda) serveAnswer(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	w.WriteHeader(http.StatusAccepted)
	l.mu.Lock()
	answer := l.waiting[r.PathValue("id")]
	l.mu.Unlock()
	if err == nil && answer != nil {
		answer <- text
	}
}

// invokeTimeout is the time in which a function has to request an event and to answer it.
const invokeTimeout = time.Minute

// invoke sends an event and waits for the response. It is safe for concurrent use.
func (l *concurrentLambda) invoke(id string, e events.APIGatewayV2HTTPRequest) (got events.APIGatewayV2HTTPResponse) {
	answer := make(chan []byte, 1)
	l.mu.Lock()
	l.waiting[id] = answer
	l.mu.Unlock()
	e.RequestContext.RequestID = id
	timeout := time.After(invokeTimeout)
	select {
	case l.next <- queuedEvent{id, e}:
	case <-timeout:
		l.t.Errorf("%s: the function requested no event within %s, want one request", id, invokeTimeout)
		return got
	}
	select {
	case text := <-answer:
		if err := json.Unmarshal(text, &got); err != nil {
			l.t.Error(err)
		}
	case <-timeout:
		l.t.Errorf("%s: the function answered nothing within %s, want a response", id, invokeTimeout)
	}
	return got
}

// One process handles the requests of several users, first one after the other and then concurrently. Each user gets
// their own session.
func TestR51_ConcurrentRequestsInOneEnvironmentGetTheirOwnSessions(t *testing.T) {
	d := sandbox.Deploy(t, dbtest.New(t))
	d.RotateKeys(d.Start("rotate", sandbox.Build(t, "functions/rotate")))
	signup, session := startConcurrent(t, d, "signup"), startConcurrent(t, d, "session")
	people := make([]*visitor, concurrentEvents)
	register := func(i int) {
		v := newVisitor()
		body := v.fillPlaceholders(`{"name":"Ada","email":"{email}","password":"{password}"}`)
		e := sandbox.NewEvent("POST", "/api/auth/sign-up/email", "", v.ip, body)
		got := signup.invoke(fmt.Sprintf("sign-up-%d", i), e)
		const cookies = 2 // the session cookie and the device cookie
		if got.StatusCode != http.StatusOK || !strings.Contains(got.Body, v.email) || len(got.Cookies) != cookies {
			t.Errorf("sign-up %d: got %d %s, want 200, the email and two cookies", i, got.StatusCode, got.Body)
			return
		}
		pair, _, _ := strings.Cut(got.Cookies[0], ";")
		v.cookies, people[i] = []string{pair}, v
	}
	register(0) // the first two sign up one after the other, the others concurrently
	register(1)
	var all sync.WaitGroup
	for i := range people[2:] {
		all.Go(func() { register(i + 2) })
	}
	all.Wait()
	for round := range 10 {
		for i, v := range people {
			all.Go(func() { checkSession(t, session, fmt.Sprintf("session-%d-%d", round, i), v) })
		}
	}
	all.Wait()
}

// checkSession calls get-session with and without the visitor's cookies. The first call must return the visitor's
// session, the second one none.
func checkSession(t *testing.T, session *concurrentLambda, id string, v *visitor) {
	if v == nil {
		return // register has reported the error
	}
	e := sandbox.NewEvent("GET", "/api/auth/get-session", "disableCookieCache=true", v.ip, "", v.cookies...)
	got := session.invoke(id, e)
	isOwn := strings.Contains(got.Body, `"`+v.email+`"`) && got.Headers["X-Request-Id"] == id
	if got.StatusCode != http.StatusOK || !isOwn {
		t.Errorf("get-session of the request %s: got %d %s with the request id %s, want the user's own email and request id",
			id, got.StatusCode, got.Body, got.Headers["X-Request-Id"])
	}
	got = session.invoke(id+"-no-session", sandbox.NewEvent("GET", "/api/auth/get-session", "", v.ip, ""))
	if got.Body != "null" {
		t.Errorf("get-session without cookies after the request %s: got %s, want null", id, got.Body)
	}
}
