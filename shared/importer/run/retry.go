package run

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// unavailable is the error of a database that did not come back. It is ErrUnavailable.
type unavailableError struct{ err error }

func (u unavailableError) Error() string {
	return fmt.Sprintf("%v, tried %d times: %v", ErrUnavailable, Tries, u.err)
}
func (u unavailableError) Unwrap() []error { return []error{ErrUnavailable, u.err} }

// Unavailable is ErrUnavailable after Tries of what waiting did not cure.
func Unavailable(err error) error { return unavailableError{err} }

// Tries is how often Retry calls, with about half a minute of waiting in all if RetryDelay is not set.
const Tries = 10

// Retry is the retry of connections: it calls f until it works, waiting does not help, or the tries are used up. It
// reports every wait. f makes new connections where its own broke.
func (e *Env) Retry(ctx context.Context, f func() error) error {
	wait, longest := e.retryDelay(), 50*e.retryDelay()
	for try := 1; ; try++ {
		err := f()
		switch {
		case err == nil:
			return nil
		case CauseOf(err) != Transient, ctx.Err() != nil:
			return explain(err)
		case try == Tries:
			return Unavailable(err)
		}
		pause := rand.N(wait) + wait/4 //nolint:gosec // jitter, not a secret
		e.Report(Event{Action: "wait", Waiting: fmt.Sprintf(
			"%s; try %d of %d in %v", ErrorText(err), try+1, Tries, pause.Round(100*time.Millisecond))})
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
		wait = min(2*wait, longest)
	}
}
