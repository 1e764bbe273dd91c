package bench

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/store"
)

var (
	listedUsers = flag.Int("list.users", 1_000_000, "users in the larger database of BenchmarkListUsers")
	listsOnly   = flag.String("list.only", "", "measure only the lists whose name contains this text")
)

const (
	fewListedUsers = 10_000 // users in the smaller database
	listPageSize   = 20     // users on a page of the site's page for administrators
	listRatioGoal  = 1.3    // for a page that an index can find
)

// listQuery is a list of users. byIndex says that an index can find the page, so that its time should not grow with the
// number of users.
type listQuery struct {
	name    string
	list    store.UserList
	byIndex bool
}

// BenchmarkListUsers measures the lists of users of administrators, with 10,000 and with 1,000,000 users: each page,
// and the number of all users that comes with it. It measures each list for some seconds, whatever b.N is, and prints a
// table. The list is the page alone if an index finds it, else with its total.
func BenchmarkListUsers(b *testing.B) {
	few, many := newListedUsers(b, fewListedUsers), newListedUsers(b, *listedUsers)
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "\nms\t10,000: list\ttotal\t%d: list\ttotal\tratio of the list\tof the total\tgoal for the page\t\n",
		*listedUsers)
	missed := 0
	for i, q := range listQueries(few.n) {
		if !strings.Contains(q.name, *listsOnly) {
			continue
		}
		large := listQueries(many.n)[i]
		if q.name != large.name {
			b.Fatalf("lists of the two databases: got %s and %s, want the same", q.name, large.name)
		}
		page := compareTimes(b, func() { few.read(b, q) }, func() { many.read(b, large) })
		total := compareTimes(b, func() { few.count(b, q.list) }, func() { many.count(b, large.list) })
		goal := ""
		if q.byIndex {
			goal = "met"
			if page.ratio > listRatioGoal {
				goal = "missed"
				missed++
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%.2f\t%.2f\t%s\t\n", q.name, inMS(page.few), inMS(total.few), inMS(page.many),
			inMS(total.many), page.ratio, total.ratio, goal)
		fmt.Fprintln(os.Stderr, q.name) // shows progress: the whole benchmark takes minutes
	}
	_ = w.Flush()             // writing to memory cannot fail
	fmt.Println(out.String()) // the log of a benchmark is cut after ten lines
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(missed), "missed")
}

// listedDatabase is a database with n users.
type listedDatabase struct {
	n  int
	db *store.Store
}

// newListedUsers returns a database with n users in no order of time, as after an import. Of these 10 have the name and
// email zoe, 5 are administrators, 100 are banned, and a tenth has no verified email.
func newListedUsers(b *testing.B, n int) listedDatabase {
	b.Helper()
	address := dbtest.New(b)
	conn, err := pgx.Connect(b.Context(), address)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	for _, sql := range []string{
		`INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt", role, banned, "banReason",
			"twoFactorEnabled")
		SELECT md5(i::text)::uuid, p || 'person' || i, CASE p WHEN '' THEN 'person' ELSE p END || i || '@example.com',
			i % 10 > 0, timestamptz '2026-11-01Z' - make_interval(secs => i::bigint * 7919 % n), '2026-11-01Z',
			CASE WHEN i % (n / 5) = 1 THEN 'admin' ELSE 'user' END, CASE WHEN i % (n / 100) = 2 THEN true END,
			CASE WHEN i % (n / 100) = 2 THEN 'spam' END, false
		FROM (SELECT i, $1::int AS n, CASE WHEN i % ($1::int / 10) = 3 THEN 'zoe' ELSE '' END AS p
			FROM generate_series(1, $1::int) i) users`,
		`UPDATE "user" SET name = 'zoe1@example.com', email = 'zoe1@example.com' WHERE email = 'zoe3@example.com'`,
		`VACUUM ANALYZE "user"`,
		`CHECKPOINT`,
	} {
		var args []any
		if strings.Contains(sql, "$1") {
			args = []any{n}
		}
		if _, err := conn.Exec(b.Context(), sql, args...); err != nil {
			b.Fatalf("execute %.60s: %v", sql, err)
		}
	}
	db := store.Open(dbtest.FixedURL(address), 1).UsePlugins(config.Plugins{Admin: true, TwoFactor: true})
	b.Cleanup(db.Close)
	return listedDatabase{n, db}
}

// read reads a page, and without byIndex also the total, because such a list is read after the total.
func (d listedDatabase) read(b *testing.B, q listQuery) {
	b.Helper()
	q.list.Limit = listPageSize
	var err error
	if q.byIndex {
		_, err = d.db.PageOfUsers(b.Context(), q.list)
	} else {
		_, _, err = d.db.ListUsers(b.Context(), q.list)
	}
	if err != nil {
		b.Fatalf("read the list %s: %v", q.name, err)
	}
}

func (d listedDatabase) count(b *testing.B, list store.UserList) {
	b.Helper()
	if _, err := d.db.CountUsers(b.Context(), list.Conditions); err != nil {
		b.Fatalf("count the users of %+v: %v", list, err)
	}
}

// comparedTimes are the median times of a statement on the smaller and the larger database, and their ratio.
type comparedTimes struct {
	few, many time.Duration
	ratio     float64
}

// compareTimes runs two functions in turn, for a second and at least five times each, after one run of each that does
// not count.
func compareTimes(b *testing.B, few, many func()) comparedTimes {
	b.Helper()
	few()
	many()
	var fewTimes, manyTimes []time.Duration
	for begin := time.Now(); time.Since(begin) < time.Second || len(fewTimes) < 5; {
		fewTimes, manyTimes = append(fewTimes, timeOf(few)), append(manyTimes, timeOf(many))
	}
	x, y := medianOf(fewTimes), medianOf(manyTimes)
	return comparedTimes{x, y, y.Seconds() / x.Seconds()}
}

func timeOf(run func()) time.Duration {
	begin := time.Now()
	run()
	return time.Since(begin)
}

func medianOf(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

func inMS(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()*1000) }
