package attack

import (
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/health"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/passwordless"
	"github.com/xenon-auth/xenon/shared/profile"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/social"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

const (
	cookieSecret = "a secret of the tests, long enough"
	userEmail    = "ada@example.com"
	userPassword = "correct horse"
)

// testServer is a server with all endpoints. It has one environment, and can start more on the same database.
type testServer struct {
	*environment
	env    map[string]string
	url    string
	db     string
	hasher *password.Hasher // of environments that newEnvironment starts
}

// environment is one execution environment after a cold start: it has its own connection pool and its own caches.
type environment struct {
	routes web.Routes
	mux    http.Handler
	store  *store.Store
}

// newTestServer starts a server. settings ("NAME=value") are added to the default settings of these tests.
func newTestServer(t testing.TB, settings ...string) *testServer {
	t.Helper()
	s := &testServer{db: dbtest.New(t), hasher: password.NewCheap()}
	published := http.NewServeMux()
	jwks := httptest.NewServer(published)
	t.Cleanup(jwks.Close)
	s.env = map[string]string{
		"DATABASE_URL":       s.db,
		"JWKS_URL":           jwks.URL + "/api/auth/jwks",
		"RATE_LIMIT":         "off",
		"MAIL_FILE":          filepath.Join(t.TempDir(), "mail.jsonl"),
		"COOKIE_CACHE":       "compact",
		"BETTER_AUTH_SECRET": cookieSecret,
		"SIGNING_KEYS_FILE":  filepath.Join(t.TempDir(), "keys.json"),
	}
	set, err := signingKeys()
	if err == nil {
		err = keys.SaveFile(s.env["SIGNING_KEYS_FILE"], set)
	}
	if err != nil {
		t.Fatal(err)
	}
	published.Handle("/", s.newEnvironment(t, 2, time.Now).mux)
	s.environment = s.newEnvironment(t, 10, time.Now, settings...)
	server := httptest.NewServer(s.mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// signingKeys returns the keys that all test servers share, because it is slow to generate RSA keys.
var signingKeys = sync.OnceValues(func() (keys.Set, error) { return keys.Generate(time.Now(), config.RS256) })

// newEnvironment starts one more environment of the server, with at most conns connections and a clock of its own.
func (s *testServer) newEnvironment(t testing.TB, conns int32, now func() time.Time, settings ...string) *environment {
	t.Helper()
	env := maps.Clone(s.env)
	for _, line := range settings {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	cfg, err := config.LoadAPI(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	secretStore := secrets.New(cfg, now)
	db := store.Open(secretStore, conns)
	t.Cleanup(db.Close)
	a := auth.New(cfg, db, secretStore, now)
	a.Hasher = s.hasher
	e := &environment{routes: web.Routes{}, store: db}
	for _, served := range []web.Routes{
		a.SignupRoutes(), a.SigninRoutes(), a.SignoutRoutes(), a.SessionRoutes(), a.TokenRoutes(), a.JWKSRoutes(),
		a.PasswordRoutes(), a.EmailRoutes(), a.AccountRoutes(),
		social.New(a, secretStore).SocialRoutes(), passwordless.New(a).PasswordlessRoutes(),
		profile.New(cfg, db, a.Limits, now).ProfileRoutes(), health.New(cfg, db, a.Limits).HealthRoutes(),
	} {
		maps.Copy(e.routes, served)
	}
	e.mux = e.routes.Mux(cfg)
	return e
}

// signedInUser is a user who is signed in and has a profile.
type signedInUser struct{ cookie, bearer, jwt string }

// newUser signs up the user of the tests, gets a JWT and creates a profile.
func (e *environment) newUser(t testing.TB) (p signedInUser) {
	t.Helper()
	w := e.do("POST", "/api/auth/sign-up/email", signUpBody, nil)
	var reply struct{ Token string }
	if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil || w.Code != http.StatusOK {
		t.Fatalf("sign-up: got %d %s, want 200 and JSON", w.Code, w.Body)
	}
	p.bearer = reply.Token
	for _, c := range w.Result().Cookies() {
		if strings.HasSuffix(c.Name, "session_token") {
			p.cookie = c.Name + "=" + c.Value
		}
	}
	w = e.do("GET", "/api/auth/token", "", http.Header{"Authorization": {"Bearer " + p.bearer}})
	if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil || w.Code != http.StatusOK {
		t.Fatalf("GET /api/auth/token: got %d, want 200 and JSON", w.Code)
	}
	p.jwt = reply.Token
	w = e.do("POST", "/api/profile", `{}`, http.Header{"Authorization": {"Bearer " + p.jwt}})
	if w.Code != http.StatusCreated {
		t.Fatalf("POST /api/profile: got %d %s, want 201", w.Code, w.Body)
	}
	return p
}

// recreateUser deletes all users and creates the user again, with newUser.
func (s *testServer) recreateUser(t testing.TB) signedInUser {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.db)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), `DELETE FROM "user"`); err != nil {
		t.Fatal(err)
	}
	return s.newUser(t)
}

// insertUsers inserts n users with unverified emails: known0@example.com, known1@example.com and so on.
func (s *testServer) insertUsers(t testing.TB, n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.db)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `
		INSERT INTO "user" (name, email, "emailVerified")
		SELECT 'Ada', 'known' || i || '@example.com', false FROM generate_series(0, $1 - 1) i`, n)
	if err != nil {
		t.Fatal(err)
	}
}

// do calls the handler directly, without a network connection.
func (e *environment) do(method, target, body string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for name, values := range header {
		r.Header[name] = values
	}
	if body != "" && r.Header["Content-Type"] == nil {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	e.mux.ServeHTTP(w, r)
	return w
}

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	m.Run()
}
