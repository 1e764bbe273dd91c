package store

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// The tests of this file are not parallel, because they count allocations.

// Most requests find an idle connection. Then acquire creates no timer.
func TestIdleConnectionIsAcquiredWithoutATimer(t *testing.T) {
	s := Open(dbtest.FixedURL(dbtest.New(t)), 1)
	defer s.Close()
	allocationsOf := func(acquire func() (*pgxpool.Conn, error)) float64 {
		return testing.AllocsPerRun(100, func() {
			conn, err := acquire()
			if err != nil {
				t.Fatal(err)
			}
			conn.Release()
		})
	}
	idle := allocationsOf(func() (*pgxpool.Conn, error) { return s.acquire(t.Context(), false) })
	full := allocationsOf(func() (*pgxpool.Conn, error) { return s.acquire(t.Context(), true) })
	if idle+2 >= full { // without the timer, acquire still allocates to look at the idle connections
		t.Errorf("got %v allocations with an idle connection and %v with a full pool, want at least three fewer without "+
			"the timer", idle, full)
	}
}

func TestConvertTimesToUTCAllocatesNothingForTimesInUTC(t *testing.T) {
	args := []any{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), "text"}
	if got := testing.AllocsPerRun(100, func() { convertTimesToUTC(args) }); got != 0 {
		t.Errorf("convertTimesToUTC of a time in UTC: got %v allocations, want none", got)
	}
	local := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("", 3600))
	if got, ok := convertTimesToUTC([]any{local})[0].(time.Time); !ok || got.Location() != time.UTC || !got.Equal(local) {
		t.Errorf("convertTimesToUTC(%v) = %v, want the same time in UTC", local, got)
	}
}

func TestArgumentsOfChargesAreAllocatedOnce(t *testing.T) {
	for n := range 4 {
		_, args := chargeStatement(make([]Charge, n+1))
		if len(args) != cap(args) {
			t.Errorf("arguments of %d charges: got length %d and capacity %d, want them equal", n+1, len(args), cap(args))
		}
	}
}
