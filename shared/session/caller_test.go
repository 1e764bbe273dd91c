package session_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/stringify"
	"github.com/xenon-auth/xenon/shared/web"
)

func configWithCookieCache() config.API {
	return config.API{CookieCache: true, CookieCacheMaxAge: config.DefaultCookieCacheMaxAge}
}

// exec executes a statement in the database of the user.
func (b *signedInUser) exec(sql string, args ...any) {
	b.t.Helper()
	if _, err := b.conn.Exec(b.t.Context(), sql, args...); err != nil {
		b.t.Fatal(err)
	}
}

// requestWith returns a request with the cookies in others (name=value), and then those cookies of the sign-in whose
// names, without "better-auth.", are in names.
func (b *signedInUser) requestWith(names string, others ...string) *http.Request {
	pairs := others
	for _, c := range b.cookies {
		if strings.Contains(names, strings.TrimPrefix(c.Name, "better-auth.")) {
			pairs = append(pairs, c.Name+"="+c.Value)
		}
	}
	r := httptest.NewRequestWithContext(b.t.Context(), "GET", "/", nil)
	r.Header.Set("Cookie", strings.Join(pairs, "; "))
	return r
}

// namesOfSetCookies returns the names of the cookies that a response sets, without "better-auth.". Those that it clears
// have "-" before the name.
func namesOfSetCookies(w *httptest.ResponseRecorder) string {
	var names []string
	for _, line := range w.Header()["Set-Cookie"] {
		name, rest, _ := strings.Cut(strings.TrimPrefix(line, "better-auth."), "=")
		if strings.HasPrefix(rest, ";") {
			name = "-" + name
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func TestRequestWithoutSessionCookieHasNoCaller(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, cookies string
		cfg           config.API
		want          string
	}{
		{"no cookie", "", config.API{}, ""},
		{"a cookie without a valid signature", "better-auth.session_token=a.b", config.API{}, ""},
		{"a cache cookie", "better-auth.session_data=a", config.API{}, "-session_data"},
		{"an empty cache cookie", "better-auth.session_data=", config.API{}, ""},
		{"no cookie, cookie cache on", "", configWithCookieCache(), ""},
		{"a cache cookie, cookie cache on", "better-auth.session_data=a", configWithCookieCache(), ""},
	} {
		sessions := session.New(c.cfg, fixedSecrets("s"), web.Clients{}, time.Now)
		b := &signedInUser{t: t, sessions: sessions} // has no database: a query would panic
		for name, callerOf := range b.callerMethods() {
			w := httptest.NewRecorder()
			if caller, err := callerOf(w, b.requestWith("", c.cookies)); caller != nil || err != nil {
				t.Errorf("%s, %s: got caller %v, error %v; want neither", name, c.name, caller, err)
			}
			if got := namesOfSetCookies(w); got != c.want {
				t.Errorf("%s, %s: the response sets the cookies %q, want %q (- means cleared)", name, c.name, got, c.want)
			}
		}
	}
}

func TestCallerSetsTheCacheCookieThatBetterAuthSets(t *testing.T) {
	t.Parallel()
	b := newSignedInUser(t, configWithCookieCache())
	unremembered := "better-auth.dont_remember=" + session.Sign([]byte("a secret of the tests, long enough"), "true")
	for _, c := range []struct {
		name    string
		request *http.Request
		want    string
	}{
		{"a valid cache cookie", b.requestWith("session_token session_data"), ""},
		{"no cache cookie", b.requestWith("session_token"), "session_data"},
		{"an invalid cache cookie", b.requestWith("session_token", "better-auth.session_data=a"), "session_data"},
		{"not remembered", b.requestWith("session_token", unremembered), ""},
		{
			"not remembered, an invalid cache cookie",
			b.requestWith("session_token", unremembered, "better-auth.session_data=a"), "-session_data",
		},
	} {
		w := httptest.NewRecorder()
		if caller, err := b.sessions.Caller(w, c.request, b.db); caller == nil || err != nil {
			t.Errorf("Caller, %s: got caller %v, error %v; want the signed-in user", c.name, caller, err)
		}
		if got := namesOfSetCookies(w); got != c.want {
			t.Errorf("%s: the response sets the cookies %q, want %q (- means cleared)", c.name, got, c.want)
		}
	}
}

func TestCallerSetsNoCookieWhenTheDatabaseFails(t *testing.T) {
	t.Parallel()
	b := newSignedInUser(t, configWithCookieCache())
	b.exec(`DROP TABLE session CASCADE`)
	for name, callerOf := range b.callerMethods() {
		w := httptest.NewRecorder()
		caller, err := callerOf(w, b.requestWith("session_token", "better-auth.session_data=a"))
		if caller != nil || err == nil || len(w.Header()) > 0 {
			t.Errorf("%s without the table session: got caller %v, error %v, headers %v; want only an error",
				name, caller, err, w.Header())
		}
	}
	w := httptest.NewRecorder()
	if err := b.sessions.End(w, b.request(""), b.db); err == nil || len(w.Header()) > 0 {
		t.Errorf("End without the table session: got error %v, headers %v; want only an error", err, w.Header())
	}
}

// A session that was last extended a day ago or earlier is extended to seven days from now.
func TestSessionIsExtendedOnceADay(t *testing.T) {
	t.Parallel()
	b := newSignedInUser(t, config.API{})
	signIn := b.now
	const day = 24 * time.Hour
	for _, c := range []struct {
		later time.Duration
		ends  time.Duration // time after the sign-in
		want  string
	}{
		{later: day - time.Millisecond, ends: 7 * day},
		{later: day, ends: 8 * day, want: "session_token"},
		{later: 2*day - time.Millisecond, ends: 8 * day},
		{later: 8 * day, ends: 15 * day, want: "session_token"}, // in its last millisecond
	} {
		b.now = signIn.Add(c.later)
		w := httptest.NewRecorder()
		caller, err := b.sessions.Caller(w, b.requestWith("session_token"), b.db)
		if err != nil || caller == nil {
			t.Fatalf("%v after the sign-in: got caller %v, error %v; want the signed-in user", c.later, caller, err)
		}
		if got, want := caller.Session.ExpiresAt.Time, signIn.Add(c.ends); !got.Equal(want) {
			t.Errorf("%v after the sign-in: the session ends at %v, want %v", c.later, got, want)
		}
		if got := namesOfSetCookies(w); got != c.want {
			t.Errorf("%v after the sign-in: the response sets the cookies %q, want %q", c.later, got, c.want)
		}
	}
}

// Not parallel: it replaces the default logger.
func TestExpiredSessionIsDeleted(t *testing.T) {
	b := newSignedInUser(t, config.API{})
	b.now = b.now.Add(7*24*time.Hour + time.Millisecond)
	b.exec(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'`)
	b.exec(`CREATE TRIGGER fail BEFORE DELETE ON session FOR EACH ROW EXECUTE FUNCTION fail()`)
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	handler := web.Routes{"GET /": func(w http.ResponseWriter, r *http.Request) error {
		caller, err := b.sessions.Caller(w, r, b.db)
		if caller != nil {
			t.Errorf("request with an expired session: got caller %v, want none", caller)
		}
		return err
	}}.Mux(config.API{})
	for _, c := range []struct {
		name string
		left int // number of sessions afterwards
	}{
		{"the delete fails", 1}, // the request still succeeds
		{"the delete succeeds", 0},
	} {
		if c.left == 0 {
			b.exec(`DROP TRIGGER fail ON session`)
		}
		log.Reset()
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, b.requestWith("session_token"))
		if got, want := namesOfSetCookies(w), "-session_token -session_data -dont_remember"; w.Code != 200 || got != want {
			t.Errorf("request with an expired session, %s: got status %d, cookies %q; want 200 and %q (- means cleared)",
				c.name, w.Code, got, want)
		}
		if got := b.countSessions(); got != c.left {
			t.Errorf("%s: %d sessions are left, want %d", c.name, got, c.left)
		}
		logged := strings.Contains(log.String(), `"error":"delete expired session`)
		if want := c.left == 1; logged != want {
			t.Errorf("%s: an error is logged: %v, want %v: %s", c.name, logged, want, &log)
		}
	}
}

func (b *signedInUser) countSessions() (n int) {
	b.t.Helper()
	if err := b.conn.QueryRow(b.t.Context(), `SELECT count(*) FROM session`).Scan(&n); err != nil {
		b.t.Fatal(err)
	}
	return n
}

// The trigger skips the update, as if another request had deleted the session after it was read.
func TestSessionThatEndsBeforeItsExtensionIsReported(t *testing.T) {
	t.Parallel()
	b := newSignedInUser(t, config.API{})
	b.exec(`CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`)
	b.exec(`CREATE TRIGGER skip BEFORE UPDATE ON session FOR EACH ROW EXECUTE FUNCTION skip()`)
	b.now = b.now.Add(25 * time.Hour)
	other := "better-auth.session_token=" + session.Sign([]byte("a secret of the tests, long enough"), "another")
	for _, c := range []struct {
		name    string
		request *http.Request
		want    string
	}{
		{"one token", b.requestWith("session_token"), "-session_token -session_data -dont_remember"},
		{"two tokens", b.requestWith("session_token", other), ""}, // the session of the other token may be live
	} {
		w := httptest.NewRecorder()
		caller, err := b.sessions.Caller(w, c.request, b.db)
		if caller != nil || !errors.Is(err, session.ErrEnded) {
			t.Errorf("Caller, %s: got caller %v, error %v; want ErrEnded", c.name, caller, err)
		}
		if got := namesOfSetCookies(w); got != c.want {
			t.Errorf("%s: the response sets the cookies %q, want %q (- means cleared)", c.name, got, c.want)
		}
	}

	b.exec(`CREATE OR REPLACE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'`)
	w := httptest.NewRecorder()
	caller, err := b.sessions.Caller(w, b.requestWith("session_token"), b.db)
	if caller != nil || err == nil || errors.Is(err, session.ErrEnded) || len(w.Header()) > 0 {
		t.Errorf("the update fails: got caller %v, error %v, headers %v; want only an error other than ErrEnded",
			caller, err, w.Header())
	}
}

func TestEndDeletesTheSessionAndClearsItsCookies(t *testing.T) {
	t.Parallel()
	b := newSignedInUser(t, config.API{})
	const cleared = "-session_token -session_data -dont_remember"
	for _, c := range []struct {
		name    string
		request *http.Request
		trips   int
		left    int
	}{
		{"no cookie", b.requestWith(""), 0, 1},
		{"the session", b.request(""), 1, 0},
		{"the same session again", b.request(""), 1, 0},
	} {
		w, before := httptest.NewRecorder(), b.wire.RoundTrips()
		if err := b.sessions.End(w, c.request, b.db); err != nil {
			t.Errorf("End, %s: %v", c.name, err)
		}
		if got := namesOfSetCookies(w); got != cleared {
			t.Errorf("End, %s: the response sets the cookies %q, want %q (- means cleared)", c.name, got, cleared)
		}
		if got := b.wire.RoundTrips() - before; got != c.trips {
			t.Errorf("End, %s: got %d round trips, want %d", c.name, got, c.trips)
		}
		if got := b.countSessions(); got != c.left {
			t.Errorf("%s: %d sessions are left, want %d", c.name, got, c.left)
		}
	}
}

func TestClearCookiesKeepsOtherCookiesOfTheResponse(t *testing.T) {
	t.Parallel()
	sessions := session.New(config.API{}, fixedSecrets("s"), web.Clients{}, time.Now)
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	w.Header().Add("Set-Cookie", "better-auth.device=a")
	if err := sessions.SetCookies(w, r, session.Caller{Session: store.Session{Token: "a"}}, true); err != nil {
		t.Fatal(err)
	}
	sessions.ClearCookies(w, r)
	if got, want := namesOfSetCookies(w), "device -session_token -session_data -dont_remember"; got != want {
		t.Errorf("SetCookies, then Clear: the response sets the cookies %q, want %q (- means cleared)", got, want)
	}
}

func TestRenewCookiesKeepsWhetherTheSessionIsRemembered(t *testing.T) {
	t.Parallel()
	key := []byte("s")
	sessions := session.New(config.API{}, fixedSecrets(string(key)), web.Clients{}, time.Now)
	for cookie, want := range map[string]string{
		"": "session_token",
		"better-auth.dont_remember=" + session.Sign(key, "true"): "session_token dont_remember",
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", cookie)
		if err := sessions.RenewCookies(w, r, session.Caller{Session: store.Session{Token: "a"}}); err != nil {
			t.Fatal(err)
		}
		if got := namesOfSetCookies(w); got != want {
			t.Errorf("request with cookie %q: the response sets the cookies %q, want %q", cookie, got, want)
		}
	}
}

func TestNewSessionHasBetterAuthsLifetime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 15, 12, 0, 0, 123456789, time.UTC)
	sessions := session.New(config.API{}, fixedSecrets("s"), web.Clients{}, func() time.Time { return now })
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("User-Agent", strings.Repeat("é", 5000)) // 10,000 bytes
	type properties struct {
		Created  time.Time
		Lifetime time.Duration
		Agent    int // length of the user agent in bytes
	}
	for remember, life := range map[bool]time.Duration{true: 7 * 24 * time.Hour, false: 24 * time.Hour} {
		s := sessions.NewUnsavedSession(r, remember)
		want := properties{time.Date(2026, 1, 15, 12, 0, 0, 123e6, time.UTC), life, 8192}
		got := properties{s.CreatedAt.Time, s.ExpiresAt.Sub(s.CreatedAt.Time), len(*s.UserAgent)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("remember %v (-want +got):\n%s", remember, diff)
		}
	}
}

