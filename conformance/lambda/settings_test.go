//go:build moto

package lambda

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/conformance/lambda/sandbox"
	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// A function with invalid settings does not start, and its log has the names of these settings.
func TestR50_FunctionsWithWrongSettingsDoNotStart(t *testing.T) {
	d := sandbox.Deploy(t, dbtest.New(t))
	const notASecret = "arn:aws:sqs:eu-central-1:123456789012:mail"
	for _, c := range []struct {
		folder string
		env    map[string]string
		logs   []string
	}{
		{
			"session",
			map[string]string{"APP_SECRET_ARN": "app", "SIGNING_KEYS_ARN": notASecret},
			[]string{"APP_SECRET_ARN", "SIGNING_KEYS_ARN", notASecret},
		},
		{
			"session",
			map[string]string{"APP_SECRET_ARN": ""},
			[]string{"DATABASE_URL: missing", "BETTER_AUTH_SECRET: missing"},
		},
		{"signup", map[string]string{"MAIL_QUEUE_URL": ""}, []string{"MAIL_QUEUE_URL"}},
		{
			"social",
			map[string]string{"GOOGLE_CLIENT_SECRET": "s", "OIDC_PROVIDERS": "x", "REQUIRE_LOCAL_EMAIL_VERIFIED": "off"},
			[]string{"GOOGLE_CLIENT_SECRET: ", "OIDC_PROVIDERS: ", "REQUIRE_LOCAL_EMAIL_VERIFIED: "},
		},
		{"rotate", map[string]string{"SIGNING_KEYS_ARN": ""}, []string{"SIGNING_KEYS_ARN"}},
		{"mailer", map[string]string{"MAIL_FROM": "invalid"}, []string{"MAIL_FROM"}},
		{"relay", map[string]string{"EVENTS_QUEUE_URL": ""}, []string{"EVENTS_QUEUE_URL"}},
		{"deliver", map[string]string{"EVENTS_WEBHOOK_URL": "http://localhost"}, []string{"EVENTS_WEBHOOK_URL"}},
		{"migrate", map[string]string{"MIGRATE_SECRET_ARN": notASecret}, []string{"MIGRATE_SECRET_ARN"}},
	} {
		s := d.Start(c.folder, sandbox.Build(t, "functions/"+c.folder), c.env)
		answer := string(s.Invoke(sandbox.NewEvent("GET", "/health", "", "198.51.100.1", "")))
		if strings.Contains(answer, "statusCode") || !s.HasPrinted("Runtime.ExitError") || !s.FirstRequest().IsZero() {
			t.Errorf("functions/%s with wrong values of %v: got %s, want the process to exit before the first event",
				c.folder, slices.Sorted(maps.Keys(c.env)), answer)
		}
		for _, want := range c.logs {
			if !s.HasPrinted(want) {
				t.Errorf("the log of functions/%s does not contain %s:\n%s", c.folder, want, s.Output())
			}
		}
	}
}

// With the ARN of a secret that does not exist, a function starts, and the first request that needs the secret fails.
// The response does not contain the ARN, the log does.
func TestMissingSecretFailsTheRequestAndIsLogged(t *testing.T) {
	d := sandbox.Deploy(t, dbtest.New(t))
	gone := strings.Replace(d.AppARN, "secret:app", "secret:gone", 1)
	for _, c := range []struct {
		folder, setting, route string
	}{
		{"health", "APP_SECRET_ARN", "GET /health"},
		{"session", "APP_SECRET_ARN", "GET /api/auth/get-session"},
		{"jwks", "SIGNING_KEYS_ARN", "GET /api/auth/jwks"},
	} {
		s := d.Start(c.folder, sandbox.Build(t, "functions/"+c.folder), map[string]string{c.setting: gone})
		v := newVisitor()
		v.cookies = []string{invalidSessionCookie}
		got := v.send(s, c.route, "", "")
		if got.StatusCode < http.StatusInternalServerError || strings.Contains(got.Body, "arn:") {
			t.Errorf("%s without its secret: got %d %s, want a 5xx without the ARN", c.route, got.StatusCode, got.Body)
		}
		if !s.HasPrinted(gone) || len(s.StartTimes()) != 1 {
			t.Errorf("functions/%s: want %s in the log and one start of the process:\n%s", c.folder, gone, s.Output())
		}
	}
}

// With a client id whose secret is not in the app secret, the function starts, and a request fails. The log names the
// setting.
func TestMissingSocialSecretFailsTheRequestAndIsLogged(t *testing.T) {
	d := sandbox.Deploy(t, dbtest.New(t))
	ids := map[string]string{"GOOGLE_CLIENT_ID": "id", "APPLE_CLIENT_ID": "id", "APPLE_TEAM_ID": "T", "APPLE_KEY_ID": "K"}
	s := d.Start("social", sandbox.Build(t, "functions/social"), ids)
	got := newVisitor().send(s, "POST /api/auth/sign-in/social", "", `{"provider":"google"}`)
	if got.StatusCode < http.StatusInternalServerError || strings.Contains(got.Body, "SECRET") {
		t.Errorf("sign-in/social without the provider's secret: got %d %s, want a 5xx without the name of the setting",
			got.StatusCode, got.Body)
	}
	for _, want := range []string{"GOOGLE_CLIENT_SECRET is missing", "APPLE_PRIVATE_KEY is missing"} {
		if !s.HasPrinted(want) {
			t.Errorf("the log does not contain %q:\n%s", want, s.Output())
		}
	}
}
