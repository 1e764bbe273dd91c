package verify

import (
	"context"
	"slices"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// Changed is like Run, but compares only the batches that were copied since they were last verified. The caller has the
// lease or Changed takes it.
func Changed(ctx context.Context, env *run.Env, name string, workers int) (Result, error) {
	if _, err := env.TakeLease(ctx, name); err != nil {
		return Result{}, err
	}
	if err := run.ContinueVerification(ctx, env, name); err != nil {
		return Result{}, err
	}
	if workers <= 0 {
		workers = defaultWorkers
	}
	if err := compareUnverifiedBatches(ctx, env, name, run.WholeRun, workers); err != nil {
		return Result{}, err
	}
	return ReadResult(ctx, env, name)
}

// timesOfSignIns are the columns that a sign-in or a token refresh at the source changes. createdAt is one of them for
// rows without a time of creation, which get the earliest other time.
var timesOfSignIns = []string{"createdAt", "updatedAt", "lastSignInAt"}

// HasOnlySignIns reports whether the source and the target are equal except for the times of sign-ins at the source
// since the rows were copied.
func (r Result) HasOnlySignIns() bool {
	isSignIn := func(d run.Difference) bool {
		isTime := func(column string) bool { return slices.Contains(timesOfSignIns, column) }
		return d.Kind == "different" && d.Why == "source changed since" &&
			!slices.ContainsFunc(d.Columns, func(c string) bool { return !isTime(c) })
	}
	holds := !slices.ContainsFunc(r.Equations, func(e Equation) bool { return !e.Holds })
	allListed := r.Different == int64(len(r.Differences))
	return r.IsCurrent && holds && allListed &&
		!slices.ContainsFunc(r.Differences, func(d run.Difference) bool { return !isSignIn(d) })
}
