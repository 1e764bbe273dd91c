package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
)

// A charge can read an old "lastRequest" while another request begins a new window. Then the charge must be sent again.
func TestChargeOfAnEndedWindowIsNotRejected(t *testing.T) {
	t.Parallel()
	db := openStore(t, "", 1) // the test runs no statement
	charge := store.Charge{Key: "key", Window: time.Minute, Max: 1, At: testTime}
	for sinceLast, want := range map[time.Duration]time.Duration{
		time.Minute + time.Millisecond: 0,
		time.Minute:                    0,
		time.Minute - time.Millisecond: time.Millisecond,
		0:                              time.Minute,
	} {
		err := db.Reject(charge, testTime.Add(-sinceLast))
		limited := (*store.RateLimitError)(nil)
		if want == 0 && err != nil || want > 0 && (!errors.As(err, &limited) || limited.RetryAfter != want) {
			t.Errorf("charge that was not counted, %v after lastRequest: got %v, want a wait of %v", sinceLast, err, want)
		}
	}
}

// The process remembers up to 4096 rejections. One more makes it forget the others.
func TestRejectionsAreRememberedUpToALimit(t *testing.T) {
	t.Parallel()
	db := openStore(t, "", 1) // the test runs no statement
	chargeOfKey := func(i int) store.Charge {
		return store.Charge{Key: fmt.Sprint(i), Window: time.Minute, Max: 1, At: testTime}
	}
	const limit = 4096
	for i := range limit {
		if err := db.Reject(chargeOfKey(i), testTime); !store.IsRateLimitError(err) {
			t.Fatalf("Reject of charge %d: got %v, want a *RateLimitError", i, err)
		}
	}
	for i := range limit {
		if err := db.KnownRejection(chargeOfKey(i)); !store.IsRateLimitError(err) {
			t.Fatalf("KnownRejection of charge %d after %d rejections: got %v, want a *RateLimitError", i, limit, err)
		}
	}
	_ = db.Reject(chargeOfKey(limit), testTime)
	for i, want := range map[int]bool{0: false, limit - 1: false, limit: true} {
		if got := store.IsRateLimitError(db.KnownRejection(chargeOfKey(i))); got != want {
			t.Errorf("KnownRejection of charge %d after one rejection more: got a *RateLimitError: %v, want %v", i, got, want)
		}
	}
}

func TestFlushWithoutChargesNeedsNoConnection(t *testing.T) {
	t.Parallel()
	if err := openStore(t, "", 1).WithCharges().FlushCharges(t.Context()); err != nil {
		t.Errorf("FlushCharges without charges: got %v, want no error", err)
	}
}
