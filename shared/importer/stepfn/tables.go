package stepfn

import (
	"context"
	"errors"
	"fmt"

	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// TablesResult is the result of the actions "tables" and "verifyTables": the move of the project's other tables so far.
// The state machine passes the result of a call to the next one.
type TablesResult struct {
	Done bool `json:"done"` // false: the deadline was reached, and the state machine repeats the action
	// State is NoTables or the state of the move. Before the first call it is "not begun".
	State    string   `json:"state"`
	Tables   int      `json:"tables"`
	Rows     int64    `json:"rows"`     // copied rows
	Open     int      `json:"open"`     // steps that are missing until the move is complete
	Problems []string `json:"problems"` // what an operator has to look at; at most ten
	// Idle is the number of calls in a row that finished no step. After maxIdle of them the action gives up: the next step
	// takes longer than a function may run.
	Idle         int                 `json:"idle"`
	Verification *TablesVerification `json:"verification,omitempty"`
}

// TablesVerification is a tables.Verification with lists of bounded size.
type TablesVerification struct {
	Equal     bool          `json:"equal"` // of what is compared so far
	After     string        `json:"after"` // the table that was compared last
	Tables    int           `json:"tables"`
	Rows      int64         `json:"rows"` // of the source
	Objects   []ObjectCount `json:"objects"`
	Different []string      `json:"different"` // tables and other objects; at most ten
}

// ObjectCount has the numbers of objects of a kind.
type ObjectCount struct {
	Kind   string `json:"kind"`
	Source int    `json:"source"`
	Target int    `json:"target"`
}

// NoTables is the State if `xenon migrate tables --prepare` has not stored a move for the run.
const NoTables = "no tables prepared"

const (
	maxIdle = 3
	// maxTableWorkers is the number of parts of tables that a function copies or compares at the same time. More would not
	// be faster with the processor of a function of 1 GB.
	maxTableWorkers = 4
)

// moveTablesBeforeDeadline runs moveTables or verifyTables. Like "copy", they are not done if the deadline was reached.
func moveTablesBeforeDeadline(
	ctx context.Context, env *run.Env, a Action, f func(context.Context, *run.Env, Action) (TablesResult, error),
) (TablesResult, error) {
	t, err := f(ctx, env, a)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t = a.Tables
		t.Done = false
		return t.withSteps(a.Tables, 0), nil
	}
	return t, err
}

// moveTables continues the move of the tables, if one is prepared.
func moveTables(ctx context.Context, env *run.Env, a Action) (TablesResult, error) {
	before, err := tables.Status(ctx, env, a.Job.Run)
	if errors.Is(err, tables.ErrNoMove) {
		return TablesResult{Done: true, State: NoTables, Problems: []string{}}, nil
	}
	if err != nil || before.State == tables.RolledBack {
		return tablesResult(before, a.Tables, 0), err
	}
	after, err := tables.Continue(ctx, env, a.Job.Run, min(a.Job.Concurrency, maxTableWorkers))
	return tablesResult(after, a.Tables, before.Open-after.Open), err
}

// tablesResult returns the result of a call that has finished this number of steps.
func tablesResult(r tables.Result, earlier TablesResult, steps int) TablesResult {
	t := TablesResult{
		State: r.State, Tables: len(r.Tables), Rows: r.Rows(), Open: r.Open,
		Problems: firstTextsOf(r.Problems(), maxTableTextBytes),
		Done:     r.State == tables.Complete || r.State == tables.RolledBack,
	}
	return t.withSteps(earlier, steps)
}

// withSteps counts the calls in a row that finished no step, and gives up after maxIdle of them.
func (t TablesResult) withSteps(earlier TablesResult, steps int) TablesResult {
	if t.Idle = 0; steps <= 0 && !t.Done {
		t.Idle = earlier.Idle + 1
	}
	t.Done = t.Done || t.Idle >= maxIdle
	return t
}

// verifyTables compares the next tables with the source.
func verifyTables(ctx context.Context, env *run.Env, a Action) (TablesResult, error) {
	t := a.Tables
	after := ""
	if t.Verification != nil {
		after = t.Verification.After
	}
	v, done, err := tables.VerifyAfter(ctx, env, a.Job.Run, after, min(a.Job.Concurrency, maxTableWorkers))
	if err != nil {
		return TablesResult{}, err
	}
	t.Verification = addVerification(t.Verification, v)
	t.Done = done
	return t.withSteps(a.Tables, len(v.Tables)), nil
}

// addVerification adds the result of a step to that of the steps before.
func addVerification(earlier *TablesVerification, v tables.Verification) *TablesVerification {
	sum := TablesVerification{Equal: true, Objects: []ObjectCount{}, Different: []string{}}
	if earlier != nil {
		sum = *earlier
	}
	sum.Equal = sum.Equal && v.Equal
	sum.Tables += len(v.Tables)
	var different []string
	for _, t := range v.Tables {
		sum.After = t.Name
		sum.Rows += t.SourceRows
		if !t.Equal {
			different = append(different, fmt.Sprintf("%s: %d rows in the source, %d in the target, whose sums differ",
				t.Name, t.SourceRows, t.TargetRows))
		}
	}
	for _, k := range v.Kinds {
		sum.Objects = append(sum.Objects, ObjectCount{Kind: k.Kind, Source: k.Source, Target: k.Target})
		for _, name := range k.Missing {
			different = append(different, k.Kind+" "+name+" is missing")
		}
		for _, name := range k.Different {
			different = append(different, k.Kind+" "+name+" has another definition")
		}
	}
	sum.Different = firstTextsOf(append(sum.Different, different...), maxTableTextBytes)
	return &sum
}

// cause returns why the tables need attention, or "".
func (t TablesResult) cause() string {
	switch {
	case t.State == "" || t.State == NoTables || t.State == notBegun && t.Idle == 0:
		return ""
	case t.State == tables.RolledBack:
		return "a rollback of the other tables has kept some objects"
	case t.State != tables.Complete:
		return "the move of the other tables is not complete, and its next step takes longer than a function may run: " +
			"`xenon migrate tables` continues it"
	case t.Verification == nil || t.Idle >= maxIdle:
		return "the comparison of the other tables takes longer than a function may run: use `xenon migrate tables --verify`"
	case !t.Verification.Equal:
		return "the other tables are not equal to the source: `xenon migrate tables --verify` lists the differences"
	}
	return ""
}

// notBegun is the State before the first call. The definition of the state machine sets it.
const notBegun = "not begun"
