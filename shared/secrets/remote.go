package secrets

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// CoolDown is the least time between two fetches of a Remote that holds a value.
const CoolDown = 10 * time.Second

const (
	firstTimeout = 5 * time.Second // one fetch while there is no value, when the caller's context does not end earlier
	againTimeout = 2 * time.Second // one fetch while an older value could answer
	errorHold    = time.Second     // between two fetches while there is no value
)

// Remote is a value that lives elsewhere. Whoever asks first fetches it, others wait for that one fetch or, by Held, use the
// value there is. It is fetched
// again when it is no longer fresh or was invalidated, but not within CoolDown of the last try; while elsewhere does not
// answer, the last good value is used on, which a single warning says. Nothing happens outside a call of Get, no
// goroutine and no timer, because a Lambda is frozen between requests. The methods may be called at the same time.
type Remote[T any] struct {
	Name  string                               // for the log and for errors
	Fetch func(ctx context.Context) (T, error) // never runs twice at the same time; its errors are logged and must not hold a secret
	Fresh time.Duration                        // how long a value is used without asking again
	Stale time.Duration                        // how long after it came a value is used when asking again fails; 0: without end
	Now   func() time.Time

	once sync.Once
	turn chan struct{} // whoever has put something in may fetch

	mu      sync.Mutex // guards what follows
	value   T
	held    bool      // value was fetched
	fetched time.Time // when value came
	tried   time.Time // when the last fetch ended, well or not
	due     bool      // invalidated since the last fetch
	err     error     // of the last fetch
}

// Get returns the value. Its error is that of the last fetch and means that there is no value to use; a caller who leaves
// before there is one gets the error of the context.
func (r *Remote[T]) Get(ctx context.Context) (T, error) { return r.get(ctx, true) }

// Held is Get for a caller to whom the value at hand may be good enough: while somebody else is fetching another, it is
// returned at once.
func (r *Remote[T]) Held(ctx context.Context) (T, error) { return r.get(ctx, false) }

func (r *Remote[T]) get(ctx context.Context, newest bool) (T, error) {
	r.once.Do(func() { r.turn = make(chan struct{}, 1) })
	v, settled, err := r.look()
	if settled {
		return v, err
	}
	select {
	case r.turn <- struct{}{}:
	default:
		if err == nil && !newest {
			return v, nil
		}
		select {
		case r.turn <- struct{}{}:
		case <-ctx.Done():
			var none T
			return none, fmt.Errorf("wait for %s: %w", r.Name, ctx.Err())
		}
	}
	defer func() { <-r.turn }()
	if v, settled, err := r.look(); settled { // somebody fetched while this call waited
		return v, err
	}
	r.renew(ctx)
	v, _, err = r.look()
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		err = fmt.Errorf("fetch %s: %w", r.Name, ctx.Err())
	}
	return v, err
}

// Invalidate makes the first Get after the cool-down fetch again. Call it when the value turned out to be wrong.
func (r *Remote[T]) Invalidate() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.due = true
}

// look returns the best answer there is now, and whether it settles the matter, that is, no fetch is due.
func (r *Remote[T]) look() (value T, settled bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.wall()
	age := now.Sub(r.fetched)
	switch {
	case r.held && (r.Stale == 0 || age <= r.Stale):
		return r.value, !r.due && age < r.Fresh || now.Sub(r.tried) < CoolDown, nil
	case r.err == nil:
		return value, false, fmt.Errorf("%s was never fetched", r.Name)
	default:
		return value, now.Sub(r.tried) < errorHold, r.err
	}
}

func (r *Remote[T]) renew(ctx context.Context) {
	timeout := firstTimeout
	if r.held {
		timeout = againTimeout
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	value, err := r.Fetch(limited)

	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.wall()
	switch {
	case err == nil:
		r.value, r.held, r.fetched, r.due = value, true, now, false
	case errors.Is(ctx.Err(), context.Canceled):
		return // a caller who left says nothing about the other side
	case r.held && r.err == nil:
		slog.WarnContext(ctx, "fetch failed, the last good value is used on", "what", r.Name, "error", err)
	}
	r.tried, r.err = now, err
}

// wall reads the clock without its monotonic part, which may stand still while a Lambda is frozen.
func (r *Remote[T]) wall() time.Time { return r.Now().Round(0) }
