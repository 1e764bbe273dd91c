package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

// fixedCharge returns a Fixed charge with a window of 10 s.
func fixedCharge(key string, limit int, at time.Time) store.Charge {
	return store.Charge{Key: key, Window: 10 * time.Second, Max: limit, At: at, Fixed: true}
}

// "lastRequest" of the row is the end of the window. So a Better Auth server, which deletes old rows, keeps the row
// until then.
func TestFixedWindowEndsAfterItsFirstRequest(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	for _, c := range []struct {
		at, wait time.Duration
		row      string
	}{
		{0, 0, "1 10000"},
		{9 * time.Second, 0, "2 10000"},
		{9999 * time.Millisecond, time.Millisecond, "2 10000"},
		{10 * time.Second, 0, "1 20000"},
		{9 * time.Second, 0, "2 20000"}, // a process whose clock is slow
	} {
		db := openStore(t, url, 1) // like a new process each time, which remembers no rejection
		if got := retryAfter(t, db.CountCharge(t.Context(), fixedCharge("key", 2, testTime.Add(c.at)))); got != c.wait {
			t.Errorf("request %v after the first: got a wait of %v, want %v", c.at, got, c.wait)
		}
		if got := readCounter(t, url, "key"); got != c.row {
			t.Errorf("request %v after the first: got row %q, want %q (count, lastRequest)", c.at, got, c.row)
		}
	}
}

func TestRefundChargesRemovesOnlyFixedChargesOfItsRequest(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 2)
	chargeAttempt := func(at time.Time) *store.Store {
		request := db.WithCharges(newCharge("ip", 9, at), fixedCharge("network", 9, at), fixedCharge("account", 9, at))
		if err := request.FlushCharges(t.Context()); err != nil {
			t.Fatal(err)
		}
		return request
	}
	readCounters := func() []string {
		return []string{readCounter(t, url, "ip"), readCounter(t, url, "network"), readCounter(t, url, "account")}
	}
	refundAndCheck := func(request *store.Store, want ...string) {
		t.Helper()
		if err := request.RefundCharges(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, readCounters()); diff != "" {
			t.Errorf("rows of ip, network and account after a refund (-want +got):\n%s", diff)
		}
	}
	first, second := chargeAttempt(testTime), chargeAttempt(testTime)
	refundAndCheck(first, "2 0", "1 10000", "1 10000")
	refundAndCheck(first, "2 0", "1 10000", "1 10000") // a second refund changes nothing
	refundAndCheck(second, "2 0", "", "")
	refundAndCheck(db, "2 0", "", "")
	late, later := chargeAttempt(testTime), testTime.Add(11*time.Second)
	chargeAttempt(later)
	refundAndCheck(late, "1 11000", "1 21000", "1 21000") // a refund does not change a later window
}

func TestInsertSessionRefundsChargesInItsRoundTrip(t *testing.T) {
	t.Parallel()
	url, wire := dbtest.New(t), &dbtest.CountingDialer{}
	db := openStoreCountingRoundTrips(t, url, 1, wire)
	_, s := signUp(t, db, "ada@example.com")
	request := db.WithCharges(fixedCharge("network", 9, testTime), fixedCharge("account", 9, testTime))
	if _, _, err := request.UserWithPassword(t.Context(), "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	if got := readCounter(t, url, "account"); got != "1 10000" {
		t.Errorf("before InsertSession: got row %q, want 1 10000 (count, lastRequest)", got)
	}
	before := wire.RoundTrips()
	s.Token = "another token"
	if _, err := request.InsertSession(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if got := wire.RoundTrips() - before; got != 1 {
		t.Errorf("InsertSession with charges to refund: got %d round trips, want 1", got)
	}
	if got := readCounter(t, url, "network") + readCounter(t, url, "account"); got != "" {
		t.Errorf("after InsertSession: got rows %q, want none", got)
	}
}

// Requests that charge and refund at the same time lock the rows in the same order, so they do not deadlock.
func TestConcurrentChargesAndRefundsDoNotDeadlock(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 10)
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			for range 10 {
				network := fmt.Sprint("network", i%2)
				request := db.WithCharges(fixedCharge(network, 1000, testTime), fixedCharge("account", 1000, testTime))
				err := request.FlushCharges(t.Context())
				if err == nil && i > 0 {
					err = request.RefundCharges(t.Context())
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	got := []string{readCounter(t, url, "network0"), readCounter(t, url, "network1"), readCounter(t, url, "account")}
	if !cmp.Equal(got, []string{"10 10000", "", "10 10000"}) {
		t.Errorf("after charges and refunds: got rows %q, want 10 charges in network0 and account, which were not "+
			"refunded, and none in network1",
			got)
	}
}

// The process does not remember the rejection for longer, because another request may have refunded its charge since.
func TestRejectionOfFixedChargeIsRememberedForFiveSeconds(t *testing.T) {
	t.Parallel()
	url, wire := dbtest.New(t), &dbtest.CountingDialer{}
	db := openStoreCountingRoundTrips(t, url, 1, wire)
	if err := db.CountCharge(t.Context(), fixedCharge("key", 1, testTime)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at, wait time.Duration
		trips    int
	}{
		{time.Second, 9 * time.Second, 1},
		{2 * time.Second, 8 * time.Second, 0},
		{5999 * time.Millisecond, 4001 * time.Millisecond, 0},
		{6 * time.Second, 4 * time.Second, 1},
	} {
		before := wire.RoundTrips()
		got := retryAfter(t, db.CountCharge(t.Context(), fixedCharge("key", 1, testTime.Add(c.at))))
		if got != c.wait || wire.RoundTrips()-before != c.trips {
			t.Errorf(
				"request %v after the first: got a wait of %v and %d round trips, want %v and %d",
				c.at,
				got,
				wire.RoundTrips()-before,
				c.wait,
				c.trips,
			)
		}
	}
}
