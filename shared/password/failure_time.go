package password

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// MinFailureTime is the minimum time from the start of hashing until Verify returns a mismatch.
const MinFailureTime = 250 * time.Millisecond

// failureTime is the minimum duration of a failed attempt. On a slow or busy machine, where least is too short for the
// slower formats, the minimum is a multiple of the recent duration of a hash in the format that Hash writes. The format
// of the user's hash has no effect on it.
type failureTime struct {
	least  time.Duration
	factor time.Duration // each usual format takes less than factor times as long as the format that Hash writes
	recent atomic.Int64  // nanoseconds that a hash in the format that Hash writes took recently; 0 before the first
}

// record records the duration of a hash in the format that Hash writes. If the hash was slower than the recent ones,
// record raises the value immediately. If the hash was faster, record lowers the value slowly, because a minimum that
// is too short would show the format of the user's hash.
func (f *failureTime) record(d time.Duration) {
	recent := f.recent.Load()
	if ns := d.Nanoseconds(); ns < recent {
		f.recent.Store(recent - (recent-ns)/8)
	} else {
		f.recent.Store(ns)
	}
}

func (f *failureTime) isMeasured() bool { return f.recent.Load() != 0 }

// delay returns how long a failed attempt must take: the minimum and a random part of an eighth of it. The minimum is
// at most eight times least, so that one hash during which the machine was suspended does not delay all later attempts.
func (f *failureTime) delay() time.Duration {
	d := min(max(f.least, f.factor*time.Duration(f.recent.Load())), 8*f.least)
	return d + rand.N(d/8+1) //nolint:gosec // noise against timing measurements, not a secret
}
