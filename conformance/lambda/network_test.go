//go:build moto

package lambda

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/xenon-auth/xenon/conformance/lambda/sandbox"
	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// faultyNetwork is a deployment whose connections to the database and to AWS go through proxies that can fail.
type faultyNetwork struct {
	*sandbox.Deployment
	database, cloud *dbtest.Proxy
}

func newFaultyNetwork(t *testing.T) *faultyNetwork {
	t.Helper()
	n := &faultyNetwork{database: dbtest.NewProxy(t, dbtest.New(t))}
	n.Deployment = sandbox.Deploy(t, n.database.URL())
	n.cloud = dbtest.NewProxy(t, n.Cloud["AWS_ENDPOINT_URL"])
	n.Cloud["AWS_ENDPOINT_URL"] = n.cloud.URL()
	return n
}

// newSignedInVisitor creates the signing keys, and returns a visitor who has signed up.
func (n *faultyNetwork) newSignedInVisitor(t *testing.T) *visitor {
	t.Helper()
	n.RotateKeys(n.Start("rotate", sandbox.Build(t, "functions/rotate")))
	v := newVisitor()
	v.signUp(t, n.Start("signup", sandbox.Build(t, "functions/signup")))
	return v
}

// Functions start while the database and AWS cannot be reached. They answer 404 to unknown routes, and 503 to requests
// that need the database or AWS.
func TestFunctionsStartWithoutANetwork(t *testing.T) {
	n := newFaultyNetwork(t)
	n.database.RefuseConnections()
	n.cloud.RefuseConnections()
	networkRoutes := map[string]string{
		"profile": "GET /api/profile", "session": "GET /api/auth/get-session",
	}
	for folder, steps := range stepsByFunction {
		if networkRoutes[folder] == "" {
			networkRoutes[folder] = steps[0].route
		}
	}
	var all sync.WaitGroup // concurrent, because each request takes seconds
	for _, folder := range slices.Sorted(maps.Keys(stepsByFunction)) {
		s := n.Start(folder, sandbox.Build(t, "functions/"+folder), settingsByFunction[folder],
			map[string]string{"JWKS_URL": "http://127.0.0.1:1/"})
		all.Go(func() { checkWithoutNetwork(t, s, networkRoutes[folder], stepsByFunction[folder][0].body) })
	}
	all.Wait()
	mailer := n.Start("mailer", sandbox.Build(t, "functions/mailer"))
	if got := string(mailer.Invoke(map[string]any{"Records": []any{}})); got != `{"batchItemFailures":[]}` {
		t.Errorf("mailer, an event without records: got %s, want no batchItemFailures", got)
	}
	for folder, event := range map[string]any{
		"rotate":  map[string]string{"Step": "testSecret", "SecretId": n.KeysARN, "ClientRequestToken": "x"},
		"migrate": map[string]any{"action": "input", "input": map[string]any{}},
	} {
		s := n.Start(folder, sandbox.Build(t, "functions/"+folder), map[string]string{"MIGRATE_SECRET_ARN": n.AppARN})
		if got := string(s.Invoke(event)); !strings.Contains(got, `"errorType"`) || len(s.StartTimes()) != 1 {
			t.Errorf("%s without a network: got %s after %d starts of the process, want an errorType after 1",
				folder, got, len(s.StartTimes()))
		}
	}
}

// checkWithoutNetwork requests an unknown route, and a route that needs the network.
func checkWithoutNetwork(t *testing.T, s *sandbox.Sandbox, route, body string) {
	t.Helper()
	v := newVisitor()
	v.cookies, v.jwt = []string{invalidSessionCookie}, unknownKeyJWT
	if got := v.send(s, "GET /nowhere", "", ""); got.StatusCode != http.StatusNotFound {
		t.Errorf("GET /nowhere at the function of %s, without a network: got %d, want 404", route, got.StatusCode)
	}
	if got := v.send(s, v.fillPathParameters(route), "", body); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%s without a network: got %d %s, want 503\n%s", route, got.StatusCode, got.Body, s.Output())
	}
	if len(s.StartTimes()) != 1 {
		t.Errorf("%s without a network: the function's process ended, want it to continue", route)
	}
}

// invalidSessionCookie has the form of a session cookie, with an invalid signature.
var invalidSessionCookie = "__Secure-better-auth.session_token=" +
	strings.Repeat("0", 32) + "." + strings.Repeat("A", 43) + "%3D"

