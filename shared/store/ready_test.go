package store_test

import (
	"errors"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/schema"
)

func TestR47_NotReadyWithoutSchema(t *testing.T) {
	t.Parallel()
	if err := openStore(t, dbtest.NewEmpty(t), 1).CheckReady(t.Context()); !errors.As(err, new(*schema.Error)) {
		t.Errorf("Ready of a database without tables: got %v, want a *schema.Error", err)
	}
}

// Every call of CheckReady runs a statement, but it reads the catalog only once a minute.
func TestCheckReadyChecksTheTablesOnceAMinute(t *testing.T) {
	t.Parallel()
	wire := &dbtest.CountingDialer{}
	db := openStoreCountingRoundTrips(t, dbtest.New(t), 1, wire)
	checkReadiness := func(when string, want bool) {
		t.Helper()
		before := wire.RoundTrips()
		err := db.CheckReady(t.Context())
		if (err == nil) != want || err != nil && !errors.As(err, new(*schema.Error)) {
			t.Errorf("Ready, %s: got %v, want no error: %v, otherwise a *schema.Error", when, err, want)
		}
		if got := wire.RoundTrips() - before; got != 1 {
			t.Errorf("Ready, %s: got %d round trips, want 1", when, got)
		}
	}
	if err := db.CheckReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Exec(t.Context(), `ALTER TABLE account ADD note text NOT NULL`); err != nil {
		t.Fatal(err)
	}
	checkReadiness("tables changed within the minute", true)
	db.ForgetReadiness()
	checkReadiness("tables changed, a minute later", false)
	if err := db.Exec(t.Context(), `ALTER TABLE account ALTER note DROP NOT NULL`); err != nil {
		t.Fatal(err)
	}
	checkReadiness("tables repaired within the minute", false)
	db.ForgetReadiness()
	checkReadiness("tables repaired, a minute later", true)
}
