package cache_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/cache"
)

const lifetime = time.Minute

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	const size = 64
	c := cache.New[string, string](size)
	now := start
	add := func(key string) { c.Add(key, key, now, now.Add(lifetime)) }
	for i := range 3 * size {
		key := strconv.Itoa(i)
		add(key)
		if c.Len() > size {
			t.Fatalf("the cache has %d entries, want at most %d", c.Len(), size)
		}
		if v, ok := c.Get(key, now); !ok || v != key {
			t.Fatalf("Get(%q) right after Add = %q, %v, want the added value", key, v, ok)
		}
	}

	c = cache.New[string, string](size)
	for i := range size - 1 {
		add(strconv.Itoa(i))
	}
	now = now.Add(lifetime)
	add("new")
	add("newer")
	if _, ok := c.Get("new", now); !ok || c.Len() != 2 {
		t.Errorf("a full cache of expired entries, after two Adds: %d entries, Get(new) found: %v; want 2 and true",
			c.Len(), ok)
	}
}

// The memory of a process that runs for days depends only on the number of entries that have not expired.
func TestCacheEvictsExpiredEntries(t *testing.T) {
	t.Parallel()
	const valid, minEntriesBeforeEviction = 10, 16
	c := cache.New[int, int](4096)
	now := start
	for i := range 10_000 {
		now = now.Add(lifetime / valid)
		c.Add(i, i, now, now.Add(lifetime))
		if got, want := c.Len(), 2*valid+minEntriesBeforeEviction+1; got > want {
			t.Fatalf("the cache has %d entries, of which %d have not expired; want at most %d entries", got, valid, want)
		}
	}
}

func TestGetFindsValueInItsPeriodOnly(t *testing.T) {
	t.Parallel()
	c := cache.New[string, int](1)
	c.Add("a", 1, start, start.Add(lifetime))
	for after, want := range map[time.Duration]bool{-1: false, 0: true, lifetime - 1: true, lifetime: false} {
		if _, got := c.Get("a", start.Add(after)); got != want {
			t.Errorf("Get %v after Add of a value for %v: found %v, want %v", after, lifetime, got, want)
		}
	}
	if _, ok := c.Get("b", start); ok {
		t.Error("Get of a key that was never added found a value, want none")
	}
}
