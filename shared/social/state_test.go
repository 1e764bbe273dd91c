package social_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// stateStrategies are the values of STATE_STRATEGY.
var stateStrategies = []string{"database", "cookie"}

// A callback is only for the browser that has begun the sign-in: an attacker cannot sign in another person's browser
// with the callback of the attacker's own sign-in.
func TestCallbackNeedsTheBrowserThatHasBegun(t *testing.T) {
	t.Parallel()
	for _, strategy := range stateStrategies {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, "STATE_STRATEGY", strategy)
			attacker, victim := s.browser(), s.browser()
			login := s.visitProvider(
				attacker.beginSignIn("google", `,"callbackURL":"/home","errorCallbackURL":"/failed"`), verifiedVisit())
			if code, _ := redirectErrorAndTarget(t, victim.finishCallback(login).location()); code != "state_mismatch" {
				t.Errorf("callback in another browser: got %s, want state_mismatch", code)
			}
			if id := victim.userID(); id != "" {
				t.Errorf("the callback in another browser signed in as %s, want no session", id)
			}
			if a := attacker.finishCallback(login); a.location() != "/home" {
				t.Errorf("callback in the browser that began the sign-in: got a redirect to %s, want /home",
					a.location())
			}
		})
	}
}

func TestStateIsUsedOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	b := s.browser()
	login := s.visitProvider(b.beginSignIn("google", `,"callbackURL":"/home"`), verifiedVisit())
	cookies := map[string]string{}
	for name, value := range b.cookies {
		cookies[name] = value
	}
	const n = 6
	results := make(chan string, n)
	for range n {
		copied := s.browser()
		for name, value := range cookies {
			copied.cookies[name] = value
		}
		go func() { results <- copied.finishCallback(login).location() }()
	}
	home := 0
	for range n {
		if <-results == "/home" {
			home++
		}
	}
	if home != 1 {
		t.Errorf("%d of %d callbacks with one state succeeded, want 1", home, n)
	}
}

func TestStateExpiresAfterTenMinutes(t *testing.T) {
	t.Parallel()
	for _, strategy := range stateStrategies {
		s := newServer(t, "STATE_STRATEGY", strategy)
		for _, c := range []struct {
			ahead time.Duration
			want  string
		}{{599 * time.Second, ""}, {601 * time.Second, "state_mismatch"}} {
			s.ahead = 0
			b := s.browser()
			login := s.visitProvider(
				b.beginSignIn("github", `,"callbackURL":"/home","errorCallbackURL":"/failed"`), verifiedVisit())
			s.ahead = c.ahead
			if code, _ := redirectErrorAndTarget(t, b.finishCallback(login).location()); code != c.want {
				t.Errorf("%s, callback after %v: got the error %q, want %q", strategy, c.ahead, code, c.want)
			}
		}
	}
}

func TestUnknownStatesAreReportedOnTheDefaultPage(t *testing.T) {
	t.Parallel()
	for _, strategy := range stateStrategies {
		s := newServer(t, "STATE_STRATEGY", strategy)
		for query, want := range map[string]string{
			"":                                    "state_not_found",
			"?code=x":                             "state_not_found",
			"?state=":                             "state_not_found",
			"?state=x&code=y":                     "state_mismatch",
			"?state=nul%00&code=y":                "state_mismatch",
			"?state=x&error=access_denied":        "state_mismatch",
			"?state=" + strings.Repeat("x", 9999): "state_mismatch",
		} {
			a := s.browser().do("GET", "/api/auth/callback/google"+query, "")
			if code, target := redirectErrorAndTarget(t, a.location()); code != want || target != origin+"/api/auth/error" {
				t.Errorf("%s, callback with %.40q: got %d to %s, want the error %s on the default page",
					strategy, query, a.status, a.location(), want)
			}
		}
		if strategy == "cookie" {
			b := s.browser()
			b.cookies["better-auth.oauth_state"] = strings.Repeat("ab", 60)
			a := b.do("GET", "/api/auth/callback/google?state=x&code=y", "")
			if code, _ := redirectErrorAndTarget(t, a.location()); code != "state_invalid" {
				t.Errorf("callback with a forged cookie: got %s, want state_invalid", a.location())
			}
		}
	}
}

