package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

// newCharge returns a charge with a window of 10 s.
func newCharge(key string, limit int, at time.Time) store.Charge {
	return store.Charge{Key: key, Window: 10 * time.Second, Max: limit, At: at}
}

// retryAfter returns the RetryAfter of err, which must be a *RateLimitError or nil. For nil it returns 0.
func retryAfter(t *testing.T, err error) time.Duration {
	t.Helper()
	var limited *store.RateLimitError
	if err != nil && !errors.As(err, &limited) {
		t.Fatal(err)
	}
	if limited == nil {
		return 0
	}
	return limited.RetryAfter
}

// readCounter returns the row of a key in rateLimit as "count lastRequest", or "" if there is none. lastRequest is
// in milliseconds after now, the time of these tests.
func readCounter(t *testing.T, url, key string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var count, last int64
	err = conn.QueryRow(t.Context(), `
		SELECT count, "lastRequest" FROM "rateLimit" WHERE key = $1`, key).Scan(&count, &last)
	if errors.Is(err, pgx.ErrNoRows) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(count, " ", last-testTime.UnixMilli())
}

// The limit of this test is 3 requests in 10 s (docs/wire.md#rate-limits).
func TestChargesCountAsBetterAuthCounts(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	for _, withRead := range []bool{true, false} {
		key := fmt.Sprint("key", withRead)
		for _, c := range []struct {
			at   time.Duration
			wait time.Duration
			row  string
		}{
			{0, 0, "1 0"},
			{4 * time.Second, 0, "2 4000"},
			{13999 * time.Millisecond, 0, "3 13999"}, // 9.999 s later: the same window
			{14 * time.Second, 9999 * time.Millisecond, "3 13999"},
			{23 * time.Second, 999 * time.Millisecond, "3 13999"},
			{23998 * time.Millisecond, time.Millisecond, "3 13999"},
			{23999 * time.Millisecond, 0, "1 23999"}, // 10 s later: a new window
			{24 * time.Second, 0, "2 24000"},
			{23 * time.Second, 0, "3 23000"}, // a process whose clock is slow
			{40 * time.Second, 0, "1 40000"},
		} {
			db := openStore(t, url, 1) // like a new process each time, which remembers no rejection
			request := db.WithCharges(newCharge(key, 3, testTime.Add(c.at)))
			var err error
			if withRead {
				_, err = request.IsEmailTaken(t.Context(), "x")
			} else {
				err = request.FlushCharges(t.Context())
			}
			if got := retryAfter(t, err); got != c.wait {
				t.Errorf("request %v after the first: got a wait of %v, want %v", c.at, got, c.wait)
			}
			if got := readCounter(t, url, key); got != c.row {
				t.Errorf("request %v after the first: got row %q, want %q (count, lastRequest)", c.at, got, c.row)
			}
		}
	}
}

func TestReadsSendChargesInTheirRoundTrip(t *testing.T) {
	t.Parallel()
	url, wire := dbtest.New(t), &dbtest.CountingDialer{}
	db := openStoreCountingRoundTrips(t, url, 1, wire)
	user, s := signUp(t, db, "ada@example.com")
	for i, c := range []struct {
		name  string
		trips int
		call  func(context.Context, *store.Store) error
	}{
		{"a read", 1, func(ctx context.Context, db *store.Store) error {
			_, _, err := db.SessionWithUser(ctx, []string{s.Token}, testTime)
			return err
		}},
		{"a read of many rows", 1, func(ctx context.Context, db *store.Store) error {
			_, err := db.BetterAuthKeys(ctx, testTime)
			return err
		}},
		{"a read that finds nothing", 1, func(ctx context.Context, db *store.Store) error {
			_, err := db.UserByEmail(ctx, "x")
			return nilIfNotFound(err)
		}},
		{"a write", 2, func(ctx context.Context, db *store.Store) error {
			_, err := db.CreateProfile(ctx, tokenHolder(user, s), nil)
			return err
		}},
		{"a write without a result", 2, func(ctx context.Context, db *store.Store) error {
			return db.DeleteSession(ctx, "x")
		}},
		{"only the charge", 1, func(ctx context.Context, db *store.Store) error { return db.FlushCharges(ctx) }},
	} {
		a, b := fmt.Sprint("a", i), fmt.Sprint("b", i)
		request := db.WithCharges(newCharge(a, 3, testTime))
		request.AddCharges(newCharge(b, 3, testTime))
		before := wire.RoundTrips()
		if err := c.call(t.Context(), request); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := wire.RoundTrips() - before; got != c.trips {
			t.Errorf("%s with two charges: got %d round trips, want %d", c.name, got, c.trips)
		}
		before = wire.RoundTrips()
		if err := request.FlushCharges(t.Context()); err != nil || wire.RoundTrips() != before {
			t.Errorf("%s, then FlushCharges: got %v and %d round trips, want no error and 0, because no charge is pending",
				c.name, err, wire.RoundTrips()-before)
		}
		if got := []string{readCounter(t, url, a), readCounter(t, url, b)}; !cmp.Equal(got, []string{"1 0", "1 0"}) {
			t.Errorf("%s with two charges: got rows %q, want both charges counted once, \"1 0\"", c.name, got)
		}
	}
}

