package auth_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/social"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// origin is the public origin of the servers of these tests.
const origin = "http://localhost:3000"

func init() { slog.SetDefault(slog.New(slog.DiscardHandler)) }

// server has the endpoints of packages auth and social, with a database of its own and a clock that the test sets.
type server struct {
	t      *testing.T
	url    string // URL of the database
	wire   *dbtest.CountingDialer
	svc    *auth.Service
	social *social.Service // has no provider
	mux    http.Handler
	now    time.Time // the time of the clock
	cfg    config.API
}

// newServer returns a server. The functions in change can change its settings before.
func newServer(t *testing.T, change ...func(map[string]string)) *server {
	t.Helper()
	s := &server{t: t, url: dbtest.New(t), wire: &dbtest.CountingDialer{}, now: startOfTests}
	env := map[string]string{
		"DATABASE_URL":       s.url,
		"BETTER_AUTH_SECRET": "a secret of the tests, long enough",
		"SIGNING_KEYS_FILE":  filepath.Join(t.TempDir(), "keys.json"),
		"MAIL_FILE":          filepath.Join(t.TempDir(), "mail.jsonl"),
		"CLIENT_IP":          "xff:0",
		"RATE_LIMIT":         "off", // tests of rate limits change this
	}
	for _, f := range change {
		f(env)
	}
	cfg, err := config.LoadAPI(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	s.cfg = cfg
	clock := func() time.Time { return s.now }
	saveKeys(t, cfg.SigningKeysFile)
	secretStore := secrets.New(cfg, clock)
	db := store.Open(secretStore, 10).UsePlugins(cfg.Plugins).UseCustomClaims(cfg.CustomClaims)
	db.Dial = s.wire.Dial
	t.Cleanup(db.Close)
	s.svc = auth.New(cfg, db, secretStore, clock)
	s.svc.Hasher = password.NewCheap()
	s.social = social.New(s.svc, secretStore)
	all := web.Routes{}
	for _, routes := range []web.Routes{
		s.svc.SignupRoutes(), s.svc.SigninRoutes(), s.svc.SignoutRoutes(), s.svc.SessionRoutes(),
		s.svc.TokenRoutes(), s.svc.JWKSRoutes(),
		s.svc.PasswordRoutes(), s.svc.EmailRoutes(), s.svc.AccountRoutes(),
		s.social.SocialRoutes(),
	} {
		for route, h := range routes {
			all[route] = h
		}
	}
	s.mux = all.Mux(cfg)
	return s
}

// answer is a response. The device cookie is not in header, so that tests can compare the other cookies with those of
// Better Auth, and so that a client that sends cookie() has no device cookie.
type answer struct {
	status int
	body   string
	header http.Header
	device string // the Set-Cookie line of the device cookie
}

func (a answer) json(t *testing.T) (m map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		t.Fatalf("read the response %d %s as JSON: %v", a.status, a.body, err)
	}
	return m
}

// errorCode returns the member code of the body, "" if it has none.
func (a answer) errorCode() string {
	var e struct{ Code string }
	_ = json.Unmarshal([]byte(a.body), &e)
	return e.Code
}

// cookie returns the Cookie header that a browser would send after this response.
func (a answer) cookie() string {
	var pairs []string
	for _, line := range a.header["Set-Cookie"] {
		if pair, attributes, _ := strings.Cut(line, ";"); !strings.Contains(attributes, "Max-Age=0") {
			pairs = append(pairs, pair)
		}
	}
	return strings.Join(pairs, "; ")
}

// do sends a request with headers, given as name, value, name, value, …. It fails the test if the status is 500.
func (s *server) do(method, path, body string, headers ...string) answer {
	s.t.Helper()
	a := s.doAllowing500(method, path, body, headers...)
	if a.status == http.StatusInternalServerError {
		s.t.Errorf("%s %s: got status 500, want another one", method, path)
	}
	return a
}

// doAllowing500 is like do, for a request whose status may be 500.
func (s *server) doAllowing500(method, path, body string, headers ...string) answer {
	s.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, reader)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	a := answer{status: w.Code, body: w.Body.String(), header: w.Header()}
	a.moveDeviceCookie()
	return a
}

// moveDeviceCookie moves the device cookie from the headers to the field device.
func (a *answer) moveDeviceCookie() {
	var others []string
	for _, line := range a.header["Set-Cookie"] {
		if strings.HasPrefix(line, "better-auth.device=") {
			a.device = line
		} else {
			others = append(others, line)
		}
	}
	a.header["Set-Cookie"] = others
	if others == nil {
		a.header.Del("Set-Cookie")
	}
}

// deviceCookie returns the Cookie header of a browser that has only the device cookie of this response.
func (a answer) deviceCookie() string {
	pair, _, _ := strings.Cut(a.device, ";")
	return pair
}

const (
	signUpPath  = "/api/auth/sign-up/email"
	signInPath  = "/api/auth/sign-in/email"
	signOutPath = "/api/auth/sign-out"
	sessionPath = "/api/auth/get-session"
	tokenPath   = "/api/auth/token"
	jwksPath    = "/api/auth/jwks"
)

// signUpBody is the body of Ada's sign-up.
const signUpBody = `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`

// signUpAda signs up Ada and fails the test if that fails.
func (s *server) signUpAda() answer {
	s.t.Helper()
	a := s.do("POST", signUpPath, signUpBody)
	if a.status != http.StatusOK {
		s.t.Fatalf("sign-up: got %d %s, want 200", a.status, a.body)
	}
	return a
}

// query reads one value from the database.
func query[T any](s *server, sql string, args ...any) T {
	s.t.Helper()
	return dbtest.Value[T](s.t, s.url, sql, args...)
}

// exec executes a statement in the database, not through an endpoint.
func (s *server) exec(sql string, args ...any) {
	s.t.Helper()
	dbtest.Exec(s.t, s.url, sql, args...)
}

// countRoundTrips calls f and returns how many round trips to the database it takes.
func (s *server) countRoundTrips(f func()) int {
	before := s.wire.RoundTrips()
	f()
	return s.wire.RoundTrips() - before
}

// startOfTests is the time of every server at first.
var startOfTests = time.Date(2026, 1, 15, 12, 0, 0, 123e6, time.UTC)

// signingKeys returns the keys of every server. It generates them only once, because that is slow for RSA.
var signingKeys = sync.OnceValues(func() (keys.Set, error) { return keys.Generate(startOfTests, config.RS256) })

func saveKeys(t *testing.T, file string) {
	t.Helper()
	set, err := signingKeys()
	if err == nil {
		err = keys.SaveFile(file, set)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// useRealHashing makes s hash with the cost of the product. Other tests use a cheap hash.
func (s *server) useRealHashing() { s.svc.Hasher = password.New(s.cfg.PasswordHash) }