// If the cookie secret cannot be read, each method returns the error and sets no header.
func TestErrorOfTheSecretIsReturned(t *testing.T) {
	t.Parallel()
	want := errors.New("no secret")
	failingSecret := func(context.Context) ([][]byte, error) { return nil, want }
	b := &signedInUser{t: t, sessions: session.New(config.API{}, failingSecret, web.Clients{}, time.Now)}
	calls := map[string]func(http.ResponseWriter, *http.Request) error{
		"Tokens": func(_ http.ResponseWriter, r *http.Request) error { _, err := b.sessions.Tokens(r); return err },
		"End":    func(w http.ResponseWriter, r *http.Request) error { return b.sessions.End(w, r, nil) },
		"Device": func(_ http.ResponseWriter, r *http.Request) error { _, err := b.sessions.Device(r, "a"); return err },
		"SetDevice": func(w http.ResponseWriter, r *http.Request) error {
			return b.sessions.SetDevice(w, r, "a", "b")
		},
		"SetCookies": func(w http.ResponseWriter, r *http.Request) error {
			return b.sessions.SetCookies(w, r, session.Caller{}, true)
		},
		"RenewCookies": func(w http.ResponseWriter, r *http.Request) error {
			return b.sessions.RenewCookies(w, r, session.Caller{})
		},
	}
	for name, callerOf := range b.callerMethods() {
		calls[name] = func(w http.ResponseWriter, r *http.Request) error { _, err := callerOf(w, r); return err }
	}
	for name, call := range calls {
		w := httptest.NewRecorder()
		if err := call(w, b.requestWith("", "better-auth.device=a.b.c.d")); !errors.Is(err, want) || len(w.Header()) > 0 {
			t.Errorf("%s without the secret: got error %v, headers %v; want the error of the secret and no header",
				name, err, w.Header())
		}
	}
}

func TestAppendJSONWritesTheMembersOfTheCaller(t *testing.T) {
	t.Parallel()
	b := newSignedInUser(t, config.API{})
	caller, err := b.sessions.Caller(httptest.NewRecorder(), b.request(""), b.db)
	if err != nil || caller == nil {
		t.Fatalf("Caller: got %v, %v, want the user who signed in", caller, err)
	}
	want, err := stringify.Marshal(caller)
	if err != nil {
		t.Fatal(err)
	}
	all, user := caller.AppendJSON([]byte("before "))
	if got := string(all); got != "before "+string(want) {
		t.Errorf("AppendJSON wrote\n%s, want\nbefore %s", got, want)
	}
	if want := caller.User.AppendJSON(nil); string(user) != string(want) {
		t.Errorf("the part of the user is\n%s, want\n%s", user, want)
	}
}
