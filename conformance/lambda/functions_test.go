//go:build moto

package lambda

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/conformance/lambda/sandbox"
	"github.com/xenon-auth/xenon/internal/testkit/checkout"
	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

var update = flag.Bool("update", false, "update the table in docs/lambda.md")

const password = "correct horse battery"

// visitor is a user with an IP address of their own, so that the rate limits count each one separately.
type visitor struct {
	email   string
	ip      string
	cookies []string
	jwt     string
	mail    string // the token of the last mail
}

var visitorCount atomic.Int32

func newVisitor() *visitor {
	n := visitorCount.Add(1)
	return &visitor{email: fmt.Sprintf("ada%d@example.com", n), ip: fmt.Sprintf("198.51.%d.%d", n/250, n%250)}
}

// send sends a request to a route, and stores the cookies of the response, as a browser does.
func (v *visitor) send(s *sandbox.Sandbox, route, query, body string) events.APIGatewayV2HTTPResponse {
	method, path, _ := strings.Cut(route, " ")
	e := sandbox.NewEvent(method, path, v.fillPlaceholders(query), v.ip, v.fillPlaceholders(body), v.cookies...)
	if v.jwt != "" {
		e.Headers["authorization"] = "Bearer " + v.jwt
	}
	answer := s.InvokeHTTP(e)
	for _, c := range answer.Cookies {
		pair, attributes, _ := strings.Cut(c, ";")
		name, value, _ := strings.Cut(pair, "=")
		v.cookies = slices.DeleteFunc(v.cookies, func(old string) bool { return strings.HasPrefix(old, name+"=") })
		if strings.Contains(attributes, "Max-Age=0") {
			continue
		}
		v.cookies = append(v.cookies, pair)
		s.AddSecrets(value)
		if !strings.HasSuffix(name, ".device") { // the device cookie begins with a time, which logs contain too
			s.AddSecrets(strings.SplitN(value, ".", 2)[0])
		}
	}
	return answer
}

func (v *visitor) fillPlaceholders(text string) string {
	return strings.NewReplacer("{email}", v.email, "{password}", password, "{mail}", v.mail).Replace(text)
}

func (v *visitor) signUp(t *testing.T, signup *sandbox.Sandbox) {
	t.Helper()
	body := `{"name":"Ada","email":"{email}","password":"{password}"}`
	answer := v.send(signup, "POST /api/auth/sign-up/email", "", body)
	if answer.StatusCode != http.StatusOK || len(v.cookies) == 0 {
		t.Fatalf("sign-up: got %d %s, want 200 and a cookie", answer.StatusCode, answer.Body)
	}
}

// step is a request and its expected status.
type step struct {
	route, query, body string
	want               int
}

