package admin_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/admin"
	"github.com/xenon-auth/xenon/shared/auditlog"
	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

const origin = "http://localhost:3000"

// auditLog has the audit records of all servers of these tests.
//
//nolint:sloglint // slog.DiscardHandler is enabled for no level, so the buffer would get no record
var auditLog = auditlog.NewBuffer(slog.NewTextHandler(io.Discard, nil), 10_000)

func init() { slog.SetDefault(slog.New(auditLog)) }

// server serves the endpoints of the packages auth and admin, with ADMIN=on.
type server struct {
	t    *testing.T
	url  string // of the database
	wire *dbtest.CountingDialer
	mux  http.Handler
}

// newServer returns a server. The settings, name and value in turn, replace the defaults of the tests.
func newServer(t *testing.T, settings ...string) *server {
	t.Helper()
	return newServerWithAuditLog(t, auditLog, settings...)
}

// newServerWithAuditLog is like newServer, for a server that reads another audit log.
func newServerWithAuditLog(t *testing.T, log auditlog.Reader, settings ...string) *server {
	t.Helper()
	s := &server{t: t, url: dbtest.New(t), wire: &dbtest.CountingDialer{}}
	env := map[string]string{
		"DATABASE_URL": s.url, "BETTER_AUTH_SECRET": "a secret of the tests, long enough", "ADMIN": "on",
		"SIGNING_KEYS_FILE": filepath.Join(t.TempDir(), "keys.json"), "MAIL": "none", "RATE_LIMIT": "off",
	}
	for i := 0; i < len(settings); i += 2 {
		env[settings[i]] = settings[i+1]
	}
	cfg, err := config.LoadAPI(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	appSecrets := secrets.New(cfg, time.Now)
	db := store.Open(appSecrets, 10).UsePlugins(cfg.Plugins)
	db.Dial = s.wire.Dial
	t.Cleanup(db.Close)
	service := auth.New(cfg, db, appSecrets, time.Now)
	service.Hasher = password.NewCheap()
	all := web.Routes{}
	for _, routes := range []web.Routes{
		service.SignupRoutes(), service.SigninRoutes(), service.SessionRoutes(), service.AccountRoutes(),
		service.PasswordRoutes(),
		admin.New(service, log).AdminRoutes(),
	} {
		for route, h := range routes {
			all[route] = h
		}
	}
	s.mux = all.Mux(cfg)
	return s
}

// client is a browser with the cookies of a user.
type client struct {
	s       *server
	id      string
	cookies map[string]string
}

// answer is a response.
type answer struct {
	status int
	body   string
}

// code returns the member code of the body, "" if it has none.
func (a answer) code() string {
	var e struct{ Code string }
	_ = json.Unmarshal([]byte(a.body), &e)
	return e.Code
}

func (c *client) do(method, path, body string) answer {
	r := httptest.NewRequestWithContext(c.s.t.Context(), method, "/api/auth"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Origin", origin)
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	c.s.mux.ServeHTTP(w, r)
	for _, cookie := range w.Result().Cookies() {
		if cookie.MaxAge < 0 || cookie.Value == "" {
			delete(c.cookies, cookie.Name)
		} else {
			c.cookies[cookie.Name] = cookie.Value
		}
	}
	return answer{w.Code, w.Body.String()}
}

// post sends a request to an endpoint below /admin.
func (c *client) post(path, body string) answer { return c.do("POST", "/admin/"+path, body) }

// signUp registers name@example.com in a new browser.
func (s *server) signUp(name string) *client {
	s.t.Helper()
	c := &client{s: s, cookies: map[string]string{}}
	a := c.do("POST", "/sign-up/email", `{"name":"`+name+`","email":"`+name+`@example.com","password":"correct horse"}`)
	if a.status != http.StatusOK {
		s.t.Fatalf("sign-up: got %d %s, want 200", a.status, a.body)
	}
	c.id = dbtest.Value[string](s.t, s.url, `SELECT id::text FROM "user" WHERE email = $1`, name+"@example.com")
	return c
}

// newAdmin registers a user with the role admin.
func (s *server) newAdmin() *client {
	s.t.Helper()
	c := s.signUp("root")
	s.setRole(c, "admin")
	return c
}

// sessionTokenOf returns the token of the only session of a client's user.
func (s *server) sessionTokenOf(c *client) string {
	s.t.Helper()
	return dbtest.Value[string](s.t, s.url, `SELECT token FROM session WHERE "userId" = $1`, c.id)
}

func (s *server) setRole(c *client, role string) {
	s.t.Helper()
	dbtest.Exec(s.t, s.url, `UPDATE "user" SET role = $2 WHERE id = $1`, c.id, role)
}

// userOf returns the id of the user of the client's session, "" if there is none.
func (c *client) userOf() string {
	var body struct{ User struct{ ID string } }
	_ = json.Unmarshal([]byte(c.do("GET", "/get-session", "").body), &body)
	return body.User.ID
}
