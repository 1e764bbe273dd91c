//go:build node

package statemachine

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer/stepfn"
)

const repositoryRoot = "../.."

var definitionFile = filepath.Join(repositoryRoot, "functions", "migrate", "statemachine.asl.json")

// unreachedTimeout is a timeout that no invocation in these tests reaches.
const unreachedTimeout = 10 * time.Minute

// testbed has a source database, a target database, functions/migrate, and an HTTP proxy between the state machine and
// the function.
type testbed struct {
	t        *testing.T
	from, to string
	summary  supabasetest.Summary
	lambda   *lambda
	proxy    *httptest.Server

	mu    sync.Mutex
	fault func(*task) *functionAnswer // see setFault; never called concurrently
	tasks []task
}

// task is a request of the state machine to functions/migrate.
type task struct {
	State   string          `json:"state"`
	Payload json.RawMessage `json:"payload"`

	action  stepfn.Action
	during  func(*process) // called while functions/migrate handles the task
	hold    chan struct{}  // if not nil, functions/migrate gets the task only after this channel is closed
	timeout time.Duration  // the timeout of functions/migrate for this task; 0 means unreachedTimeout
}

// newTestbed creates a source with the given number of users and an empty target, and starts functions/migrate.
func newTestbed(t *testing.T, users int) *testbed {
	t.Helper()
	s := &testbed{t: t, from: supabasetest.New(t), to: dbtest.New(t)}
	s.summary = supabasetest.Fill(t, s.from, 4, users)
	s.startFunction(s.from, s.to)
	return s
}

// startFunction starts the emulated Lambda for functions/migrate with the two databases, and the proxy.
func (s *testbed) startFunction(from, to string) {
	s.t.Helper()
	s.lambda = newLambda(s.t, "FROM_DATABASE_URL="+from, "TO_DATABASE_URL="+to)
	s.proxy = httptest.NewServer(http.HandlerFunc(s.serve))
	s.t.Cleanup(s.proxy.Close)
}

// setFault sets a function that the proxy calls for every task before it calls functions/migrate. If that function
// returns an answer, the proxy sends it to the state machine and does not call functions/migrate.
func (s *testbed) setFault(fault func(*task) *functionAnswer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

func (s *testbed) serve(w http.ResponseWriter, r *http.Request) {
	var t task
	if err := json.NewDecoder(r.Body).Decode(&t); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := json.Unmarshal(t.Payload, &t.action); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a := s.runTask(t)
	out := map[string]any{"output": json.RawMessage(a.payload)}
	if a.failed {
		var e struct {
			Type string `json:"errorType"`
		}
		_ = json.Unmarshal(a.payload, &e) // without an errorType the error has no name, and the test fails
		out = map[string]any{"error": e.Type, "cause": string(a.payload)}
	}
	_ = json.NewEncoder(w).Encode(out)
}

// runTask records a task and answers it: with the answer of the fault, if there is one, and otherwise with that of
// functions/migrate.
func (s *testbed) runTask(t task) functionAnswer {
	s.mu.Lock()
	s.tasks = append(s.tasks, t)
	var instead *functionAnswer
	if s.fault != nil {
		instead = s.fault(&t)
	}
	s.mu.Unlock()
	if instead != nil {
		return *instead
	}
	if t.hold != nil {
		<-t.hold
	}
	return s.lambda.invoke(t.Payload, cmp.Or(t.timeout, unreachedTimeout), t.during)
}

// executionResult is the result of the command "execute" of run.mjs.
type executionResult struct {
	Status  string
	Error   string
	Cause   string
	Output  json.RawMessage
	Entered map[string]int // how often each state was entered, including states inside a Map state
	Retried map[string]int // how often each state was retried
	Caught  map[string]int // how often each state had an error that it caught
	Events  int
	Largest int      // bytes of the largest input or output of a state
	Last    struct { // the state that was entered last, not counting states inside a Map state
		State string          `json:"state"`
		Input json.RawMessage `json:"input"`
	}
}

// executionRequest is the argument of the command "execute" of run.mjs.
type executionRequest struct {
	Definition string          `json:"definition"`
	Proxy      string          `json:"proxy"`
	Input      json.RawMessage `json:"input"`
	Context    map[string]any  `json:"context"`
	StartAt    string          `json:"startAt,omitempty"`
}

// startAndWait starts an execution with a name and an input, and waits for its end.
func (s *testbed) startAndWait(name, input string) executionResult {
	s.t.Helper()
	return s.runExecution(
		executionRequest{
			Input:   json.RawMessage(input),
			Context: map[string]any{"Id": "arn:aws:states:eu-central-1:123456789012:execution:import:" + name, "Name": name},
		},
	)
}

// redrive restarts a failed execution as Step Functions does: at the failed state, with the input of that state. count
// is the number of redrives, including this one.
func (s *testbed) redrive(name string, failed executionResult, count int) executionResult {
	s.t.Helper()
	return s.runExecution(
		executionRequest{
			StartAt: failed.Last.State,
			Input:   failed.Last.Input,
			Context: map[string]any{"Name": name, "RedriveCount": count},
		},
	)
}

// runExecution runs the state machine with run.mjs, and returns the result.
func (s *testbed) runExecution(o executionRequest) (e executionResult) {
	s.t.Helper()
	o.Definition, o.Proxy = definitionFile, s.proxy.URL
	out, err := runCommand(s.t, "execute", o)
	if err != nil {
		s.t.Fatalf("run run.mjs: %v; functions/migrate logged:\n%s", err, s.lambda.log.String())
	}
	if err := json.Unmarshal(out, &e); err != nil {
		s.t.Fatalf("decode the output of run.mjs: %v\n%s", err, out)
	}
	s.t.Logf("%s %s %s: %d events, the largest value has %d bytes", e.Status, e.Error, e.Cause, e.Events, e.Largest)
	return e
}
