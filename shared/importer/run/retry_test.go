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

// failingCalls has the method call, a function for Retry: its first calls fail. After 2*Tries calls it succeeds in any
// case, so that a wrong Retry ends.
type failingCalls struct {
	at    []time.Time // the times of the calls
	fails int         // the number of calls that fail
	err   error
}

func (c *failingCalls) call() error {
	c.at = append(c.at, time.Now())
	if len(c.at) > c.fails || len(c.at) > 2*Tries {
		return nil
	}
	return c.err
}

func TestRetryCallsAgainUntilSuccessAndReportsEachWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for fails := range Tries {
			c := &failingCalls{fails: fails, err: io.ErrUnexpectedEOF}
			var events []Event
			e := &Env{Progress: func(e Event) { events = append(events, e) }}
			if err := e.Retry(t.Context(), c.call); err != nil || len(c.at) != fails+1 || len(events) != fails {
				t.Errorf("the first %d calls fail: got error %v, %d calls and %d events, want nil, %d calls and %d events",
					fails, err, len(c.at), len(events), fails+1, fails)
			}
			if fails == 0 {
				continue
			}
			_, wait, _ := strings.Cut(events[0].Waiting, " in ")
			if d, err := time.ParseDuration(wait); err != nil || d%(100*time.Millisecond) != 0 {
				t.Errorf("the event has the wait %q, want it rounded to tenths of a second", wait)
			}
			if got := events[0]; got.Action != "wait" || !strings.HasPrefix(got.Waiting, "unexpected EOF; try 2 of 10 in ") {
				t.Errorf("the first event is %+v, want the action wait, the error and \"try 2 of 10\"", got)
			}
		}
	})
}

// The waits double from RetryDelay to 50 times RetryDelay. Each has a random length between a quarter and five quarters
// of this value.
func TestRetryEndsAfterTenAttempts(t *testing.T) {
	t.Parallel()
	for _, first := range []time.Duration{0, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			c := &failingCalls{fails: 1000, err: io.ErrUnexpectedEOF}
			err := (&Env{RetryDelay: first}).Retry(t.Context(), c.call)
			if !errors.Is(err, ErrUnavailable) || !errors.Is(err, io.ErrUnexpectedEOF) || len(c.at) != Tries ||
				!strings.Contains(err.Error(), "tried 10 times") {
				t.Errorf("every call fails: got %v after %d calls, want ErrUnavailable after %d", err, len(c.at), Tries)
			}
			if first == 0 {
				first = 200 * time.Millisecond
			}
			wait := first
			for i := range len(c.at) - 1 {
				if got := c.at[i+1].Sub(c.at[i]); got < wait/4 || got > wait+wait/4 {
					t.Errorf("wait %d lasts %v, want between a quarter and five quarters of %v", i, got, wait)
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
		t.Errorf("a syntax error: got %v after %d calls, want the error after 1 call", err, len(c.at))
	}
}

func TestRetryEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := &failingCalls{fails: 1000, err: io.ErrUnexpectedEOF}
	waits := 0
	e := &Env{RetryDelay: time.Hour, Progress: func(Event) { waits++; cancel() }}
	err := e.Retry(ctx, c.call)
	if !errors.Is(err, c.err) || errors.Is(err, ErrUnavailable) || len(c.at) != 1 || waits != 1 {
		t.Errorf("the context ends in the first wait: got %v after %d calls and %d waits, want %v after 1 call and 1 wait",
			err, len(c.at), waits, c.err)
	}
	if err := e.Retry(ctx, c.call); !errors.Is(err, c.err) || len(c.at) != 2 || waits != 1 {
		t.Errorf("the context has ended before: got %v after %d calls and %d waits in all, want %v after 2 calls and 1 wait",
			err, len(c.at), waits, c.err)
	}
}

func TestTimeoutIsFiveMinutesByDefault(t *testing.T) {
	t.Parallel()
	for set, want := range map[time.Duration]time.Duration{0: 5 * time.Minute, time.Second: time.Second} {
		if got := (&Env{Timeout: set}).timeout(); got != want {
			t.Errorf("Timeout is set to %v: timeout() = %v, want %v", set, got, want)
		}
	}
}

func TestForEachBatchCallsDoOncePerBatchUntilAnError(t *testing.T) {
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
		t.Errorf("the numbers of the batches for which do was called add up to %d, want 1+2+3", sum)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	err := ForEachBatch(ended, &Env{}, &Pass{}, batches, 2, "", do)
	if !errors.Is(err, context.Canceled) || len(done) > 0 {
		t.Errorf("the context has ended before: got %v and %d calls of do, want context.Canceled and none", err, len(done))
	}
	fail := func(context.Context, *Worker, Batch) error { return io.EOF }
	err = ForEachBatch(t.Context(), &Env{}, &Pass{}, batches, 1, "", fail)
	if !errors.Is(err, io.EOF) || err.Error() != "batch 1: EOF" {
		t.Errorf("do fails for the first batch: got %v, want \"batch 1: EOF\"", err)
	}
}

func TestChecksumsAreEqualIfTheNumbersOfRowsAndTheSumsAreEqual(t *testing.T) {
	t.Parallel()
	equal := Checksum{SourceRows: 1, SourceSum: "a", TargetRows: 1, TargetSum: "a"}
	rows, sum := equal, equal
	rows.TargetRows, sum.TargetSum = 2, "b"
	for c, want := range map[Checksum]bool{equal: true, rows: false, sum: false} {
		if got := c.Equal(); got != want {
			t.Errorf("%+v: Equal() = %t, want %t", c, got, want)
		}
	}
}

func TestDigestIsSHA256InHex(t *testing.T) {
	t.Parallel()
	if got := Digest(nil); got != "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		t.Errorf("Digest(nil) = %s, want sha256: and the SHA-256 of an empty text in hexadecimal", got)
	}
}
