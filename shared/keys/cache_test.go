package keys

import (
	"strconv"
	"testing"
	"time"
)

func TestP26_CacheIsBounded(t *testing.T) {
	t.Parallel()
	c := cache[string, string]{size: 64}
	now := start
	keep := func(key string) { c.keep(key, key, now, now.Add(reuseFor)) }
	for i := range 3 * c.size {
		keep(strconv.Itoa(i))
		if len(c.entries) > c.size {
			t.Fatalf("%d entries kept, want at most %d", len(c.entries), c.size)
		}
		if v, ok := c.find(strconv.Itoa(i), now); !ok || v != strconv.Itoa(i) {
			t.Fatalf("what was just kept is gone")
		}
	}

	c.entries = nil
	for i := range c.size - 1 {
		keep(strconv.Itoa(i))
	}
	now = now.Add(reuseFor)
	keep("young")
	keep("younger")
	if _, ok := c.find("young", now); !ok || len(c.entries) != 2 {
		t.Errorf("%d entries kept, young one there: %v; want the two that are not over", len(c.entries), ok)
	}
}

// R51: a process that lives for days holds what is good, not what once was.
func TestP26_CacheForgetsWhatIsOver(t *testing.T) {
	t.Parallel()
	c := cache[int, int]{size: 4096}
	now := start
	for i := range 10_000 {
		now = now.Add(reuseFor / 10)
		c.keep(i, i, now, now.Add(reuseFor))
		if got, want := len(c.entries), 2*10+leastTidy+1; got > want {
			t.Fatalf("%d entries kept, want at most %d where 10 are good", got, want)
		}
	}
}

func TestCacheHoldsForItsSpan(t *testing.T) {
	t.Parallel()
	c := cache[string, int]{size: 1}
	c.keep("a", 1, start, start.Add(reuseFor))
	for after, want := range map[int64]bool{-1: false, 0: true, int64(reuseFor) - 1: true, int64(reuseFor): false} {
		if _, got := c.find("a", start.Add(time.Duration(after))); got != want {
			t.Errorf("found %d ns after it was kept: %v, want %v", after, got, want)
		}
	}
	if _, ok := c.find("b", start); ok {
		t.Error("found what was never kept")
	}
}
