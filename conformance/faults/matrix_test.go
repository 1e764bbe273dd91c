package faults

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/sample"
)

var update = flag.Bool("update", false, "update the table in docs/reliability.md")

// clientTimeout is the timeout of the client for requests with the fault frozen.
const clientTimeout = 3 * time.Second

var faults = []fault{
	requestLost,
	responseLost,
	backendTerminated,
	databaseUnreachable,
	statementDelayed,
	connectionFrozen,
}

// At every round trip of each endpoint the database fails in six ways. The client gets the normal response or a 503
// with Retry-After, never another error. A change that was confirmed is committed. A change that was not confirmed is
// committed completely or not at all. When the database is back, the same request succeeds, or its status shows that
// the first request was committed. The table in docs/reliability.md has the results. By default the test runs a sample:
// each fault at a third of the round trips of each endpoint.
func TestR43_EveryEndpointAnswersFaultsAtEveryRoundTrip(t *testing.T) {
	t.Parallel()
	rows := make([]string, len(operations))
	random := sample.NewRandom(t)
	var all sync.WaitGroup // all run concurrently, because they mostly wait
	for i, op := range operations {
		ofOperation := rand.New(rand.NewPCG(random.Uint64(), 0))
		all.Go(func() { t.Run(op.name, func(t *testing.T) { rows[i] = runWithFaults(t, op, ofOperation) }) })
	}
	all.Wait()
	if !t.Failed() {
		checkReliabilityPage(t, formatTable(rows))
	}
}

// runWithFaults calls one endpoint with every fault at the chosen round trips, and returns its row of the table.
func runWithFaults(t *testing.T, op operation, random *rand.Rand) string {
	t.Helper()
	s := newTestServer(t)
	s.newUser(t) // opens the connection
	trips := s.sendWithFault(t, op, noFault, 0).trips
	cells := []string{"`" + op.name + "`", fmt.Sprint(trips)}
	for _, f := range faults {
		var statuses []string
		for _, trip := range chooseTrips(trips, random) {
			statuses = append(statuses, fmt.Sprint(s.sendWithFault(t, op, f, trip).status))
		}
		cells = append(cells, strings.Join(statuses, ", "))
	}
	s.checkInvariants(t)
	return "| " + strings.Join(cells, " | ") + " |"
}

// chooseTrips returns the round trips at which a fault happens: all with XENON_WHOLE=1 or -update, otherwise a random
// third of them, but at least one.
func chooseTrips(trips int, random *rand.Rand) (chosen []int) {
	for _, i := range random.Perm(trips) {
		chosen = append(chosen, i+1)
	}
	if !sample.RunsAllCases() && !*update {
		chosen = chosen[:(trips+2)/3]
	}
	slices.Sort(chosen)
	return chosen
}

type faultResult struct{ trips, status int }

// sendWithFault sends one request with a fault at the round trip with the number trip, and checks the response. If the
// request fails, it sends it again without a fault. Then it checks the state of the database.
func (s *testServer) sendWithFault(t *testing.T, op operation, f fault, trip int) faultResult {
	t.Helper()
	q := op.prepare(t, s)
	ctx, stop := t.Context(), func() {}
	if f == connectionFrozen {
		ctx, stop = context.WithTimeout(ctx, clientTimeout)
	}
	defer stop()
	s.wire.setFault(f, trip)
	w := q.user.do(ctx, q.method, q.path, q.body)
	trips := s.wire.clearFault()
	where := fmt.Sprintf("%s with the fault %s at round trip %d of %d", op.name, f, trip, trips)
	switch {
	case isSuccess(w.Code):
	case f == noFault:
		t.Fatalf("%s without a fault: got %d %s, want a status below 400", op.name, w.Code, w.Body)
	case w.Code != http.StatusServiceUnavailable:
		t.Errorf("%s: got %d %s, want a status below 400 or 503", where, w.Code, w.Body)
	case w.Header().Get("Retry-After") == "":
		t.Errorf("%s: got 503 without Retry-After, want Retry-After", where)
	case op.isRead && f != databaseUnreachable && f != connectionFrozen:
		t.Errorf("%s: got 503 %s, want a retry of the read that succeeds", where, w.Body)
	}
	status := w.Code
	if !isSuccess(status) {
		again := q.user.do(t.Context(), q.method, q.path, q.body)
		if !isSuccess(again.Code) && !slices.Contains(q.again, again.Code) {
			t.Errorf("%s, then repeated without a fault: got %d %s, want a status below 400 or one of %v",
				where, again.Code, again.Body, q.again)
		}
	}
	t.Run(fmt.Sprint(f, trip), q.after)
	return faultResult{trips, status}
}

