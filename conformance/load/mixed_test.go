package load

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/password"
)

const (
	userCount          = 500
	actionCount        = 12 * userCount // the actions of all users together in the test; the soak has a duration instead
	batchSize          = 50             // users that register concurrently; each first token needs a signature
	maxSecondsPerBatch = 0.5            // seconds in which this machine must be able to answer all concurrent requests
)

// Five hundred users send many requests concurrently, through ten connections to the database. Each user must get the
// right response with the user's own data; a 503 is an error. A request that waits two seconds for a connection gets a
// 503, so the number of concurrent requests is limited to those that this machine answers in a quarter of that time. On
// a busy machine with the race detector these are fewer than five hundred. The soak has no such limit. Passwords have a
// cheap hash, because the race detector makes a real hash ten times slower.
func TestR51_FiveHundredUsersGetTheirOwnData(t *testing.T) {
	s := newTestServer(t, poolSize, withoutWrapper, password.NewCheap())
	c := newUserGroup(t, s.address, 1, userCount)
	begin := time.Now()
	for group := range slices.Chunk(c.users, batchSize) {
		c.runConcurrently(group, (*loadUser).register)
	}
	rate := float64(3*userCount) / time.Since(begin).Seconds()
	t.Logf("all have registered after %v", time.Since(begin))
	c.takeTimes()
	most, queue := 0, slices.Clone(c.users)
	begin = time.Now()
	for done := 0; done < actionCount; {
		n := min(max(batchSize, int(rate*maxSecondsPerBatch)), userCount)
		start := time.Now()
		c.runConcurrently(queue[:n], (*loadUser).doRandomAction)
		rate = float64(n) / time.Since(start).Seconds()
		done, most, queue = done+n, max(most, n), append(queue[n:], queue[:n]...)
	}
	plain, passwords := c.takeTimes()
	t.Logf("%d requests and %d with a password in %v, up to %d at the same time: p50 %v, p99 %v, max %v",
		len(plain), len(passwords), time.Since(begin), most, quantile(plain, 0.5), quantile(plain, 0.99), quantile(plain, 1))
	c.checkFaultsAndDatabase(t, s.database)
	if n := countConnections(t, s.database); n > poolSize {
		t.Errorf("connections to the database: got %d, want at most %d", n, poolSize)
	}
}

// Twelve users send a wrong password concurrently, and the server has one connection to the database. The response
// comes at least a quarter of a second after the start of the hash (shared/password). If a hash kept the connection,
// some users would wait longer than two seconds for it and get a 503.
func TestR51_HashesDoNotHoldAConnection(t *testing.T) {
	s := newTestServer(t, 1, withoutWrapper, nil)
	c := newUserGroup(t, s.address, 1, 12)
	for _, p := range c.users {
		c.runConcurrently([]*loadUser{p}, (*loadUser).signUp)
	}
	c.forAll((*loadUser).signInWithWrongPassword)
	c.checkFaultsAndDatabase(t, s.database)
}

// The test puts a handler with a fault in front of the endpoints. The simulated users must report the fault.
func TestFaultyResponsesAreReported(t *testing.T) {
	for _, test := range []struct {
		name, want string
		wrap       func(http.Handler) http.Handler
	}{
		{
			"sessions of users are mixed up", "another user's or an older session",
			answerWithOtherUser("/api/auth/get-session"),
		},
		{"profiles are mixed up", "another user's or an older profile", answerWithOtherUser("/api/profile")},
		{"a write is lost", "another user's or an older profile", answerWritesAsReads("PUT")},
		{"a request gets 503", "POST /api/auth/update-user: 503", answer503To("/api/auth/update-user")},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newTestServer(t, poolSize, test.wrap, password.NewCheap())
			c := newUserGroup(t, s.address, 1, 5)
			c.forAll((*loadUser).register)
			if len(c.faults) > 0 {
				t.Fatalf("faults during the registration: got %v, want none", c.detail)
			}
			c.forAll(func(p *loadUser) error {
				return runUntilError(p.getSession, p.writeProfile, p.readProfile, p.updateUser)
			})
			if c.faults[test.want] == 0 {
				t.Errorf("faults that the users report when %s: got %v, want %q in them", test.name, c.faults, test.want)
			}
		})
	}
}

// answerWithOtherUser answers GET of a path with the data of the user who sent the first request with a cookie and a
// token.
func answerWithOtherUser(path string) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		var mu sync.Mutex
		var other http.Header
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			if other == nil && r.Header.Get("Cookie") != "" && r.Header.Get("Authorization") != "" {
				other = http.Header{"Cookie": r.Header["Cookie"], "Authorization": r.Header["Authorization"]}
			}
			if r.Method == "GET" && r.URL.Path == path && other != nil {
				r.Header = other.Clone()
			}
			mu.Unlock()
			h.ServeHTTP(w, r)
		})
	}
}

// answerWritesAsReads handles requests with the given method as GET, so the write is lost without an error.
func answerWritesAsReads(method string) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == method {
				r.Method, r.Body = "GET", http.NoBody
			}
			h.ServeHTTP(w, r)
		})
	}
}

// answer503To answers 503 to requests for a path.
func answer503To(path string) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, path) {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			h.ServeHTTP(w, r)
		})
	}
}
