// Package cache keeps values in memory until they expire.
//
// It does not use an LRU library. An LRU cache keeps expired tokens in memory until the cache is full. A library that
// evicts by time needs a goroutine, and a goroutine does not run while Lambda freezes the process.
package cache

import (
	"maps"
	"sync"
	"time"
)

// While a cache is not full and has fewer than minEntriesBeforeEviction entries, Add evicts none.
const minEntriesBeforeEviction = 16

// Cache keeps at most a fixed number of values, each for a period of time. It is safe for concurrent use.
type Cache[K comparable, V any] struct {
	size int

	mu      sync.Mutex
	entries map[K]entry[V]
	evictAt int // the number of entries at which Add evicts the expired ones
}

type entry[V any] struct {
	value       V
	from, until time.Time // the first time at which Get returns the value, and the first at which it no longer does
}

// New returns an empty cache of at most size values.
func New[K comparable, V any](size int) *Cache[K, V] { return &Cache[K, V]{size: size} }

// Get returns the value of key if its period includes now. It also returns false if the clock was set back to a time
// before the value was added.
func (c *Cache[K, V]) Get(key K, now time.Time) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok || now.Before(e.from) || !now.Before(e.until) {
		return value, false
	}
	return e.value, true
}

// Add stores a value for a period: from the current time now until the time until. It evicts expired entries when the
// number of entries has about doubled since the last eviction. If the cache is still full, Add clears it: the values
// are cheap to compute again.
func (c *Cache[K, V]) Add(key K, value V, now, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil || len(c.entries) >= c.evictAt {
		maps.DeleteFunc(c.entries, func(_ K, old entry[V]) bool { return !now.Before(old.until) })
		if c.entries == nil || len(c.entries) >= c.size {
			c.entries = map[K]entry[V]{}
		}
		c.evictAt = min(c.size, 2*len(c.entries)+minEntriesBeforeEviction)
	}
	c.entries[key] = entry[V]{value, now, until}
}

// Len returns the number of entries, including expired ones that are not evicted yet.
func (c *Cache[K, V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}
