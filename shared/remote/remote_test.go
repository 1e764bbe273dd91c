package remote

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

	"github.com/xenon-auth/xenon/internal/testkit/clock"
)

func newClock() *clock.Clock { return clock.New(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)) }

func newValue(c *clock.Clock, s *fakeService) *Value[int] {
	return &Value[int]{Name: "number", Fetch: s.fetch, Fresh: 5 * time.Minute, Stale: 24 * time.Hour, Now: c.Now}
}

// fakeService is a service whose method fetch returns 1, 2, 3 … while it is up.
type fakeService struct {
	calls atomic.Int64
	down  atomic.Bool
}

var errDown = errors.New("the service is down")

func (s *fakeService) fetch(context.Context) (int, error) {
	n := s.calls.Add(1)
	if s.down.Load() {
		return 0, errDown
	}
	return int(n), nil
}

// step changes the clock, the service or the Value. Then Get must return value and err. The field calls is the number
// of fetches so far.
type step struct {
	after      time.Duration
	down       bool
	invalidate bool
	value      int
	err        error
	calls      int64
}

func TestGetFetchesWhenDue(t *testing.T) {
	t.Parallel()
	tests := map[string][]step{
		"a value is kept until it is as old as Fresh": {
			{value: 1, calls: 1},
			{after: 5*time.Minute - 1, value: 1, calls: 1},
			{after: 1, value: 2, calls: 2},
		},
		"while the service is down, returns the last good value and fetches every ten seconds": {
			{value: 1, calls: 1},
			{after: 5 * time.Minute, down: true, value: 1, calls: 2},
			{after: 9 * time.Second, down: true, value: 1, calls: 2},
			{after: time.Second, down: true, value: 1, calls: 3},
			{after: time.Second, value: 1, calls: 3},
			{after: 9 * time.Second, value: 4, calls: 4},
		},
		"a value older than Stale is not returned": {
			{value: 1, calls: 1},
			{after: 24 * time.Hour, down: true, value: 1, calls: 2},
			{after: CoolDown, down: true, err: errDown, calls: 3},
			{after: time.Second, value: 4, calls: 4},
		},
		"without a value, returns the same error for a second and then fetches again": {
			{down: true, err: errDown, calls: 1},
			{after: time.Second - 1, err: errDown, calls: 1},
			{after: 1, value: 2, calls: 2},
		},
		"invalidation causes a fetch, but not within ten seconds": {
			{value: 1, calls: 1},
			{after: 3 * time.Second, invalidate: true, value: 1, calls: 1},
			{after: 7 * time.Second, value: 2, calls: 2},
			{after: time.Second, invalidate: true, value: 2, calls: 2},
			{after: time.Second, invalidate: true, value: 2, calls: 2},
			{after: 8 * time.Second, invalidate: true, value: 3, calls: 3},
		},
		"one invalidation causes one fetch": {
			{value: 1, calls: 1},
			{after: CoolDown, invalidate: true, value: 2, calls: 2},
			{after: CoolDown, value: 2, calls: 2},
		},
		"invalidation during an outage": {
			{value: 1, calls: 1},
			{after: CoolDown, invalidate: true, down: true, value: 1, calls: 2},
			{after: CoolDown, value: 3, calls: 3},
		},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, e := newClock(), &fakeService{}
			r := newValue(c, e)
			for i, s := range steps {
				c.Advance(s.after)
				e.down.Store(s.down)
				if s.invalidate {
					r.Invalidate()
				}
				got, err := r.Get(t.Context())
				if got != s.value || !errors.Is(err, s.err) || e.calls.Load() != s.calls {
					t.Fatalf("step %d: Get = %d, %v with %d fetches so far, want %d, %v and %d fetches",
						i, got, err, e.calls.Load(), s.value, s.err, s.calls)
				}
			}
		})
	}
}

// A hundred concurrent calls cause one fetch, even if each of them invalidated the value before.
func TestConcurrentCallsMakeOneFetch(t *testing.T) {
	t.Parallel()
	c, e := newClock(), &fakeService{}
	started, release := make(chan struct{}), make(chan struct{})
	r := newValue(c, e)
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
	c.Advance(CoolDown)
	r.Invalidate()
	flood(r.Invalidate)
	if got := e.calls.Load(); got != 2 {
		t.Errorf("%d fetches in all after 100 callers invalidated the value, want 2", got)
	}
}

