package auth_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// client is a signed-in client.
type client struct{ cookie, token, id string }

// signUp signs up a user with the given name.
func (s *server) signUp(name string) client {
	s.t.Helper()
	return s.clientOf(s.do("POST", signUpPath, strings.ReplaceAll(ada, "ada", name)))
}

// signInAs signs in the user with the given name in another client.
func (s *server) signInAs(name string) client {
	s.t.Helper()
	return s.clientOf(s.do("POST", signInPath, `{"email":"`+name+`@example.com","password":"correct horse"}`))
}

func (s *server) clientOf(a answer) client {
	s.t.Helper()
	if a.status != http.StatusOK {
		s.t.Fatalf("sign-up or sign-in: got %d %s, want 200", a.status, a.body)
	}
	body := a.json(s.t)
	token, _ := body["token"].(string)
	user, _ := body["user"].(map[string]any)
	id, _ := user["id"].(string)
	return client{a.cookie(), token, id}
}

// doAs sends a request of a client. The zero client is not signed in.
func (s *server) doAs(p client, method, path, body string) answer {
	s.t.Helper()
	if p.cookie == "" {
		return s.do(method, path, body)
	}
	return s.do(method, path, body, "Cookie", p.cookie, "Origin", origin)
}

// row is one request of a table and the expected response.
type row struct {
	name    string
	who     client
	body    string
	status  int
	want    string
	cookies []string // Set-Cookie lines
}

// checkRows sends the requests in order and compares the responses.
func (s *server) checkRows(method, path string, rows []row) {
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
			s.t.Errorf("%s %s, %s: cookies (-want +got):\n%s", method, path, c.name, diff)
		}
	}
}

const (
	unauthorized     = `{"message":"Unauthorized","code":"UNAUTHORIZED"}`
	statusTrue       = `{"status":true}`
	noFields         = `{"message":"No fields to update"}`
	notFresh         = `{"message":"Session is not fresh","code":"SESSION_NOT_FRESH"}`
	accountNotFound  = `{"message":"Account not found","code":"ACCOUNT_NOT_FOUND"}`
	providerNotFound = `{"message":"Provider not found","code":"PROVIDER_NOT_FOUND"}`
)

// invalid returns Better Auth's response to validation problems.
func invalid(problems ...string) string {
	return `{"message":"` + strings.ReplaceAll(strings.Join(problems, "; "), `"`, `\"`) + `","code":"VALIDATION_ERROR"}`
}

// wrongType returns the message of one validation problem.
func wrongType(where, want, got string) string {
	return "[" + where + "] Invalid input: expected " + want + ", received " + got
}

// notObjectRows are requests whose body is not an object. The client is not signed in, because validation comes first.
func notObjectRows(want string) []row {
	return []row{
		{name: "no body", body: "", status: 400, want: invalid(wrongType("body", want, "undefined"))},
		{name: "array", body: `[{}]`, status: 400, want: invalid(wrongType("body", want, "array"))},
		{name: "null", body: `null`, status: 400, want: invalid(wrongType("body", want, "null"))},
		{name: "text", body: `"x"`, status: 400, want: invalid(wrongType("body", want, "string"))},
		{name: "number", body: `5`, status: 400, want: invalid(wrongType("body", want, "number"))},
		{name: "not JSON", body: `{`, status: 400, want: `{"message":"Invalid JSON in request body","code":"BAD_REQUEST"}`},
	}
}

// addAccount adds an account of a provider and returns the id of its row.
func (s *server) addAccount(p client, provider, scope string) string {
	s.t.Helper()
	return query[string](s, `
		INSERT INTO account ("accountId", "providerId", "userId", scope, "accessToken", "refreshToken",
			"createdAt", "updatedAt")
		VALUES ('at-' || $2 || '-' || $1, $2, $1::uuid, $3, 'access secret', 'refresh secret', $4, $4)
		RETURNING id::text`, p.id, provider, scope, s.now.Add(time.Minute))
}

// tokensOf returns the tokens of a user's stored sessions.
func (s *server) tokensOf(p client) []string {
	s.t.Helper()
	return query[[]string](s,
		`SELECT coalesce(array_agg(token ORDER BY "createdAt", token), '{}') FROM session WHERE "userId" = $1`, p.id)
}

