package social_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/providertest"
	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/password"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/social"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

const origin = "http://localhost:3000"

// providers is a server that stands in for all social providers. The tests share it, because net/http reads the
// environment variables of the proxy only once.
var providers *providertest.Server

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	var err error
	if providers, err = providertest.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer providers.Close()
	if err := providers.SetEnvironment(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// server serves the endpoints of the packages auth and social, with the providers google, github, apple, twitter and
// the OpenID Connect provider keycloak.
type server struct {
	t     *testing.T
	url   string // of the database
	wire  *dbtest.CountingDialer
	mux   http.Handler
	ahead time.Duration // how far the server's clock is ahead of the real time, which the providers use
}

// newServer returns a server. The settings, name and value in turn, replace the defaults of the tests.
func newServer(t *testing.T, settings ...string) *server {
	t.Helper()
	s := &server{t: t, url: dbtest.New(t), wire: &dbtest.CountingDialer{}}
	env := map[string]string{
		"DATABASE_URL": s.url, "BETTER_AUTH_SECRET": "a secret of the tests, long enough",
		"SIGNING_KEYS_FILE": filepath.Join(t.TempDir(), "keys.json"),
		"MAIL_FILE":         filepath.Join(t.TempDir(), "mail.jsonl"), "RATE_LIMIT": "off",
		"OIDC_PROVIDER_ID": "keycloak", "OIDC_ISSUER": providertest.Issuer("keycloak"),
		"OIDC_CLIENT_ID": providertest.ClientID("keycloak"), "OIDC_CLIENT_SECRET": providertest.ClientSecret("keycloak"),
	}
	for _, provider := range []string{"google", "github", "apple", "twitter"} {
		for name, value := range providertest.ClientSettings(provider) {
			env[name] = value
		}
	}
	for i := 0; i < len(settings); i += 2 {
		env[settings[i]] = settings[i+1]
	}
	cfg, err := config.LoadAPI(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Now().Add(s.ahead) }
	secretStore := secrets.New(cfg, now)
	db := store.Open(secretStore, 10).UseSchema(cfg.Schema).UsePlugins(cfg.Plugins)
	db.Dial = s.wire.Dial
	t.Cleanup(db.Close)
	service := auth.New(cfg, db, secretStore, now)
	service.Hasher = password.NewCheap()
	all := web.Routes{}
	for _, routes := range []web.Routes{
		service.SignupRoutes(), service.SigninRoutes(), service.SignoutRoutes(), service.SessionRoutes(),
		service.AccountRoutes(), service.PasswordRoutes(),
		social.New(service, secretStore).SocialRoutes(),
	} {
		for route, h := range routes {
			all[route] = h
		}
	}
	s.mux = all.Mux(cfg)
	return s
}

// browser keeps cookies between requests.
type browser struct {
	s       *server
	cookies map[string]string
}

func (s *server) browser() *browser { return &browser{s: s, cookies: map[string]string{}} }

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

// do sends a request with the cookies of the browser and keeps those of the response. A 500 fails the test.
func (b *browser) do(method, path, body string) answer {
	b.s.t.Helper()
	r := httptest.NewRequestWithContext(b.s.t.Context(), method, path, strings.NewReader(body))
	if strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/json")
	} else if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if len(b.cookies) > 0 {
		r.Header.Set("Origin", origin)
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

// beginSignIn starts a sign-in and returns the authorization URL. The argument more has further members of the body,
// such as `,"callbackURL":"/home"`.
func (b *browser) beginSignIn(provider, more string) string {
	b.s.t.Helper()
	a := b.do("POST", "/api/auth/sign-in/social", `{"provider":"`+provider+`"`+more+`}`)
	if a.status != http.StatusOK {
		b.s.t.Fatalf("start a sign-in with %s: got %d %s, want 200", provider, a.status, a.body)
	}
	return a.text("url")
}

// visitProvider lets the user of v authorize the sign-in at the provider. It returns the login, which has the callback
// URL.
func (s *server) visitProvider(authorizationURL string, v providertest.Visit) *providertest.Login {
	s.t.Helper()
	login, err := providers.Authorize(authorizationURL, v)
	if err != nil {
		s.t.Fatal(err)
	}
	return login
}

// finishCallback sends the request with which the browser returns from the provider to the callback: a form, if the
// provider uses one. It returns the answer of the callback.
func (b *browser) finishCallback(l *providertest.Login) answer {
	b.s.t.Helper()
	path := strings.TrimPrefix(l.Callback, origin)
	if l.Form != nil {
		foreign := b.s.browser() // without cookies: browsers send no SameSite=Lax cookies with this POST
		path = strings.TrimPrefix(foreign.do("POST", path, l.Form.Encode()).location(), origin)
	}
	return b.do("GET", path, "")
}

// signIn signs in at a provider, and returns the answer of the callback.
func (b *browser) signIn(provider, more string, v providertest.Visit) answer {
	b.s.t.Helper()
	return b.finishCallback(b.s.visitProvider(b.beginSignIn(provider, more), v))
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
	if a.status != http.StatusOK {
		b.s.t.Fatalf("sign-up: got %d %s, want 200", a.status, a.body)
	}
	dbtest.Exec(b.s.t, b.s.url, `UPDATE "user" SET "emailVerified" = $1 WHERE email = $2`, verified, email)
	return b.userID()
}

// redirectErrorAndTarget returns the parameter error of a redirect, and the URL without its query.
func redirectErrorAndTarget(t *testing.T, location string) (code, target string) {
	t.Helper()
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	code = u.Query().Get("error")
	u.RawQuery = ""
	return code, u.String()
}

// verifiedVisit returns the visit at a provider of a user whose email the provider has verified.
func verifiedVisit() providertest.Visit {
	return providertest.Visit{Person: providertest.Person{
		Subject: "108", Name: "Ada Lovelace", Email: "Ada@Example.com", Verified: true, Image: "https://example.com/ada.png",
	}}
}
