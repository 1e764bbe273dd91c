// Package report writes the report of a run for the operator, as signed JSON and as a page. Only cmd/xenon imports it,
// because it depends on the packages that sign.
package report

import (
	"context"
	"fmt"
	"time"

	"github.com/xenon-auth/xenon/shared/importer/rollback"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/verify"
)

// Report is the report of a run for the operator. Except for ids of rows it has no personal data.
type Report struct {
	Made         time.Time        `json:"made"`
	Status       run.Status       `json:"status"`
	Plan         run.Plan         `json:"plan"`
	Verification *verify.Result   `json:"verification,omitempty"` // nil: not verified
	Rollback     *rollback.Result `json:"undone,omitempty"`       // nil: not rolled back
	Batches      []run.BatchLine  `json:"batches"`                // one entry per batch, with its checksum
	// AfterMove says who has signed in since, and what became of sessions and second factors; nil after a rollback.
	AfterMove *run.AfterMove `json:"afterMove,omitempty"`
}

// Read collects the data of a run. It needs no lease, so other processes can work on the run at the same time. It
// leaves out the verification of a run that was rolled back.
func Read(ctx context.Context, env *run.Env, name string) (Report, error) {
	r := Report{Made: env.Now().UTC()}
	record, err := run.ReadRecord(ctx, env, name)
	if err != nil {
		return r, err
	}
	r.Status, r.Plan, r.Batches, r.AfterMove = record.Status, record.Plan, record.Batches, record.AfterMove
	if r.Rollback, err = rollback.Decode(record.Rollback); err != nil || r.Status.State == run.RolledBack {
		return r, err
	}
	v, err := verify.ReadResult(ctx, env, name)
	if err == nil && !v.At.IsZero() {
		r.Verification = &v
	}
	return r, err
}

// Conclusion is the result of a run as a title and a short text.
type Conclusion struct {
	Level string // "good", "attention" (the operator has to look) or "bad"
	Title string
	Text  string
}

// Conclusion returns the first result that applies to the run: rolled back, unfinished, not verified, different, or
// complete.
func (r Report) Conclusion() Conclusion {
	s, v := r.Status, r.Verification
	missing, isMissing := r.fileConclusion()
	isOpen := s.Batches-s.Done > 0 || len(s.Parked) > 0 || s.State == run.Running
	switch {
	case s.State == run.RolledBack, s.State == run.Finalized && r.Rollback != nil:
		return r.rollbackConclusion()
	case s.State != run.Finalized && isOpen:
		return Conclusion{"bad", "Unfinished", fmt.Sprintf(
			"%s of %s batches are done. Run again: the import continues where it stopped.",
			run.WithThousandsCommas(s.Done), run.WithThousandsCommas(s.Batches))}
	case isMissing:
		return missing
	case v == nil:
		return Conclusion{
			"attention", "Copied, not verified", "Every batch is copied. The two databases have not been compared yet.",
		}
	case !v.Equal:
		return Conclusion{"bad", "Different", "The verification is not equal: " + v.WhyNotEqual() + "."}
	}
	if n := s.Reasons.Total(); n > 0 {
		return Conclusion{"attention", "Complete and equal; some rows need your decision", fmt.Sprintf(
			"Everything that was copied equals the source, and every source row has an outcome. "+
				"The quarantine has %s, with the reasons.", run.CountNoun(n, "row or field", "rows and fields"))}
	}
	return Conclusion{
		"good", "Complete and equal", "Every source row was copied, and everything that was copied equals the source.",
	}
}

func (r Report) rollbackConclusion() Conclusion {
	if u := r.Rollback; u != nil && u.Left > 0 {
		return Conclusion{"attention", "Rolled back, some users were kept", fmt.Sprintf(
			"The copied rows were removed, except those of %s: %s.", run.CountNoun(u.Left, "user", "users"), u.WhyKept())}
	}
	return Conclusion{"good", "Rolled back", "The copied rows were removed."}
}
