package social_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// additionalData cannot set a member of the state in another spelling: encoding/json ignores the case of names.
func TestAdditionalDataReplacesNothingInAnySpelling(t *testing.T) {
	t.Parallel()
	for _, strategy := range stateStrategies {
		s := newServer(t, "STATE_STRATEGY", strategy)
		b := s.browser()
		location := b.beginSignIn(
			"google",
			`,"additionalData":{"errorurl":"https://evil.example","callbackurl":"https://evil.example",`+
				`"NEWUSERURL":"https://evil.example","expiresat":1,"codeverifier":"x","Link":{"userId":"x"}}`,
		)
		login := s.visitProvider(location, verifiedVisit())
		path := strings.TrimPrefix(login.Callback, origin)
		if a := s.browser().do("GET", path, ""); strings.Contains(a.location(), "evil") {
			t.Errorf("%s: another browser with the state is redirected to %s, want no redirect to the host of "+
				"additionalData", strategy, a.location())
		}
		if a := b.finishCallback(login); a.location() != origin {
			t.Errorf("%s: the browser that began is redirected to %s, want %s", strategy, a.location(), origin)
		}
	}
}

// Xenon stores at most 256 UTF-16 code units of a name.
func TestLongNameIsCutToTheMaximum(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	v := verifiedVisit()
	v.Name = strings.Repeat("😀", 50_000)
	b := s.browser()
	b.signIn("google", "", v)
	if got := dbtest.Value[string](t, s.url, `SELECT name FROM "user"`); got != strings.Repeat("😀", 128) {
		t.Errorf("the stored name has %d bytes, want 128 emoji", len(got))
	}
}

// Every request is counted, even one that needs no other SQL statement.
func TestEveryRequestIsCounted(t *testing.T) {
	t.Parallel()
	for _, strategy := range stateStrategies {
		s := newServer(t, "RATE_LIMIT", "on", "STATE_STRATEGY", strategy)
		b := s.browser()
		for _, c := range []struct{ method, path, body, key string }{
			{"GET", "/api/auth/callback/google", "", "/callback/google"},
			{"GET", "/api/auth/callback/google?state=x&code=y", "", "/callback/google"},
			{"POST", "/api/auth/callback/google", "code=x", "/callback/google"},
			{"GET", "/api/auth/callback/keycloak", "", "/callback/keycloak"},
			{"GET", "/api/auth/callback/unknown?state=x", "", "/callback/{provider}"},
			{"POST", "/api/auth/callback/another", "code=x", "/callback/{provider}"},
			{"POST", "/api/auth/sign-in/social", `{"provider":"google"}`, "/sign-in/social"},
		} {
			count := func() int {
				return dbtest.Value[int](
					t,
					s.url,
					`SELECT coalesce(sum(count), 0) FROM "rateLimit" WHERE key LIKE '%|' || $1`,
					c.key,
				)
			}
			before := count()
			b.do(c.method, c.path, c.body)
			if got := count() - before; got != 1 {
				t.Errorf("%s: %s %s was counted %d times, want once", strategy, c.method, c.path, got)
			}
		}
	}
}

// A client cannot fill the table rateLimit with invented providers. As in Better Auth, a rule can name one provider.
func TestCallbacksAreLimitedByProvider(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT", "on", "RATE_LIMIT_RULES", `{"/callback/google": {"window": 60, "max": 2}}`)
	b := s.browser()
	for range 9 {
		b.do("GET", "/api/auth/callback/"+rand.Text(), "")
	}
	if n := dbtest.Value[int](t, s.url, `SELECT count(*) FROM "rateLimit"`); n != 1 {
		t.Errorf("unknown providers have %d counters, want 1", n)
	}
	for i, want := range []int{302, 302, 429} {
		if a := b.do("GET", "/api/auth/callback/google", ""); a.status != want {
			t.Errorf("request %d: got %d, want %d", i+1, a.status, want)
		}
	}
	if a := b.do("GET", "/api/auth/callback/github", ""); a.status != 302 {
		t.Errorf("callback of another provider: got %d, want 302", a.status)
	}
}

