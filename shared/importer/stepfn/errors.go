package stepfn

import (
	"context"
	"errors"

	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/pg"
)

// ErrNeedsAttention means that the run cannot continue without an operator. The text describes the problem.
var ErrNeedsAttention = errors.New("needs attention")

// ErrorName returns the name of an error for the fields Retry and Catch of the state machine: "Refused", "Held",
// "NeedsAttention", "Unavailable" or "Failed".
func ErrorName(err error) string {
	var unavailable interface{ Unavailable() bool }
	switch {
	case errors.Is(err, run.ErrRefused), errors.Is(err, run.ErrNoRun):
		return "Refused"
	case errors.Is(err, run.ErrHeld):
		return "Held"
	case errors.Is(err, ErrNeedsAttention):
		return "NeedsAttention"
	case errors.Is(err, run.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.As(err, &unavailable) && unavailable.Unavailable(), pg.Classify(err) == pg.ConnectionBroken,
		pg.Classify(err) == pg.TemporaryError:
		return "Unavailable"
	}
	return "Failed"
}
