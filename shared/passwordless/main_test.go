package passwordless_test

import (
	"context"
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

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/passwordless"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

const (
	origin = "http://localhost:3000"
	ada    = "ada@example.com"

	sendLinkPath = "/api/auth/sign-in/magic-link"
	verifyPath   = "/api/auth/magic-link/verify"
)

func init() { slog.SetDefault(slog.New(slog.DiscardHandler)) }

// mailbox is a mail.Sender that keeps the mails instead of sending them.
type mailbox struct {
	mu    sync.Mutex
	mails []mail.Message
}

func (m *mailbox) Send(_ context.Context, message mail.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = append(m.mails, message)
	return nil
}

// takeAll returns the mails since the last call.
func (m *mailbox) takeAll() []mail.Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	mails := m.mails
	m.mails = nil
	return mails
}

// server has the endpoints of the packages auth and passwordless, with both plugins on, a database of its own and a
// clock that the test sets.
type server struct {
	t    *testing.T
	url  string // of the database
	wire *dbtest.CountingDialer
	box  *mailbox
	mux  http.Handler
	now  time.Time
}

// newServer returns a server. The settings, name and value in turn, replace the defaults of the tests.
func newServer(t *testing.T, settings ...string) *server {
	t.Helper()
	s := &server{
		t: t, url: dbtest.New(t), wire: &dbtest.CountingDialer{}, box: &mailbox{},
		now: time.Date(2026, 1, 15, 12, 0, 0, 123e6, time.UTC),
	}
	env := map[string]string{
		"DATABASE_URL": s.url, "BETTER_AUTH_SECRET": "a secret of the tests, long enough",
		"SIGNING_KEYS_FILE": filepath.Join(t.TempDir(), "keys.json"), "CLIENT_IP": "xff:1",
		"RATE_LIMIT": "off", "MAGIC_LINK": "on", "EMAIL_OTP": "on",
	}
	for i := 0; i < len(settings); i += 2 {
		env[settings[i]] = settings[i+1]
	}
	cfg, err := config.LoadWithoutSocial(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return s.now }
	secretStore := secrets.New(cfg, now)
	db := store.Open(secretStore, 10).UseSchema(cfg.Schema).UsePlugins(cfg.Plugins)
	db.Dial = s.wire.Dial
	t.Cleanup(db.Close)
	service := auth.New(cfg, db, secretStore, now)
	service.Hasher, service.Mail = password.NewCheap(), s.box
	all := web.Routes{}
	for _, routes := range []web.Routes{
		service.SignupRoutes(), service.SigninRoutes(), service.SessionRoutes(), service.AccountRoutes(),
		service.PasswordRoutes(), passwordless.New(service).PasswordlessRoutes(),
	} {
		maps.Copy(all, routes)
	}
	s.mux = all.Mux(cfg)
	return s
}

// answer is a response.
type answer struct {
	status int
	body   string
	header http.Header
}

func (a answer) location() string { return a.header.Get("Location") }

// text returns a member of the body that is a text.
func (a answer) text(name string) string {
	var members map[string]any
	_ = json.Unmarshal([]byte(a.body), &members) // a body that is not an object has no members
	text, _ := members[name].(string)
	return text
}

// check compares the status and the code of a response with the wanted ones.
func (a answer) check(t *testing.T, name string, status int, code string) {
	t.Helper()
	if a.status != status || a.text("code") != code {
		t.Errorf("%s: got %d %s, want %d with the code %q", name, a.status, a.body, status, code)
	}
}

// browser keeps cookies between requests.
type browser struct {
	s       *server
	ip      string
	cookies map[string]string
}

func (s *server) browser() *browser {
	return &browser{s: s, ip: "192.0.2.1", cookies: map[string]string{}}
}

// do sends a request with the cookies of the browser and keeps those of the response. A 500 fails the test.
func (b *browser) do(method, path, body string, headers ...string) answer {
	b.s.t.Helper()
	r := httptest.NewRequestWithContext(b.s.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("X-Forwarded-For", b.ip)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", origin)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.s.mux.ServeHTTP(w, r)
	got := w.Result()
	defer func() { _ = got.Body.Close() }()
	for _, c := range got.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	if got.StatusCode == http.StatusInternalServerError {
		b.s.t.Errorf("%s %s: got status 500, want another one", method, path)
	}
	return answer{got.StatusCode, w.Body.String(), got.Header}
}

// takeMail returns the only mail since the last call.
func (s *server) takeMail() mail.Message {
	s.t.Helper()
	mails := s.box.takeAll()
	if len(mails) != 1 {
		s.t.Fatalf("mails since the last call: got %d, want 1: %v", len(mails), mails)
	}
	return mails[0]
}

// sendLink requests a link for an email and returns the path and the query of the mailed URL. more has further members
// of the body, such as `,"name":"Ada"`.
func (s *server) sendLink(email, more string) string {
	s.t.Helper()
	a := s.browser().do("POST", sendLinkPath, `{"email":"`+email+`"`+more+`}`)
	a.check(s.t, "request for a link", http.StatusOK, "")
	return strings.TrimPrefix(s.takeMail().URL, origin)
}

// userID returns the id of the user who is signed in, "" if no user is.
func (b *browser) userID() string {
	b.s.t.Helper()
	var session struct {
		User struct{ ID string }
	}
	_ = json.Unmarshal([]byte(b.do("GET", "/api/auth/get-session", "").body), &session) // null without a session
	return session.User.ID
}

// signUp registers with a password, sets emailVerified of the user to verified, and returns the id of the user.
func (b *browser) signUp(email string, verified bool) string {
	b.s.t.Helper()
	a := b.do("POST", "/api/auth/sign-up/email", `{"name":"Ada","email":"`+email+`","password":"correct horse"}`)
	a.check(b.s.t, "sign-up", http.StatusOK, "")
	dbtest.Exec(b.s.t, b.s.url, `UPDATE "user" SET "emailVerified" = $1 WHERE email = $2`, verified, email)
	return query[string](b.s, `SELECT id::text FROM "user" WHERE email = $1`, email)
}

// query reads one value from the database.
func query[T any](s *server, sql string, args ...any) T {
	s.t.Helper()
	return dbtest.Value[T](s.t, s.url, sql, args...)
}

// countRoundTrips calls f and returns how many round trips to the database it takes.
func (s *server) countRoundTrips(f func()) int {
	before := s.wire.RoundTrips()
	f()
	return s.wire.RoundTrips() - before
}

// doAtOnce sends n requests at the same time, each in a browser of its own, and returns the responses.
func (s *server) doAtOnce(n int, send func(b *browser) answer) []answer {
	answers := make([]answer, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range answers {
		b := s.browser()
		all.Go(func() {
			<-start
			answers[i] = send(b)
		})
	}
	close(start)
	all.Wait()
	return answers
}