// A state or an authorization URL that is too long for browsers or API Gateway is rejected before anything is stored.
func TestLongStateIsRefused(t *testing.T) {
	t.Parallel()
	for strategy, length := range map[string]int{"database": 17_000, "cookie": 2_000} {
		s := newServer(t, "STATE_STRATEGY", strategy)
		b := s.browser()
		long := strings.Repeat("x", length)
		for _, more := range []string{
			`"additionalData":{"a":"` + long + `"}`, `"loginHint":"` + strings.Repeat("x", 9_000) + `"`,
		} {
			a := b.do("POST", "/api/auth/sign-in/social", `{"provider":"google",`+more+`}`)
			if a.status != 400 || len(a.header["Set-Cookie"]) != 0 {
				t.Errorf("%s: sign-in with a state that is too long: got %d %s, want 400 without cookies",
					strategy, a.status, a.body)
			}
		}
		if n := dbtest.Value[int](t, s.url, `SELECT count(*) FROM verification`); n != 0 {
			t.Errorf("%s: %d states are stored, want 0", strategy, n)
		}
	}
}

// As in Better Auth, OVERRIDE_USER_INFO applies to callbacks only: a client can send any name with an Apple id token.
func TestIDTokenOverridesNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, "APPLE_OVERRIDE_USER_INFO", "on")
	s.browser().signIn("apple", "", verifiedVisit())
	token, _ := newIDToken(t, "apple", verifiedVisit())
	a := s.browser().signInWithIDToken("apple", token, `,"user":{"name":{"firstName":"Mallory"}}`)
	if got := dbtest.Value[string](t, s.url, `SELECT name FROM "user"`); got != "Ada Lovelace" || a.status != 200 {
		t.Errorf("sign-in with an id token: got %d %s and the name %s, want 200 and the stored name",
			a.status, a.body, got)
	}
}

// A provider may revoke the old tokens with a refresh, so the client gets the new ones even if they cannot be stored.
func TestRefreshedTokensReachTheClientIfPostgresFails(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	b := s.browser()
	v := verifiedVisit()
	v.Renewed = map[string]any{"access_token": "renewed"}
	b.signIn("keycloak", "", v)
	dbtest.Exec(t, s.url, `ALTER TABLE account ADD CONSTRAINT frozen CHECK ("accessToken" <> 'renewed')`)
	a := b.do("POST", "/api/auth/refresh-token", `{"accountId":"`+s.accountID()+`"}`)
	if a.status != 200 || a.text("accessToken") != "renewed" {
		t.Errorf("refresh while Postgres rejects the new tokens: got %d %s, want 200 and the renewed token", a.status, a.body)
	}
}

// A user of X without an email gets a placeholder email with their id. No other user can get this email before.
func TestPlaceholderEmailCannotBeTaken(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	v := verifiedVisit()
	v.Email, v.Verified = "", false
	const taken = "108@twitter.placeholder.invalid"
	a := s.browser().do("POST", "/api/auth/sign-up/email", `{"name":"M","email":"`+taken+`","password":"correct horse"}`)
	if a.status != 400 || a.text("code") != "INVALID_EMAIL" {
		t.Errorf("sign-up with a placeholder email: got %d %s, want 400 INVALID_EMAIL", a.status, a.body)
	}
	claimed := verifiedVisit()
	claimed.Subject, claimed.Email = "109", taken
	a = s.browser().signIn("keycloak", `,"errorCallbackURL":"/failed"`, claimed)
	if code, _ := redirectErrorAndTarget(t, a.location()); code != "email_not_found" {
		t.Errorf("another provider with the placeholder email: got %q, want email_not_found", code)
	}
	b := s.browser()
	if a := b.signIn("twitter", `,"callbackURL":"/home"`, v); a.location() != "/home" {
		t.Errorf("the sign-in at X goes to %s, want /home", a.location())
	}
	if got := dbtest.Value[string](t, s.url, `SELECT string_agg(email, ' ') FROM "user"`); got != taken {
		t.Errorf("got the emails %s, want the placeholder email alone", got)
	}
}
