package session_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
)

// banned is a user with a session, whose ban the test sets.
type banned struct {
	t        *testing.T
	sessions *session.Sessions
	db       *store.Store
	user     store.User
	cookies  []*http.Cookie // from sign-in
	now      time.Time
	conn     *pgx.Conn
	wire     *dbtest.Wire
}

func newBanned(t *testing.T, cfg config.API) *banned {
	t.Helper()
	url := dbtest.New(t)
	b := &banned{t: t, now: time.Date(2026, 1, 15, 12, 0, 0, 123e6, time.UTC), wire: &dbtest.Wire{}}
	db := store.Open(func(context.Context) (string, error) { return url, nil }, nil, 1)
	db.Dial = b.wire.Dial
	t.Cleanup(db.Close)
	cfg.Origin = "http://localhost:3000"
	b.db = db
	b.sessions = session.New(cfg, secret("a secret of the tests, long enough"), func() time.Time { return b.now })
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	b.conn = conn

	r, w := httptest.NewRequestWithContext(t.Context(), "POST", "/", nil), httptest.NewRecorder()
	row := b.sessions.Prepare(r, true)
	ada := store.NewUser{Name: "Ada", Email: "ada@example.com", At: b.now}
	if b.user, err = db.SignUp(t.Context(), ada, &row); err != nil {
		t.Fatal(err)
	}
	if err := b.sessions.SetCookies(w, r, session.Caller{Session: row, User: b.user}, true); err != nil {
		t.Fatal(err)
	}
	b.cookies = w.Result().Cookies()
	return b
}

func (b *banned) set(columns string) {
	b.t.Helper()
	if _, err := b.conn.Exec(b.t.Context(), `UPDATE "user" SET `+columns); err != nil {
		b.t.Fatal(err)
	}
}

func (b *banned) request(query string) *http.Request {
	r := httptest.NewRequestWithContext(b.t.Context(), "GET", "/"+query, nil)
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	return r
}

// ways are the methods that find the caller.
func (b *banned) ways() map[string]func(http.ResponseWriter, *http.Request) (*session.Caller, error) {
	return map[string]func(http.ResponseWriter, *http.Request) (*session.Caller, error){
		"Cached": func(w http.ResponseWriter, r *http.Request) (*session.Caller, error) {
			c, _, err := b.sessions.Cached(w, r, b.db)
			return c, err
		},
		"Caller": func(w http.ResponseWriter, r *http.Request) (*session.Caller, error) {
			return b.sessions.Caller(w, r, b.db)
		},
		"Sensitive": func(w http.ResponseWriter, r *http.Request) (*session.Caller, error) {
			return b.sessions.Sensitive(w, r, b.db)
		},
	}
}

// A ban that SQL has set counts at the next request, in one round trip. After its end the session is valid again.
func TestBannedUserHasNoCallerAtTheNextRequest(t *testing.T) {
	t.Parallel()
	b := newBanned(t, config.API{})
	for name, who := range b.ways() {
		for _, c := range []struct {
			columns string
			out     bool
		}{
			{`banned = false, "banExpires" = NULL`, false},
			{`banned = true, "banExpires" = NULL`, true},
			{`banned = true, "banExpires" = '2026-01-15 13:00:00+00'`, true},
			{`banned = true, "banExpires" = '2026-01-15 11:00:00+00'`, false},
			{`banned = NULL, "banExpires" = NULL`, false},
		} {
			b.set(c.columns)
			w, before := httptest.NewRecorder(), b.wire.Trips()
			caller, err := who(w, b.request(""))
			if err != nil || (caller == nil) != c.out {
				t.Errorf("%s, %s: got %v, %v, want no caller: %v", name, c.columns, caller, err, c.out)
			}
			set := strings.Join(w.Header()["Set-Cookie"], "\n")
			if cleared := strings.Contains(set, "session_token=; Max-Age=0"); cleared != c.out {
				t.Errorf("%s, %s: cookies cleared %v, want %v", name, c.columns, cleared, c.out)
			}
			if got := b.wire.Trips() - before; got != 1 {
				t.Errorf("%s, %s: got %d round trips, want 1", name, c.columns, got)
			}
		}
	}
}

// With the cookie cache on, only get-session answers from the cache cookie, until it expires after five minutes.
func TestOnlyCachedAcceptsTheCacheCookieOfABannedUser(t *testing.T) {
	t.Parallel()
	b := newBanned(t, config.API{CookieCache: true, CookieCacheMaxAge: config.DefaultCookieCacheMaxAge})
	b.set("banned = true")
	for _, c := range []struct {
		way, query string
		later      time.Duration
		out        bool
	}{
		{way: "Cached"},
		{way: "Cached", query: "?disableCookieCache=true", out: true},
		{way: "Caller", out: true},
		{way: "Sensitive", out: true},
		{way: "Cached", later: config.DefaultCookieCacheMaxAge},
		{way: "Cached", later: time.Millisecond, out: true},
	} {
		b.now = b.now.Add(c.later)
		caller, err := b.ways()[c.way](httptest.NewRecorder(), b.request(c.query))
		if err != nil || (caller == nil) != c.out {
			t.Errorf("%s%s, %v later: got %v, %v, want no caller: %v", c.way, c.query, c.later, caller, err, c.out)
		}
	}
}

func TestStartRefusesABannedUser(t *testing.T) {
	t.Parallel()
	b := newBanned(t, config.API{CookieCache: true, CookieCacheMaxAge: config.DefaultCookieCacheMaxAge})
	b.set("banned = true")
	w := httptest.NewRecorder()
	if _, err := b.sessions.Start(w, b.request(""), b.db, b.user, true); !errors.Is(err, store.ErrBanned) {
		t.Errorf("got %v, want ErrBanned", err)
	}
	if len(w.Header()) > 0 {
		t.Errorf("got headers %v", w.Header())
	}
}
