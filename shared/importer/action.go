package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/pg"
)

// ErrNeedsAttention says that the run went as far as it could and a person has to look; the text says at what.
var ErrNeedsAttention = errors.New("needs attention")

// Action is one step of the state machine. Every one can be done again without harm.
type Action struct {
	Action    string          `json:"action"`    // "input", "plan", "begin", "copy", "park", "close", "verify", "verdict", "gate", "rollback" or "report"
	Input     json.RawMessage `json:"input"`     // input: a Request
	Execution Execution       `json:"execution"` // input, begin, gate
	Job       Job             `json:"job"`       // all but input
	Lane      Lane            `json:"lane"`      // copy, park, verify
	Error     Failure         `json:"error"`     // park: why
	Redrives  int             `json:"redrives"`  // gate: what begin said
}

// Failure is how Step Functions hands on the error of a task.
type Failure struct {
	Error string `json:"Error"`
	Cause string `json:"Cause"` // the function's whole answer, as JSON, or any text
}

// Outline is the answer to plan: a Plan without what could be long.
type Outline struct {
	MayStart   bool             `json:"mayStart"`
	Refusals   []string         `json:"refusals"` // why it may not; at most ten
	Warnings   []string         `json:"warnings"` // at most ten
	NotChecked []string         `json:"notChecked"`
	Referring  []string         `json:"referring"` // foreign keys of other tables that lead to users; at most ten
	Batches    int              `json:"batches"`
	Expected   Counts           `json:"expected"`
	Collisions map[string]int64 `json:"collisions"`
	Reasons    Reasons          `json:"reasons"` // the forty most frequent
}

// Begun is the answer to begin.
type Begun struct {
	Pass        int    `json:"pass"`
	Batches     int    `json:"batches"`
	Lanes       []Lane `json:"lanes"`
	Distributed bool   `json:"distributed"` // the source is so large that lanes should be executions of their own
	Redrives    int    `json:"redrives"`    // of the execution so far
}

// Step is the answer to copy, park and verify.
type Step struct {
	Done bool `json:"done"` // false: the time was up, do it again
}

// Stand is the answer to close: where the run stands.
type Stand struct {
	State   string   `json:"state"`
	Pass    int      `json:"pass"`
	Batches int      `json:"batches"`
	Open    int      `json:"open"`   // batches that this pass has not done
	Parked  []Parked `json:"parked"` // at most ten
	Counts  Counts   `json:"counts"`
	Reasons Reasons  `json:"reasons"` // the forty most frequent
}

// Verdict is the answer to verdict: a Verification without the rows.
type Verdict struct {
	Equal     bool                `json:"equal"`
	Different int64               `json:"different"`
	Remain    int64               `json:"remain"` // rows gone from the source that stay, because rows of other tables refer to them
	Broken    []Equation          `json:"broken"` // equations that do not hold; at most ten
	Checksums map[string]Checksum `json:"checksums"`
}

// Summary is the answer to report. The report itself is read from the database, with xenon migrate report.
type Summary struct {
	Digest  string   `json:"digest"` // of the report without the time it was made: the same as long as nothing changes
	Stand   Stand    `json:"stand"`
	Verdict *Verdict `json:"verdict,omitempty"`
	Undone  *Undoing `json:"undone,omitempty"`
}

// Undoing is the answer to rollback: an Undone without the ids.
type Undoing struct {
	Done     bool             `json:"done"` // false: the time was up, do it again
	Removed  map[string]int64 `json:"removed"`
	Sessions int64            `json:"sessions"`
	Cascaded map[string]int64 `json:"cascaded"` // rows of other tables that went with their users, the ten largest tables
	Changed  map[string]int64 `json:"changed"`  // rows of other tables whose reference was removed, likewise
	Holding  map[string]int64 `json:"holding"`  // rows of other tables that keep users, likewise
	Left     int64            `json:"left"`     // users who stay; the report names them
}

// Gate is the answer to gate when all is well, or when a redriven execution shall try again what was left.
type Gate struct {
	Again bool `json:"again"`
}

