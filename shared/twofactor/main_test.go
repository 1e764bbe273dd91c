package twofactor_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/totptest"
	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/twofactor"
	"github.com/xenon-auth/xenon/shared/web"
)

func init() { slog.SetDefault(slog.New(slog.DiscardHandler)) }

const testSecret = "a secret of the tests, long enough"

// server has the endpoints of packages auth and twofactor, with a database of its own and a clock that the test sets.
type server struct {
	t    *testing.T
	url  string // URL of the database
	wire *dbtest.CountingDialer
	auth *auth.Service
	mux  http.Handler
	now  time.Time

	mu    sync.Mutex
	mails []mail.Message
}

// newServer returns a server with TWO_FACTOR=on, and with settings in the form "NAME=value".
func newServer(t *testing.T, settings ...string) *server {
	t.Helper()
	s := &server{
		t: t, url: dbtest.New(t), wire: &dbtest.CountingDialer{}, now: time.Date(2026, 1, 15, 12, 0, 5, 123e6, time.UTC),
	}
	env := map[string]string{
		"DATABASE_URL": s.url, "BETTER_AUTH_SECRET": testSecret, "CLIENT_IP": "xff:0", "RATE_LIMIT": "off",
		"SIGNING_KEYS_FILE": filepath.Join(t.TempDir(), "keys.json"), "TWO_FACTOR": "on", "APP_NAME": "Xenon",
	}
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		env[name] = value
	}
	cfg, err := config.LoadAPI(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return s.now }
	appSecrets := secrets.New(cfg, clock)
	db := store.Open(appSecrets, 10).UsePlugins(cfg.Plugins)
	db.Dial = s.wire.Dial
	t.Cleanup(db.Close)
	s.auth = auth.New(cfg, db, appSecrets, clock)
	s.auth.Hasher, s.auth.Mail = password.NewCheap(), s
	routes := web.Routes{}
	for _, more := range []web.Routes{
		s.auth.SignupRoutes(), s.auth.SigninRoutes(), s.auth.SignoutRoutes(), s.auth.SessionRoutes(),
		s.auth.PasswordRoutes(), s.auth.EmailRoutes(), twofactor.New(s.auth).TwoFactorRoutes(),
	} {
		maps.Copy(routes, more)
	}
	s.mux = routes.Mux(cfg)
	return s
}

// Send keeps a mail for takeMail.
func (s *server) Send(_ context.Context, m mail.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
	return nil
}

// takeMail returns the last mail, and removes all. It fails the test if there is none.
func (s *server) takeMail() mail.Message {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.mails) == 0 {
		s.t.Fatal("there is no mail, want one")
	}
	m := s.mails[len(s.mails)-1]
	s.mails = nil
	return m
}

// answer is a response.
type answer struct {
	status int
	body   string
	header http.Header
}

func (a answer) json(t *testing.T) (m map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		t.Fatalf("read the response %d %s as JSON: %v", a.status, a.body, err)
	}
	return m
}

// check compares the status and the code of the response. code is "" for a response without a code.
func (a answer) check(t *testing.T, name string, status int, code string) answer {
	t.Helper()
	var e struct{ Code string }
	_ = json.Unmarshal([]byte(a.body), &e)
	if a.status != status || e.Code != code {
		t.Errorf("%s: got %d %s, want %d %s", name, a.status, a.body, status, code)
	}
	return a
}

// browser has the cookies of a browser.
type browser struct {
	s       *server
	cookies map[string]string
	ip      string
}

func (s *server) newBrowser() *browser {
	return &browser{s: s, cookies: map[string]string{}, ip: "192.0.2.1"}
}

// copy returns a browser with the same cookies.
func (b *browser) copy() *browser { return &browser{b.s, maps.Clone(b.cookies), b.ip} }

// post sends a request and stores the cookies of the response. It does not fail the test, so that goroutines can use
// it.
func (b *browser) post(path string, body map[string]any) answer {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // the bodies of the tests have only texts and booleans
	}
	return b.send("POST", "/api/auth"+path, strings.NewReader(string(text)))
}

