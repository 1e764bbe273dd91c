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
			t.Fatalf("%d entries kept, want at most %d", c.Len(), size)
		}
		if v, ok := c.Get(key, now); !ok || v != key {
			t.Fatalf("Get(%s) = %q, %v right after Add", key, v, ok)
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
		t.Errorf("%d entries kept, the new one found: %v; want the two that have not expired", c.Len(), ok)
	}
}

// R51: the memory of a process that runs for days depends on the entries that have not expired.
func TestCacheEvictsExpiredEntries(t *testing.T) {
	t.Parallel()
	const valid, minEvictAt = 10, 16
	c := cache.New[int, int](4096)
	now := start
	for i := range 10_000 {
		now = now.Add(lifetime / valid)
		c.Add(i, i, now, now.Add(lifetime))
		if got, want := c.Len(), 2*valid+minEvictAt+1; got > want {
			t.Fatalf("%d entries kept, want at most %d where %d have not expired", got, want, valid)
		}
	}
}

func TestGetFindsValueInItsPeriodOnly(t *testing.T) {
	t.Parallel()
	c := cache.New[string, int](1)
	c.Add("a", 1, start, start.Add(lifetime))
	for after, want := range map[time.Duration]bool{-1: false, 0: true, lifetime - 1: true, lifetime: false} {
		if _, got := c.Get("a", start.Add(after)); got != want {
			t.Errorf("found %v after Add: %v, want %v", after, got, want)
		}
	}
	if _, ok := c.Get("b", start); ok {
		t.Error("found a value that was never added")
	}
}
