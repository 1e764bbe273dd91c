package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
)

// Another request can change the row between the start of the statement and the count. Then the charge is sent again.
func TestChargeOfAnEndedWindowIsNotRejected(t *testing.T) {
	t.Parallel()
	db := open(t, "", 1) // it never connects
	charge := store.Charge{Key: "key", Window: time.Minute, Max: 1, At: now}
	for sinceLast, want := range map[time.Duration]time.Duration{
		time.Minute + time.Millisecond: 0,
		time.Minute:                    0,
		time.Minute - time.Millisecond: time.Millisecond,
		0:                              time.Minute,
	} {
		err := db.Reject(charge, now.Add(-sinceLast))
		limited := (*store.LimitedError)(nil)
		if want == 0 && err != nil || want > 0 && (!errors.As(err, &limited) || limited.RetryAfter != want) {
			t.Errorf("%v after the last request: got %v, want a wait of %v", sinceLast, err, want)
		}
	}
}

// The process remembers up to 4096 rejections. The next one replaces all of them.
func TestRejectionsAreRememberedUpToALimit(t *testing.T) {
	t.Parallel()
	db := open(t, "", 1) // it never connects
	charge := func(i int) store.Charge {
		return store.Charge{Key: fmt.Sprint(i), Window: time.Minute, Max: 1, At: now}
	}
	const limit = 4096
	for i := range limit {
		if err := db.Reject(charge(i), now); !store.IsLimited(err) {
			t.Fatalf("charge %d: got %v, want a *LimitedError", i, err)
		}
	}
	for i := range limit {
		if err := db.KnownRejection(charge(i)); !store.IsLimited(err) {
			t.Fatalf("charge %d of %d is forgotten", i, limit)
		}
	}
	_ = db.Reject(charge(limit), now)
	for i, want := range map[int]bool{0: false, limit - 1: false, limit: true} {
		if got := store.IsLimited(db.KnownRejection(charge(i))); got != want {
			t.Errorf("charge %d after one more: remembered %v, want %v", i, got, want)
		}
	}
}

func TestFlushWithoutChargesNeedsNoConnection(t *testing.T) {
	t.Parallel()
	if err := open(t, "", 1).Charging().FlushCharges(t.Context()); err != nil {
		t.Errorf("got %v", err)
	}
}
