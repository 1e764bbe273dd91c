package stepfn

import (
	"context"
	"errors"
	"fmt"

	"github.com/xenon-auth/xenon/shared/importer/follow"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// FollowResult is the result of the action "follow": one poll.
type FollowResult struct {
	Left    int      `json:"left"`    // polls that are left
	Again   bool     `json:"again"`   // the state machine waits and polls again
	Rows    int64    `json:"rows"`    // rows of the source that were written since the poll before
	Changed int64    `json:"changed"` // users who changed in more than times of sign-ins
	Written int64    `json:"written"` // rows of the target that were written or removed
	Failed  []string `json:"failed"`  // batches that could not be copied; at most ten
	Seconds float64  `json:"seconds"`
}

// pollOnce copies the changes since the last poll. If it reaches the deadline of ctx, its error is one that the state
// machine retries, and the next call has fewer changes to copy.
func pollOnce(ctx context.Context, env *run.Env, a Action) (FollowResult, error) {
	p, err := follow.Once(ctx, env, follow.Options{Workers: 1, Mapping: a.Job.Options})
	if errors.Is(err, follow.ErrNoPosition) {
		err = fmt.Errorf("%w: changes cannot be followed: %w; start another execution", ErrNeedsAttention, err)
	}
	left := max(0, a.Left-1)
	return FollowResult{
		Left: left, Again: left > 0, Rows: p.Rows, Changed: p.Changed, Written: p.Written, Failed: firstTexts(p.Failed),
		Seconds: p.Seconds,
	}, err
}
