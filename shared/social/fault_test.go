package social_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/providertest"
)

// The browser of a user cannot show an error as JSON, so the callback redirects. It uses the error URL of the sign-in,
// if the state is known, else the default page. The test replaces the logger, so it must not run in parallel.
func TestCallbackRedirectsIfTheDatabaseFails(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	const page = origin + "/api/auth/error"
	for name, c := range map[string]struct {
		strategy, rename, code, target string
	}{
		"state":                       {"database", "verification", "internal_server_error", page},
		"account":                     {"database", "account", "internal_server_error", "/failed"},
		"account, state in a cookie":  {"cookie", "account", "internal_server_error", "/failed"},
		"rate limit":                  {"database", `"rateLimit"`, "internal_server_error", page},
		"rate limit, state in cookie": {"cookie", `"rateLimit"`, "internal_server_error", "/failed"},
		"no connection":               {"database", "", "temporarily_unavailable", page},
		"no connection, cookie":       {"cookie", "", "temporarily_unavailable", "/failed"},
	} {
		t.Run(name, func(t *testing.T) {
			url := dbtest.New(t)
			proxy := dbtest.NewProxy(t, url)
			s := newServer(t, "DATABASE_URL", proxy.URL(), "STATE_STRATEGY", c.strategy, "RATE_LIMIT", "on")
			b := s.browser()
			login := s.visitProvider(b.beginSignIn("github", `,"errorCallbackURL":"/failed"`), verifiedVisit())
			if c.rename != "" {
				dbtest.Exec(t, url, `ALTER TABLE `+c.rename+` RENAME TO renamed`)
			} else {
				proxy.RefuseConnections()
				proxy.ResetAtNextResponse()
			}
			log.Reset()
			a := b.finishCallback(login)
			if code, target := redirectErrorAndTarget(t, a.location()); a.status != 302 || code != c.code || target != c.target {
				t.Errorf("callback: got %d to %s, want 302 to %s with the error %s", a.status, a.location(), c.target, c.code)
			}
			text := log.String()
			if !strings.Contains(text, `"level":"ERROR"`) || !strings.Contains(text, `"result":"failed"`) ||
				!strings.Contains(text, `"error":`) {
				t.Errorf("the log has no record of the failure: %s", text)
			}
			for what, secret := range map[string]string{"code": login.Code, "state": login.State, "email": "ada@example.com"} {
				if secret == "" || strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
					t.Errorf("the log contains the %s %q", what, secret)
				}
			}
		})
	}
}

// The browser of the user posts Apple's form and cannot show an error as JSON, so this route redirects too.
func TestFormOfAProviderRedirectsIfTheDatabaseFails(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT", "on")
	login := s.visitProvider(s.browser().beginSignIn("apple", ""), providertest.Visit{Person: verifiedVisit().Person})
	dbtest.Exec(t, s.url, `ALTER TABLE "rateLimit" RENAME TO renamed`)
	a := s.browser().do("POST", strings.TrimPrefix(login.Callback, origin), login.Form.Encode())
	if code, target := redirectErrorAndTarget(
		t,
		a.location(),
	); code != "internal_server_error" ||
		target != origin+"/api/auth/error" {
		t.Errorf("form of Apple: got %d to %s, want internal_server_error on the default error page", a.status, a.location())
	}
}
