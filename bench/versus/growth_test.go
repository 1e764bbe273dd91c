package versus

import (
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/providertest"
	"github.com/xenon-auth/xenon/shared/config"
)

// millionUsers is the number of users in the larger of the two databases that measureGrowth compares. userCount is the
// number in the smaller one.
const millionUsers = 1_000_000

// growthRow has the median times of a request, in milliseconds, on the database with userCount users and on the one
// with millionUsers.
type growthRow struct {
	Request string `json:"request"`
	Few     spread `json:"fewMs"`
	Many    spread `json:"manyMs"`
	Ratio   spread `json:"ratio"`
}

// pluginCalls are the numbers of calls of a pluginRequest in one run. The preparation of a call takes longer than the
// call.
var pluginCalls = [3]int{200}

// measureGrowth measures the requests of requestsOnGrowingTables and of pluginRequests with one connection, on the
// small and the large database in turn, and compares the times of each round.
func measureGrowth(b *testing.B, program string, n, divisor int, logProgress func(string)) ([]growthRow, error) {
	b.Helper()
	logProgress("filling a database with a million users")
	fewURL := newDatabaseWithUsers(b, userCount, config.Argon2id, rowsOfPlugins...)
	manyURL := newDatabaseWithUsers(b, millionUsers, config.Argon2id, rowsOfPlugins...)
	logProgress("filled")
	few, many := startXenon(b, program, fewURL, config.Argon2id), startXenon(b, program, manyURL, config.Argon2id)
	few.name, many.name = "10,000 users", "1,000,000 users"
	const some = 2000 // the number of users that send requests
	groups := pairWorkloads(few, requestsOnGrowingTables(b, few, userCount, some),
		many, requestsOnGrowingTables(b, many, millionUsers, some))
	providers := providertest.New(b)
	pluginsFew := startPluginServer(b, fewURL, userCount, providers)
	pluginsMany := startPluginServer(b, manyURL, millionUsers, providers)
	pluginsFew.name, pluginsMany.name = few.name, many.name
	groups = append(groups, pairPluginWorkloads(pluginsFew, pluginsMany)...)
	cells, err := measureRounds(b.Context(), groups, n, divisor, postmasterID(b, few.database), logProgress)
	if err != nil {
		return nil, err
	}
	var all []growthRow
	for i := 0; i < len(cells); i += 2 {
		x, y := cells[i], cells[i+1]
		all = append(all, growthRow{
			x.request, spreadOf(x.values(medianLatency)), spreadOf(y.values(medianLatency)), ratiosOf(y, x, medianLatency),
		})
	}
	return all, nil
}

// pairWorkloads returns a group of two workloads for each request: one sends it to x, the other one to y. xRequests and
// yRequests have the same requests in the same order. It leaves out the requests that -only does not select.
func pairWorkloads(x server, xRequests []requestKind, y server, yRequests []requestKind) (groups [][]workload) {
	for i, p := range xRequests {
		if !isRequestSelected(p.request) {
			continue
		}
		counts := [3]int{2000}
		if p.hashes {
			counts[0] = argon2Calls[0]
		}
		groups = append(
			groups,
			[]workload{x.httpWorkload(p.request, counts, p.next), y.httpWorkload(p.request, counts, yRequests[i].next)},
		)
	}
	return groups
}

// pairPluginWorkloads is like pairWorkloads, for the requests of pluginRequests. sendLoad gets each call before it
// starts the clock, so the time of the preparation does not count.
func pairPluginWorkloads(x, y *pluginServer) (groups [][]workload) {
	yRequests := y.pluginRequests()
	for i, p := range x.pluginRequests() {
		if isRequestSelected(p.request) {
			groups = append(groups, []workload{
				x.httpWorkload(p.request, pluginCalls, func(int) httpCall { return p.next() }),
				y.httpWorkload(p.request, pluginCalls, func(int) httpCall { return yRequests[i].next() }),
			})
		}
	}
	return groups
}

// requestKind is a kind of request, such as list-sessions, with its calls.
type requestKind struct {
	request string
	hashes  bool // the request hashes a password and takes longer
	next    func(i int) httpCall
}