// nilIfNotFound returns nil if err is ErrNotFound, otherwise an error.
func nilIfNotFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return fmt.Errorf("got %w, want ErrNotFound", err)
}

func TestRejectedChargeStopsTheStatement(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 1)
	if err := db.CountCharge(t.Context(), newCharge("full", 1, testTime)); err != nil {
		t.Fatal(err)
	}
	later := testTime.Add(time.Second)
	request := db.WithCharges(newCharge("full", 1, later), newCharge("next", 1, later))
	if _, err := request.IsEmailTaken(t.Context(), "x"); retryAfter(t, err) != 9*time.Second {
		t.Errorf("read with a charge over its limit: got %v, want a wait of 9 s", err)
	}
	request = db.WithCharges(newCharge("full", 1, later))
	_, err := request.SignUp(t.Context(), store.NewUser{Email: "a@example.com", At: testTime}, newSession("a", testTime))
	if retryAfter(t, err) != 9*time.Second {
		t.Errorf("write with a charge over its limit: got %v, want a wait of 9 s", err)
	}
	if taken, err := db.IsEmailTaken(t.Context(), "a@example.com"); taken || err != nil {
		t.Errorf("IsEmailTaken after the rejected sign-up: got %v, error %v; want false and no error", taken, err)
	}
	if got := readCounter(t, url, "next"); got != "" {
		t.Errorf("charge after the rejected one: got row %q, want none", got)
	}
	fresh := openStore(t, url, 1)
	request = fresh.WithCharges(newCharge("next", 1, later), newCharge("full", 1, later))
	if _, err := request.IsEmailTaken(t.Context(), "x"); retryAfter(t, err) != 9*time.Second {
		t.Errorf("read whose second charge is over its limit: got %v, want a wait of 9 s", err)
	}
	if got := readCounter(t, url, "next"); got != "1 1000" {
		t.Errorf("charge before the rejected one: got row %q, want 1 1000 (count, lastRequest)", got)
	}
}

func TestR15_ConcurrentChargesNeverExceedTheLimit(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	for name, databaseURL := range map[string]string{"direct": url, "pgbouncer": dbtest.StartPgbouncer(t, url)} {
		for _, window := range []string{"first", "restarted"} {
			at, first := testTime, testTime
			if window == "restarted" {
				at = testTime.Add(time.Minute)
			}
			var passed, wrong atomic.Int32
			var group sync.WaitGroup
			for range 4 { // four processes, each of which remembers only its own rejections
				db := openStore(t, databaseURL, 5)
				for range 25 {
					group.Go(func() {
						request := db.WithCharges(newCharge(name, 3, at), newCharge(name+" account", 10, at))
						_, err := request.IsEmailTaken(t.Context(), "x")
						// On a slow machine all connections may be in use for too long.
						for tries := 0; isUnavailable(err) && tries < 20; tries++ {
							_, err = request.IsEmailTaken(t.Context(), "x")
						}
						switch {
						case err == nil:
							passed.Add(1)
						case retryAfter(t, err) != 10*time.Second:
							wrong.Add(1)
						}
					})
				}
			}
			group.Wait()
			if passed.Load() != 3 || wrong.Load() != 0 {
				t.Errorf("%s, %s window, 100 requests: %d passed and %d got a RetryAfter other than 10 s, want 3 and 0",
					name, window, passed.Load(), wrong.Load())
			}
			want := fmt.Sprint("3 ", at.Sub(first).Milliseconds())
			if got := []string{
				readCounter(t, url, name),
				readCounter(t, url, name+" account"),
			}; !cmp.Equal(
				got,
				[]string{want, want},
			) {
				t.Errorf("%s, %s window: got rows %q, want %q twice (count, lastRequest)", name, window, got, want)
			}
		}
	}
}

// lossyConn is a connection that breaks at the next read when lose is set: Postgres has then run a statement, but its
// answer does not arrive.
type lossyConn struct {
	net.Conn
	breaksAtNextRead *atomic.Bool
}

