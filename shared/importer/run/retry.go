package run

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// unavailableError wraps ErrUnavailable and the error of the last attempt.
type unavailableError struct{ err error }

func (u unavailableError) Error() string {
	return fmt.Sprintf("%v, tried %d times: %v", ErrUnavailable, Tries, u.err)
}
func (u unavailableError) Unwrap() []error { return []error{ErrUnavailable, u.err} }

// Unavailable wraps the error of the last attempt in ErrUnavailable.
func Unavailable(err error) error { return unavailableError{err} }

// Tries is the number of attempts of Retry. If RetryDelay is not set, all waits together last about half a minute.
const Tries = 10

// Retry calls f until f succeeds, returns an error that a retry cannot resolve, or has failed Tries times. It reports
// every wait. f opens its connections itself, so that each attempt can use new ones.
func (e *Env) Retry(ctx context.Context, f func() error) error {
	wait, longest := e.retryDelay(), 50*e.retryDelay()
	for try := 1; ; try++ {
		err := f()
		switch {
		case err == nil:
			return nil
		case CauseOf(err) != Transient, ctx.Err() != nil:
			return withAdvice(err)
		case try == Tries:
			return Unavailable(err)
		}
		delay := rand.N(wait) + wait/4 //nolint:gosec // jitter, not a secret
		e.Report(Event{Action: "wait", Waiting: fmt.Sprintf(
			"%s; try %d of %d in %v", ErrorText(err), try+1, Tries, delay.Round(100*time.Millisecond))})
		select {
		case <-ctx.Done():
			return err
		case <-time.After(delay):
		}
		wait = min(2*wait, longest)
	}
}
