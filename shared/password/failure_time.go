package password

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// MinFailureTime is the minimum time from the start of hashing until Verify returns a mismatch.
const MinFailureTime = 250 * time.Millisecond

// failureTime is the minimum duration of a failed attempt. On a slow or busy machine, where least is too short for the
// slower formats, the minimum is a multiple of the recent duration of a hash in the written format. The format of the
// user's hash has no effect on it.
type failureTime struct {
	least  time.Duration
	times  time.Duration // the slowest usual format takes less than times as long as the written format
	recent atomic.Int64  // nanoseconds of a hash in the written format; 0 before the first
}

// record records the duration of a hash in the written format. If the hash was slower than the recent ones, record
// raises the value immediately. If the hash was faster, record lowers the value slowly, because a minimum that is too
// short would show the format.
func (f *failureTime) record(d time.Duration) {
	recent := f.recent.Load()
	if ns := d.Nanoseconds(); ns < recent {
		f.recent.Store(recent - (recent-ns)/8)
	} else {
		f.recent.Store(ns)
	}
}

func (f *failureTime) isMeasured() bool { return f.recent.Load() != 0 }

// delay returns the duration of a failed attempt. It is limited, so that one hash during which the machine was
// suspended does not delay all later attempts.
func (f *failureTime) delay() time.Duration {
	d := min(max(f.least, f.times*time.Duration(f.recent.Load())), 8*f.least)
	return d + rand.N(d/8+1) //nolint:gosec // noise against timing measurements, not a secret
}