func (c lossyConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.breaksAtNextRead.CompareAndSwap(true, false) {
		_ = c.Close()
		return 0, io.EOF
	}
	return n, err
}

func TestR43_ChargeCountsOnceWhenTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	url, lose := dbtest.New(t), &atomic.Bool{}
	db := openStore(t, url, 1)
	db.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return lossyConn{conn, lose}, err
	}
	_, s := signUp(t, db, "ada@example.com")
	for i, call := range []func(context.Context, *store.Store) error{
		func(ctx context.Context, db *store.Store) error {
			_, _, err := db.SessionWithUser(ctx, []string{s.Token}, testTime)
			return err
		},
		func(ctx context.Context, db *store.Store) error { return db.DeleteSession(ctx, "x") },
		func(ctx context.Context, db *store.Store) error { return db.FlushCharges(ctx) },
	} {
		key := fmt.Sprint("key", i)
		lose.Store(true)
		if err := call(t.Context(), db.WithCharges(newCharge(key, 3, testTime))); err != nil {
			t.Errorf("call %d, whose answer is lost: got %v, want no error", i, err)
		}
		if got := readCounter(t, url, key); got != "1 0" {
			t.Errorf("call %d, whose answer is lost: got row %q, want 1 0, one charge", i, got)
		}
	}
}

func TestChargeCountsWhenTheStatementFails(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 1)
	_, err := db.WithCharges(newCharge("key", 3, testTime)).UserByEmail(t.Context(), "nul \x00")
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("UserByEmail with a NUL, which Postgres rejects: got %v, want ErrNotFound", err)
	}
	if got := readCounter(t, url, "key"); got != "1 0" {
		t.Errorf("charge of a statement that Postgres rejects: got row %q, want 1 0, one charge", got)
	}
	err = db.WithCharges(newCharge("nul \x00", 3, testTime)).FlushCharges(t.Context())
	if err == nil || isUnavailable(err) {
		t.Errorf("charge with a NUL in its key: got %v, want an error that is not Unavailable", err)
	}
}

func TestChargeWithTheDatabaseDownIsUnavailable(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t))
	db := openStore(t, proxy.URL(), 1)
	proxy.RefuseConnections()
	if _, err := db.WithCharges(newCharge("key", 3, testTime)).IsEmailTaken(t.Context(), "x"); !isUnavailable(err) {
		t.Errorf("read while the database is down: got %v, want an Unavailable error", err)
	}
	if err := db.WithCharges(newCharge("key", 3, testTime)).DeleteSession(t.Context(), "x"); !isUnavailable(err) {
		t.Errorf("write while the database is down: got %v, want an Unavailable error", err)
	}
}

func TestKnownRejectionTakesNoRoundTrip(t *testing.T) {
	t.Parallel()
	wire := &dbtest.CountingDialer{}
	db := openStoreCountingRoundTrips(t, dbtest.New(t), 1, wire)
	countAt := func(at time.Duration) (trips int, wait time.Duration) {
		before := wire.RoundTrips()
		err := db.CountCharge(t.Context(), newCharge("key", 1, testTime.Add(at)))
		return wire.RoundTrips() - before, retryAfter(t, err)
	}
	countAt(0) // opens the connection, so that its round trips do not count below
	for _, c := range []struct {
		at    time.Duration
		trips int
		wait  time.Duration
	}{
		{time.Second, 1, 9 * time.Second}, // rejected by Postgres
		{time.Second, 0, 9 * time.Second}, // rejected from the memory of this process
		{9999 * time.Millisecond, 0, time.Millisecond},
		{10 * time.Second, 1, 0},
		{10 * time.Second, 1, 10 * time.Second},
	} {
		if trips, got := countAt(c.at); trips != c.trips || got != c.wait {
			t.Errorf("request %v after the first: got %d round trips and a wait of %v, want %d and %v",
				c.at, trips, got, c.trips, c.wait)
		}
	}
	if err := db.KnownRejection(newCharge("key", 1, testTime.Add(15*time.Second))); retryAfter(t, err) != 5*time.Second {
		t.Errorf("KnownRejection 5 s before the window ends: got %v, want a wait of 5 s", err)
	}
}

func TestIsRateLimitErrorFindsRateLimitErrors(t *testing.T) {
	t.Parallel()
	limited := &store.RateLimitError{RetryAfter: time.Minute}
	for err, want := range map[error]bool{
		nil: false, store.ErrNotFound: false, limited: true, fmt.Errorf("count: %w", limited): true,
	} {
		if got := store.IsRateLimitError(err); got != want {
			t.Errorf("IsRateLimitError(%v) = %t, want %t", err, got, want)
		}
	}
}
