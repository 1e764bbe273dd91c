package sessions_test

import (
	"encoding/json"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/importer/stepfn"
)

// The actions of the state machine import and verify the sessions, each with an environment of its own, as functions of
// Lambda have it.
func TestStateMachineImportsSessions(t *testing.T) {
	t.Parallel()
	m := newImport(t, newSource(t, 20, 40))
	m.Shared, m.Holder = true, "the execution tuesday"
	call := func(a stepfn.Action) any {
		t.Helper()
		own := newImport(t, m.From)
		own.To, own.Shared, own.Holder = m.To, m.Shared, m.Holder
		answer, err := stepfn.RunAction(t.Context(), own.Env(), a)
		if err != nil {
			t.Fatalf("the action %s: %v", a.Action, err)
		}
		return answer
	}
	input := json.RawMessage(`{"sessions": true, "batchSize": 5, "concurrency": 2}`)
	job, _ := call(stepfn.Action{Action: "input", Input: input, Execution: stepfn.Execution{Name: "tuesday"}}).(stepfn.Job)
	plan, _ := call(stepfn.Action{Action: "plan", Job: job}).(stepfn.PlanResult)
	if !plan.MayStart || plan.Sessions == nil || plan.Sessions.Total != 40 {
		t.Errorf("plan: got %+v, want a start and 40 sessions", plan)
	}
	begun, _ := call(stepfn.Action{Action: "begin", Job: job}).(stepfn.BeginResult)
	short := stepfn.Job{Run: job.Run, Holder: job.Holder} // what the lanes of the state machine get
	for _, shard := range begun.Shards {
		call(stepfn.Action{Action: "copy", Job: short, Shard: shard})
	}
	closed, _ := call(stepfn.Action{Action: "close", Job: job}).(stepfn.StatusResult)
	if closed.State != "complete" || closed.Sessions == nil || closed.Sessions.Outcomes() != 40 {
		t.Errorf("close: got %+v with the sessions %+v, want complete and 40 outcomes", closed, closed.Sessions)
	}
	for _, shard := range begun.Shards {
		call(stepfn.Action{Action: "verify", Job: short, Shard: shard})
	}
	result, _ := call(stepfn.Action{Action: "verdict", Job: job}).(stepfn.VerifyResult)
	if !result.Equal || result.Checksums["supabaseSession"].TargetRows != closed.Sessions.Written() {
		t.Errorf("verification: got %+v, want equal, with %d sessions", result, closed.Sessions.Written())
	}
	if n := importtest.Value(t, m.To, `select count(*)::text from "supabaseSession"`); n == "0" {
		t.Error("sessions in the target: got none, want some")
	}
	call(stepfn.Action{Action: "report", Job: job})
	call(stepfn.Action{Action: "gate", Job: job})
}
