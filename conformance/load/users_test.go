package load

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// userGroup is a group of simulated users that send requests concurrently.
type userGroup struct {
	address string
	users   []*loadUser
	gate    sync.RWMutex // locked for writing while all users pause between two requests

	mu     sync.Mutex
	faults map[string]int
	detail map[string]string // the first fault of each kind
}

// newUserGroup creates n users and opens a connection for each. number is the number of the first user.
func newUserGroup(tb testing.TB, address string, number, n int) *userGroup {
	tb.Helper()
	c := &userGroup{address: address}
	for i := range n {
		b, err := dialClient(c)
		if err != nil {
			tb.Fatal(err)
		}
		c.users = append(c.users, newLoadUser(b, number+i))
	}
	tb.Cleanup(c.closeConnections)
	return c
}

// forAll runs do concurrently for all users and waits for all.
func (c *userGroup) forAll(do func(*loadUser) error) { c.runConcurrently(c.users, do) }

// runConcurrently runs do concurrently for some users and waits for all. A user with a fault sends no more requests,
// because its expected state is no longer known.
func (c *userGroup) runConcurrently(some []*loadUser, do func(*loadUser) error) {
	var all sync.WaitGroup
	for _, p := range some {
		all.Go(func() {
			if p.stopped {
				return
			}
			if err := do(p); err != nil {
				p.stopped = true
				c.addFault(err)
			}
		})
	}
	all.Wait()
}

func (c *userGroup) addFault(err error) {
	f := &requestFault{"another error", err.Error()}
	_ = errors.As(err, &f)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.faults == nil {
		c.faults, c.detail = map[string]int{}, map[string]string{}
	}
	if c.faults[f.kind]++; c.faults[f.kind] == 1 {
		c.detail[f.kind] = f.detail
	}
}

// faultCount returns the number of faults up to now.
func (c *userGroup) faultCount() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, of := range c.faults {
		n += of
	}
	return n
}

// closeConnections closes the connections of all users.
func (c *userGroup) closeConnections() {
	for _, p := range c.users {
		_ = p.conn.Close()
	}
}

// expectedAccounts returns the accounts that the database must have.
func (c *userGroup) expectedAccounts() (all []expectedAccount) {
	for _, p := range c.users {
		all = append(append(all, p.past...), p.current)
	}
	return all
}

// checkFaultsAndDatabase fails the test for every kind of fault. Without faults, it fails for differences between the
// database and the expected accounts, and for open transactions.
func (c *userGroup) checkFaultsAndDatabase(tb testing.TB, database string) {
	tb.Helper()
	for kind, n := range c.faults {
		tb.Errorf("faults of the kind %q: got %d, want none; the first one: %s", kind, n, c.detail[kind])
	}
	if c.faultCount() > 0 {
		return
	}
	conn, err := pgx.Connect(tb.Context(), database)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(tb.Context())
	rows, err := conn.Query(tb.Context(), `
		SELECT email, id::text, name, coalesce((SELECT time_per_week FROM user_profile WHERE user_id = u.id), -1),
		       (SELECT count(*) FROM session WHERE "userId" = u.id AND "expiresAt" > now()),
		       (SELECT count(*) FROM account WHERE "userId" = u.id AND "providerId" = 'credential')
		FROM "user" u`)
	if err != nil {
		tb.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[expectedAccount])
	if err != nil {
		tb.Fatal(err)
	}
	want := c.expectedAccounts()
	for _, list := range [][]expectedAccount{got, want} {
		slices.SortFunc(list, func(a, b expectedAccount) int { return strings.Compare(a.Email, b.Email) })
	}
	if diff := cmp.Diff(want, got); diff != "" {
		tb.Errorf("users, profiles, sessions and accounts in the database (-want +got):\n%.4000s", diff)
	}
	var open int
	err = conn.QueryRow(tb.Context(), `
		SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND state LIKE 'idle in transaction%'`).Scan(&open)
	if err != nil || open != 0 {
		tb.Errorf("open transactions: got %d and the error %v, want 0", open, err)
	}
}

// countConnections returns the number of connections that Xenon has to the database.
func countConnections(tb testing.TB, database string) int {
	tb.Helper()
	return dbtest.Value[int](tb, database, `
		SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'xenon'`)
}

// requestTimes has the response times of one user's requests: those of sign-in and sign-up, which have a password, and
// those of all other requests.
type requestTimes struct{ plain, password []time.Duration }

func (s *requestTimes) add(request string, took time.Duration) {
	if strings.HasSuffix(request, "/email") {
		s.password = append(s.password, took)
	} else {
		s.plain = append(s.plain, took)
	}
}

// takeTimes returns the response times of all requests since its last call, sorted, and deletes them.
func (c *userGroup) takeTimes() (plain, password []time.Duration) {
	for _, p := range c.users {
		plain, password = append(plain, p.took.plain...), append(password, p.took.password...)
		p.took.plain, p.took.password = p.took.plain[:0], p.took.password[:0]
	}
	slices.Sort(plain)
	slices.Sort(password)
	return plain, password
}

// quantile returns a quantile of the durations: 0.5 is the median.
func quantile(sorted []time.Duration, share float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}
