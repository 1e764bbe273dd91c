package session_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/store"
)

// An operator bans a user with SQL. The ban takes effect at the next request, in one round trip. When it has ended, the
// session is valid again.
func TestBannedUserHasNoCallerAtTheNextRequest(t *testing.T) {
	t.Parallel()
	b := newSignedInUser(t, config.API{})
	for name, callerOf := range b.callerMethods() {
		for _, c := range []struct {
			columns string
			banned  bool
		}{
			{`banned = false, "banExpires" = NULL`, false},
			{`banned = true, "banExpires" = NULL`, true},
			{`banned = true, "banExpires" = '2026-01-15 13:00:00+00'`, true},
			{`banned = true, "banExpires" = '2026-01-15 11:00:00+00'`, false},
			{`banned = NULL, "banExpires" = NULL`, false},
		} {
			b.setUserColumns(c.columns)
			w, before := httptest.NewRecorder(), b.wire.RoundTrips()
			caller, err := callerOf(w, b.request(""))
			if err != nil || (caller == nil) != c.banned {
				t.Errorf("%s, user with %s: got caller %v, error %v; want no caller: %v", name, c.columns, caller, err, c.banned)
			}
			set := strings.Join(w.Header()["Set-Cookie"], "\n")
			if cleared := strings.Contains(set, "session_token=; Max-Age=0"); cleared != c.banned {
				t.Errorf("%s, user with %s: cookies cleared: %v, want %v", name, c.columns, cleared, c.banned)
			}
			if got := b.wire.RoundTrips() - before; got != 1 {
				t.Errorf("%s, user with %s: got %d round trips, want 1", name, c.columns, got)
			}
		}
	}
}

// If the cookie cache is on, CachedCaller, which only get-session calls, returns the caller of the cache cookie until
// it expires after five minutes.
func TestOnlyCachedCallerAcceptsTheCacheCookieOfABannedUser(t *testing.T) {
	t.Parallel()
	b := newSignedInUser(t, config.API{CookieCache: true, CookieCacheMaxAge: config.DefaultCookieCacheMaxAge})
	b.setUserColumns("banned = true")
	for _, c := range []struct {
		method, query string
		later         time.Duration
		banned        bool
	}{
		{method: "CachedCaller"},
		{method: "CachedCaller", query: "?disableCookieCache=true", banned: true},
		{method: "Caller", banned: true},
		{method: "CallerForSensitiveRoute", banned: true},
		{method: "CachedCaller", later: config.DefaultCookieCacheMaxAge},
		{method: "CachedCaller", later: time.Millisecond, banned: true},
	} {
		b.now = b.now.Add(c.later)
		caller, err := b.callerMethods()[c.method](httptest.NewRecorder(), b.request(c.query))
		if err != nil || (caller == nil) != c.banned {
			t.Errorf("%s%s, %v later: got caller %v, error %v; want no caller: %v",
				c.method, c.query, c.later, caller, err, c.banned)
		}
	}
}

func TestStartRejectsABannedUser(t *testing.T) {
	t.Parallel()
	b := newSignedInUser(t, config.API{CookieCache: true, CookieCacheMaxAge: config.DefaultCookieCacheMaxAge})
	b.setUserColumns("banned = true")
	w := httptest.NewRecorder()
	if _, err := b.sessions.Start(w, b.request(""), b.db, b.user, storedHash, true); !errors.Is(err, store.ErrBanned) {
		t.Errorf("start a session of a banned user: got %v, want ErrBanned", err)
	}
	if len(w.Header()) > 0 {
		t.Errorf("start a session of a banned user: got response headers %v, want none", w.Header())
	}
}
