package auth_test

import (
	"testing"

	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/schema"
)

// The triggers write the events in the transactions of the requests.
func TestEventsCostNoRoundTrip(t *testing.T) {
	t.Parallel()
	trips := map[bool]map[string]int{}
	for _, on := range []bool{false, true} {
		s := newServer(t)
		if _, err := migrations.SwitchEvents(t.Context(), s.url, schema.Public, on); err != nil {
			t.Fatal(err)
		}
		var a answer
		trips[on] = map[string]int{
			"sign-up":  s.countRoundTrips(func() { s.signUpAda() }),
			"sign-in":  s.countRoundTrips(func() { a = s.signInAda() }),
			"sign-out": s.countRoundTrips(func() { s.do("POST", signOutPath, "", "Cookie", a.cookie(), "Origin", origin) }),
		}
		if n := query[int](s, "SELECT count(*) FROM user_event"); (n == 5) != on {
			t.Errorf("events with the triggers %t: got %d, want 5 or none", on, n)
		}
	}
	for request, want := range trips[false] {
		if got := trips[true][request]; got != want || want == 0 {
			t.Errorf("round trips of a %s with events: got %d, want the %d without events", request, got, want)
		}
	}
}