// Act does one action. What it returns is small whatever the size of the source, and holds no personal data: Job, Outline,
// Begun, Step, Stand, Verdict, Summary, Undoing or Gate. copy, verify and rollback end two minutes before ctx does.
func (m *Import) Act(ctx context.Context, a Action) (any, error) {
	switch a.Action {
	case "input":
		return read(a.Input, a.Execution)
	case "plan":
		p, err := m.Plan(ctx, a.Job.Options)
		return outline(p), err
	case "begin":
		s, err := m.Begin(ctx, a.Job.Options, a.Job.Quick)
		return Begun{
			Pass: s.Pass, Batches: s.Batches, Lanes: split(s.Batches, a.Job.Concurrency),
			Distributed: s.Batches > distributedAbove, Redrives: a.Execution.RedriveCount,
		}, err
	case "close":
		s, err := m.Close(ctx, a.Job.Run)
		if err == nil {
			err = m.StartVerification(ctx, a.Job.Run) // what comes next
		}
		return stand(s), err
	case "verdict":
		v, err := m.Verdict(ctx, a.Job.Run)
		return verdict(v), err
	case "report":
		r, err := m.Report(ctx, a.Job.Run)
		if err != nil {
			return nil, err
		}
		return summary(r)
	case "gate":
		g, err := m.gate(ctx, a)
		if err == nil && !g.Again || errors.Is(err, ErrNeedsAttention) {
			err = m.handBack(ctx, a, err)
		}
		return g, err
	default:
		return m.actInTime(ctx, a)
	}
}

// spare is what copy, verify and rollback leave of an invocation: for the batch in hand and for the answer.
const spare = 2 * time.Minute

// actInTime does the actions that may take longer than an invocation.
func (m *Import) actInTime(ctx context.Context, a Action) (any, error) {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-min(spare, end.Sub(m.Now())/2)))
		defer cancel()
	}
	switch a.Action {
	case "copy":
		done, err := m.CopyLane(ctx, a.Job.Run, a.Lane.Lane, a.Lane.Lanes)
		return Step{Done: done}, err
	case "park":
		return Step{Done: true}, m.Park(ctx, a.Job.Run, a.Lane.Lane, a.Lane.Lanes, a.Error.why())
	case "verify":
		done, err := m.VerifyLane(ctx, a.Job.Run, a.Lane.Lane, a.Lane.Lanes)
		return Step{Done: done}, err
	case "rollback":
		u, err := m.Rollback(ctx, a.Job.Run, RollbackOptions{Force: a.Job.Force, Cascade: a.Job.Cascade, DryRun: a.Job.DryRun})
		if u.Done {
			err = m.handBack(ctx, a, err)
		}
		return undoing(u), err
	}
	return nil, fmt.Errorf("%w: there is no action %q", ErrRefused, a.Action)
}

// gate is the one place where an import fails: nothing open, nothing parked, nothing different, or ErrNeedsAttention. A
// redrive starts at the state that failed, which is this one; it is an order to try again.
func (m *Import) gate(ctx context.Context, a Action) (Gate, error) {
	s, err := m.Status(ctx, a.Job.Run)
	if err != nil {
		return Gate{}, err
	}
	v, err := m.Verdict(ctx, a.Job.Run)
	if err != nil {
		return Gate{}, err
	}
	switch now := stand(s); {
	case now.Open == 0 && len(now.Parked) == 0 && v.Equal:
		return Gate{}, nil
	case a.Execution.RedriveCount > a.Redrives:
		return Gate{Again: true}, nil
	default:
		return Gate{}, fmt.Errorf("%w: of %d batches %d are open or parked, and %d rows differ from the source; "+
			"see `xenon migrate report`, then redrive this execution or start another one with the same input",
			ErrNeedsAttention, now.Batches, max(now.Open, len(s.Parked)), v.Different)
	}
}

// handBack gives the run free for whoever comes next, and keeps the error of the action.
func (m *Import) handBack(ctx context.Context, a Action, err error) error {
	if e := m.Release(ctx, a.Job.Run); err == nil {
		err = e
	}
	return err
}

