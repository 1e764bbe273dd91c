package store

import (
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// The tests of this file are not parallel, because they count allocations.

// Most requests find a free connection. Then takeSlot creates no timer.
func TestFreeConnectionIsTakenWithoutAnAllocation(t *testing.T) {
	s := Open(dbtest.FixedURL(""), 1)
	defer s.Close()
	if got := testing.AllocsPerRun(100, func() {
		if err := s.takeSlot(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-s.slots
	}); got != 0 {
		t.Errorf("takeSlot with a free connection: got %v allocations, want none", got)
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
