package store_test

import (
	"errors"
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
		err := db.Refusal(charge, now.Add(-sinceLast))
		limited := (*store.LimitedError)(nil)
		if want == 0 && err != nil || want > 0 && (!errors.As(err, &limited) || limited.RetryAfter != want) {
			t.Errorf("%v after the last request: got %v, want a wait of %v", sinceLast, err, want)
		}
	}
}