func (b *browser) send(method, path string, body io.Reader) answer {
	r := httptest.NewRequest(method, path, body)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", b.ip)
	r.Header.Set("Origin", "http://localhost:3000")
	var pairs []string
	for name, value := range b.cookies {
		pairs = append(pairs, name+"="+value)
	}
	if pairs != nil {
		r.Header.Set("Cookie", strings.Join(pairs, "; "))
	}
	w := httptest.NewRecorder()
	b.s.mux.ServeHTTP(w, r)
	for _, line := range w.Header()["Set-Cookie"] {
		pair, attributes, _ := strings.Cut(line, ";")
		name, value, _ := strings.Cut(pair, "=")
		if strings.Contains(attributes, "Max-Age=0") {
			delete(b.cookies, name)
		} else {
			b.cookies[name] = value
		}
	}
	return answer{w.Code, w.Body.String(), w.Header()}
}

const testPassword = "correct horse"

// person is a user of the tests, in the browser in which they have signed up.
type person struct {
	*browser
	email, id string
	app       totptest.App
	codes     []string // the backup codes
}

// signUp registers a person.
func (s *server) signUp(name string) *person {
	s.t.Helper()
	p := &person{browser: s.newBrowser(), email: name + "@example.com"}
	a := p.post("/sign-up/email", map[string]any{"name": name, "email": p.email, "password": testPassword}).
		check(s.t, "sign-up", 200, "")
	p.id, _ = a.json(s.t)["user"].(map[string]any)["id"].(string)
	return p
}

// signUpWithApp registers a person who has an authenticator app, and lets the code of the set-up end.
func (s *server) signUpWithApp(name string) *person {
	s.t.Helper()
	p := s.signUp(name)
	p.setUp()
	p.post("/two-factor/verify-totp", map[string]any{"code": p.code()}).check(s.t, "first code", 200, "")
	s.now = s.now.Add(2 * time.Minute)
	return p
}

// setUp begins the set-up of an authenticator app.
func (p *person) setUp() {
	p.s.t.Helper()
	a := p.post("/two-factor/enable", map[string]any{"password": testPassword}).check(p.s.t, "enable", 200, "")
	var reply struct {
		TOTPURI     string
		BackupCodes []string
	}
	if err := json.Unmarshal([]byte(a.body), &reply); err != nil {
		p.s.t.Fatal(err)
	}
	app, err := totptest.Scan(reply.TOTPURI)
	if err != nil {
		p.s.t.Fatal(err)
	}
	p.codes, p.app = reply.BackupCodes, app
}

// code returns the code that the app shows now.
func (p *person) code() string { return p.app.Code(p.s.now) }

// passwordOnly signs in with the password in a new browser, which then has a challenge.
func (p *person) passwordOnly() *browser {
	p.s.t.Helper()
	b := p.s.newBrowser()
	b.signInWithPassword(p).check(p.s.t, "sign-in", 200, "")
	if b.cookies["better-auth.two_factor"] == "" || b.isSignedIn() {
		p.s.t.Fatalf("after the password the browser has the cookies %v, want a challenge and no session", b.cookies)
	}
	return b
}

// signInWithPassword sends the first step of a sign-in.
func (b *browser) signInWithPassword(p *person) answer {
	return b.post("/sign-in/email", map[string]any{"email": p.email, "password": testPassword})
}

// isSignedIn reports whether the browser has a session.
func (b *browser) isSignedIn() bool {
	a := b.send("GET", "/api/auth/get-session", nil)
	return a.status == http.StatusOK && a.body != "null"
}

func query[T any](s *server, sql string, args ...any) T {
	s.t.Helper()
	return dbtest.Value[T](s.t, s.url, sql, args...)
}

func (s *server) exec(sql string, args ...any) {
	s.t.Helper()
	dbtest.Exec(s.t, s.url, sql, args...)
}

// sessionsOf returns how many sessions a person has.
func (s *server) sessionsOf(p *person) int64 {
	s.t.Helper()
	return query[int64](s, `SELECT count(*) FROM session WHERE "userId" = $1::uuid`, p.id)
}

// inParallel calls f n times at the same time and returns how many responses had each status.
func inParallel(n int, f func(i int) answer) map[int]int {
	statuses, results := map[int]int{}, make([]answer, n)
	var wait sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wait.Go(func() {
			<-start
			results[i] = f(i)
		})
	}
	close(start)
	wait.Wait()
	for _, a := range results {
		statuses[a.status]++
	}
	return statuses
}
