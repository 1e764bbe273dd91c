package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

func TestRequestsDeleteOldRateLimitRows(t *testing.T) {
	t.Parallel()
	url, wire := dbtest.New(t), &dbtest.CountingDialer{}
	db := openStoreCountingRoundTrips(t, url, 1, wire)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `
		INSERT INTO "rateLimit" (key, count, "lastRequest")
		SELECT 'old' || i, 1, $1 FROM generate_series(1, 1500) i`,
		testTime.Add(-time.Hour).UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	countRows := func() (n int) {
		if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM "rateLimit" WHERE key LIKE 'old%'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	const minute = time.Minute
	if _, err := db.IsEmailTaken(t.Context(), "x"); err != nil { // opens the connection, so that it is not counted below
		t.Fatal(err)
	}
	for i, c := range []struct {
		key         string
		at          time.Duration
		trips, rows int
	}{
		{"a", 0, 1, 1500}, // the first request of a process deletes nothing
		{"a", minute, 2, 500},
		{"b", minute + 30*time.Second, 1, 500}, // not more often than once a minute
		{"b", minute + 39*time.Second, 1, 500},
		{"b", minute + 48*time.Second, 1, 500},
		{"b", 2*minute - 3*time.Second, 1, 500},
		{"b", 2*minute + 6*time.Second, 1, 500}, // b's window has not ended, and only a new window starts a deletion
		{"c", 2*minute + 6*time.Second, 2, 0},
	} {
		before := wire.RoundTrips()
		request := db.WithCharges(newCharge(c.key, 10, testTime.Add(c.at)))
		if _, err := request.IsEmailTaken(t.Context(), "x"); err != nil {
			t.Error(err)
		}
		if got := wire.RoundTrips() - before; got != c.trips || countRows() != c.rows {
			t.Errorf("request %d, %v after the first: got %d round trips and %d old rows left, want %d and %d",
				i, c.at, got, countRows(), c.trips, c.rows)
		}
	}
	if got := readCounter(t, url, "a"); !strings.HasPrefix(got, "1 ") {
		t.Errorf("row of a window that has not ended: got %q, want the count 1", got)
	}
}

// A row that another request has locked is not deleted, and the deletion does not wait for it.
func TestDeletingOldRowsSkipsLockedRows(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 1)
	if err := db.CountCharge(t.Context(), newCharge("old", 3, testTime)); err != nil {
		t.Fatal(err)
	}
	holder, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close(t.Context())
	if _, err := holder.Exec(t.Context(), `BEGIN; SELECT FROM "rateLimit" WHERE key = 'old' FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		charge := newCharge(fmt.Sprint(i), 3, testTime.Add(time.Duration(i+2)*time.Hour))
		if err := db.CountCharge(t.Context(), charge); err != nil {
			t.Fatal(err)
		}
	}
	if got := readCounter(t, url, "old"); got != "1 0" {
		t.Errorf("old row that another transaction has locked: got %q, want \"1 0\", not deleted", got)
	}
}
