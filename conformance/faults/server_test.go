package faults

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/admin"
	"github.com/xenon-auth/xenon/shared/auditlog"
	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/passwordless"
	"github.com/xenon-auth/xenon/shared/profile"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/twofactor"
	"github.com/xenon-auth/xenon/shared/web"
)

func init() { slog.SetDefault(slog.New(slog.DiscardHandler)) }

// testServer has the endpoints of Xenon except social sign-in and /health. They use one connection to its own database,
// with the rate limits of production.
type testServer struct {
	mux   http.Handler
	wire  *faultyDialer
	cfg   config.API
	db    *pgxpool.Pool // a pool for the queries of the test; it has no faults
	mails string
	open  *store.Store // for the endpoints, through the faultyDialer
}

// signingKeys returns the keys of all servers. Their generation takes a tenth of a second of processor time.
var signingKeys = sync.OnceValues(func() (keys.Set, error) { return keys.Generate(time.Now(), config.RS256) })

// newTestServer starts a server. The settings, name and value in turn, replace the defaults of the tests.
func newTestServer(t *testing.T, settings ...string) *testServer {
	t.Helper()
	url := dbtest.New(t)
	return newTestServerBehind(t, url, url, settings...)
}

// newTestServerBehind starts a server on the database at url. proxy is another URL of the database: the endpoints
// connect to it.
func newTestServerBehind(t *testing.T, url, proxy string, settings ...string) *testServer {
	t.Helper()
	dir := t.TempDir()
	s := &testServer{wire: &faultyDialer{}, mails: filepath.Join(dir, "mail.jsonl")}
	published := http.NewServeMux()
	jwks := httptest.NewServer(published)
	t.Cleanup(jwks.Close)
	env := map[string]string{
		"JWKS_URL": jwks.URL + "/api/auth/jwks", "DATABASE_URL": proxy, "MAIL_FILE": s.mails,
		"MAGIC_LINK": "on", "EMAIL_OTP": "on",
		"TWO_FACTOR":         "on",
		"SUPABASE_BRIDGE":    "on",
		"SHARED_DATABASE":    "on", // so that /api/auth/jwks reads the database
		"ADMIN":              "on",
		"BETTER_AUTH_SECRET": "a secret of the tests, long enough", "SIGNING_KEYS_FILE": filepath.Join(dir, "keys.json"),
	}
	for i := 0; i < len(settings); i += 2 {
		env[settings[i]] = settings[i+1]
	}
	var err error
	if s.cfg, err = config.LoadAPI(func(name string) string { return env[name] }); err != nil {
		t.Fatal(err)
	}
	set, err := signingKeys()
	if err == nil {
		err = keys.SaveFile(s.cfg.SigningKeysFile, set)
	}
	if err != nil {
		t.Fatal(err)
	}
	if s.db, err = pgxpool.New(t.Context(), url+"&application_name=the-test"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.db.Close)
	s.wire.Terminate = s.terminateConnections
	// /api/profile fetches the JWKS from this server, over HTTP.
	published.Handle("/", s.startAuth(t, nil).JWKSRoutes().Mux(s.cfg))
	s.restartWithoutConnection(t)
	return s
}

// restartWithoutConnection starts the endpoints again without a connection, as a cold start does.
func (s *testServer) restartWithoutConnection(t *testing.T) {
	t.Helper()
	var db *store.Store
	a := s.startAuth(t, &db)
	s.open = db
	all := web.Routes{}
	for _, served := range []web.Routes{
		a.SignupRoutes(), a.SigninRoutes(), a.SignoutRoutes(), a.SessionRoutes(), a.TokenRoutes(), a.JWKSRoutes(),
		a.PasswordRoutes(), a.EmailRoutes(), a.AccountRoutes(), passwordless.New(a).PasswordlessRoutes(),
		admin.New(a, auditlog.NewBuffer(slog.DiscardHandler, 1)).AdminRoutes(), twofactor.New(a).TwoFactorRoutes(),
		profile.New(s.cfg, db, a.Limits, time.Now).ProfileRoutes(),
	} {
		for route, h := range served {
			all[route] = h
		}
	}
	s.mux = all.Mux(s.cfg)
}

// startAuth creates the endpoints of shared/auth on a new pool of one connection. If pool is not nil, the connections
// go through the faultyDialer, and startAuth sets *pool.
func (s *testServer) startAuth(t *testing.T, pool **store.Store) *auth.Service {
	t.Helper()
	secretStore := secrets.New(s.cfg, time.Now)
	db := store.Open(secretStore, 1).UsePlugins(s.cfg.Plugins)
	t.Cleanup(db.Close)
	if pool != nil {
		db.Dial, *pool = s.wire.Dial, db
	}
	a := auth.New(s.cfg, db, secretStore, time.Now)
	a.Hasher = password.NewCheap()
	return a
}

