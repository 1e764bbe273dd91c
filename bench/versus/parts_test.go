package versus

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/lambdahttp"
	"github.com/xenon-auth/xenon/shared/profile"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/social"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// requestCost has the counted costs of a request. All except First and Waiting are means of many warm requests.
type requestCost struct {
	Request     string  `json:"request"`
	First       float64 `json:"roundTripsOfTheFirst"` // the first request of a process also connects
	Trips       float64 `json:"roundTrips"`
	Statements  float64 `json:"statements"`
	Sent        float64 `json:"bytesToPostgres"`
	Received    float64 `json:"bytesFromPostgres"`
	Allocations float64 `json:"allocations"`
	Allocated   float64 `json:"bytesAllocated"`
	// Waiting is the median time that a function waits for Postgres. Lambda bills it.
	Waiting float64 `json:"waitingMicroseconds"`
}

// inProcessFunctions has the handlers of the measured functions in this process, with a pool of one connection.
type inProcessFunctions struct {
	server
	cfg config.API
}

// newInProcessFunctions returns the functions on the database of s, with the setting RATE_LIMIT. They also serve HTTP,
// so that the benchmark can get JWTs, and the profile API the JWKS.
func newInProcessFunctions(tb testing.TB, s server, rateLimit string) *inProcessFunctions {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	w := &inProcessFunctions{server: server{address: l.Addr().String(), database: s.database, format: s.format}}
	origin := "http://" + w.host()
	env := map[string]string{
		"DATABASE_URL": s.database, "BETTER_AUTH_SECRET": cookieSecret, "SIGNING_KEYS_FILE": filepath.Join(tb.TempDir(),
			"keys.json"),
		"BETTER_AUTH_URL": origin, "JWKS_URL": origin +
			"/api/auth/jwks", "PASSWORD_HASH": s.format, "MAIL": "none", "CLIENT_IP": "xff:2",
		"RATE_LIMIT": rateLimit,
	}
	if w.cfg, err = config.LoadAPI(func(name string) string { return env[name] }); err != nil {
		tb.Fatal(err)
	}
	set, err := keys.Generate(time.Now(), config.RS256)
	if err := cmp.Or(err, keys.SaveFile(w.cfg.SigningKeysFile, set)); err != nil {
		tb.Fatal(err)
	}
	served := httptest.NewUnstartedServer(w.newHandler(tb, nil))
	served.Listener.Close()
	served.Listener = l
	served.Start()
	tb.Cleanup(served.Close)
	return w
}

// newHandler returns a new handler of the routes, with a new pool and empty caches, as in a new process. If dial is not
// nil, the connections of the pool go through it.
func (w *inProcessFunctions) newHandler(tb testing.TB, dial *countingDialer) http.Handler {
	tb.Helper()
	secretStore := secrets.New(w.cfg, time.Now)
	db := store.Open(secretStore, 1)
	if dial != nil {
		db.Dial = dial.Dial
	}
	tb.Cleanup(db.Close)
	a := auth.New(w.cfg, db, secretStore, time.Now)
	all := web.Routes{}
	for _, served := range []web.Routes{
		a.SignupRoutes(), a.SigninRoutes(), a.SignoutRoutes(), a.SessionRoutes(), a.TokenRoutes(), a.JWKSRoutes(),
		a.AccountRoutes(),
		social.New(a, secretStore).SocialRoutes(),
		profile.New(w.cfg, db, a.Limits, time.Now).ProfileRoutes(),
	} {
		for route, h := range served {
			all[route] = h
		}
	}
	return all.Mux(w.cfg)
}

// countCosts counts the costs of a request: of the first request of a process, and of many warm requests.
func (w *inProcessFunctions) countCosts(tb testing.TB, e *apiEvents, p requestKind) (requestCost, error) {
	tb.Helper()
	dial := &countingDialer{}
	handle := lambda.NewHandler(lambdahttp.Handler(w.newHandler(tb, dial))).Invoke
	ctx, stop := context.WithTimeout(tb.Context(), maxRunTime)
	defer stop()
	warm, n := 2*activeCount, 4*activeCount // many, because a statement is prepared only after it was sent a few times
	if p.hashes {
		warm, n = 20, 8
	}
	calls, all := make([]httpCall, warm+n), make([][]byte, warm+n)
	for i := range all {
		calls[i] = p.next(i)
		var err error
		if all[i], err = e.eventFor(calls[i]); err != nil {
			return requestCost{}, err
		}
		calls[i].want, calls[i].contains = calls[i].expectedEventResponse()
	}
	do := func(i int) error {
		answer, err := handle(ctx, all[i])
		if err == nil && !calls[i].isAnsweredBy(answer) {
			err = fmt.Errorf("%s: the response to %s is %.300s, want the expected one", p.request, all[i], answer)
		}
		return err
	}
	if err := do(0); err != nil {
		return requestCost{}, err
	}
	first := dial.totalTraffic()
	for i := 1; i < warm; i++ {
		if err := do(i); err != nil {
			return requestCost{}, err
		}
	}
	from := dial.totalTraffic()
	waited := make([]float64, n)
	allocated, err := countAllocations(n, func(i int) error {
		then := dial.totalTraffic()
		err := do(warm + i)
		waited[i] = float64(dial.totalTraffic().since(then).waited.Nanoseconds()) / 1000
		return err
	})
	if err != nil {
		return requestCost{}, err
	}
	sum := dial.totalTraffic().since(from)
	mean := func(v int) float64 { return float64(v) / float64(n) }
	return requestCost{
		p.request, float64(first.trips), mean(sum.trips), mean(sum.statements), mean(sum.sent), mean(sum.received),
		allocated.count, allocated.bytes, spreadOf(waited).Median,
	}, nil
}

