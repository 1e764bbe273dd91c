package session_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// signedInUser is a user with a session. The database has no other user.
type signedInUser struct {
	t        *testing.T
	sessions *session.Sessions
	db       *store.Store
	user     store.User
	cookies  []*http.Cookie // the cookies of the sign-in
	now      time.Time
	conn     *pgx.Conn
	wire     *dbtest.CountingDialer // counts the round trips of db
}

// storedHash is what the fixture stores as the hash of the password.
const storedHash = "the hash"

// newSignedInUser creates a database, signs up a user and keeps the cookies of the response.
func newSignedInUser(t *testing.T, cfg config.API) *signedInUser {
	t.Helper()
	url := dbtest.New(t)
	b := &signedInUser{t: t, now: time.Date(2026, 1, 15, 12, 0, 0, 123e6, time.UTC), wire: &dbtest.CountingDialer{}}
	db := store.Open(dbtest.FixedURL(url), 1)
	db.Dial = b.wire.Dial
	t.Cleanup(db.Close)
	cfg.Origin = "http://localhost:3000"
	b.db = db
	b.sessions = session.New(
		cfg,
		fixedSecrets("a secret of the tests, long enough"),
		web.Clients{},
		func() time.Time { return b.now },
	)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	b.conn = conn

	r, w := httptest.NewRequestWithContext(t.Context(), "POST", "/", nil), httptest.NewRecorder()
	row := b.sessions.NewUnsavedSession(r, true)
	ada := store.NewUser{Name: "Ada", Email: "ada@example.com", Hash: storedHash, At: b.now}
	if b.user, err = db.SignUp(t.Context(), ada, &row); err != nil {
		t.Fatal(err)
	}
	if err := b.sessions.SetCookies(w, r, session.Caller{Session: row, User: b.user}, true); err != nil {
		t.Fatal(err)
	}
	b.cookies = w.Result().Cookies()
	return b
}

// setUserColumns changes columns of the user; columns is the SET list of an UPDATE.
func (b *signedInUser) setUserColumns(columns string) {
	b.t.Helper()
	if _, err := b.conn.Exec(b.t.Context(), `UPDATE "user" SET `+columns); err != nil {
		b.t.Fatal(err)
	}
}

// request returns a request with the cookies of the sign-in and a query such as "?a=b".
func (b *signedInUser) request(query string) *http.Request {
	r := httptest.NewRequestWithContext(b.t.Context(), "GET", "/"+query, nil)
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	return r
}

// callerMethods returns the three methods of Sessions that find the caller, by name.
func (b *signedInUser) callerMethods() map[string]func(http.ResponseWriter, *http.Request) (*session.Caller, error) {
	return map[string]func(http.ResponseWriter, *http.Request) (*session.Caller, error){
		"CachedCaller": func(w http.ResponseWriter, r *http.Request) (*session.Caller, error) {
			c, _, err := b.sessions.CachedCaller(w, r, b.db)
			return c, err
		},
		"Caller": func(w http.ResponseWriter, r *http.Request) (*session.Caller, error) {
			return b.sessions.Caller(w, r, b.db)
		},
		"CallerForSensitiveRoute": func(w http.ResponseWriter, r *http.Request) (*session.Caller, error) {
			return b.sessions.CallerForSensitiveRoute(w, r, b.db)
		},
	}
}
