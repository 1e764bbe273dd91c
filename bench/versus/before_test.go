package versus

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/freeport"
	"github.com/xenon-auth/xenon/internal/testkit/providertest"
	"github.com/xenon-auth/xenon/shared/config"
)

var before = flag.String("before", "", "BenchmarkBefore: the absolute `path` of a checkout of an older commit")

var errNoCheckout = errors.New(`-before needs a checkout of an older commit:
  git worktree add /tmp/older a7e177a
  go test -run '^$' -bench Before ./bench/versus -before /tmp/older -rounds 40
  git worktree remove /tmp/older`)

// checkBefore returns an error unless tree is a checkout of this repository.
func checkBefore(tree string) error {
	if tree == "" {
		return errNoCheckout
	}
	if _, err := os.Stat(filepath.Join(tree, "cmd", "xenon")); err != nil || !filepath.IsAbs(tree) {
		return fmt.Errorf("%s is no absolute path with a folder cmd/xenon\n%w", tree, errNoCheckout)
	}
	return nil
}

// The subjects of BenchmarkBefore.
const (
	beforeSubject     = "before"
	nowSubject        = "now, plugins off"
	everythingSubject = "now, everything on"
)

// settingsOfAll are the settings that all subjects have besides those of xenonCommand. Mails go into a file. The older
// commit's default of the last one is off.
var settingsOfAll = []string{"MAIL=outbox", "REVOKE_SESSIONS_ON_PASSWORD_RESET=off"}

// settingsOfEverything returns the settings that switch everything on that needs no server outside: the plugins, the
// sessions of Supabase, social sign-in, custom claims and events. webhook gets the events.
func settingsOfEverything(webhook string) []string {
	all := []string{
		"MAGIC_LINK=on", "EMAIL_OTP=on", "TWO_FACTOR=on", "ADMIN=on", "SUPABASE_BRIDGE=on", "SUPABASE_REF=" + supabaseProject,
		"SUPABASE_JWT_SECRET=" + supabaseSecret, "PASSWORD_BLOCKLIST=on", "ENCRYPT_OAUTH_TOKENS=on",
		"JWT_CUSTOM_CLAIMS=user_profile.learning_mode,user_profile.time_per_week",
		"EVENTS=on", "EVENTS_WEBHOOK_URL=" + webhook, "EVENTS_WEBHOOK_SECRET=whsec_" + strings.Repeat("QUFB", 8),
	}
	for name, value := range providertest.ClientSettings("google") {
		all = append(all, name+"="+value)
	}
	return all
}

// refuseEvents starts a receiver of webhooks that refuses each event, and returns its URL. So `xenon dev` tries to send
// the first ones every five seconds, and its processor time is that of the requests. In AWS, another function sends
// the events.
func refuseEvents(tb testing.TB) string {
	tb.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	tb.Cleanup(s.Close)
	return s.URL
}

// startXenonOf starts the program of a checkout on a new database with userCount users.
func startXenonOf(tb testing.TB, tree, program, subject string, settings ...string) server {
	tb.Helper()
	s := server{name: subject, address: freeport.Address(tb), database: dbtest.NewEmpty(tb), dir: tb.TempDir()}
	s.format = config.Argon2id
	cmd := xenonCommand(program, s.database, s.dir, s.address, s.format)
	cmd.Dir, cmd.Env = tree, append(append(cmd.Env, settingsOfAll...), settings...)
	schema := xenonCommand(program, s.database, s.dir, s.address, s.format)
	schema.Dir, schema.Args = tree, []string{program, "schema", "up"}
	if output, err := schema.CombinedOutput(); err != nil {
		tb.Fatalf("%s: make the tables: %v: %s", subject, err, output)
	}
	fillDatabase(tb, s.database, userCount, s.format)
	startServer(tb, cmd, "Listening")
	s.pid = cmd.Process.Pid
	return s
}