// sessionRoutes are routes that need a session, with a valid body or query and the response to a client that is not
// signed in.
var sessionRoutes = []struct{ method, path, body, signedOut string }{
	{"GET", "/api/auth/list-sessions", "", unauthorized},
	{"POST", "/api/auth/revoke-session", `{"token":"x"}`, unauthorized},
	{"POST", "/api/auth/revoke-sessions", `{}`, unauthorized},
	{"POST", "/api/auth/revoke-other-sessions", `{}`, unauthorized},
	{"POST", "/api/auth/update-session", `{}`, unauthorized},
	{"POST", "/api/auth/update-user", `{"name":"x"}`, unauthorized},
	{"GET", "/api/auth/list-accounts", "", unauthorized},
	{"POST", "/api/auth/unlink-account", `{"accountId":"x"}`, unauthorized},
	{"GET", "/api/auth/account-info?accountId=x", "", ""},
	{"POST", "/api/auth/get-access-token", `{"accountId":"x"}`, ""},
	{"POST", "/api/auth/refresh-token", `{"accountId":"x"}`, ""},
	{"POST", "/api/auth/link-social", `{"provider":"x"}`, unauthorized},
	{"GET", "/api/auth/token", "", unauthorized},
}

func TestRequestWithoutSessionIsRefusedWithoutDatabase(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, g := range sessionRoutes {
		trips := s.roundTrips(func() {
			s.checkRows(g.method, g.path, []row{{name: "no session", body: g.body, status: 401, want: g.signedOut}})
		})
		if trips != 0 {
			t.Errorf("%s: got %d round trips, want 0", g.path, trips)
		}
	}
}

// Every route rejects a revoked token in the next request.
func TestR23_RevokedSessionIsRefusedByEveryRoute(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	here := s.signUp("ada")
	for _, g := range sessionRoutes {
		there := s.signInAs("ada")
		if a := s.doAs(there, "GET", sessionPath, ""); a.body == "null" {
			t.Fatalf("the session is not valid before the test: %s", a.body)
		}
		if a := s.doAs(here, "POST", "/api/auth/revoke-session", `{"token":"`+there.token+`"}`); a.body != statusTrue {
			t.Fatalf("revoke-session: got %d %s, want status true", a.status, a.body)
		}
		s.checkRows(g.method, g.path,
			[]row{{name: "revoked", who: there, body: g.body, status: 401, want: g.signedOut, cookies: cleared}})
		if a := s.do(g.method, g.path, g.body, "Authorization", "Bearer "+there.token); a.status != 401 {
			t.Errorf("%s: a revoked bearer token got %d %s, want 401", g.path, a.status, a.body)
		}
	}
	if got := s.tokensOf(here); len(got) != 1 || got[0] != here.token {
		t.Errorf("got sessions %q, want only the session that sent the request", got)
	}
	if name := query[string](s, `SELECT name FROM "user"`); name != "Ada" {
		t.Errorf("a request with a revoked session changed the name to %q, want Ada", name)
	}
}

// A route that needs a session reads the session and runs one statement of its own.
func TestSessionRoutesTakeTwoRoundTrips(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, g := range sessionRoutes {
		p := s.signUpFor(g.path)
		if got := s.roundTrips(func() { s.doAs(p, g.method, g.path, g.body) }); got > 2 {
			t.Errorf("%s: got %d round trips, want 2 at most", g.path, got)
		}
	}
}

// signUpFor signs up a separate user for a route.
func (s *server) signUpFor(path string) client {
	s.t.Helper()
	name, _, _ := strings.Cut(path[strings.LastIndexByte(path, '/')+1:], "?")
	return s.signUp(name)
}

// A browser that does not name a trusted origin changes nothing.
func TestSessionRoutesNeedATrustedOrigin(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.signUp("ada")
	for _, g := range sessionRoutes {
		if g.method == "GET" {
			continue
		}
		if a := s.do(g.method, g.path, g.body, "Cookie", p.cookie); a.status != 403 || a.code() != "MISSING_OR_NULL_ORIGIN" {
			t.Errorf("%s with a cookie and no Origin: got %d %s, want 403 MISSING_OR_NULL_ORIGIN", g.path, a.status, a.body)
		}
		if a := s.do(g.method, g.path, g.body, "Cookie", p.cookie, "Origin", "https://evil.example"); a.status != 403 ||
			a.code() != "INVALID_ORIGIN" {
			t.Errorf("%s from an untrusted origin: got %d %s, want 403 INVALID_ORIGIN", g.path, a.status, a.body)
		}
	}
	if got := s.tokensOf(p); len(got) != 1 {
		t.Errorf("after refused requests: got sessions %q, want the one session of the user", got)
	}
}
