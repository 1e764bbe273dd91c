package stepfn

import (
	"context"
	"errors"

	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/pg"
)

// ErrNeedsAttention says that the run went as far as it could and a person has to look; the text says at what.
var ErrNeedsAttention = errors.New("needs attention")

// ErrorName is what the state machine calls an error, and what its Retry and Catch wait for.
func ErrorName(err error) string {
	var waits interface{ Unavailable() bool }
	switch {
	case errors.Is(err, run.ErrRefused), errors.Is(err, run.ErrNoRun):
		return "Refused"
	case errors.Is(err, run.ErrHeld):
		return "Held"
	case errors.Is(err, ErrNeedsAttention):
		return "NeedsAttention"
	case errors.Is(err, run.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.As(err, &waits) && waits.Unavailable(), pg.Classify(err) == pg.Broken, pg.Classify(err) == pg.Transient:
		return "Unavailable"
	}
	return "Failed"
}
