//go:build node

package statemachine

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer/stepfn"
)

const root = "../.."

var definition = filepath.Join(root, "functions", "migrate", "statemachine.asl.json")

// longTimeout is a timeout that no invocation in these tests reaches.
const longTimeout = 10 * time.Minute

// testbed has a source, a target, the function, and a proxy between the state machine and the function.
type testbed struct {
	t        *testing.T
	from, to string
	census   supabasetest.Census
	lambda   *lambda
	bridge   *httptest.Server

	mu    sync.Mutex
	fault func(*task) *answer // if not nil, may return an answer in place of the function; not called concurrently
	tasks []task
}

// task is one task of the state machine on its way to the function.
type task struct {
	State   string          `json:"state"`
	Payload json.RawMessage `json:"payload"`

	action stepfn.Action
	during func(*sandbox) // called while the function runs
	hold   chan struct{}  // the function is called after this is closed
	short  time.Duration  // the timeout of the function; 0 means longTimeout
}

// newTestbed creates a source with the given number of users, and an empty target.
func newTestbed(t *testing.T, users int) *testbed {
	t.Helper()
	s := &testbed{t: t, from: supabasetest.New(t), to: dbtest.New(t)}
	s.census = supabasetest.Fill(t, s.from, 4, users)
	s.open(s.from, s.to)
	return s
}

// open starts a function between two databases.
func (s *testbed) open(from, to string) {
	s.t.Helper()
	s.lambda = newLambda(s.t, "FROM_DATABASE_URL="+from, "TO_DATABASE_URL="+to)
	s.bridge = httptest.NewServer(http.HandlerFunc(s.serve))
	s.t.Cleanup(s.bridge.Close)
}

// setFault makes the proxy call fault for every task before it calls the function.
func (s *testbed) setFault(fault func(*task) *answer) {
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
	a := s.perform(t)
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

func (s *testbed) perform(t task) answer {
	s.mu.Lock()
	s.tasks = append(s.tasks, t)
	var instead *answer
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
	return s.lambda.invoke(t.Payload, cmp.Or(t.short, longTimeout), t.during)
}

// end is the result of an execution.
type end struct {
	Status  string
	Error   string
	Cause   string
	Output  json.RawMessage
	Entered map[string]int // states, nested ones too
	Retried map[string]int
	Caught  map[string]int
	Events  int
	Largest int // bytes of the largest input or output of a state
	Last    struct {
		State string          `json:"state"`
		Input json.RawMessage `json:"input"`
	}
}

type order struct {
	Definition string          `json:"definition"`
	Bridge     string          `json:"bridge"`
	Input      json.RawMessage `json:"input"`
	Context    map[string]any  `json:"context"`
	StartAt    string          `json:"startAt,omitempty"`
}

// start runs an execution of that name to its end.
func (s *testbed) start(name, input string) end {
	s.t.Helper()
	return s.run(
		order{
			Input:   json.RawMessage(input),
			Context: map[string]any{"Id": "arn:aws:states:eu-central-1:123456789012:execution:import:" + name, "Name": name},
		},
	)
}

// redrive restarts a failed execution as Step Functions does: at the failed state, with the input of that state.
func (s *testbed) redrive(name string, failed end, times int) end {
	s.t.Helper()
	return s.run(
		order{
			StartAt: failed.Last.State,
			Input:   failed.Last.Input,
			Context: map[string]any{"Name": name, "RedriveCount": times},
		},
	)
}

func (s *testbed) run(o order) (e end) {
	s.t.Helper()
	o.Definition, o.Bridge = definition, s.bridge.URL
	in, err := json.Marshal(o)
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := node(s.t, "run.mjs", in)
	if err != nil {
		s.t.Fatalf("the interpreter did not run: %v\n%s", err, s.lambda.log.String())
	}
	if err := json.Unmarshal(out, &e); err != nil {
		s.t.Fatalf("decode the output of the interpreter: %v\n%s", err, out)
	}
	s.t.Logf("%s %s %s: %d events, the largest value has %d bytes", e.Status, e.Error, e.Cause, e.Events, e.Largest)
	return e
}

// node runs a script with the Node of this folder.
func node(t *testing.T, script string, in []byte) ([]byte, error) {
	t.Helper()
	program, err := filepath.Abs(filepath.Join("node_modules", ".bin", "node"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, script)
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if stderr.Len() > 0 {
		t.Logf("%s said: %s", script, stderr.String())
	}
	return out, err
}
