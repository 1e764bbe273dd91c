package store

import (
	"sync"
	"time"
)

// maxRefusals bounds what a process remembers, to about a megabyte.
const maxRefusals = 4096

// refusals remembers which keys the database refuses until when, so that a flood costs it nothing. By the clock of the charges.
type refusals struct {
	mu    sync.Mutex
	until map[string]int64 // milliseconds since 1970
}

// wait is how long the database is sure to refuse c, 0 if that is not known.
func (r *refusals) wait(c Charge) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	until, ok := r.until[c.Key]
	if !ok {
		return 0
	}
	left := until - c.At.UnixMilli()
	if left <= 0 {
		delete(r.until, c.Key)
	}
	return time.Duration(max(left, 0)) * time.Millisecond
}

// add notes that the database refuses c for as long as wait. A full memory starts anew: the database is asked again.
func (r *refusals) add(c Charge, wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.until == nil || len(r.until) >= maxRefusals {
		r.until = map[string]int64{}
	}
	r.until[c.Key] = c.At.UnixMilli() + wait.Milliseconds()
}
