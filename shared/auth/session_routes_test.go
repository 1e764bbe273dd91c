package auth_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// signedInClient is a signed-in client: its Cookie header, the token of its session and the id of its user. The zero
// client is not signed in.
type signedInClient struct{ cookie, token, id string }

// signUp signs up a user with the email name@example.com, and returns the client.
func (s *server) signUp(name string) signedInClient {
	s.t.Helper()
	return s.clientOf(s.do("POST", signUpPath, strings.ReplaceAll(signUpBody, "ada", name)))
}

// signInAs signs in the user with the email name@example.com in another client.
func (s *server) signInAs(name string) signedInClient {
	s.t.Helper()
	return s.clientOf(s.do("POST", signInPath, `{"email":"`+name+`@example.com","password":"correct horse"}`))
}

// clientOf returns the client that got the response a to its sign-up or sign-in.
func (s *server) clientOf(a answer) signedInClient {
	s.t.Helper()
	if a.status != http.StatusOK {
		s.t.Fatalf("sign-up or sign-in: got %d %s, want 200", a.status, a.body)
	}
	body := a.json(s.t)
	token, _ := body["token"].(string)
	user, _ := body["user"].(map[string]any)
	id, _ := user["id"].(string)
	return signedInClient{a.cookie(), token, id}
}

// doAs sends a request of a client, with its cookies.
func (s *server) doAs(p signedInClient, method, path, body string) answer {
	s.t.Helper()
	if p.cookie == "" {
		return s.do(method, path, body)
	}
	return s.do(method, path, body, "Cookie", p.cookie, "Origin", origin)
}

// routeCase is a request and the response that the test expects. For a GET request, body is the query.
type routeCase struct {
	name    string
	who     signedInClient
	body    string
	status  int
	want    string
	cookies []string // Set-Cookie lines
}

// checkCases sends the requests of the rows in their order, and compares the responses.
func (s *server) checkCases(method, path string, rows []routeCase) {
	s.t.Helper()
	for _, c := range rows {
		target, body := path, c.body
		if method == "GET" {
			target, body = path+c.body, ""
		}
		a := s.doAs(c.who, method, target, body)
		if a.status != c.status || a.body != c.want || a.header.Get("Content-Type") != "application/json" {
			s.t.Errorf("%s %s, %s: got %d %s\nwant %d %s", method, path, c.name, a.status, a.body, c.status, c.want)
		}
		if diff := cmp.Diff(c.cookies, a.header["Set-Cookie"]); diff != "" {
			s.t.Errorf("%s %s, %s: Set-Cookie lines (-want +got):\n%s", method, path, c.name, diff)
		}
	}
}

const (
	unauthorizedReply     = `{"message":"Unauthorized","code":"UNAUTHORIZED"}`
	statusTrueReply       = `{"status":true}`
	noFieldsReply         = `{"message":"No fields to update"}`
	notFreshReply         = `{"message":"Session is not fresh","code":"SESSION_NOT_FRESH"}`
	accountNotFoundReply  = `{"message":"Account not found","code":"ACCOUNT_NOT_FOUND"}`
	providerNotFoundReply = `{"message":"Provider not found","code":"PROVIDER_NOT_FOUND"}`
)

// validationReply returns Better Auth's response to validation problems.
func validationReply(problems ...string) string {
	return `{"message":"` + strings.ReplaceAll(strings.Join(problems, "; "), `"`, `\"`) + `","code":"VALIDATION_ERROR"}`
}

// wrongTypeProblem returns the message of Better Auth for a value of a wrong type.
func wrongTypeProblem(where, want, got string) string {
	return "[" + where + "] Invalid input: expected " + want + ", received " + got
}

// casesWithoutJSONObject returns requests whose body is not a JSON object. want is the type in the messages. The client
// is not signed in, because the body is validated before the session.
func casesWithoutJSONObject(want string) []routeCase {
	return []routeCase{
		{name: "no body", body: "", status: 400, want: validationReply(wrongTypeProblem("body", want, "undefined"))},
		{name: "array", body: `[{}]`, status: 400, want: validationReply(wrongTypeProblem("body", want, "array"))},
		{name: "null", body: `null`, status: 400, want: validationReply(wrongTypeProblem("body", want, "null"))},
		{name: "text", body: `"x"`, status: 400, want: validationReply(wrongTypeProblem("body", want, "string"))},
		{name: "number", body: `5`, status: 400, want: validationReply(wrongTypeProblem("body", want, "number"))},
		{name: "not JSON", body: `{`, status: 400, want: `{"message":"Invalid JSON in request body","code":"BAD_REQUEST"}`},
	}
}

// addAccount stores an account at a provider for the user of p, and returns the id of its row.
func (s *server) addAccount(p signedInClient, provider, scope string) string {
	s.t.Helper()
	return query[string](s, `
		INSERT INTO account ("accountId", "providerId", "userId", scope, "accessToken", "refreshToken",
			"createdAt", "updatedAt")
		VALUES ('at-' || $2 || '-' || $1, $2, $1::uuid, $3, 'access secret', 'refresh secret', $4, $4)
		RETURNING id::text`, p.id, provider, scope, s.now.Add(time.Minute))
}