// BenchmarkBefore compares this tree with an older one: it sends the same requests to a server of each in turn, and to
// one of this tree with everything on. It prints a table and the requests that miss the goals. It measures once,
// whatever b.N is.
func BenchmarkBefore(b *testing.B) {
	b.ReportMetric(0, "ns/op")
	if err := checkBefore(*before); err != nil {
		b.Fatal(err)
	}
	if *roundCount > 50 {
		b.Fatal("-rounds: at most 50, because each run needs other sessions and users")
	}
	began := time.Now()
	logProgress := func(text string) { fmt.Fprintf(os.Stderr, "%5.0f s  %s\n", time.Since(began).Seconds(), text) }
	logProgress("building, and filling three databases")
	program := buildRelease(b, "cmd/xenon")
	servers := []server{
		startXenonOf(b, *before, buildReleaseOf(b, *before, "cmd/xenon"), beforeSubject),
		startXenonOf(b, root, program, nowSubject),
		startXenonOf(b, root, program, everythingSubject, settingsOfEverything(refuseEvents(b))...),
	}
	cells, err := measureRounds(b.Context(), beforeWorkloads(b, servers), *roundCount, 1,
		postmasterID(b, servers[0].database), logProgress)
	if err != nil {
		b.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "\n%s\n", beforeMarkdown(beforeRows(cells)))
}

// beforeWorkloads returns a group of workloads for each request that the flags select, one for each server.
func beforeWorkloads(tb testing.TB, servers []server) (groups [][]workload) {
	tb.Helper()
	for _, s := range servers {
		for i, r := range requestsOfBefore(tb, s) {
			if i == len(groups) {
				groups = append(groups, nil)
			}
			groups[i] = append(groups[i], s.httpWorkload(r.request, [3]int{callsOfBefore(r)}, r.next))
		}
	}
	return slices.DeleteFunc(groups, func(g []workload) bool { return !isRequestSelected(g[0].request) })
}

// callsOfBefore returns the number of calls of a request in one run. It is small, so that the servers take turns often,
// and smaller for requests that each need a user or a session of their own.
func callsOfBefore(r requestKind) int {
	switch {
	case r.hashes:
		return 12
	case slices.Contains([]string{"sign-out", "revoke-session", "revoke-sessions", "delete-user"}, r.request):
		return 60
	}
	return 400
}

// quantities are what BenchmarkBefore compares, in the order of its table, in microseconds: the processor times of the
// server and of Postgres for one request, and the median time of a request.
var quantities = []struct {
	name  string
	value measure
}{
	{"server", serverTime},
	{"Postgres", func(m measurement) float64 { return m.postgres }},
	{"latency", func(m measurement) float64 { return 1000 * m.p50 }},
}

// beforeRow has the ratios of a subject to the older commit in one request, one for each of quantities, and the medians
// of the older commit.
type beforeRow struct {
	request, subject string
	before           []float64
	ratios           []interval
	goal             float64 // 0 if there is none
}

// beforeRows compares each measured workload of this tree with that of the older one.
func beforeRows(cells []*measuredWorkload) (all []beforeRow) {
	for group := range slices.Chunk(cells, 3) {
		for _, c := range group[1:] {
			row := beforeRow{request: c.request, subject: c.subject, goal: beforeGoal(c.request, c.subject)}
			for _, q := range quantities {
				row.before = append(row.before, spreadOf(group[0].values(q.value)).Median)
				row.ratios = append(row.ratios, medianInterval(ratiosByRound(c, group[0], q.value)))
			}
			all = append(all, row)
		}
	}
	return all
}

// beforeGoal returns the largest ratio to the older commit that is wanted: 1.10 with everything on, 1.03 without, and 0
// for none. The profile API without plugins has no goal, because it now reads the session, too.
func beforeGoal(request, subject string) float64 {
	switch {
	case subject == everythingSubject:
		return 1.10
	case strings.HasPrefix(request, "profile"):
		return 0
	}
	return 1.03
}

// interval is the median of the ratios of all rounds, and the 95 % confidence interval of that median.
type interval struct{ median, low, high float64 }

// medianInterval returns the interval of the values. Its ends are the values whose ranks are 0.98·√n beside the
// middle: the number of n values below the true median has a binomial distribution with the standard deviation √n/2.
func medianInterval(values []float64) interval {
	sorted := slices.Sorted(slices.Values(values))
	n := float64(len(sorted))
	at := func(rank float64) float64 { return sorted[min(max(int(rank), 0), len(sorted)-1)] }
	return interval{
		spreadOf(values).Median, at(math.Floor(n/2 - 0.98*math.Sqrt(n))), at(math.Ceil(n/2+0.98*math.Sqrt(n)) - 1),
	}
}

