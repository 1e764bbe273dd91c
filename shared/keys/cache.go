package keys

import (
	"maps"
	"sync"
	"time"
)

// cache keeps at most size values, each for a span of time. The zero value but for size is ready.
type cache[K comparable, V any] struct {
	size int

	mu      sync.Mutex
	entries map[K]entry[V]
	tidy    int // as soon as there are so many, what is over is forgotten
}

type entry[V any] struct {
	value       V
	from, until time.Time
}

// find returns what was kept for key, if now lies within its span: a clock that went back finds nothing.
func (c *cache[K, V]) find(key K, now time.Time) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok || now.Before(e.from) || !now.Before(e.until) {
		return value, false
	}
	return e.value, true
}

// keep keeps a value. What is over is forgotten whenever there is twice as much as was left the last time, so that it is never
// more than what is not; where that makes no room, everything is: what is forgotten only costs its making.
func (c *cache[K, V]) keep(key K, value V, from, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil || len(c.entries) >= c.tidy {
		maps.DeleteFunc(c.entries, func(_ K, old entry[V]) bool { return !from.Before(old.until) })
		if c.entries == nil || len(c.entries) >= c.size {
			c.entries = map[K]entry[V]{}
		}
		c.tidy = min(c.size, 2*len(c.entries)+leastTidy)
	}
	c.entries[key] = entry[V]{value, from, until}
}

const leastTidy = 16