// checkInvariants checks that the rows in the database are consistent, and that no transaction is open.
func (s *testServer) checkInvariants(t *testing.T) {
	t.Helper()
	for _, c := range []struct{ what, sql string }{
		{"duplicate emails", `
			SELECT count(*) FROM (SELECT lower(email) FROM "user" GROUP BY 1 HAVING count(*) > 1) d`},
		{"users without an account", `
			SELECT count(*) FROM "user" u WHERE NOT EXISTS (SELECT FROM account WHERE "userId" = u.id)`},
		{"users with two passwords", `
			SELECT count(*) FROM (
				SELECT "userId" FROM account WHERE "providerId" = 'credential' GROUP BY 1 HAVING count(*) > 1
			) d`},
		{"accounts without a user", `
			SELECT count(*) FROM account a WHERE NOT EXISTS (SELECT FROM "user" WHERE id = a."userId")`},
		{"sessions without a user", `
			SELECT count(*) FROM session s WHERE NOT EXISTS (SELECT FROM "user" WHERE id = s."userId")`},
		{"profiles without a user", `
			SELECT count(*) FROM user_profile p
			WHERE NOT EXISTS (SELECT FROM "user" WHERE id::text = p.user_id::text)`},
		{"open transactions", `
			SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND state LIKE 'idle in transaction%'`},
	} {
		if n := queryValue[int](t, s, c.sql); n > 0 {
			t.Errorf("%s in the database: got %d, want 0", c.what, n)
		}
	}
}

const (
	reliabilityPage = "../../docs/reliability.md"
	tableBegin      = "<!-- the matrix: begin -->\n"
	tableEnd        = "<!-- the matrix: end -->\n"
)

// formatTable returns the table of docs/reliability.md with these rows.
func formatTable(rows []string) string {
	head := "| endpoint | round trips | " + strings.Join(faultNames(), " | ") + " |\n"
	return head + "|" + strings.Repeat("---|", len(faults)+2) + "\n" + strings.Join(rows, "\n") + "\n"
}

func faultNames() (all []string) {
	for _, f := range faults {
		all = append(all, string(f))
	}
	return all
}

// checkReliabilityPage checks that the table of docs/reliability.md has every status in the new table got. With -update
// it writes the new table.
func checkReliabilityPage(t *testing.T, got string) {
	t.Helper()
	text, err := os.ReadFile(reliabilityPage)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), tableBegin)
	want, tail, okToo := strings.Cut(rest, tableEnd)
	if !ok || !okToo {
		t.Fatalf("%s has no begin or end marker of the table, want both", reliabilityPage)
	}
	if *update {
		if err := os.WriteFile(reliabilityPage, []byte(head+tableBegin+got+tableEnd+tail), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	written := statusesByEndpoint(want)
	for endpoint, row := range statusesByEndpoint(got) {
		for i, statuses := range row {
			for status := range strings.SplitSeq(statuses, ", ") {
				isKnown := len(written[endpoint]) == len(row) &&
					slices.Contains(strings.Split(written[endpoint][i], ", "), status)
				if !isKnown {
					t.Errorf("%s with the fault %s: got the status %s, which is not in the table of docs/reliability.md; run "+
						"go test ./conformance/faults -update", endpoint, faults[i], status)
				}
			}
		}
	}
	if len(written) != len(operations) {
		t.Errorf("rows in the table of docs/reliability.md: got %d, want %d, one for each endpoint",
			len(written), len(operations))
	}
}

// statusesByEndpoint returns the cells of a table with the statuses for each fault, by endpoint. The order of the
// statuses can differ from run to run: a connect has one more round trip if the network splits a response.
func statusesByEndpoint(table string) map[string][]string {
	all := map[string][]string{}
	for line := range strings.Lines(table) {
		row := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(row) == len(faults)+2 && strings.HasPrefix(row[0], "`") {
			all[row[0]] = row[2:]
		}
	}
	return all
}
