package secrets

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// clock is a time that tests move.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ns.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.ns.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.ns.Add(int64(d)) }
func newRemote(c *clock, e *elsewhere) *Remote[int] {
	return &Remote[int]{Name: "number", Fetch: e.fetch, Fresh: 5 * time.Minute, Stale: 24 * time.Hour, Now: c.now}
}

// elsewhere hands out 1, 2, 3 … while it is up.
type elsewhere struct {
	calls atomic.Int64
	down  atomic.Bool
}

var errDown = errors.New("elsewhere is down")

func (e *elsewhere) fetch(context.Context) (int, error) {
	n := e.calls.Add(1)
	if e.down.Load() {
		return 0, errDown
	}
	return int(n), nil
}

// step is one thing that happens to a Remote, and how often elsewhere was asked after it.
type step struct {
	after      time.Duration
	down       bool
	invalidate bool
	value      int
	err        error
	calls      int64
}

func TestRemote(t *testing.T) {
	t.Parallel()
	tests := map[string][]step{
		"kept while fresh": {
			{value: 1, calls: 1},
			{after: 5*time.Minute - 1, value: 1, calls: 1},
			{after: 1, value: 2, calls: 2},
		},
		"the last good value while elsewhere is down, asked for every ten seconds": {
			{value: 1, calls: 1},
			{after: 5 * time.Minute, down: true, value: 1, calls: 2},
			{after: 9 * time.Second, down: true, value: 1, calls: 2},
			{after: time.Second, down: true, value: 1, calls: 3},
			{after: time.Second, value: 1, calls: 3},
			{after: 9 * time.Second, value: 4, calls: 4},
		},
		"a value too old is an error": {
			{value: 1, calls: 1},
			{after: 24 * time.Hour, down: true, value: 1, calls: 2},
			{after: CoolDown, down: true, err: errDown, calls: 3},
			{after: time.Second, value: 4, calls: 4},
		},
		"no value: the same error for a second, then asked again": {
			{down: true, err: errDown, calls: 1},
			{after: time.Second - 1, err: errDown, calls: 1},
			{after: 1, value: 2, calls: 2},
		},
		"invalidated: asked again, not within ten seconds": {
			{value: 1, calls: 1},
			{after: 3 * time.Second, invalidate: true, value: 1, calls: 1},
			{after: 7 * time.Second, value: 2, calls: 2},
			{after: time.Second, invalidate: true, value: 2, calls: 2},
			{after: time.Second, invalidate: true, value: 2, calls: 2},
			{after: 8 * time.Second, invalidate: true, value: 3, calls: 3},
		},
		"invalidated once: asked again once": {
			{value: 1, calls: 1},
			{after: CoolDown, invalidate: true, value: 2, calls: 2},
			{after: CoolDown, value: 2, calls: 2},
		},
		"invalidated while elsewhere is down": {
			{value: 1, calls: 1},
			{after: CoolDown, invalidate: true, down: true, value: 1, calls: 2},
			{after: CoolDown, value: 3, calls: 3},
		},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, e := newClock(), &elsewhere{}
			r := newRemote(c, e)
			for i, s := range steps {
				c.advance(s.after)
				e.down.Store(s.down)
				if s.invalidate {
					r.Invalidate()
				}
				got, err := r.Get(t.Context())
				if got != s.value || !errors.Is(err, s.err) || e.calls.Load() != s.calls {
					t.Fatalf("step %d: Get = %d, %v after %d calls, want %d, %v after %d", i, got, err, e.calls.Load(), s.value, s.err, s.calls)
				}
			}
		})
	}
}

// A flood of readers, and a flood of readers who found the value wrong, each become one fetch.
func TestRemote_SingleFlight(t *testing.T) {
	t.Parallel()
	c, e := newClock(), &elsewhere{}
	started, release := make(chan struct{}), make(chan struct{})
	r := newRemote(c, e)
	r.Fetch = func(ctx context.Context) (int, error) {
		if e.calls.Load() == 0 {
			close(started)
			<-release
		}
		return e.fetch(ctx)
	}
	flood := func(before func()) {
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				before()
				if _, err := r.Get(t.Context()); err != nil {
					t.Errorf("Get: %v", err)
				}
			})
		}
		if e.calls.Load() == 0 {
			<-started
			close(release)
		}
		wg.Wait()
	}
	flood(func() {})
	if got := e.calls.Load(); got != 1 {
		t.Fatalf("%d fetches for the first 100 readers, want 1", got)
	}
	c.advance(CoolDown)
	r.Invalidate()
	flood(r.Invalidate)
	if got := e.calls.Load(); got != 2 {
		t.Errorf("%d fetches after 100 invalidations, want 2", got)
	}
}