// terminateConnections makes Postgres close the server's connections, and waits up to a second until they are closed.
func (s *testServer) terminateConnections() {
	for range 200 {
		var left int
		err := s.db.QueryRow(context.Background(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name <> 'the-test'`).Scan(&left)
		if err == nil && left == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// queryValue returns the single value of a query.
func queryValue[T any](t *testing.T, s *testServer, sql string, args ...any) (v T) {
	t.Helper()
	if err := s.db.QueryRow(context.Background(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("query %s: %v", sql, err)
	}
	return v
}

// testUser is a user with a browser and an IP address.
type testUser struct {
	server          *testServer
	ip              string
	email, password string
	cookie, jwt     string
	adminCookie     string // the cookie with the session of an administrator who impersonates another user
}

var userCount atomic.Int64

// newUnregisteredUser returns a user who has not registered, with a new IP address.
func (s *testServer) newUnregisteredUser() *testUser {
	n := userCount.Add(1)
	return &testUser{
		server: s, email: fmt.Sprintf("p%d@example.com", n), password: "correct horse",
		ip: fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255),
	}
}

// newUser returns a user who has registered and is signed in, with a JWT.
func (s *testServer) newUser(t *testing.T) *testUser {
	t.Helper()
	p := s.newUnregisteredUser()
	p.mustSucceed(t, "POST", "/api/auth/sign-up/email", p.credentials("name", "Ada"))
	p.getJWT(t)
	return p
}

// getJWT gets a JWT for the user's session.
func (p *testUser) getJWT(t *testing.T) {
	t.Helper()
	var reply struct{ Token string }
	if err := json.Unmarshal(p.mustSucceed(t, "GET", "/api/auth/token", "").Body.Bytes(), &reply); err != nil {
		t.Fatal(err)
	}
	p.jwt = reply.Token
}

// credentials returns a JSON body with the user's email and password. more has the names and values of more fields.
func (p *testUser) credentials(more ...string) string {
	body := map[string]string{"email": p.email, "password": p.password}
	for i := 0; i < len(more); i += 2 {
		body[more[i]] = more[i+1]
	}
	text, _ := json.Marshal(body) //nolint:errchkjson // cannot fail for a map of strings
	return string(text)
}

// do sends a request and stores the session cookie of the response, or that of a sign-in that waits for the second
// factor.
func (p *testUser) do(ctx context.Context, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	r.RemoteAddr = p.ip + ":1"
	r.Header.Set("Origin", config.DefaultOrigin)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if p.cookie != "" {
		r.Header.Set("Cookie", strings.TrimSuffix(p.cookie+"; "+p.adminCookie, "; "))
	}
	if strings.HasPrefix(path, "/api/profile") {
		r.Header.Set("Authorization", "Bearer "+p.jwt)
	}
	w := httptest.NewRecorder()
	p.server.mux.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		isCredential := strings.HasSuffix(c.Name, "session_token") || strings.HasSuffix(c.Name, "two_factor")
		if isCredential && c.Value != "" {
			p.cookie = c.Name + "=" + c.Value
		}
		if strings.HasSuffix(c.Name, "admin_session") {
			p.adminCookie = c.Name + "=" + c.Value
		}
	}
	return w
}

// mustSucceed sends a request, and fails the test if the status is an error.
func (p *testUser) mustSucceed(t *testing.T, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	w := p.do(context.Background(), method, path, body)
	if w.Code >= 400 {
		t.Fatalf("%s %s: got %d %s, want a status below 400", method, path, w.Code, w.Body)
	}
	return w
}

// signInOnOtherDevice signs the user in on another device, and returns the user with the cookies of that device.
func (p *testUser) signInOnOtherDevice(t *testing.T) *testUser {
	t.Helper()
	other := *p
	other.cookie = ""
	other.mustSucceed(t, "POST", "/api/auth/sign-in/email", p.credentials())
	return &other
}

// isSignedIn reports whether the user's cookie has a valid session.
func (p *testUser) isSignedIn() bool {
	w := p.do(context.Background(), "GET", "/api/auth/get-session", "")
	return w.Code == http.StatusOK && strings.Contains(w.Body.String(), p.email)
}

// canSignIn reports whether the user can sign in with a password. Each call has a new IP address, so that the limits by
// IP address do not apply.
func (p *testUser) canSignIn(password string) bool {
	other := p.server.newUnregisteredUser()
	other.email, other.password = p.email, password
	return other.do(context.Background(), "POST", "/api/auth/sign-in/email", other.credentials()).Code == http.StatusOK
}

// newestMailToken returns the token of the newest mail of a kind to the user.
func (p *testUser) newestMailToken(t *testing.T, kind string) (token string) {
	t.Helper()
	f, err := os.Open(p.server.mails)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var m struct{ Kind, To, Token string }
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		if m.Kind == kind && m.To == p.email {
			token = m.Token
		}
	}
	if token == "" {
		t.Fatalf("the outbox has no mail of kind %s to %s, want one", kind, p.email)
	}
	return token
}