// While another call fetches, GetAllowStale returns the held value, even an invalidated one. Without a value it waits.
func TestGetAllowStaleReturnsHeldValueDuringFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, e := newClock(), &fakeService{}
		r := newValue(c, e)
		release := make(chan struct{})
		r.Fetch = func(ctx context.Context) (int, error) {
			<-release
			return e.fetch(ctx)
		}
		got := make(chan int, 3)
		ask := func(get func(context.Context) (int, error)) {
			v, err := get(t.Context())
			if err != nil {
				t.Errorf("Get or GetAllowStale: got the error %v, want none", err)
			}
			got <- v
		}
		go ask(r.Get)
		synctest.Wait()
		go ask(r.GetAllowStale)
		synctest.Wait()
		if n := len(got); n != 0 {
			t.Fatalf("%d calls returned during the first fetch, want none", n)
		}
		release <- struct{}{}
		if a, b := <-got, <-got; a != 1 || b != 1 {
			t.Fatalf("the two calls during the first fetch returned %d and %d, want 1 and 1", a, b)
		}

		c.Advance(CoolDown)
		r.Invalidate()
		go ask(r.GetAllowStale) // this call fetches; the two calls below come during the fetch
		synctest.Wait()
		go ask(r.Get)
		synctest.Wait()
		ask(r.GetAllowStale)
		if v, n := <-got, len(got); v != 1 || n != 0 {
			t.Errorf("GetAllowStale during a fetch returned %d, and %d calls of others returned; want 1 and none", v, n)
		}
		release <- struct{}{}
		if a, b := <-got, <-got; a != 2 || b != 2 {
			t.Errorf("the fetching and the waiting call returned %d and %d, want 2 and 2", a, b)
		}
	})
}

// A canceled call does not wait, and leaves no error for other calls.
func TestCanceledCallLeavesNoError(t *testing.T) {
	t.Parallel()
	e := &fakeService{}
	r := newValue(newClock(), e)
	r.Fetch = func(ctx context.Context) (int, error) {
		if e.calls.Load() == 0 {
			e.calls.Add(1)
			<-ctx.Done()
			return 0, ctx.Err()
		}
		return e.fetch(ctx)
	}
	canceled, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := r.Get(canceled)
		done <- err
	}()
	for e.calls.Load() == 0 { // the first caller is inside Fetch
		time.Sleep(time.Millisecond)
	}
	waiting, stop := context.WithCancel(t.Context())
	stop()
	if _, err := r.Get(waiting); !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled call that waits for a fetch: got the error %v, want context canceled", err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled call that fetches: got the error %v, want context canceled", err)
	}
	if got, err := r.Get(t.Context()); got != 2 || err != nil {
		t.Errorf("Get = %d, %v right after a canceled call, want 2, nil", got, err)
	}
}

// A fetch has a deadline even if the caller's context has none.
func TestFetchHasDeadline(t *testing.T) {
	t.Parallel()
	c := newClock()
	var left []time.Duration
	r := newValue(c, nil)
	r.Fetch = func(ctx context.Context) (int, error) {
		deadline, ok := ctx.Deadline()
		if !ok {
			t.Fatal("Fetch got a context without a deadline")
		}
		left = append(left, time.Until(deadline))
		return 1, nil
	}
	for range 2 {
		if _, err := r.Get(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.Advance(time.Hour)
	}
	if len(left) != 2 || left[0] > firstFetchTimeout || left[1] > refreshTimeout {
		t.Errorf("the fetches had %v until their deadlines, want two of at most %v and %v",
			left, firstFetchTimeout, refreshTimeout)
	}
}

// Not parallel: it reads what the process logs.
func TestOutageIsLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)

	c, e := newClock(), &fakeService{}
	r := newValue(c, e)
	for outage := range 2 {
		e.down.Store(false)
		c.Advance(time.Hour)
		if _, err := r.Get(t.Context()); err != nil {
			t.Fatal(err)
		}
		e.down.Store(true)
		c.Advance(5 * time.Minute)
		for range 10 {
			if _, err := r.Get(t.Context()); err != nil {
				t.Fatal(err)
			}
			c.Advance(CoolDown)
		}
		if got := strings.Count(log.String(), `"level":"WARN"`); got != outage+1 {
			t.Errorf("%d warnings after outage %d, want one per outage:\n%s", got, outage+1, log.String())
		}
	}
	if !strings.Contains(log.String(), `"what":"number"`) || !strings.Contains(log.String(), errDown.Error()) {
		t.Errorf("got the log %s, want the name of the value and the error %q", log.String(), errDown)
	}
}
