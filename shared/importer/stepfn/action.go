// Package stepfn is the protocol between the state machine of an import and its function: actions and their results.
// The results have a bounded size for every source, because Step Functions limits the size of the data of a state.
package stepfn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/importer/copy"
	"github.com/xenon-auth/xenon/shared/importer/rollback"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/verify"
)

// Action is one step of the state machine. Every action can be repeated. Some JSON names ("lane", "verdict", "stand",
// "undone") are older than the Go names; running executions depend on them.
type Action struct {
	// Action is "input", "plan", "begin", "copy", "park", "close", "follow", "verify", "verdict", "tables",
	// "verifyTables", "gate", "rollback" or "report".
	Action    string          `json:"action"`
	Input     json.RawMessage `json:"input"`     // for "input": a Request
	Execution Execution       `json:"execution"` // for "input", "begin" and "gate"
	Job       Job             `json:"job"`       // for every action except "input"
	Shard     run.Shard       `json:"lane"`      // for "copy", "park" and "verify"
	Error     Failure         `json:"error"`     // for "park": the error that ended the shard
	Redrives  int             `json:"redrives"`  // for "gate": BeginResult.Redrives
	Left      int             `json:"left"`      // for "follow": the number of polls that are left, with this one
	Tables    TablesResult    `json:"tables"`    // for "tables", "verifyTables", "gate" and "report": the result so far
}

// Failure is the error of a task, as Step Functions passes it to a Catch.
type Failure struct {
	Error string `json:"Error"`
	Cause string `json:"Cause"` // the complete answer of the function, as JSON, or any text
}

// text returns the name and the message of the failure, at most maxTextBytes bytes of the message. Lambda writes the
// answer of the function, as JSON, into Cause.
func (f Failure) text() string {
	var answer struct {
		Message string `json:"errorMessage"`
	}
	text := f.Cause
	if json.Unmarshal([]byte(f.Cause), &answer) == nil && answer.Message != "" {
		text = answer.Message
	}
	return f.Error + ": " + truncate(text, maxTextBytes)
}

// RunAction runs one action. The result has no personal data: it is a Job, PlanResult, BeginResult, StepResult,
// StatusResult, FollowResult, VerifyResult, TablesResult, ReportResult, RollbackResult or GateResult. The actions
// "copy", "follow", "verify", "tables", "verifyTables" and "rollback" stop before the deadline of ctx
// (timeReservedForAnswer).
func RunAction(ctx context.Context, env *run.Env, a Action) (any, error) {
	switch a.Action {
	case "input":
		return readRequest(a.Input, a.Execution, env.ProfileFields...)
	case "plan":
		p, err := run.MakePlan(ctx, env, a.Job.Options)
		return newPlanResult(p), err
	case "begin":
		s, err := run.Begin(ctx, env, a.Job.Options, a.Job.Quick)
		return newBeginResult(s, a), err
	case "park":
		return StepResult{Done: true}, run.ParkShard(ctx, env, a.Job.Run, a.Shard, a.Error.text())
	case "close":
		s, err := run.ClosePass(ctx, env, a.Job.Run)
		if err == nil {
			err = run.StartVerification(ctx, env, a.Job.Run) // the next state verifies
		}
		return newStatusResult(s), err
	case "verdict":
		v, err := verify.ReadResult(ctx, env, a.Job.Run)
		return newVerifyResult(v), err
	case "report":
		return readReport(ctx, env, a)
	case "gate":
		g, err := checkComplete(ctx, env, a)
		if err == nil && !g.Again || errors.Is(err, ErrNeedsAttention) {
			err = releaseLease(ctx, env, a, err)
		}
		return g, err
	}
	return runActionBeforeDeadline(ctx, env, a)
}

// timeReservedForAnswer is the time before the deadline that the actions of runActionBeforeDeadline leave for the
// answer. If less than twice this time is left, they use half of what is left.
const timeReservedForAnswer = 2 * time.Minute

// runActionBeforeDeadline runs the actions that can take longer than an invocation. They stop in time, and the state
// machine repeats them.
func runActionBeforeDeadline(ctx context.Context, env *run.Env, a Action) (any, error) {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-min(timeReservedForAnswer, end.Sub(env.Now())/2)))
		defer cancel()
	}
	switch a.Action {
	case "copy":
		done, err := copy.Shard(ctx, env, a.Job.Run, a.Shard)
		return StepResult{Done: done}, err
	case "follow":
		return pollOnce(ctx, env, a)
	case "verify":
		done, err := verify.Shard(ctx, env, a.Job.Run, a.Shard)
		return StepResult{Done: done}, err
	case "tables":
		return moveTablesBeforeDeadline(ctx, env, a, moveTables)
	case "verifyTables":
		return moveTablesBeforeDeadline(ctx, env, a, verifyTables)
	case "rollback":
		o := rollback.Options{Force: a.Job.Force, Cascade: a.Job.Cascade, DryRun: a.Job.DryRun}
		r, err := rollback.Run(ctx, env, a.Job.Run, o)
		if r.Done {
			err = releaseLease(ctx, env, a, err)
		}
		return newRollbackResult(r), err
	}
	return nil, fmt.Errorf("%w: there is no action %q", run.ErrRefused, a.Action)
}

// checkComplete decides whether an import succeeds. It returns ErrNeedsAttention if a batch is open or parked, if the
// verification is not equal, or if the move of other tables is not complete and equal. A redrive of the failed
// execution starts again with this action. Then checkComplete returns Again instead of the error, and the state machine
// begins the run again.
func checkComplete(ctx context.Context, env *run.Env, a Action) (GateResult, error) {
	s, err := run.ReadStatus(ctx, env, a.Job.Run)
	if err != nil {
		return GateResult{}, err
	}
	v, err := verify.ReadResult(ctx, env, a.Job.Run)
	if err != nil {
		return GateResult{}, err
	}
	var causes []string
	if n := max(s.Batches-s.Done, len(s.Parked)); n > 0 {
		causes = append(causes, fmt.Sprintf("of %d batches %d are open or parked", s.Batches, n))
	}
	if !v.Equal {
		causes = append(causes, v.WhyNotEqual())
	}
	if cause := a.Tables.cause(); cause != "" {
		causes = append(causes, cause)
	}
	switch {
	case len(causes) == 0:
		return GateResult{}, nil
	case a.Execution.RedriveCount > a.Redrives:
		return GateResult{Again: true}, nil
	default:
		return GateResult{}, fmt.Errorf("%w: %s; see `xenon migrate report`, then redrive this execution or start another "+
			"one with the same input", ErrNeedsAttention, strings.Join(causes, ", and "))
	}
}

// releaseLease releases the lease of the run. It returns err, the error of the action, or else its own error.
func releaseLease(ctx context.Context, env *run.Env, a Action, err error) error {
	if e := env.ReleaseShared(ctx, a.Job.Run); err == nil {
		err = e
	}
	return err
}
