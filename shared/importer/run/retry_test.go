package run

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// failingCalls has a function for Retry, call, which fails the first times. It also succeeds after too many calls, to
// stop an endless Retry.
type failingCalls struct {
	at    []time.Time
	fails int
	err   error
}

func (c *failingCalls) call() error {
	c.at = append(c.at, time.Now())
	if len(c.at) > c.fails || len(c.at) > 2*Tries {
		return nil
	}
	return c.err
}

func TestRetryCallsUntilSuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for fails := range Tries {
			c := &failingCalls{fails: fails, err: io.ErrUnexpectedEOF}
			var events []Event
			e := &Env{Progress: func(e Event) { events = append(events, e) }}
			if err := e.Retry(t.Context(), c.call); err != nil || len(c.at) != fails+1 || len(events) != fails {
				t.Errorf("it fails %d times: %v after %d calls and %d events", fails, err, len(c.at), len(events))
			}
			if fails == 0 {
				continue
			}
			_, wait, _ := strings.Cut(events[0].Waiting, " in ")
			if d, err := time.ParseDuration(wait); err != nil || d%(100*time.Millisecond) != 0 {
				t.Errorf("the wait is %q, want it rounded to tenths of a second", wait)
			}
			if got := events[0]; got.Action != "wait" || !strings.HasPrefix(got.Waiting, "unexpected EOF; try 2 of 10 in ") {
				t.Errorf("the first event is %+v", got)
			}
		}
	})
}

// Each wait lasts between a quarter and five quarters of twice the one before, up to ten seconds.
func TestRetryEndsAfterTenAttempts(t *testing.T) {
	t.Parallel()
	for _, first := range []time.Duration{0, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			c := &failingCalls{fails: 1000, err: io.ErrUnexpectedEOF}
			err := (&Env{RetryDelay: first}).Retry(t.Context(), c.call)
			if !errors.Is(err, ErrUnavailable) || !errors.Is(err, io.ErrUnexpectedEOF) || len(c.at) != Tries ||
				!strings.Contains(err.Error(), "tried 10 times") {
				t.Errorf("got %v after %d calls", err, len(c.at))
			}
			if first == 0 {
				first = 200 * time.Millisecond
			}
			wait := first
			for i := range len(c.at) - 1 {
				if got := c.at[i+1].Sub(c.at[i]); got < wait/4 || got > wait+wait/4 {
					t.Errorf("wait %d lasts %v, want about %v", i, got, wait)
				}
				wait = min(2*wait, 50*first)
			}
		})
	}
}

func TestRetryReturnsPermanentErrorImmediately(t *testing.T) {
	t.Parallel()
	c := &failingCalls{fails: 1000, err: postgresError("42601")}
	if err := (&Env{RetryDelay: time.Hour}).Retry(t.Context(), c.call); !errors.Is(err, c.err) || len(c.at) != 1 {
		t.Errorf("got %v after %d calls", err, len(c.at))
	}
}

func TestRetryEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := &failingCalls{fails: 1000, err: io.ErrUnexpectedEOF}
	waits := 0
	e := &Env{RetryDelay: time.Hour, Progress: func(Event) { waits++; cancel() }}
	if err := e.Retry(
		ctx,
		c.call,
	); !errors.Is(err, c.err) || errors.Is(err, ErrUnavailable) || len(c.at) != 1 ||
		waits != 1 {
		t.Errorf("the context ends during a wait: got %v after %d calls and %d waits", err, len(c.at), waits)
	}
	if err := e.Retry(ctx, c.call); !errors.Is(err, c.err) || len(c.at) != 2 || waits != 1 {
		t.Errorf("the context has ended: got %v after %d calls and %d waits", err, len(c.at), waits)
	}
}

func TestTimeoutHasADefault(t *testing.T) {
	t.Parallel()
	for set, want := range map[time.Duration]time.Duration{0: 5 * time.Minute, time.Second: time.Second} {
		if got := (&Env{Timeout: set}).timeout(); got != want {
			t.Errorf("%v: got %v", set, got)
		}
	}
}

func TestForEachBatchCallsDoOncePerBatch(t *testing.T) {
	t.Parallel()
	done := make(chan int, 10)
	do := func(_ context.Context, _ *Worker, b Batch) error { done <- b.Number; return nil }
	batches := []Batch{{Number: 1}, {Number: 2}, {Number: 3}}
	if err := ForEachBatch(t.Context(), &Env{}, &Pass{}, batches, 2, "", do); err != nil {
		t.Fatal(err)
	}
	sum := 0
	for range len(done) {
		sum += <-done
	}
	if sum != 6 {
		t.Errorf("the numbers of the batches add up to %d, want 6", sum)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := ForEachBatch(
		ended,
		&Env{},
		&Pass{},
		batches,
		2,
		"",
		do,
	); !errors.Is(err, context.Canceled) ||
		len(done) > 0 {
		t.Errorf("the context has ended: got %v; %d batches are done", err, len(done))
	}
	err := ForEachBatch(
		t.Context(),
		&Env{},
		&Pass{},
		batches,
		1,
		"",
		func(context.Context, *Worker, Batch) error { return io.EOF },
	)
	if !errors.Is(err, io.EOF) || err.Error() != "batch 1: EOF" {
		t.Errorf("a batch fails: got %v", err)
	}
}

func TestChecksumsAreEqualIfRowsAndSumsAre(t *testing.T) {
	t.Parallel()
	equal := Checksum{SourceRows: 1, SourceSum: "a", TargetRows: 1, TargetSum: "a"}
	rows, sum := equal, equal
	rows.TargetRows, sum.TargetSum = 2, "b"
	for c, want := range map[Checksum]bool{equal: true, rows: false, sum: false} {
		if got := c.Equal(); got != want {
			t.Errorf("%+v: got %t", c, got)
		}
	}
}

func TestDigestIsSHA256InHex(t *testing.T) {
	t.Parallel()
	if got := Digest(nil); got != "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		t.Errorf("the digest of nothing is %s", got)
	}
}
