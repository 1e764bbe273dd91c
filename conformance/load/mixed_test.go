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
	people  = 500
	actions = 12 * people // of all together, in the test; the soak counts minutes
	door    = 50          // so many come in at once: a first token is a signature
	breath  = 0.5         // seconds: no more people ask at once than the machine answers within them
)

// TestR51_FiveHundredMixedPeople: five hundred people ask at the same moment, again and again, by ten connections to the database.
// Everybody gets the right answer, which is their own; a 503 is none. As whoever has waited for a
// connection for two seconds is told to come again, no more ask at once than this machine answers in a quarter of that; under the race
// detector, on one that has other things to do, those are fewer than all. The soak knows no such mercy. Passwords are hashed cheaply,
// as that detector makes a real hash ten times as slow.
func TestR51_FiveHundredMixedPeople(t *testing.T) {
	s := newSite(t, pool, asItIs, password.Cheap())
	c := gather(t, s.address, 1, people)
	begin := time.Now()
	for few := range slices.Chunk(c.people, door) {
		c.together(few, (*person).enter)
	}
	rate := float64(3*people) / time.Since(begin).Seconds()
	t.Logf("all have entered after %v", time.Since(begin))
	c.times()
	most, queue := 0, slices.Clone(c.people)
	begin = time.Now()
	for done := 0; done < actions; {
		n := min(max(door, int(rate*breath)), people)
		start := time.Now()
		c.together(queue[:n], (*person).act)
		rate = float64(n) / time.Since(start).Seconds()
		done, most, queue = done+n, max(most, n), append(queue[n:], queue[:n]...)
	}
	plain, passwords := c.times()
	t.Logf("%d requests and %d with a password in %v, up to %d at once: p50 %v, p99 %v, most %v", len(plain), len(passwords), time.Since(begin),
		most, at(plain, 0.5), at(plain, 0.99), at(plain, 1))
	c.check(t, s.database)
	if n := connections(t, s.database); n > pool {
		t.Errorf("got %d connections, want at most %d", n, pool)
	}
}

// TestR51_HashesHoldNoConnection: twelve people mistype their password at the same moment, on one connection. Each is answered a
// quarter of a second after the hash began at the earliest (shared/password), so one after the other would be too late for some.
func TestR51_HashesHoldNoConnection(t *testing.T) {
	s := newSite(t, 1, asItIs, nil)
	c := gather(t, s.address, 1, 12)
	for _, p := range c.people {
		c.together([]*person{p}, (*person).signUp)
	}
	c.everybody((*person).mistype)
	c.check(t, s.database)
}

// TestMistakesOfASiteAreSeen puts a fault between the server and the endpoints.
func TestMistakesOfASiteAreSeen(t *testing.T) {
	for _, test := range []struct {
		name, want string
		between    func(http.Handler) http.Handler
	}{
		{"people are mixed up", "somebody else's or an older session", mixUp("/api/auth/get-session")},
		{"profiles are mixed up", "somebody else's or an older profile", mixUp("/api/profile")},
		{"a write is lost", "somebody else's or an older profile", lose("PUT")},
		{"one is refused", "POST /api/auth/update-user: 503", refuse("/api/auth/update-user")},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, pool, test.between, password.Cheap())
			c := gather(t, s.address, 1, 5)
			c.everybody((*person).enter)
			if len(c.faults) > 0 {
				t.Fatalf("got %v before anything was wrong", c.detail)
			}
			c.everybody(func(p *person) error {
				return first(p.getSession, p.writeProfile, p.readProfile, p.updateUser)
			})
			if c.faults[test.want] == 0 {
				t.Errorf("got %v, want %s", c.faults, test.want)
			}
		})
	}
}

// mixUp answers GET of a path for whoever asked something with a session or token first.
func mixUp(path string) func(http.Handler) http.Handler {
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

// lose does not carry out what a method asks for, and says that it did.
func lose(method string) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == method {
				r.Method, r.Body = "GET", http.NoBody
			}
			h.ServeHTTP(w, r)
		})
	}
}

// refuse says of a path that the pool is full.
func refuse(path string) func(http.Handler) http.Handler {
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