// tokensOf returns the tokens of the stored sessions of p's user, oldest first.
func (s *server) tokensOf(p signedInClient) []string {
	s.t.Helper()
	return query[[]string](s,
		`SELECT coalesce(array_agg(token ORDER BY "createdAt", token), '{}') FROM session WHERE "userId" = $1`, p.id)
}

// sessionRoutes are routes that need a session, each with a valid body and with the body of the 401 response to a
// client that is not signed in.
var sessionRoutes = []struct{ method, path, body, signedOut string }{
	{"GET", "/api/auth/list-sessions", "", unauthorizedReply},
	{"POST", "/api/auth/revoke-session", `{"token":"x"}`, unauthorizedReply},
	{"POST", "/api/auth/revoke-sessions", `{}`, unauthorizedReply},
	{"POST", "/api/auth/revoke-other-sessions", `{}`, unauthorizedReply},
	{"POST", "/api/auth/update-session", `{}`, unauthorizedReply},
	{"POST", "/api/auth/update-user", `{"name":"x"}`, unauthorizedReply},
	{"GET", "/api/auth/list-accounts", "", unauthorizedReply},
	{"POST", "/api/auth/unlink-account", `{"accountId":"x"}`, unauthorizedReply},
	{"GET", "/api/auth/account-info?accountId=x", "", ""},
	{"POST", "/api/auth/get-access-token", `{"accountId":"x"}`, ""},
	{"POST", "/api/auth/refresh-token", `{"accountId":"x"}`, ""},
	{"POST", "/api/auth/link-social", `{"provider":"x"}`, unauthorizedReply},
	{"GET", "/api/auth/token", "", unauthorizedReply},
}

func TestRequestWithoutSessionIsRejectedWithoutARoundTrip(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, g := range sessionRoutes {
		trips := s.countRoundTrips(func() {
			s.checkCases(g.method, g.path, []routeCase{{name: "no session", body: g.body, status: 401, want: g.signedOut}})
		})
		if trips != 0 {
			t.Errorf("%s without a session: got %d round trips, want 0", g.path, trips)
		}
	}
}

// After a session is revoked, every route of sessionRoutes rejects the next request with it.
func TestR23_RevokedSessionIsRefusedByEveryRoute(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	here := s.signUp("ada")
	for _, g := range sessionRoutes {
		there := s.signInAs("ada")
		if a := s.doAs(there, "GET", sessionPath, ""); a.body == "null" {
			t.Fatalf("get-session before the session is revoked: got %s, want the session", a.body)
		}
		if a := s.doAs(here, "POST", "/api/auth/revoke-session", `{"token":"`+there.token+`"}`); a.body != statusTrueReply {
			t.Fatalf("revoke-session: got %d %s, want status true", a.status, a.body)
		}
		s.checkCases(
			g.method,
			g.path,
			[]routeCase{
				{name: "revoked", who: there, body: g.body, status: 401, want: g.signedOut, cookies: clearedSessionCookies},
			},
		)
		if a := s.do(g.method, g.path, g.body, "Authorization", "Bearer "+there.token); a.status != 401 {
			t.Errorf("%s with a revoked bearer token: got %d %s, want 401", g.path, a.status, a.body)
		}
	}
	if got := s.tokensOf(here); len(got) != 1 || got[0] != here.token {
		t.Errorf("sessions that are left: got %q, want only %q, which revoked the others", got, here.token)
	}
	if name := query[string](s, `SELECT name FROM "user"`); name != "Ada" {
		t.Errorf("name of the user after requests with revoked sessions: got %q, want Ada", name)
	}
}

// A route that needs a session takes one round trip to read the session, and at most one for its own statement.
func TestSessionRoutesTakeAtMostTwoRoundTrips(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, g := range sessionRoutes {
		p := s.signUpFor(g.path)
		if got := s.countRoundTrips(func() { s.doAs(p, g.method, g.path, g.body) }); got > 2 {
			t.Errorf("%s: got %d round trips, want at most 2", g.path, got)
		}
	}
}

// signUpFor signs up a user whose name is the last segment of a route.
func (s *server) signUpFor(path string) signedInClient {
	s.t.Helper()
	name, _, _ := strings.Cut(path[strings.LastIndexByte(path, '/')+1:], "?")
	return s.signUp(name)
}

// A request with cookies and without a trusted origin is rejected and changes nothing.
func TestSessionRoutesNeedATrustedOrigin(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.signUp("ada")
	for _, g := range sessionRoutes {
		if g.method == "GET" {
			continue
		}
		if a := s.do(
			g.method,
			g.path,
			g.body,
			"Cookie",
			p.cookie,
		); a.status != 403 ||
			a.errorCode() != "MISSING_OR_NULL_ORIGIN" {
			t.Errorf("%s with a cookie and no Origin: got %d %s, want 403 MISSING_OR_NULL_ORIGIN", g.path, a.status, a.body)
		}
		if a := s.do(g.method, g.path, g.body, "Cookie", p.cookie, "Origin", "https://evil.example"); a.status != 403 ||
			a.errorCode() != "INVALID_ORIGIN" {
			t.Errorf("%s from an untrusted origin: got %d %s, want 403 INVALID_ORIGIN", g.path, a.status, a.body)
		}
	}
	if got := s.tokensOf(p); len(got) != 1 {
		t.Errorf("sessions after requests without a trusted origin: got %q, want the one session of the user", got)
	}
}
