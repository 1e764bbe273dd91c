package attack

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

const (
	starts = 200 // environments that start at the same moment
	budget = 50  // connections that the database has for them
)

// TestR46_ColdStartsThroughThePooler: 200 functions that start at once, as a deployment behind Neon's pooler: all are served.
func TestR46_ColdStartsThroughThePooler(t *testing.T) {
	s := newSite(t)
	ada := s.member(t)
	got := s.storm(t, ada, dbtest.Pgbouncer(t, s.db))
	if got[http.StatusOK] != starts {
		t.Errorf("got %v, want %d answers of 200", got, starts)
	}
	t.Logf("%d cold starts at once through a pooler of 5 connections: %v", starts, got)
}

// TestR46_ColdStartsWithoutAPooler: directly at a database that takes 50 connections, whoever comes too late is told to
// come again, and is served once there is room.
func TestR46_ColdStartsWithoutAPooler(t *testing.T) {
	s := newSite(t)
	ada := s.member(t)
	got := s.storm(t, ada, s.limited(t))
	if got[http.StatusOK] < budget || got[http.StatusOK]+got[http.StatusServiceUnavailable] != starts {
		t.Errorf("got %v, want 200 for at least %d and 503 for the others", got, budget)
	}
	t.Logf("%d cold starts at once at %d connections: %v", starts, budget, got)
	again := s.storm(t, ada, s.env["DATABASE_URL"])
	if again[http.StatusOK] != starts {
		t.Errorf("with room again: got %v", again)
	}
}

// storm starts every environment at the same moment with one request, and counts the answers by status. Those that were
// answered keep their connection until all were.
func (s *site) storm(t *testing.T, p person, database string) map[int]int {
	t.Helper()
	var mu sync.Mutex
	got := map[int]int{}
	go1 := make(chan struct{})
	var group sync.WaitGroup
	var all []*environment
	for range starts {
		e := s.cold(t, 1, time.Now, "DATABASE_URL="+database)
		all = append(all, e)
		group.Go(func() {
			<-go1
			w := e.getSession(p)
			mu.Lock()
			defer mu.Unlock()
			got[w.Code]++
			switch {
			case w.Code == http.StatusOK && !strings.Contains(w.Body.String(), email):
				t.Errorf("got nobody: %s", w.Body)
			case w.Code == http.StatusServiceUnavailable && (w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "SERVICE_UNAVAILABLE")):
				t.Errorf("got 503 %v %s", w.Header(), w.Body)
			}
		})
	}
	close(go1)
	group.Wait()
	for _, e := range all {
		e.store.Close()
	}
	return got
}

// getSession asks with the time that a function has.
func (e *environment) getSession(p person) *httptest.ResponseRecorder {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, "GET", "/api/auth/get-session?disableCookieCache=true", http.NoBody)
	r.Header.Set("Cookie", p.cookie)
	w := httptest.NewRecorder()
	e.mux.ServeHTTP(w, r)
	return w
}

// limited is the address of the site's database for a role that may have no more connections than the budget.
func (s *site) limited(t *testing.T) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.db)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	u, err := url.Parse(s.db)
	if err != nil {
		t.Fatal("the address of the database is not a URL")
	}
	role := "storm_" + strings.Trim(u.Path, "/")
	name, word := pgx.Identifier{role}.Sanitize(), "a password of the tests"
	if _, err := conn.Exec(t.Context(), `CREATE ROLE `+name+` LOGIN CONNECTION LIMIT 50 PASSWORD '`+word+`'; GRANT ALL ON ALL TABLES IN SCHEMA public TO `+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.Background()
		conn, err := pgx.Connect(ctx, s.db)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, `DROP OWNED BY `+name+`; DROP ROLE `+name); err != nil {
			t.Error(err)
		}
	})
	u.User = url.UserPassword(role, word)
	return u.String()
}