// format returns the median, in bold if the interval is above the goal, and the interval. A request that takes no time
// of Postgres has no ratio.
func (i interval) format(goal float64) string {
	mark := ""
	switch {
	case i.median == 0:
		return "–"
	case i.isAbove(goal):
		mark = "**"
	}
	return fmt.Sprintf("%s%.2f%s (%.2f–%.2f)", mark, i.median, mark, i.low, i.high)
}

// isAbove reports whether the whole interval is above the goal, so that chance is unlikely to be the reason.
func (i interval) isAbove(goal float64) bool { return goal > 0 && i.low > goal }

// beforeMarkdown returns the table. A line has the times of the older commit and the ratios of both subjects.
func beforeMarkdown(rows []beforeRow) string {
	var b strings.Builder
	b.WriteString("| request |")
	for _, subject := range []string{"before", "plugins off", "everything on"} {
		for _, q := range quantities {
			fmt.Fprintf(&b, " %s: %s |", subject, q.name)
		}
	}
	b.WriteString("\n|---|" + strings.Repeat("--:|", 3*len(quantities)) + "\n")
	for pair := range slices.Chunk(rows, 2) {
		fmt.Fprintf(&b, "| %s |", pair[0].request)
		for _, microseconds := range pair[0].before {
			fmt.Fprintf(&b, " %s |", formatNumber(microseconds))
		}
		for _, row := range pair {
			for _, ratio := range row.ratios {
				fmt.Fprintf(&b, " %s |", ratio.format(row.goal))
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestCheckoutOfTheOlderCommitIsNeeded(t *testing.T) {
	t.Parallel()
	for _, tree := range []string{"", "no/absolute/path", t.TempDir()} {
		if err := checkBefore(tree); !errors.Is(err, errNoCheckout) {
			t.Errorf("-before %q: got the error %v, want one that says how to make a checkout", tree, err)
		}
	}
	tree, err := filepath.Abs(root)
	if err := cmp.Or(err, checkBefore(tree)); err != nil {
		t.Errorf("-before with this checkout: got the error %v, want none", err)
	}
}

// TestRequestsOfBeforeAreAnswered sends each request of the comparison twice, to a server with everything on.
func TestRequestsOfBeforeAreAnswered(t *testing.T) {
	t.Parallel()
	s := startXenonOf(t, root, buildRelease(t, "cmd/xenon"), everythingSubject,
		settingsOfEverything(refuseEvents(t))...)
	for _, r := range requestsOfBefore(t, s) {
		if _, err := sendLoad(context.WithoutCancel(t.Context()), s.address, 1, 2, r.next); err != nil {
			t.Errorf("%s: %v", r.request, err)
		}
	}
}

func TestMissedGoalsOfBeforeAreMarked(t *testing.T) {
	t.Parallel()
	cell := func(subject string, times ...float64) *measuredWorkload {
		c := &measuredWorkload{workload: workload{request: "token", subject: subject}}
		for _, time := range times {
			c.samples = append(c.samples, measurement{server: time, postgres: 1, p50: time})
		}
		return c
	}
	rows := beforeRows([]*measuredWorkload{
		cell(beforeSubject, 100, 200, 100), cell(nowSubject, 102, 204, 103), cell(everythingSubject, 120, 240, 111),
	})
	got := beforeMarkdown(rows)
	want := "| token | 100 | 1 | 100,000 | 1.02 (1.02–1.03) | 1.00 (1.00–1.00) | 1.02 (1.02–1.03) " +
		"| **1.20** (1.11–1.20) | 1.00 (1.00–1.00) | **1.20** (1.11–1.20) |\n"
	if !strings.HasSuffix(got, want) {
		t.Errorf("the table is\n%s\nwant its last line\n%s", got, want)
	}
	if got := (interval{}).format(1.03); got != "–" {
		t.Errorf("a ratio of nothing: got %q, want a dash", got)
	}
	if i := medianInterval([]float64{4, 1, 3, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}); i != (interval{8.5, 5, 12}) {
		t.Errorf("the median of 1 to 16 and its interval: got %v, want 8.5, from 5 to 12", i)
	}
}