// stepsByFunction has the requests of a new user to each function, in an order in which each gets its expected status.
// Together with the sign-up they use all routes of template.yaml.
var stepsByFunction = map[string][]step{
	"signin": {
		{"POST /api/auth/sign-in/email", "", `{"email":"{email}","password":"{password}"}`, 200},
		{"POST /api/auth/sign-in/supabase", "", `{"refreshToken":"nvqqcysrgban"}`, 404}, // no import has copied sessions
	},
	"session": {
		{"OPTIONS /api/{proxy+}", "", "", 404}, // not a preflight of a trusted origin
		{"GET /api/auth/get-session", "disableCookieCache=true", "", 200},
		{"POST /api/auth/get-session", "", `{}`, 405},
		{"GET /api/auth/list-sessions", "", "", 200},
		{"POST /api/auth/update-session", "", `{}`, 400}, // no fields to update
		{"POST /api/auth/revoke-session", "", `{"token":"of no session"}`, 200},
		{"POST /api/auth/revoke-other-sessions", "", `{}`, 200},
		{"POST /api/auth/revoke-sessions", "", `{}`, 200},
	},
	"signout": {{"POST /api/auth/sign-out", "", `{}`, 200}},
	"token":   {{"GET /api/auth/token", "", "", 200}},
	"jwks": {
		{"GET /api/auth/jwks", "", "", 200},
		{"HEAD /api/auth/jwks", "", "", 200},
		{"GET /.well-known/jwks.json", "", "", 200},
		{"HEAD /.well-known/jwks.json", "", "", 200},
		{"GET /.well-known/openid-configuration", "", "", 200},
		{"HEAD /.well-known/openid-configuration", "", "", 200},
		{"OPTIONS /.well-known/{proxy+}", "", "", 404}, // not one of the two paths
	},
	"profile": {
		{"POST /api/profile", "", `{}`, 201},
		{"GET /api/profile", "", "", 200},
		{"PUT /api/profile", "", `{}`, 200},
	},
	"health": {
		{"GET /health", "", "", 200},
		{"HEAD /health", "", "", 200},
		{"GET /api/auth/ok", "", "", 200},
		{"HEAD /api/auth/ok", "", "", 200},
		{"GET /api/auth/error", "error=nothing", "", 302},
	},
	"password": {
		{"POST /api/auth/verify-password", "", `{"password":"{password}"}`, 200},
		{"POST /api/auth/change-password", "", `{"currentPassword":"{password}","newPassword":"{password}"}`, 200},
		{"POST /api/auth/request-password-reset", "", `{"email":"{email}","redirectTo":"/reset"}`, 200},
		{"GET /api/auth/reset-password/{token}", "callbackURL=%2Freset", "", 302},
		{"POST /api/auth/reset-password", "", `{"newPassword":"{password}","token":"{mail}"}`, 200},
	},
	"email": {
		{"POST /api/auth/send-verification-email", "", `{"email":"{email}"}`, 200},
		{"GET /api/auth/verify-email", "token={mail}", "", 200},
		{"POST /api/auth/change-email", "", `{"newEmail":"new-{email}"}`, 200},
		{"POST /api/auth/cancel-email-change", "", `{"token":"{mail}"}`, 200},
	},
	"passwordless": { // the link opens the page with the button, because MAGIC_LINK_CONFIRM is on
		{"POST /api/auth/sign-in/magic-link", "", `{"email":"{email}"}`, 200},
		{"GET /api/auth/magic-link/verify", "token={mail}", "", 302},
		{"POST /api/auth/magic-link/verify", "", `{"token":"{mail}"}`, 200},
		{"POST /api/auth/email-otp/send-verification-otp", "", `{"email":"{email}","type":"sign-in"}`, 200},
		{"POST /api/auth/email-otp/check-verification-otp", "", `{"email":"{email}","type":"sign-in","otp":"{mail}"}`, 200},
		{"POST /api/auth/sign-in/email-otp", "", `{"email":"{email}","otp":"{mail}"}`, 200},
		{"POST /api/auth/email-otp/verify-email", "", `{"email":"{email}","otp":"none"}`, 400},
		{"POST /api/auth/forget-password/email-otp", "", `{"email":"{email}"}`, 200},
		{"POST /api/auth/email-otp/request-password-reset", "", `{"email":"{email}"}`, 200},
		{
			"POST /api/auth/email-otp/reset-password", "",
			`{"email":"{email}","otp":"{mail}","password":"{password}"}`, 200,
		},
		{"POST /api/auth/email-otp/request-email-change", "", `{"newEmail":"new-{email}"}`, 401},
		{"POST /api/auth/email-otp/change-email", "", `{"newEmail":"new-{email}","otp":"{mail}"}`, 401},
	},
	"social": { // the first request is a sign-in, whose response has the URL at the provider
		{"POST /api/auth/sign-in/social", "", `{"provider":"github","callbackURL":"/"}`, 200},
		{"GET /api/auth/social-providers", "", "", 200},
		{"GET /api/auth/account-info", "accountId=none", "", 400},
		{"POST /api/auth/get-access-token", "", `{"accountId":"none"}`, 400},
		{"POST /api/auth/refresh-token", "", `{"accountId":"none"}`, 400},
		{"POST /api/auth/link-social", "", `{"provider":"github"}`, 200},
		{"GET /api/auth/callback/{provider}", "code=1&state=2", "", 302},
		{"POST /api/auth/callback/{provider}", "", `{"code":"1","state":"2"}`, 302},
	},
	"admin": { // the user has no role: most answers are 403
		{"GET /api/auth/admin/list-users", "", "", 403},
		{"GET /api/auth/admin/get-user", "id=none", "", 403},
		{"GET /api/auth/admin/list-audit-events", "userId=none", "", 403},
		{"POST /api/auth/admin/create-user", "", `{"email":"new-{email}","name":"New"}`, 403},
		{"POST /api/auth/admin/update-user", "", `{"userId":"none","data":{"name":"Grace"}}`, 403},
		{"POST /api/auth/admin/set-role", "", `{"userId":"none","role":"admin"}`, 403},
		{"POST /api/auth/admin/ban-user", "", `{"userId":"none"}`, 403},
		{"POST /api/auth/admin/unban-user", "", `{"userId":"none"}`, 403},
		{"POST /api/auth/admin/list-user-sessions", "", `{"userId":"none"}`, 403},
		{"POST /api/auth/admin/revoke-user-session", "", `{"sessionToken":"none"}`, 403},
		{"POST /api/auth/admin/revoke-user-sessions", "", `{"userId":"none"}`, 403},
		{"POST /api/auth/admin/remove-user", "", `{"userId":"none"}`, 403},
		{"POST /api/auth/admin/set-user-password", "", `{"userId":"none","newPassword":"{password}"}`, 403},
		{"POST /api/auth/admin/has-permission", "", `{"permissions":{"user":["list"]}}`, 200},
		{"POST /api/auth/admin/impersonate-user", "", `{"userId":"none"}`, 403},
		{"POST /api/auth/admin/stop-impersonating", "", `{}`, 400}, // no impersonation
	},
	"twofactor": {
		{"POST /api/auth/two-factor/get-totp-uri", "", `{"password":"{password}"}`, 400}, // no app yet
		{"POST /api/auth/two-factor/enable", "", `{"password":"{password}"}`, 200},
		{"POST /api/auth/two-factor/verify-totp", "", `{"code":"000"}`, 401},
		{"POST /api/auth/two-factor/verify-backup-code", "", `{"code":"000"}`, 401},
		{"POST /api/auth/two-factor/generate-backup-codes", "", `{"password":"{password}"}`, 400}, // not enabled
		{"POST /api/auth/two-factor/send-otp", "", `{}`, 200},
		{"POST /api/auth/two-factor/verify-otp", "", `{"code":"{mail}"}`, 200},
		{"POST /api/auth/two-factor/disable", "", `{"password":"{password}"}`, 200},
	},
	"account": {
		{"POST /api/auth/update-user", "", `{"name":"Grace"}`, 200},
		{"GET /api/auth/list-accounts", "", "", 200},
		{"POST /api/auth/unlink-account", "", `{"accountId":"none"}`, 400},
		{"GET /api/auth/delete-user/callback", "token=none", "", 404},
		{"POST /api/auth/delete-user", "", `{"password":"{password}"}`, 200},
	},
}

