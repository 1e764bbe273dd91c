package password

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// FailureFloor is the least time between the start of hashing and the answer of a Verify that fails.
const FailureFloor = 250 * time.Millisecond

// floor is how long a failed attempt takes at least. On a slow or crowded machine, where least is not enough for the
// slower formats, it is a multiple of what a written hash took lately. Both are the same for every attempt, whatever the
// format.
type floor struct {
	least time.Duration
	times time.Duration // a plain factor: more than any usual format costs, counted in written hashes
	pace  atomic.Int64  // nanoseconds of a written hash; 0 before the first
}

// observe learns what a written hash took. It believes a slower one at once and a faster one slowly: too long a floor
// shows nothing, too short a one does.
func (f *floor) observe(took time.Duration) {
	pace := f.pace.Load()
	if ns := took.Nanoseconds(); ns < pace {
		f.pace.Store(pace - (pace-ns)/8)
	} else {
		f.pace.Store(ns)
	}
}

func (f *floor) unknown() bool { return f.pace.Load() == 0 }

// delay is bounded, lest one hash that the machine slept through make everybody wait.
func (f *floor) delay() time.Duration {
	d := min(max(f.least, f.times*time.Duration(f.pace.Load())), 8*f.least)
	return d + rand.N(d/8+1) //nolint:gosec // noise against measuring, not a secret
}
