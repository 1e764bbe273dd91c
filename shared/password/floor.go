package password

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// FailureFloor is the least time from the start of hashing until Verify returns a mismatch.
const FailureFloor = 250 * time.Millisecond

// floor is the least duration of a failed attempt. On a slow or busy machine, where least is too short for the slower
// formats, it is a multiple of the recent duration of a hash in the written format. It does not depend on the format of
// the attempt.
type floor struct {
	least  time.Duration
	times  time.Duration // a factor: how many times a hash in the written format the slowest usual format takes, and more
	recent atomic.Int64  // nanoseconds of a hash in the written format; 0 before the first
}

// observe records the duration of a hash in the written format. It follows a slower one at once and a faster one
// slowly, because a floor that is too short shows the format and one that is too long does not.
func (f *floor) observe(d time.Duration) {
	recent := f.recent.Load()
	if ns := d.Nanoseconds(); ns < recent {
		f.recent.Store(recent - (recent-ns)/8)
	} else {
		f.recent.Store(ns)
	}
}

func (f *floor) isMeasured() bool { return f.recent.Load() != 0 }

// delay returns the duration of a failed attempt. It is limited, so that one hash during which the machine was
// suspended does not delay all later attempts.
func (f *floor) delay() time.Duration {
	d := min(max(f.least, f.times*time.Duration(f.recent.Load())), 8*f.least)
	return d + rand.N(d/8+1) //nolint:gosec // noise against timing measurements, not a secret
}
