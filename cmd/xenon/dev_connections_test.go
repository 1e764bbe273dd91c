package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/secrets"
)

// Fifty clients open one link at the same time while Postgres is busy: for three seconds no statement ends. xenon dev
// has fewer connections than clients, so most of them wait for a connection.
func TestDevAnswersFiftyRedemptionsOfOneLink(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	api := newDevAPI(t, url)
	token := strings.Repeat("a", 32)
	dbtest.Exec(t, url, `
		INSERT INTO verification (identifier, value, "expiresAt", "createdAt", "updatedAt")
		VALUES ('magic-link:' || $1, '{"type":"magic-link","email":"ada@example.com"}',
		        now() + interval '5 minutes', now(), now())`, token)
	blocker, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer blocker.Close(t.Context())
	if _, err := blocker.Exec(t.Context(), `BEGIN; LOCK TABLE verification IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	statuses := make([]int, 50)
	done := make(chan struct{})
	for i := range statuses {
		all.Go(func() {
			statuses[i] = sendRequest(api, "GET", "/api/auth/magic-link/verify?token="+token).Code
		})
	}
	go func() { all.Wait(); close(done) }()
	dbtest.AwaitLockWaits(t, url, devPoolConnections, done)
	time.Sleep(3 * time.Second)
	if _, err := blocker.Exec(t.Context(), `COMMIT`); err != nil {
		t.Fatal(err)
	}
	<-done
	count := map[int]int{}
	for _, status := range statuses {
		count[status]++
	}
	if diff := cmp.Diff(map[int]int{http.StatusOK: 1, http.StatusFound: 49}, count); diff != "" {
		t.Errorf("statuses of 50 redemptions, one sign-in and redirects with an error (-want +got):\n%s", diff)
	}
}

// A request that may hash a password ends after devRequestTimeout, also if many requests wait for a processor.
func TestDevLimitsTheTimeOfRequestsThatAreNotReads(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]bool{http.MethodGet: false, http.MethodPost: true, http.MethodPut: true} {
		limited := false
		api := withDeadline(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, limited = r.Context().Deadline()
		}))
		if sendRequest(api, method, "/"); limited != want {
			t.Errorf("%s has a deadline: got %v, want %v", method, limited, want)
		}
	}
}

// newDevAPI returns the endpoints of package passwordless as xenon dev serves them.
func newDevAPI(t *testing.T, databaseURL string) http.Handler {
	t.Helper()
	env := map[string]string{
		"DATABASE_URL": databaseURL, "BETTER_AUTH_SECRET": singleSecret, "MAGIC_LINK": "on", "RATE_LIMIT": "off",
		"SIGNING_KEYS_FILE": filepath.Join(t.TempDir(), "keys.json"),
	}
	cfg, err := config.LoadAPI(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	appSecrets := secrets.New(cfg, time.Now)
	db := openDevStore(appSecrets, cfg)
	t.Cleanup(db.Close)
	return devAPI(routesByFunction(cfg, appSecrets, db, time.Now, nil, nil)["passwordless"], cfg)
}
