package main

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/stepfn"
)

// machine has the parts of a definition in the States Language that these tests check.
type machine struct {
	Comment        string
	StartAt        string
	TimeoutSeconds int
	States         map[string]state
}

type state struct {
	Type           string
	Resource       string
	TimeoutSeconds int
	Parameters     map[string]any
	ItemSelector   map[string]any
	ResultSelector map[string]any
	ResultPath     *string
	Retry          []struct {
		ErrorEquals     []string
		MaxAttempts     int
		MaxDelaySeconds int
		JitterStrategy  string
	}
	Catch []struct {
		ErrorEquals []string
		ResultPath  string
	}
	ItemProcessor *machine
}

// readDefinition reads statemachine.asl.json.
func readDefinition(t *testing.T) (text string, m machine) {
	t.Helper()
	raw, err := os.ReadFile("statemachine.asl.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return string(raw), m
}

// allStates returns every state, including the states inside of Map states.
func (m machine) allStates() map[string]state {
	states := maps.Clone(m.States)
	for _, s := range m.States {
		if s.ItemProcessor != nil {
			maps.Copy(states, s.ItemProcessor.allStates())
		}
	}
	return states
}

// jsonNames returns the JSON names of the fields of a struct.
func jsonNames(v any) []string {
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// resultTypes has the type of the result of each action.
var resultTypes = map[string]any{
	"input":        stepfn.Job{},
	"plan":         stepfn.PlanResult{},
	"begin":        stepfn.BeginResult{},
	"copy":         stepfn.StepResult{},
	"park":         stepfn.StepResult{},
	"close":        stepfn.StatusResult{},
	"follow":       stepfn.FollowResult{},
	"verify":       stepfn.StepResult{},
	"verdict":      stepfn.VerifyResult{},
	"tables":       stepfn.TablesResult{},
	"verifyTables": stepfn.TablesResult{},
	"report":       stepfn.ReportResult{},
	"gate":         stepfn.GateResult{},
	"rollback":     stepfn.RollbackResult{},
}

// Every field that the definition names exists in Action or in the result of an action.
func TestDefinitionNamesFieldsThatExist(t *testing.T) {
	t.Parallel()
	text, m := readDefinition(t)
	// available has the fields of the data that the state machine keeps, by its path.
	available := map[string][]string{
		"lane":  jsonNames(run.Shard{}),
		"error": jsonNames(stepfn.Failure{}),
	}
	used := map[string]bool{}
	for name, s := range m.allStates() {
		if s.Type != "Task" {
			continue
		}
		action, _ := s.Parameters["action"].(string)
		answer, ok := resultTypes[action]
		if !ok {
			t.Errorf("the state %s has the action %q, which stepfn does not have", name, action)
			continue
		}
		used[action] = true
		for key := range s.Parameters {
			if !slices.Contains(jsonNames(stepfn.Action{}), strings.TrimSuffix(key, ".$")) {
				t.Errorf("the state %s passes the parameter %s, which stepfn.Action does not have", name, key)
			}
		}
		path := "job" // a task without a ResultPath: its ResultSelector stores the result as job
		if s.ResultPath != nil {
			path = strings.TrimPrefix(*s.ResultPath, "$.")
		}
		available[path] = jsonNames(answer)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(used)), slices.Sorted(maps.Keys(resultTypes))); diff != "" {
		t.Errorf("actions (-used by the state machine +implemented):\n%s", diff)
	}
	paths := regexp.MustCompile(`"\$\.(\w+)(?:\.(\w+))?"`).FindAllStringSubmatch(text, -1)
	if len(paths) < 30 {
		t.Fatalf("got %d paths in the definition, want at least 30", len(paths))
	}
	for _, p := range paths {
		if names, ok := available[p[1]]; !ok || p[2] != "" && !slices.Contains(names, p[2]) {
			t.Errorf("the definition reads the path %s, which no result has", p[0])
		}
	}
}

func TestCommentOfTheDefinitionNamesEveryInputField(t *testing.T) {
	t.Parallel()
	_, m := readDefinition(t)
	for _, name := range jsonNames(stepfn.Request{}) {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(m.Comment) {
			t.Errorf("the Comment of the definition does not name the input field %s", name)
		}
	}
	for _, example := range regexp.MustCompile(`\{[^{}]*\}`).FindAllString(m.Comment, -1) {
		h, _ := newHandler()
		if _, err := h.handle(t.Context(), json.RawMessage(`{"action":"input","input":`+example+`}`)); err != nil {
			t.Errorf("the input %s, an example in the Comment: got %v, want no error", example, err)
		}
	}
}

// Every task has a timeout and retries temporary errors, and no other errors, after random delays.
func TestEveryTaskHasATimeoutAndRetriesTemporaryErrors(t *testing.T) {
	t.Parallel()
	_, m := readDefinition(t)
	if m.TimeoutSeconds == 0 {
		t.Error("the state machine has no TimeoutSeconds, want one")
	}
	temporary := []string{
		"Held",
		"Lambda.AWSLambdaException",
		"Lambda.ClientExecutionTimeoutException",
		"Lambda.SdkClientException",
		"Lambda.ServiceException",
		"Lambda.TooManyRequestsException",
		"Lambda.Unknown",
		"Runtime.ExitError",
		"Sandbox.Timedout",
		"States.Timeout",
		"Unavailable",
	}
	for name, s := range m.allStates() {
		if s.Type != "Task" {
			continue
		}
		if s.TimeoutSeconds <= 900 || s.TimeoutSeconds > 1000 { // the function itself times out after 900 s
			t.Errorf("the task %s has a timeout of %d s, want more than 900 s and at most 1000 s", name, s.TimeoutSeconds)
		}
		if s.Resource != "${MigrateFunctionArn}" {
			t.Errorf("the task %s calls %s, want the function of the import", name, s.Resource)
		}
		var retried []string
		for _, r := range s.Retry {
			retried = append(retried, r.ErrorEquals...)
			if r.JitterStrategy != "FULL" || r.MaxDelaySeconds == 0 || r.MaxAttempts == 0 {
				t.Errorf("the task %s retries %v without full jitter, without a maximum delay or without a number of attempts",
					name, r.ErrorEquals)
			}
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(retried)), temporary); diff != "" {
			t.Errorf("errors that the task %s retries (-got +want):\n%s", name, diff)
		}
		if lane := s.Parameters["lane.$"] != nil; lane != (len(s.Catch) > 0) && s.Parameters["action"] != "verify" {
			t.Errorf("the task %s has %d catchers, want at least one if the task is of a lane and does not verify, else none",
				name, len(s.Catch))
		}
	}
}

// The definition discards the results of Map states, because the ledger has them. Lanes in the same execution and lanes
// in child executions have the same states.
func TestMapStatesDiscardTheirResultsAndHaveTheSameLanes(t *testing.T) {
	t.Parallel()
	text, m := readDefinition(t)
	n := 0
	for name, s := range m.allStates() {
		if s.Type != "Map" {
			continue
		}
		n++
		if s.ResultPath != nil {
			t.Errorf("the Map state %s stores its result in %s, want it discarded", name, *s.ResultPath)
		}
	}
	if nulls := strings.Count(text, `"ResultPath": null`); n != 3 || nulls != n {
		t.Errorf("the definition has %d Map states, and %d times \"ResultPath\": null; want 3 of both", n, nulls)
	}
	inline, child := m.States["Copy"].ItemProcessor, m.States["Copy with child executions"].ItemProcessor
	if len(inline.States) != len(child.States) {
		t.Errorf("a lane has %d states, and a lane in a child execution %d, want the same number",
			len(inline.States), len(child.States))
	}
	for name, s := range inline.States {
		if diff := cmp.Diff(s, child.States[name+", child"]); diff != "" {
			t.Errorf("the state %s (-inline +child execution):\n%s", name, diff)
		}
	}
}
