package store_test

import (
	"errors"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/schema"
)

func TestR47_NotReadyWithoutSchema(t *testing.T) {
	t.Parallel()
	if err := open(t, dbtest.Empty(t), 1).Ready(t.Context()); !errors.As(err, new(*schema.Error)) {
		t.Errorf("an empty database: got %v, want a *schema.Error", err)
	}
}

// Every call runs a statement, but only one in a minute reads the catalog.
func TestReadyChecksTheTablesOnceAMinute(t *testing.T) {
	t.Parallel()
	wire := &dbtest.CountingDialer{}
	db := openCounted(t, dbtest.New(t), 1, wire)
	ready := func(when string, want bool) {
		t.Helper()
		before := wire.RoundTrips()
		err := db.Ready(t.Context())
		if misfit := (*schema.Error)(nil); (err == nil) != want || err != nil && !errors.As(err, &misfit) {
			t.Errorf("%s: got %v, want ready %v", when, err, want)
		}
		if got := wire.RoundTrips() - before; got != 1 {
			t.Errorf("%s: got %d round trips, want 1", when, got)
		}
	}
	if err := db.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Exec(t.Context(), `ALTER TABLE account ADD note text NOT NULL`); err != nil {
		t.Fatal(err)
	}
	ready("within the minute", true)
	db.ForgetReadiness()
	ready("a minute later", false)
	if err := db.Exec(t.Context(), `ALTER TABLE account ALTER note DROP NOT NULL`); err != nil {
		t.Fatal(err)
	}
	ready("repaired within the minute", false)
	db.ForgetReadiness()
	ready("repaired a minute later", true)
}
