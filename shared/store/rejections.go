package store

import (
	"sync"
	"time"
)

// maxRejections limits the memory for rejections to about a megabyte.
const maxRejections = 4096

// maxFixedAge is how long a process remembers that Postgres rejected a Fixed charge. It is short, because another
// request may refund its charge.
const maxFixedAge = 5 * time.Second

// rejections remembers which keys Postgres rejects, and until when, so that further requests take no round trip. It
// uses the field At of the charges as the current time.
type rejections struct {
	mu    sync.Mutex
	byKey map[string]rejection
}

// rejection has times in milliseconds since 1970.
type rejection struct {
	windowEnds int64
	expires    int64 // from this time on, charges are sent to Postgres again
}

// wait returns how long Postgres rejects c according to an earlier rejection, or 0 if there is none.
func (r *rejections) wait(c Charge) time.Duration {
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

// add remembers that Postgres rejects c for the time wait. It first deletes all entries if there are maxRejections of
// them; then charges are sent to Postgres again.
func (r *rejections) add(c Charge, wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byKey == nil || len(r.byKey) >= maxRejections {
		r.byKey = map[string]rejection{}
	}
	age := wait
	if c.Fixed {
		age = min(wait, maxFixedAge)
	}
	at := c.At.UnixMilli()
	r.byKey[c.Key] = rejection{at + wait.Milliseconds(), at + age.Milliseconds()}
}