// settingsByFunction are settings by function, in addition to those of template.yaml. sandbox.Deploy puts the client
// secret of GitHub into the app secret.
var settingsByFunction = map[string]map[string]string{
	"signin":       {"SUPABASE_BRIDGE": "on"},
	"social":       {"GITHUB_CLIENT_ID": "the site"},
	"passwordless": {"MAGIC_LINK": "on", "MAGIC_LINK_CONFIRM": "on", "EMAIL_OTP": "on"},
	"admin":        {"ADMIN": "on"},
	"twofactor":    {"TWO_FACTOR": "on"},
}

// fillPathParameters returns a route with values for its path parameters.
func (v *visitor) fillPathParameters(route string) string {
	values := strings.NewReplacer("{token}", v.mail, "{provider}", "github", "{proxy+}", "auth/sign-in/email")
	return values.Replace(route)
}

// Every function of one deployment serves all of its routes. The secrets are in moto, functions/rotate creates the
// keys, functions/mailer sends the queued mails, and functions/relay and functions/deliver the events. -update writes
// the measured times and memory to docs/lambda.md.
func TestEveryFunctionServesItsRoutes(t *testing.T) {
	database := dbtest.NewProxy(t, dbtest.New(t))
	d := sandbox.Deploy(t, database.URL())
	table := newTable(t)

	rotate := d.Start("rotate", sandbox.Build(t, "functions/rotate"))
	d.RotateKeys(rotate)
	table.add("rotate", rotate, "the four steps of a rotation", "4 × null")

	signup := d.Start("signup", sandbox.Build(t, "functions/signup"))
	first := newVisitor()
	first.signUp(t, signup)
	table.add("signup", signup, "POST /api/auth/sign-up/email", "200")

	served := map[string][]string{"signup": {"POST /api/auth/sign-up/email"}}
	var mails []string
	keysAt := newJWKSServer(t)
	for _, folder := range slices.Sorted(maps.Keys(stepsByFunction)) {
		if folder == "profile" {
			continue // it needs the responses of jwks and token
		}
		mails = append(mails, runFunction(t, d, signup, folder, table, served)...)
	}
	bearer := newVisitor()
	bearer.signUp(t, signup)
	s := d.Start("token", sandbox.Build(t, "functions/token"))
	bearer.jwt = tokenInBody(t, bearer.send(s, "GET /api/auth/token", "", ""))
	jwks := d.Start("jwks", sandbox.Build(t, "functions/jwks"))
	*keysAt.body = bearer.send(jwks, "GET /api/auth/jwks", "", "").Body
	profile := d.Start("profile", sandbox.Build(t, "functions/profile"), map[string]string{"JWKS_URL": keysAt.url})
	sendSteps(t, profile, bearer, d, "profile", table, served)

	want := map[string][]string{}
	for folder, f := range d.Functions {
		if slices.Sort(f.Routes); f.Routes != nil {
			want[folder] = f.Routes
		}
	}
	if diff := cmp.Diff(served, want); diff != "" {
		t.Errorf("routes that the tests request (-requested +template.yaml):\n%s", diff)
	}
	sendQueuedMails(t, d, mails, table)
	sendEvents(t, d, database.URL(), table)
	runPlanOfImport(t, d, table)
	if diff := cmp.Diff(table.functions(), slices.Sorted(maps.Keys(d.Functions))); diff != "" {
		t.Errorf("functions that the tests start (-started +template.yaml):\n%s", diff)
	}
	t.Log("\n" + table.text())
	updateAndCheckTable(t, table)
}

// updateAndCheckTable writes the tables of docs/lambda.md with -update, and checks that the page has a row for every
// function.
func updateAndCheckTable(t *testing.T, table *markdownTable) {
	t.Helper()
	if *update {
		sandbox.WritePartOfPage(t, "functions", table.text())
		sandbox.WritePartOfPage(t, "machine", sandbox.DescribeMachine()+".\n")
	}
	page, err := os.ReadFile(filepath.Join(checkout.Root(), "docs", "lambda.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range table.functions() {
		if !strings.Contains(string(page), "\n| "+folder+" | ") {
			t.Errorf("the table in docs/lambda.md has no function %s; run make lambda", folder)
		}
	}
}