// While somebody fetches, others can have the value there is, even if it was found wrong; without one, they wait.
func TestRemote_HeldWaitsForNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, e := newClock(), &elsewhere{}
		r := newRemote(c, e)
		release := make(chan struct{})
		r.Fetch = func(ctx context.Context) (int, error) {
			<-release
			return e.fetch(ctx)
		}
		got := make(chan int, 3)
		ask := func(get func(context.Context) (int, error)) {
			v, err := get(t.Context())
			if err != nil {
				t.Errorf("got %v", err)
			}
			got <- v
		}
		go ask(r.Get)
		synctest.Wait()
		go ask(r.Held)
		synctest.Wait()
		if n := len(got); n != 0 {
			t.Fatalf("%d answers before there is a value, want none", n)
		}
		release <- struct{}{}
		if a, b := <-got, <-got; a != 1 || b != 1 {
			t.Fatalf("got %d and %d, want the first value twice", a, b)
		}

		c.advance(CoolDown)
		r.Invalidate()
		go ask(r.Held) // whoever comes first fetches
		synctest.Wait()
		go ask(r.Get)
		synctest.Wait()
		ask(r.Held)
		if v, n := <-got, len(got); v != 1 || n != 0 {
			t.Errorf("got %d at once, and %d more answers, want 1 and none", v, n)
		}
		release <- struct{}{}
		if a, b := <-got, <-got; a != 2 || b != 2 {
			t.Errorf("got %d and %d, want the second value twice", a, b)
		}
	})
}

// A caller who gives up neither waits nor leaves an error behind for the others.
func TestRemote_CallerGone(t *testing.T) {
	t.Parallel()
	e := &elsewhere{}
	r := newRemote(newClock(), e)
	r.Fetch = func(ctx context.Context) (int, error) {
		if e.calls.Load() == 0 {
			e.calls.Add(1)
			<-ctx.Done()
			return 0, ctx.Err()
		}
		return e.fetch(ctx)
	}
	gone, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := r.Get(gone)
		done <- err
	}()
	for e.calls.Load() == 0 { // the first caller is inside Fetch
		time.Sleep(time.Millisecond)
	}
	waiting, stop := context.WithCancel(t.Context())
	stop()
	if _, err := r.Get(waiting); !errors.Is(err, context.Canceled) {
		t.Errorf("a waiting caller who left got %v, want context canceled", err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the fetching caller who left got %v, want context canceled", err)
	}
	if got, err := r.Get(t.Context()); got != 2 || err != nil {
		t.Errorf("Get = %d, %v at once after a caller left, want 2, nil", got, err)
	}
}

// A fetch is bounded even when the caller is not.
func TestRemote_FetchHasDeadline(t *testing.T) {
	t.Parallel()
	c := newClock()
	var left []time.Duration
	r := newRemote(c, nil)
	r.Fetch = func(ctx context.Context) (int, error) {
		deadline, ok := ctx.Deadline()
		if !ok {
			t.Fatal("Fetch without a deadline")
		}
		left = append(left, time.Until(deadline))
		return 1, nil
	}
	for range 2 {
		if _, err := r.Get(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.advance(time.Hour)
	}
	if len(left) != 2 || left[0] > firstTimeout || left[1] > againTimeout {
		t.Errorf("fetches had %v left, want at most %v and %v", left, firstTimeout, againTimeout)
	}
}

// Not parallel: it reads what the process logs.
func TestRemote_WarnsOncePerOutage(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)

	c, e := newClock(), &elsewhere{}
	r := newRemote(c, e)
	for outage := range 2 {
		e.down.Store(false)
		c.advance(time.Hour)
		if _, err := r.Get(t.Context()); err != nil {
			t.Fatal(err)
		}
		e.down.Store(true)
		c.advance(5 * time.Minute)
		for range 10 {
			if _, err := r.Get(t.Context()); err != nil {
				t.Fatal(err)
			}
			c.advance(CoolDown)
		}
		if got := strings.Count(log.String(), `"level":"WARN"`); got != outage+1 {
			t.Errorf("%d warnings after outage %d, want one an outage:\n%s", got, outage+1, log.String())
		}
	}
	if !strings.Contains(log.String(), `"what":"number"`) || !strings.Contains(log.String(), errDown.Error()) {
		t.Errorf("the warning does not say what and why: %s", log.String())
	}
}