// unknownKeyJWT has the form of a JWT, with an unknown key.
const unknownKeyJWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6Im5vbmUifQ.eyJzdWIiOiJub2JvZHkifQ." +
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// A function opens no connection before a request needs one.
func TestFunctionsConnectOnlyWhenARequestNeedsIt(t *testing.T) {
	n := newFaultyNetwork(t)
	for _, folder := range slices.Sorted(maps.Keys(stepsByFunction)) {
		s := n.Start(folder, sandbox.Build(t, "functions/"+folder))
		if got := newVisitor().send(s, "GET /nowhere", "", ""); got.StatusCode != http.StatusNotFound {
			t.Errorf("GET /nowhere at functions/%s: got %d, want 404", folder, got.StatusCode)
		}
	}
	if d, c := n.database.Accepted(), n.cloud.Accepted(); d+c != 0 {
		t.Errorf("connections before a request needs one: got %d to the database and %d to AWS, want none", d, c)
	}
}

// A function with a timeout of three seconds answers 503 before the timeout when the database does not respond. At the
// timeout the emulator would answer itself and end the process.
func TestR48_FunctionAnswersInTimeWithoutTheDatabase(t *testing.T) {
	n := newFaultyNetwork(t)
	v := n.newSignedInVisitor(t)
	startWithShortTimeout := func(folder string) *sandbox.Sandbox {
		o := n.Functions[folder].Options(sandbox.Build(t, "functions/"+folder), n.Cloud)
		o.Timeout = 3
		return sandbox.Start(t, o)
	}
	session, signup := startWithShortTimeout("session"), startWithShortTimeout("signup")
	checkGetSession := func(when string, want int) {
		t.Helper()
		got := v.send(session, "GET /api/auth/get-session", "disableCookieCache=true", "")
		if got.StatusCode != want || len(session.StartTimes()) != 1 {
			t.Fatalf("get-session, %s: got %d %s after %d starts of the process, want %d after 1\n%s",
				when, got.StatusCode, got.Body, len(session.StartTimes()), want, session.Output())
		}
		if want == http.StatusServiceUnavailable && got.Headers["Retry-After"] == "" {
			t.Errorf("get-session, %s: got 503 without Retry-After, want Retry-After", when)
		}
	}
	n.database.Freeze()
	checkGetSession("a connect without a response", 503)
	if got := signup.InvokeHTTP(newSignUpEvent("")); got.StatusCode != 503 || len(signup.StartTimes()) != 1 {
		t.Errorf("sign-up without the database: got %d after %d starts of the process, want 503 after 1\n%s",
			got.StatusCode, len(signup.StartTimes()), signup.Output())
	}
	n.database.Resume()
	checkGetSession("the network is back", 200)
	n.database.Freeze()
	checkGetSession("a statement without a response", 503)
	n.database.Resume()
	checkGetSession("the network is back again", 200)
	n.database.CloseConnections()
	checkGetSession("a connection that was closed", 200)
	n.database.RefuseConnections()
	checkGetSession("connection refused", 503)
	n.database.Resume()
	checkGetSession("connections are accepted again", 200)
}

// A warm function keeps its connection to the database and its secrets: for several requests it opens one connection to
// the database and one to AWS.
func TestWarmFunctionKeepsItsConnectionAndSecrets(t *testing.T) {
	n := newFaultyNetwork(t)
	v := n.newSignedInVisitor(t)
	database, cloud := n.database.Accepted(), n.cloud.Accepted()
	s := n.Start("session", sandbox.Build(t, "functions/session"))
	for range 6 {
		got := v.send(s, "GET /api/auth/get-session", "disableCookieCache=true", "")
		if !strings.Contains(got.Body, v.email) {
			t.Fatalf("get-session: got %d %s, want the user's email", got.StatusCode, got.Body)
		}
	}
	n.cloud.RefuseConnections() // the function must not need AWS again
	if got := v.send(s, "GET /api/auth/list-sessions", "", ""); got.StatusCode != http.StatusOK {
		t.Errorf("list-sessions without AWS: got %d %s, want 200", got.StatusCode, got.Body)
	}
	if d, c := n.database.Accepted()-database, n.cloud.Accepted()-cloud; d != 1 || c != 1 {
		t.Errorf("connections after 7 requests: got %d to the database and %d to AWS, want one each", d, c)
	}
	if got := strings.Count(s.Output(), `"cold":true`); !s.HasPrinted(`"cold":true`) || got > 1 {
		t.Errorf("requests that are logged as cold: got %d, want 1", got)
	}
}
