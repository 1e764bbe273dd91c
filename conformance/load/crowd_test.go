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

// crowd is a group of users who send requests concurrently.
type crowd struct {
	address string
	people  []*person
	gate    sync.RWMutex // locked for writing to pause all people between two requests

	mu     sync.Mutex
	faults map[string]int
	detail map[string]string // the first fault of each kind
}

// gather opens a connection for each of n people, numbered from number.
func gather(tb testing.TB, address string, number, n int) *crowd {
	tb.Helper()
	c := &crowd{address: address}
	for i := range n {
		b, err := dial(c)
		if err != nil {
			tb.Fatal(err)
		}
		c.people = append(c.people, newPerson(b, number+i))
	}
	tb.Cleanup(c.leave)
	return c
}

func (c *crowd) forAll(do func(*person) error) { c.together(c.people, do) }

// together runs do concurrently for some people and waits for all. A person with a fault stops for good, because their
// expected state is no longer known.
func (c *crowd) together(some []*person, do func(*person) error) {
	var all sync.WaitGroup
	for _, p := range some {
		all.Go(func() {
			if p.stopped {
				return
			}
			if err := do(p); err != nil {
				p.stopped = true
				c.note(err)
			}
		})
	}
	all.Wait()
}

func (c *crowd) note(err error) {
	f := &fault{"fault", err.Error()}
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

// met returns the number of faults up to now.
func (c *crowd) met() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, of := range c.faults {
		n += of
	}
	return n
}

// leave closes all connections.
func (c *crowd) leave() {
	for _, p := range c.people {
		_ = p.conn.Close()
	}
}

// accounts returns the accounts that the database must have.
func (c *crowd) accounts() (all []account) {
	for _, p := range c.people {
		all = append(append(all, p.past...), p.me)
	}
	return all
}

// check fails the test for every kind of fault. Without faults, it fails for differences between the database and the
// expected accounts, and for open transactions.
func (c *crowd) check(tb testing.TB, database string) {
	tb.Helper()
	for kind, n := range c.faults {
		tb.Errorf("%d × %s, the first: %s", n, kind, c.detail[kind])
	}
	if c.met() > 0 {
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
	got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[account])
	if err != nil {
		tb.Fatal(err)
	}
	want := c.accounts()
	for _, list := range [][]account{got, want} {
		slices.SortFunc(list, func(a, b account) int { return strings.Compare(a.Email, b.Email) })
	}
	if diff := cmp.Diff(want, got); diff != "" {
		tb.Errorf("in the database (-want +got):\n%.4000s", diff)
	}
	var open int
	err = conn.QueryRow(tb.Context(), `
		SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND state LIKE 'idle in transaction%'`).Scan(&open)
	if err != nil || open != 0 {
		tb.Errorf("open transactions: %d, %v", open, err)
	}
}

// connections returns the number of the site's connections to its database.
func connections(tb testing.TB, database string) int {
	tb.Helper()
	return dbtest.Value[int](tb, database, `
		SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'xenon'`)
}

// stopwatch has the times of one person's requests, those with a password separately.
type stopwatch struct{ plain, password []time.Duration }

func (s *stopwatch) add(request string, took time.Duration) {
	if strings.HasSuffix(request, "/email") {
		s.password = append(s.password, took)
	} else {
		s.plain = append(s.plain, took)
	}
}

// times returns the times of all requests since the last call, sorted.
func (c *crowd) times() (plain, password []time.Duration) {
	for _, p := range c.people {
		plain, password = append(plain, p.took.plain...), append(password, p.took.password...)
		p.took.plain, p.took.password = p.took.plain[:0], p.took.password[:0]
	}
	slices.Sort(plain)
	slices.Sort(password)
	return plain, password
}

// at returns a quantile of the durations.
func at(sorted []time.Duration, share float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}