// ErrorName is what the state machine calls an error, and what its Retry and Catch wait for.
func ErrorName(err error) string {
	var waits interface{ Unavailable() bool }
	switch {
	case errors.Is(err, ErrRefused), errors.Is(err, ErrNoRun):
		return "Refused"
	case errors.Is(err, ErrHeld):
		return "Held"
	case errors.Is(err, ErrNeedsAttention):
		return "NeedsAttention"
	case errors.Is(err, ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.As(err, &waits) && waits.Unavailable(), pg.Classify(err) == pg.Broken, pg.Classify(err) == pg.Transient:
		return "Unavailable"
	}
	return "Failed"
}

// ErrorText is an error without what Postgres quotes from a row, for places that keep it.
func ErrorText(err error) string {
	text := err.Error()
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && (strings.HasPrefix(e.Code, "22") || strings.HasPrefix(e.Code, "23")) {
		text = strings.ReplaceAll(text, e.Message, "a value is not allowed")
	}
	return text
}

// why makes one line of it. Lambda puts the function's answer into the cause.
func (f Failure) why() string {
	var answer struct {
		Message string `json:"errorMessage"`
	}
	text := f.Cause
	if json.Unmarshal([]byte(f.Cause), &answer) == nil && answer.Message != "" {
		text = answer.Message
	}
	return f.Error + ": " + clip(text)
}

const (
	fewLines = 10
	fewKeys  = 40
)

func few[T any](all []T) []T { return all[:min(len(all), fewLines)] }

func fewTexts(all []string) []string {
	kept := slices.Clone(few(all))
	for i := range kept {
		kept[i] = clip(kept[i])
	}
	return kept
}

// clip keeps the first 400 bytes.
func clip(text string) string { return strings.ToValidUTF8(text[:min(len(text), 400)], "") }

// frequent keeps the entries with the largest numbers.
func frequent[M ~map[string]int64](all M, most int) M {
	keys := slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		if all[a] != all[b] {
			return int(max(-1, min(1, all[b]-all[a])))
		}
		return strings.Compare(a, b)
	})
	kept := M{}
	for _, key := range keys[:min(len(keys), most)] {
		kept[key] = all[key]
	}
	return kept
}

func outline(p Plan) Outline {
	var referring []string
	for _, r := range p.Referring {
		referring = append(referring, r.Table+" → "+r.To+": "+OnDeleteTexts[r.OnDelete])
	}
	return Outline{
		MayStart: len(p.Refusals) == 0, Refusals: fewTexts(p.Refusals), Warnings: fewTexts(p.Warnings), NotChecked: fewTexts(p.NotChecked), Referring: fewTexts(referring),
		Batches: p.Batches, Expected: p.Expected, Collisions: p.Collisions, Reasons: frequent(p.Reasons, fewKeys),
	}
}

func stand(s Status) Stand {
	parked := slices.Clone(few(s.Parked))
	for i := range parked {
		parked[i].Why = clip(parked[i].Why)
	}
	return Stand{
		State: s.State, Pass: s.Pass, Batches: s.Batches, Open: s.Batches - s.Done, Parked: parked,
		Counts: s.Counts, Reasons: frequent(s.Reasons, fewKeys),
	}
}

func verdict(v Verification) Verdict {
	broken := slices.DeleteFunc(slices.Clone(v.Equations), func(e Equation) bool { return e.Holds })
	return Verdict{Equal: v.Equal, Different: v.Different, Remain: v.Remain, Broken: few(broken), Checksums: v.Checksums}
}

func undoing(u Undone) Undoing {
	return Undoing{
		Done: u.Done, Removed: u.Removed, Sessions: u.Sessions, Left: u.Left,
		Cascaded: frequent(u.Cascaded, fewLines), Changed: frequent(u.Changed, fewLines), Holding: frequent(u.Holding, fewLines),
	}
}

func summary(r Report) (Summary, error) {
	r.Made = time.Time{}
	text, err := r.canonical()
	if err != nil {
		return Summary{}, err
	}
	s := Summary{Digest: digestOf(text), Stand: stand(r.Status)}
	if r.Verification != nil {
		v := verdict(*r.Verification)
		s.Verdict = &v
	}
	if r.Undone != nil {
		u := undoing(*r.Undone)
		s.Undone = &u
	}
	return s, nil
}
