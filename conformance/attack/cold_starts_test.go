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
	coldStartCount     = 200 // environments that start at the same time
	maxRoleConnections = 50  // the number of connections that Postgres allows the role that createLimitedRole creates
)

// 200 functions that start at the same time behind PgBouncer, as behind Neon's pooler, all answer 200.
func TestR46_ColdStartsThroughThePoolerAllSucceed(t *testing.T) {
	s := newTestServer(t)
	ada := s.newUser(t)
	got := s.startAllAtSameTime(t, ada, dbtest.StartPgbouncer(t, s.db))
	if got[http.StatusOK] != coldStartCount {
		t.Errorf("responses by status: got %v, want 200 %d times", got, coldStartCount)
	}
	t.Logf("%d simultaneous cold starts through a pooler of 5 connections: %v", coldStartCount, got)
}

// Postgres allows the role of the functions 50 connections, and the functions connect directly. At least 50 of 200
// functions answer 200, and the others 503 with Retry-After. After that, 200 new functions with a role without this
// limit all answer 200.
func TestR46_ColdStartsBeyondTheConnectionLimitGet503(t *testing.T) {
	s := newTestServer(t)
	ada := s.newUser(t)
	got := s.startAllAtSameTime(t, ada, s.createLimitedRole(t))
	if got[http.StatusOK] < maxRoleConnections || got[http.StatusOK]+got[http.StatusServiceUnavailable] != coldStartCount {
		t.Errorf("responses by status: got %v, want 200 at least %d times, and 503 for the others", got, maxRoleConnections)
	}
	t.Logf("%d simultaneous cold starts with %d connections: %v", coldStartCount, maxRoleConnections, got)
	again := s.startAllAtSameTime(t, ada, s.env["DATABASE_URL"])
	if again[http.StatusOK] != coldStartCount {
		t.Errorf("responses by status without a limit of connections: got %v, want 200 %d times", again, coldStartCount)
	}
}

// startAllAtSameTime starts 200 environments and sends one request to each at the same time. It counts the responses by
// status. The environments keep their connections until all have responded.
func (s *testServer) startAllAtSameTime(t *testing.T, p signedInUser, database string) map[int]int {
	t.Helper()
	var mu sync.Mutex
	got := map[int]int{}
	start := make(chan struct{})
	var group sync.WaitGroup
	var all []*environment
	for range coldStartCount {
		e := s.newEnvironment(t, 1, time.Now, "DATABASE_URL="+database)
		all = append(all, e)
		group.Go(func() {
			<-start
			w := e.getSession(p)
			mu.Lock()
			defer mu.Unlock()
			got[w.Code]++
			hasCode := strings.Contains(w.Body.String(), "SERVICE_UNAVAILABLE")
			switch {
			case w.Code == http.StatusOK && !strings.Contains(w.Body.String(), userEmail):
				t.Errorf("get-session of a signed-in user: got 200 %s, want the user's email in the body", w.Body)
			case w.Code == http.StatusServiceUnavailable && (w.Header().Get("Retry-After") == "" || !hasCode):
				t.Errorf("get-session: got 503 with the headers %v and the body %s, want Retry-After and SERVICE_UNAVAILABLE",
					w.Header(), w.Body)
			}
		})
	}
	close(start)
	group.Wait()
	for _, e := range all {
		e.store.Close()
	}
	return got
}

// getSession requests the user's session with a deadline of 15 seconds, the timeout of most functions in template.yaml.
func (e *environment) getSession(p signedInUser) *httptest.ResponseRecorder {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, "GET", "/api/auth/get-session?disableCookieCache=true", http.NoBody)
	r.Header.Set("Cookie", p.cookie)
	w := httptest.NewRecorder()
	e.mux.ServeHTTP(w, r)
	return w
}

// createLimitedRole creates a role that may have at most maxRoleConnections connections, and returns the URL of the
// server's database for this role.
func (s *testServer) createLimitedRole(t *testing.T) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.db)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	u, err := url.Parse(s.db)
	if err != nil {
		t.Fatal("the database URL is invalid")
	}
	role := "cold_starts_" + strings.Trim(u.Path, "/")
	name, word := pgx.Identifier{role}.Sanitize(), "a password of the tests"
	if _, err := conn.Exec(t.Context(), `
		CREATE ROLE `+name+` LOGIN CONNECTION LIMIT 50 PASSWORD '`+word+`';
		GRANT ALL ON ALL TABLES IN SCHEMA public TO `+name); err != nil {
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
