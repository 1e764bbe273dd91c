package versus

import (
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
)

// millionUsers is the number of users in the larger of the two databases that growth compares. The smaller has people.
const millionUsers = 1_000_000

// growthRow is the time of a request with many users, compared with few.
type growthRow struct {
	Request string `json:"request"`
	Few     spread `json:"fewMs"`
	Many    spread `json:"manyMs"`
	Ratio   spread `json:"ratio"`
}

// measureGrowth measures every request with one connection, for users spread over the tables, on the large and the
// small database in turn, and compares the medians.
func measureGrowth(b *testing.B, program string, n, divisor int, logProgress func(string)) ([]growthRow, error) {
	b.Helper()
	logProgress("filling a database with a million users")
	few := startXenon(b, program, populated(b, people, config.Argon2id), config.Argon2id)
	many := startXenon(b, program, populated(b, millionUsers, config.Argon2id), config.Argon2id)
	logProgress("filled")
	few.name, many.name = "10,000 users", "1,000,000 users"
	const some = 2000 // 2,000 of the n users
	groups := pairWorkloads(few, everyPath(b, few, people, some), many, everyPath(b, many, millionUsers, some))
	cells, err := measureRounds(b.Context(), groups, n, divisor, postmaster(b, few.database), logProgress)
	if err != nil {
		return nil, err
	}
	p50 := func(s sample) float64 { return s.p50 }
	var all []growthRow
	for i := 0; i < len(cells); i += 2 {
		x, y := cells[i], cells[i+1]
		all = append(all, growthRow{x.request, spreadOf(x.values(p50)), spreadOf(y.values(p50)), ratioOf(y, x, p50)})
	}
	return all, nil
}

func pairWorkloads(x server, few []readRequest, y server, many []readRequest) (groups [][]workload) {
	for i, p := range few {
		counts := [3]int{2000}
		if p.hashes {
			counts[0] = argon2s[0]
		}
		groups = append(
			groups,
			[]workload{x.overHTTP(p.request, counts, p.next), y.overHTTP(p.request, counts, many[i].next)},
		)
	}
	return groups
}

// readRequest is a request.
type readRequest struct {
	request string
	hashes  bool // the request hashes a password and takes longer
	next    func(i int) httpCall
}

// everyPath returns each request whose statement reads or writes a table that grows with the users, for some of n users
// in random order.
func everyPath(tb testing.TB, s server, n, some int) []readRequest {
	tb.Helper()
	who := func(i int) int { return i*7919%n + 1 } // 7919 is a prime, so each user comes once
	by := func(c func(i int) httpCall) func(i int) httpCall {
		return activeUsers(some, func(i int) httpCall { return c(who(i)) })
	}
	get := func(path, want string) func(i int) httpCall {
		return by(func(i int) httpCall { return newCall("GET", path, s.host(), want, "", "Cookie", cookie(i)) })
	}
	post := func(path, want, body string) func(i int) httpCall {
		return by(func(i int) httpCall {
			return newCall("POST", path, s.host(), want, body, "Cookie", cookie(i), "Origin", "http://"+s.host())
		})
	}
	var jwts []string
	for i := range some {
		jwts = append(jwts, tokenFor(tb, s, who(i+1)))
	}
	return []readRequest{
		{"get-session", false, by(getSession(s))},
		{"token", false, by(getToken(s))},
		{"list-sessions", false, get("/api/auth/list-sessions", "[{")},
		{"list-accounts", false, get("/api/auth/list-accounts", "[{")},
		{"update-user", false, post("/api/auth/update-user", `{"status":true`, `{"name":"Ada"}`)},
		{"revoke-other-sessions", false, post("/api/auth/revoke-other-sessions", `{"status":true`, `{}`)},
		{"profile GET", false, activeUsers(some, getProfile(s, jwts))},
		{"profile PUT", false, activeUsers(some, putProfile(s, jwts))},
		{"sign-in", true, by(signIn(s))},
		{"sign-up", true, signUp(s)},
		{"sign-out", false, signOutNew(tb, s, n)},
	}
}

// signOutNew inserts sessions and returns calls that end them. Each user keeps the other session.
func signOutNew(tb testing.TB, s server, n int) func(i int) httpCall {
	tb.Helper()
	const enough = 20_000
	conn := connect(tb, s.database)
	defer conn.Close(tb.Context())
	_, err := conn.Exec(tb.Context(), `INSERT INTO session ("userId", token, "expiresAt", "updatedAt")
		SELECT md5((i * 7919 % $1 + 1)::text)::uuid, ($2::bigint + $1 + i)::text, now() + interval '7 days', now()
		FROM generate_series(1, $3) i`, n, tokenBase, enough)
	if err != nil {
		tb.Fatal(err)
	}
	next := n
	return func(int) httpCall { // there is one connection, so calls do not overlap
		next++
		return newCall("POST", "/api/auth/sign-out", s.host(), `{"success":true`, "{}", "Cookie", cookie(next), "Origin",
			"http://"+s.host())
	}
}
