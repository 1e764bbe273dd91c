package store

import (
	"sync"
	"time"
)

// maxRefusals limits the memory of rejections to about a megabyte.
const maxRefusals = 4096

// fixedMemory is how long a process remembers that Postgres rejected a Fixed charge. Another request may remove its
// charge in the meantime.
const fixedMemory = 5 * time.Second

// refusals remembers which keys Postgres rejects, and until when, so that many requests cost no round trip. It uses the
// field At of the charges as the current time.
type refusals struct {
	mu  sync.Mutex
	all map[string]refusal
}

// refusal has times in milliseconds since 1970.
type refusal struct {
	until  int64 // time of the end of the window
	forget int64 // when the next charge is sent to Postgres again
}

// wait returns how long Postgres will certainly reject c, 0 if that is not known.
func (r *refusals) wait(c Charge) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.all[c.Key]
	if !ok {
		return 0
	}
	if known.forget <= c.At.UnixMilli() {
		delete(r.all, c.Key)
		return 0
	}
	return time.Duration(known.until-c.At.UnixMilli()) * time.Millisecond
}

// add remembers that Postgres rejects c for the time wait. It first deletes all entries if there are maxRefusals of
// them; then charges are sent to Postgres again.
func (r *refusals) add(c Charge, wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil || len(r.all) >= maxRefusals {
		r.all = map[string]refusal{}
	}
	memory := wait
	if c.Fixed {
		memory = min(wait, fixedMemory)
	}
	at := c.At.UnixMilli()
	r.all[c.Key] = refusal{at + wait.Milliseconds(), at + memory.Milliseconds()}
}