// A browser sends several cookies of one name if one of them has another path or domain.
func TestOldStateCookieDoesNotHideTheState(t *testing.T) {
	t.Parallel()
	for _, strategy := range stateStrategies {
		s := newServer(t, "STATE_STRATEGY", strategy)
		cookie := map[string]string{"database": "better-auth.state", "cookie": "better-auth.oauth_state"}[strategy]
		for name, old := range map[string]string{"forged": strings.Repeat("ab", 60), "of an earlier sign-in": ""} {
			b := s.browser()
			b.beginSignIn("google", `,"callbackURL":"/earlier","errorCallbackURL":"/earlier"`)
			if old == "" {
				old = b.cookies[cookie]
			}
			login := s.visitProvider(b.beginSignIn("google", `,"callbackURL":"/home"`), verifiedVisit())
			r := httptest.NewRequestWithContext(t.Context(), "GET", login.Callback, http.NoBody)
			r.Header.Set("Cookie", cookie+"="+old+"; "+cookie+"="+b.cookies[cookie])
			w := httptest.NewRecorder()
			s.mux.ServeHTTP(w, r)
			if got := w.Header().Get("Location"); got != "/home" {
				t.Errorf("%s, %s: got a redirect to %s, want /home", strategy, name, got)
			}
		}
	}
}

// additionalData is stored with the state and cannot replace the members that the server sets.
func TestAdditionalDataReplacesNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	owner := s.browser()
	ownerID := owner.signUp("owner@example.com", true)
	b := s.browser()
	location := b.beginSignIn("google", `,"callbackURL":"/home","additionalData":{"callbackURL":"https://evil.example",`+
		`"newUserURL":"https://evil.example","errorURL":"https://evil.example","link":{"userId":"`+ownerID+`",`+
		`"email":"ada@example.com"},"expiresAt":9999999999999,"course":"<algebra>"}`)
	stored := dbtest.Value[string](t, s.url, `SELECT value FROM verification`)
	if strings.Contains(stored, "evil") || strings.Contains(stored, "link") ||
		!strings.Contains(stored, `"course":"<algebra>"`) {
		t.Errorf("stored the state %s, want additionalData to replace no other member", stored)
	}
	a := b.finishCallback(s.visitProvider(location, verifiedVisit()))
	if a.location() != "/home" || b.userID() == ownerID {
		t.Errorf("got a redirect to %s as user %s, want /home as another user than the owner", a.location(), b.userID())
	}
}

// A sign-in that began with one provider cannot be finished at the callback of another one.
func TestCodeOfAnotherProviderIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	b := s.browser()
	login := s.visitProvider(b.beginSignIn("google", `,"errorCallbackURL":"/failed"`), verifiedVisit())
	path := strings.Replace(strings.TrimPrefix(login.Callback, origin), "/google", "/github", 1)
	if code, _ := redirectErrorAndTarget(t, b.do("GET", path, "").location()); code != "invalid_code" || b.userID() != "" {
		t.Errorf("code of another provider: got %q, want invalid_code and no session", code)
	}
}

// As in Better Auth, a sign-out also ends a sign-in that has begun with STATE_STRATEGY=cookie.
func TestSignOutClearsTheStateCookie(t *testing.T) {
	t.Parallel()
	s := newServer(t, "STATE_STRATEGY", "cookie")
	b := s.browser()
	b.signIn("google", "", verifiedVisit())
	b.beginSignIn("google", "")
	b.do("POST", "/api/auth/sign-out", "{}")
	if value := b.cookies["better-auth.oauth_state"]; value != "" {
		t.Error("sign-out left the state cookie in the browser, want it cleared")
	}
}
