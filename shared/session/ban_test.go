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

// A ban that SQL has set counts at the next request, in one round trip. After its end the session is valid again.
func TestBannedUserHasNoCallerAtTheNextRequest(t *testing.T) {
	t.Parallel()
	b := newSignedIn(t, config.API{})
	for name, who := range b.callerMethods() {
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
			b.setUserColumns(c.columns)
			w, before := httptest.NewRecorder(), b.wire.RoundTrips()
			caller, err := who(w, b.request(""))
			if err != nil || (caller == nil) != c.out {
				t.Errorf("%s, %s: got %v, %v, want no caller: %v", name, c.columns, caller, err, c.out)
			}
			set := strings.Join(w.Header()["Set-Cookie"], "\n")
			if cleared := strings.Contains(set, "session_token=; Max-Age=0"); cleared != c.out {
				t.Errorf("%s, %s: cookies cleared %v, want %v", name, c.columns, cleared, c.out)
			}
			if got := b.wire.RoundTrips() - before; got != 1 {
				t.Errorf("%s, %s: got %d round trips, want 1", name, c.columns, got)
			}
		}
	}
}

// With the cookie cache on, only get-session answers from the cache cookie, until it expires after five minutes.
func TestOnlyCachedCallerAcceptsTheCacheCookieOfABannedUser(t *testing.T) {
	t.Parallel()
	b := newSignedIn(t, config.API{CookieCache: true, CookieCacheMaxAge: config.DefaultCookieCacheMaxAge})
	b.setUserColumns("banned = true")
	for _, c := range []struct {
		way, query string
		later      time.Duration
		out        bool
	}{
		{way: "CachedCaller"},
		{way: "CachedCaller", query: "?disableCookieCache=true", out: true},
		{way: "Caller", out: true},
		{way: "CallerForSensitiveRoute", out: true},
		{way: "CachedCaller", later: config.DefaultCookieCacheMaxAge},
		{way: "CachedCaller", later: time.Millisecond, out: true},
	} {
		b.now = b.now.Add(c.later)
		caller, err := b.callerMethods()[c.way](httptest.NewRecorder(), b.request(c.query))
		if err != nil || (caller == nil) != c.out {
			t.Errorf("%s%s, %v later: got %v, %v, want no caller: %v", c.way, c.query, c.later, caller, err, c.out)
		}
	}
}

func TestStartRefusesABannedUser(t *testing.T) {
	t.Parallel()
	b := newSignedIn(t, config.API{CookieCache: true, CookieCacheMaxAge: config.DefaultCookieCacheMaxAge})
	b.setUserColumns("banned = true")
	w := httptest.NewRecorder()
	if _, err := b.sessions.Start(w, b.request(""), b.db, b.user, true); !errors.Is(err, store.ErrBanned) {
		t.Errorf("got %v, want ErrBanned", err)
	}
	if len(w.Header()) > 0 {
		t.Errorf("got headers %v, want none", w.Header())
	}
}
