// Package remote keeps a copy of a value that another service holds, such as a secret or a JSON Web Key Set, and
// fetches it again when it is due.
package remote

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// CoolDown is the minimum time between two fetches of a Value while it has a value to return.
const CoolDown = 10 * time.Second

const (
	firstFetchTimeout         = 5 * time.Second // of a fetch while there is no value; the caller may end it earlier
	refreshTimeout            = 2 * time.Second // of a fetch while an older value could be returned
	retryIntervalWithoutValue = time.Second     // the minimum time between two fetches while there is no value
)

// Value has the copy. If a fetch is due, the first caller fetches. Other callers wait for this fetch; callers of
// GetAllowStale get the old value, if there is one. A fetch is due when there is no value, and when the value is as old
// as Fresh or was invalidated, but not within CoolDown of the last fetch. While fetches fail, Get returns the last good
// value, until it is older than Stale, and logs one warning for the outage. Everything happens inside a call of Get,
// without a goroutine or a timer, because Lambda freezes the process between requests.
//
// The fields are set before the first call. The methods are safe for concurrent use.
type Value[T any] struct {
	Name  string                               // for the log and for errors
	Fetch func(ctx context.Context) (T, error) // never called concurrently; its errors are logged: no secrets in them
	Fresh time.Duration                        // how long a value is used before it is fetched again
	Stale time.Duration                        // how long a value is used while fetches fail; 0: for ever
	Now   func() time.Time

	once      sync.Once
	semaphore chan struct{} // has one slot: the caller that fills it may fetch

	mu      sync.Mutex // guards the fields below
	value   T
	held    bool      // value has been fetched at least once
	fetched time.Time // time of the last successful fetch
	tried   time.Time // when the last fetch ended, with or without success, but not one that its caller canceled
	due     bool      // Invalidate was called after the last successful fetch
	err     error     // error of the fetch that ended at tried
}

// Get returns the value. If there is no value to use, the error is that of the last fetch, or that of ctx if ctx was
// canceled. The error is also that of ctx if ctx ends while the caller waits for the fetch of another caller.
func (v *Value[T]) Get(ctx context.Context) (T, error) { return v.get(ctx, false) }

// GetAllowStale is like Get, but returns the old value immediately while another caller fetches a new one.
func (v *Value[T]) GetAllowStale(ctx context.Context) (T, error) { return v.get(ctx, true) }

func (v *Value[T]) get(ctx context.Context, allowStale bool) (T, error) {
	v.once.Do(func() { v.semaphore = make(chan struct{}, 1) })
	value, fetchDue, err := v.current()
	if !fetchDue {
		return value, err
	}
	select {
	case v.semaphore <- struct{}{}:
	default:
		if err == nil && allowStale {
			return value, nil
		}
		select {
		case v.semaphore <- struct{}{}:
		case <-ctx.Done():
			var none T
			return none, fmt.Errorf("wait for %s: %w", v.Name, ctx.Err())
		}
	}
	defer func() { <-v.semaphore }()
	if value, fetchDue, err := v.current(); !fetchDue { // another caller fetched while this one waited
		return value, err
	}
	v.fetch(ctx)
	value, _, err = v.current()
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		err = fmt.Errorf("fetch %s: %w", v.Name, ctx.Err())
	}
	return value, err
}

// Invalidate makes the next Get fetch, or the first one after CoolDown. Call it when the value turned out to be wrong.
func (v *Value[T]) Invalidate() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.due = true
}

// current returns the value or the error that Get would return without a fetch, and whether a fetch is due.
func (v *Value[T]) current() (value T, fetchDue bool, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	age := now.Sub(v.fetched)
	switch {
	case v.held && (v.Stale == 0 || age <= v.Stale):
		return v.value, (v.due || age >= v.Fresh) && now.Sub(v.tried) >= CoolDown, nil
	case v.err == nil:
		return value, true, fmt.Errorf("%s was never fetched", v.Name)
	default:
		return value, now.Sub(v.tried) >= retryIntervalWithoutValue, v.err
	}
}

func (v *Value[T]) fetch(ctx context.Context) {
	timeout := firstFetchTimeout
	if v.held {
		timeout = refreshTimeout
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	value, err := v.Fetch(limited)

	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	switch {
	case err == nil:
		v.value, v.held, v.fetched, v.due = value, true, now, false
	case errors.Is(ctx.Err(), context.Canceled):
		return // the caller ended the fetch, so its error says nothing about the service
	case v.held && v.err == nil:
		slog.WarnContext(ctx, "fetch failed, the last good value stays in use", "what", v.Name, "error", err)
	}
	v.tried, v.err = now, err
}

// now returns the time without its monotonic clock reading, which might not advance while Lambda freezes the process.
func (v *Value[T]) now() time.Time { return v.Now().Round(0) }
