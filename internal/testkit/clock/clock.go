// Package clock is a clock that tests set.
package clock

import (
	"sync/atomic"
	"time"
)

// Clock does not advance by itself: a test sets its time. It is safe for concurrent use.
type Clock struct{ ns atomic.Int64 }

// New returns a clock that shows t.
func New(t time.Time) *Clock {
	c := &Clock{}
	c.ns.Store(t.UnixNano())
	return c
}

// Now returns the time that the clock shows, in UTC.
func (c *Clock) Now() time.Time { return time.Unix(0, c.ns.Load()).UTC() }

// Advance moves the clock by d, which may be negative.
func (c *Clock) Advance(d time.Duration) { c.ns.Add(int64(d)) }

// Set makes the clock show t.
func (c *Clock) Set(t time.Time) { c.ns.Store(t.UnixNano()) }
