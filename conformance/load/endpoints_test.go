package load

import (
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

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

// poolSize is the number of connections to the database of a process that serves all endpoints.
const poolSize = 10

// settingsWithNewKeys returns the settings of a deployment with a database and new signing keys.
func settingsWithNewKeys(tb testing.TB, database string) map[string]string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "keys.json")
	set, err := keys.Generate(time.Now(), config.RS256)
	if err == nil {
		err = keys.SaveFile(file, set)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return map[string]string{
		"DATABASE_URL": database, "BETTER_AUTH_SECRET": "a secret of the tests, long enough", "SIGNING_KEYS_FILE": file,
		"RATE_LIMIT": "off", "MAIL": "none",
	}
}

// newHandler returns a handler of all endpoints, with at most conns connections to the database, and their store. If
// hasher is nil, they use the hasher that cfg selects.
func newHandler(cfg config.API, conns int32, hasher *password.Hasher) (http.Handler, *store.Store) {
	secretStore := secrets.New(cfg, time.Now)
	db := store.Open(secretStore, conns)
	a := auth.New(cfg, db, secretStore, time.Now)
	if hasher != nil {
		a.Hasher = hasher
	}
	all := web.Routes{}
	for _, served := range []web.Routes{
		a.SignupRoutes(), a.SigninRoutes(), a.SignoutRoutes(), a.SessionRoutes(), a.TokenRoutes(), a.JWKSRoutes(),
		a.PasswordRoutes(), a.EmailRoutes(), a.AccountRoutes(),
		social.New(a, secretStore).SocialRoutes(), passwordless.New(a).PasswordlessRoutes(),
		profile.New(cfg, db, a.Limits, time.Now).ProfileRoutes(), health.New(cfg, db, a.Limits).HealthRoutes(),
	} {
		maps.Copy(all, served)
	}
	return all.Mux(cfg), db
}

// withJWKSURL returns a function like getenv, except that JWKS_URL is the URL of the JWKS of the server that listens on
// l.
func withJWKSURL(l net.Listener, getenv func(string) string) func(string) string {
	return func(name string) string {
		if name == "JWKS_URL" {
			return "http://" + l.Addr().String() + "/api/auth/jwks"
		}
		return getenv(name)
	}
}

// testServer is a server with all endpoints.
type testServer struct {
	address, database string
}

// newTestServer starts a server in this process, with at most conns connections to its database. Each request goes to
// the handler that wrap returns for the endpoints.
func newTestServer(
	t *testing.T, conns int32, wrap func(http.Handler) http.Handler, hasher *password.Hasher,
) *testServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &testServer{address: l.Addr().String(), database: dbtest.New(t)}
	env := settingsWithNewKeys(t, s.database)
	cfg, err := config.LoadAPI(withJWKSURL(l, func(name string) string { return env[name] }))
	if err != nil {
		t.Fatal(err)
	}
	mux, db := newHandler(cfg, conns, hasher)
	t.Cleanup(db.Close)
	server := &http.Server{Handler: wrap(mux), ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return s
}

// withoutWrapper is the argument wrap of newTestServer for endpoints without another handler in front of them.
func withoutWrapper(h http.Handler) http.Handler { return h }
