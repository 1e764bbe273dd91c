// Package report makes the report that an administrator keeps of a run: as signed JSON and as a page for people. Only
// the command uses it: it links the packages that sign.
package report

import (
	"context"
	"fmt"
	"time"

	"github.com/xenon-auth/xenon/shared/importer/rollback"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/verify"
)

// Report is what an administrator keeps of a run. It holds no personal data: ids and counts only.
type Report struct {
	Made         time.Time        `json:"made"`
	Status       run.Status       `json:"status"`
	Plan         run.Plan         `json:"plan"`
	Verification *verify.Result   `json:"verification,omitempty"` // nil: not verified
	Rollback     *rollback.Result `json:"undone,omitempty"`       // nil: not rolled back
	Batches      []run.BatchLine  `json:"batches"`                // one line a batch, with its checksum
}

// Read puts together what is known of the run. It needs no lease: other processes may work on the run meanwhile. What a
// run that was rolled back had verified is not in it.
func Read(ctx context.Context, env *run.Env, name string) (Report, error) {
	r := Report{Made: env.Now().UTC()}
	record, err := run.ReadRecord(ctx, env, name)
	if err != nil {
		return r, err
	}
	r.Status, r.Plan, r.Batches = record.Status, record.Plan, record.Batches
	if r.Rollback, err = rollback.Decode(record.Rollback); err != nil || r.Status.State == run.RolledBack {
		return r, err
	}
	v, err := verify.ReadResult(ctx, env, name)
	if err == nil && !v.At.IsZero() {
		r.Verification = &v
	}
	return r, err
}

// Conclusion is a report in one sentence.
type Conclusion struct {
	Level string // "good", "attention" (a person has to look) or "bad"
	Title string
	Text  string
}

// Conclusion says how the run ended, the worst first.
func (r Report) Conclusion() Conclusion {
	s, v := r.Status, r.Verification
	isOpen := s.Batches-s.Done > 0 || len(s.Parked) > 0 || s.State == run.Running
	switch {
	case s.State == run.RolledBack, s.State == run.Finalized && r.Rollback != nil:
		return r.rolledBack()
	case s.State != run.Finalized && isOpen:
		return Conclusion{"bad", "Unfinished", fmt.Sprintf(
			"%s of %s batches are done. Run again: it goes on where it stopped.",
			run.Thousands(s.Done), run.Thousands(s.Batches))}
	case v == nil:
		return Conclusion{
			"attention", "Copied, not verified", "Every batch is copied. The two databases have not been compared yet.",
		}
	case !v.Equal:
		return Conclusion{"bad", "Different", whyDifferent(*v)}
	}
	if n := s.Reasons.Total(); n > 0 {
		return Conclusion{"attention", "Complete and equal, with something left for you", fmt.Sprintf(
			"Everything that was copied equals the source, and every source row is accounted for. "+
				"%s are in the quarantine, whole, with their reasons.", things(n, "row or field", "rows and fields"))}
	}
	return Conclusion{
		"good", "Complete and equal", "Every source row was copied, and everything that was copied equals the source.",
	}
}

func (r Report) rolledBack() Conclusion {
	if u := r.Rollback; u != nil && u.Left > 0 {
		return Conclusion{"attention", "Rolled back, with users left", fmt.Sprintf(
			"What the run copied is removed again, but for %s: %s.", things(u.Left, "user", "users"), u.WhyLeft())}
	}
	return Conclusion{"good", "Rolled back", "What the run copied is removed again."}
}

// whyDifferent says what keeps a verification from being equal.
func whyDifferent(v verify.Result) string {
	broken := 0
	for _, e := range v.Equations {
		if !e.Holds {
			broken++
		}
	}
	rows := things(v.Different, "row differs", "rows differ")
	equations := things(int64(broken), "conservation equation does", "conservation equations do")
	switch {
	case v.Different > 0 && broken > 0:
		return fmt.Sprintf("%s between the source and the target, and %s not hold.", rows, equations)
	case v.Different > 0:
		return rows + " between the source and the target. The rows are named below."
	case broken > 0:
		return equations + " not hold: rows are missing or too many."
	}
	return "Not everything was compared since the last pass. Verify again."
}

func things(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return run.Thousands(n) + " " + many
}
