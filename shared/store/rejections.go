package store

import (
	"sync"
	"time"
)

// maxRememberedRejections is the maximum number of rejections in memory. With keys of the usual length they take less
// than a megabyte.
const maxRememberedRejections = 4096

// maxFixedRejectionAge is how long a process remembers that Postgres rejected a Fixed charge. It is short, because
// another request may refund its charge of the same window.
const maxFixedRejectionAge = 5 * time.Second

// rejections remembers the keys whose charges Postgres rejects, and until when, so that further requests take no round
// trip. It uses the field At of a charge as the current time.
type rejections struct {
	mu    sync.Mutex
	byKey map[string]rejection
}

// rejection says how long charges of a key are rejected. Its times are in milliseconds since 1970.
type rejection struct {
	windowEnds int64
	expires    int64 // from this time on, Xenon sends charges to Postgres again
}

// remainingTime returns how long Postgres still rejects c according to an earlier rejection, or 0 if none is known.
func (r *rejections) remainingTime(c Charge) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.byKey[c.Key]
	if !ok {
		return 0
	}
	if known.expires <= c.At.UnixMilli() {
		delete(r.byKey, c.Key)
		return 0
	}
	return time.Duration(known.windowEnds-c.At.UnixMilli()) * time.Millisecond
}

// add remembers that Postgres rejects c for the duration wait. If there are already maxRememberedRejections entries, it
// first deletes all of them: this only means that Xenon sends their charges to Postgres again.
func (r *rejections) add(c Charge, wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byKey == nil || len(r.byKey) >= maxRememberedRejections {
		r.byKey = map[string]rejection{}
	}
	age := wait
	if c.Fixed {
		age = min(wait, maxFixedRejectionAge)
	}
	at := c.At.UnixMilli()
	r.byKey[c.Key] = rejection{at + wait.Milliseconds(), at + age.Milliseconds()}
}