// requestsOnGrowingTables returns the requests whose statements use tables that grow with the number of users. The
// database of s has n users. `some` of them, whose rows are spread over the tables, send the requests except sign-up
// and sign-out: each sign-up creates a user, and each sign-out ends a session that signOutOfNewSessions has inserted.
// revoke-other-sessions is the last one, because it ends such sessions, too.
func requestsOnGrowingTables(tb testing.TB, s server, n, some int) []requestKind {
	tb.Helper()
	userOfCall := func(i int) int { return i*7919%n + 1 } // 7919 is a prime that does not divide n, so no user comes twice
	bySomeUsers := func(c func(i int) httpCall) func(i int) httpCall {
		return callsOfActiveUsers(some, func(i int) httpCall { return c(userOfCall(i)) })
	}
	getCalls := func(path, want string) func(i int) httpCall {
		return bySomeUsers(func(i int) httpCall {
			return newCall("GET", path, s.host(), want, "", "Cookie", sessionCookieOf(i))
		})
	}
	postCalls := func(path, want, body string) func(i int) httpCall {
		return bySomeUsers(func(i int) httpCall {
			return newCall("POST", path, s.host(), want, body, "Cookie", sessionCookieOf(i), "Origin", "http://"+s.host())
		})
	}
	var jwts []string
	for i := range some {
		jwts = append(jwts, jwtOfUser(tb, s, userOfCall(i+1)))
	}
	return []requestKind{
		{"get-session", false, bySomeUsers(getSessionCalls(s))},
		{"token", false, bySomeUsers(getTokenCalls(s))},
		{"list-sessions", false, getCalls("/api/auth/list-sessions", "[{")},
		{"list-accounts", false, getCalls("/api/auth/list-accounts", "[{")},
		{"update-user", false, postCalls("/api/auth/update-user", `{"status":true`, `{"name":"Ada"}`)},
		{"profile GET", false, callsOfActiveUsers(some, getProfileCalls(s, jwts))},
		{"profile PUT", false, callsOfActiveUsers(some, putProfileCalls(s, jwts))},
		{"sign-in", true, bySomeUsers(signInCalls(s))},
		{"sign-up", true, signUpCalls(s)},
		{"sign-out", false, signOutOfNewSessions(tb, s, n)},
		{"revoke-other-sessions", false, postCalls("/api/auth/revoke-other-sessions", `{"status":true`, `{}`)},
	}
}

// signOutOfNewSessions inserts additional sessions of the n users, and returns calls that sign out of them. The users
// keep their first sessions.
func signOutOfNewSessions(tb testing.TB, s server, n int) func(i int) httpCall {
	tb.Helper()
	next := newSessions(tb, s, n, n)
	return func(int) httpCall {
		return newCall("POST", "/api/auth/sign-out", s.host(), `{"success":true`, "{}",
			"Cookie", sessionCookieOf(next()), "Origin", "http://"+s.host())
	}
}

// addedSessions is the number of sessions that newSessions inserts.
const addedSessions = 20_000

// newSessions inserts additional sessions of the n users, whose numbers for sessionTokenOf begin after `last`. It
// returns a function that returns the number of the next one. There is one connection, so calls do not overlap.
func newSessions(tb testing.TB, s server, n, last int) (next func() int) {
	tb.Helper()
	conn := connect(tb, s.database)
	defer conn.Close(tb.Context())
	_, err := conn.Exec(tb.Context(), `INSERT INTO session ("userId", token, "expiresAt", "updatedAt")
		SELECT md5((i * 7919 % $1 + 1)::text)::uuid, ($2::bigint + i)::text, now() + interval '7 days', now()
		FROM generate_series(1, $3) i`, n, sessionTokenBase+last, addedSessions)
	if err != nil {
		tb.Fatal(err)
	}
	return func() int {
		last++
		return last
	}
}

// TestRequestsOfPluginsAreAnswered sends each request of pluginRequests, on small tables. A callback that fails
// redirects to a URL with an error.
func TestRequestsOfPluginsAreAnswered(t *testing.T) {
	t.Parallel()
	const n = 100
	database := newDatabaseWithUsers(t, n, config.Argon2id, rowsOfPlugins...)
	p := startPluginServer(t, database, n, providertest.New(t))
	for _, request := range p.pluginRequests() {
		header, _ := exchange(t, p.address, request.next())
		if location := header.Get("Location"); strings.Contains(location, "error=") {
			t.Errorf("%s: got a redirect to %s, want one without an error", request.request, location)
		}
	}
}