// allocations are the mean number and the mean size of the allocations of a call.
type allocations struct{ count, bytes float64 }

// countAllocations counts the allocations of this process during n calls of do.
func countAllocations(n int, do func(i int) error) (allocations, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range n {
		if err := do(i); err != nil {
			return allocations{}, err
		}
	}
	runtime.ReadMemStats(&after)
	return allocations{
		float64(after.Mallocs-before.Mallocs) / float64(n), float64(after.TotalAlloc-before.TotalAlloc) / float64(n),
	}, nil
}

// countCosts counts the costs of each request. Requests that hash a password are counted for both password formats.
func (w *benchmarkSetup) countCosts(b *testing.B) (all []requestCost) {
	b.Helper()
	log := slog.NewJSONHandler(io.Discard, nil) //nolint:sloglint // writing the record is a part of a request
	slog.SetDefault(slog.New(log))
	for _, s := range []server{w.argon2id, w.scrypt} {
		functions := newInProcessFunctions(b, s, "on")
		paths := requestsOnGrowingTables(b, functions.server, userCount, activeCount)
		if s.format == config.Argon2id {
			paths = append(paths,
				requestKind{getSessionOfManyUsers, false, callsOfInactiveUsers(getSessionCalls(functions.server))},
				requestKind{"jwks", false, callsOfActiveUsers(1, getJWKSCalls(functions.server))})
		}
		for _, p := range paths {
			if p.hashes {
				p.request += ", " + s.format
			} else if s.format != config.Argon2id {
				continue
			}
			if !isRequestSelected(p.request) {
				continue
			}
			one, err := functions.countCosts(b, w.events, p)
			if err != nil {
				b.Fatal(err)
			}
			all = append(all, one)
		}
	}
	return all
}

func (r *report) writeRequestCosts(b *strings.Builder) {
	if len(r.parts) == 0 {
		return
	}
	b.WriteString("\n## Round trips, bytes and allocations of a request\n\nCounted, not timed: the handlers in one " +
		"process, as in a function, from the event's JSON to the answer's, with one connection and the limits of a " +
		"deployment switched on. *First* is the first request of a process, which connects (without TLS). The rest are " +
		"means of warm requests, with prepared statements. Allocations are those of the whole process, including the " +
		"database driver.\n\n" +
		"| request | round trips, first | round trips | statements | bytes to Postgres | bytes from Postgres | " +
		"allocations | bytes allocated |\n" +
		"|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, p := range r.parts {
		fmt.Fprintf(b, "| %s", p.Request)
		for _, v := range []float64{p.First, p.Trips, p.Statements, p.Sent, p.Received, p.Allocations, p.Allocated} {
			fmt.Fprintf(b, " | %s", formatNumber(v))
		}
		b.WriteString(" |\n")
	}
}

// TestCostsOfARequestAreCounted checks the counts: a new process first connects, and a warm get-session takes one round
// trip with the statements of the rate limit and the session.
func TestCostsOfARequestAreCounted(t *testing.T) {
	t.Parallel()
	s := server{database: newDatabaseWithUsers(t, activeCount, config.Argon2id), format: config.Argon2id}
	functions := newInProcessFunctions(t, s, "on")
	got, err := functions.countCosts(
		t,
		newAPIEvents(t),
		requestKind{"get-session", false, callsOfActiveUsers(activeCount, getSessionCalls(functions.server))},
	)
	if err != nil {
		t.Fatal(err)
	}
	if got.First < 3 || got.Trips != 1 || got.Statements != 2 {
		t.Errorf("round trips of a request: got %+v, want at least 3 for the first request, then 1 with 2 statements", got)
	}
	if got.Sent < 100 || got.Received < 100 || got.Allocations < 1 || got.Allocated < 1 {
		t.Errorf("bytes and allocations of a request: got %+v, want at least 100 bytes in each direction and 1 allocation",
			got)
	}
}
