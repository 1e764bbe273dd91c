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

// keep makes room by forgetting what is over, and everything when nothing is: what is forgotten only costs its making.
func (c *cache[K, V]) keep(key K, value V, from, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= c.size {
		maps.DeleteFunc(c.entries, func(_ K, old entry[V]) bool { return !from.Before(old.until) })
	}
	if len(c.entries) >= c.size || c.entries == nil {
		c.entries = map[K]entry[V]{}
	}
	c.entries[key] = entry[V]{value, from, until}
}
