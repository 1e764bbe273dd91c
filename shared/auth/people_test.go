package auth_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// person is somebody signed in on a site, in one browser.
type person struct{ cookie, token, id string }

// join signs somebody up by name.
func (s *site) join(name string) person {
	s.t.Helper()
	return s.browser(s.do("POST", signUpPath, strings.ReplaceAll(ada, "ada", name)))
}

// rejoin signs somebody in again, in another browser.
func (s *site) rejoin(name string) person {
	s.t.Helper()
	return s.browser(s.do("POST", signInPath, `{"email":"`+name+`@example.com","password":"correct horse"}`))
}

func (s *site) browser(a answer) person {
	s.t.Helper()
	if a.status != http.StatusOK {
		s.t.Fatalf("sign-up or sign-in: %d %s", a.status, a.body)
	}
	body := a.json(s.t)
	token, _ := body["token"].(string)
	user, _ := body["user"].(map[string]any)
	id, _ := user["id"].(string)
	return person{a.cookie(), token, id}
}

// by sends a request of somebody's, the zero person being nobody.
func (s *site) by(p person, method, path, body string) answer {
	s.t.Helper()
	if p.cookie == "" {
		return s.do(method, path, body)
	}
	return s.do(method, path, body, "Cookie", p.cookie, "Origin", origin)
}

// row is one request of a table and its answer.
type row struct {
	name    string
	who     person
	body    string
	status  int
	want    string
	cookies []string // exact lines
}

// run sends the rows in order and compares the answers.
func (s *site) run(method, path string, rows []row) {
	s.t.Helper()
	for _, c := range rows {
		target, body := path, c.body
		if method == "GET" {
			target, body = path+c.body, ""
		}
		a := s.by(c.who, method, target, body)
		if a.status != c.status || a.body != c.want || a.header.Get("Content-Type") != "application/json" {
			s.t.Errorf("%s %s, %s: got %d %s\nwant %d %s", method, path, c.name, a.status, a.body, c.status, c.want)
		}
		if diff := cmp.Diff(c.cookies, a.header["Set-Cookie"]); diff != "" {
			s.t.Errorf("%s %s, %s: cookies (-want +got):\n%s", method, path, c.name, diff)
		}
	}
}

const (
	unauthorized = `{"message":"Unauthorized","code":"UNAUTHORIZED"}`
	statusTrue   = `{"status":true}`
	noFields     = `{"message":"No fields to update"}`
	notFresh     = `{"message":"Session is not fresh","code":"SESSION_NOT_FRESH"}`
	notAccount   = `{"message":"Account not found","code":"ACCOUNT_NOT_FOUND"}`
	noProvider   = `{"message":"Provider not found","code":"PROVIDER_NOT_FOUND"}`
)

// invalid is the library's answer to faults of validation.
func invalid(faults ...string) string {
	return `{"message":"` + strings.ReplaceAll(strings.Join(faults, "; "), `"`, `\"`) + `","code":"VALIDATION_ERROR"}`
}

// wrongType is one such fault.
func wrongType(where, want, got string) string {
	return "[" + where + "] Invalid input: expected " + want + ", received " + got
}

// notObject are the rows for bodies that are no object, sent by nobody: validation comes before everything else.
func notObject(want string) []row {
	return []row{
		{name: "no body", body: "", status: 400, want: invalid(wrongType("body", want, "undefined"))},
		{name: "array", body: `[{}]`, status: 400, want: invalid(wrongType("body", want, "array"))},
		{name: "null", body: `null`, status: 400, want: invalid(wrongType("body", want, "null"))},
		{name: "text", body: `"x"`, status: 400, want: invalid(wrongType("body", want, "string"))},
		{name: "number", body: `5`, status: 400, want: invalid(wrongType("body", want, "number"))},
		{name: "no JSON", body: `{`, status: 400, want: `{"message":"Invalid JSON in request body","code":"BAD_REQUEST"}`},
	}
}

// link gives somebody an account of a provider and returns the id of its row.
func (s *site) link(p person, provider, scope string) string {
	s.t.Helper()
	return query[string](s, `
		INSERT INTO account ("accountId", "providerId", "userId", scope, "accessToken", "refreshToken", "createdAt", "updatedAt")
		VALUES ('at-' || $2, $2, $1, $3, 'access secret', 'refresh secret', $4, $4)
		RETURNING id::text`, p.id, provider, scope, s.now.Add(time.Minute))
}

// tokensOf are the tokens of somebody's stored sessions.
func (s *site) tokensOf(p person) []string {
	s.t.Helper()
	return query[[]string](s, `SELECT coalesce(array_agg(token ORDER BY "createdAt", token), '{}') FROM session WHERE "userId" = $1`, p.id)
}

// guarded are the routes for signed-in people that stand in this package's account and session files, with a body or query that
// passes validation, and what they answer to nobody.
var guarded = []struct{ method, path, body, nobody string }{
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

func TestNobodyIsRefusedWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, g := range guarded {
		trips := s.trips(func() { s.run(g.method, g.path, []row{{name: "nobody", body: g.body, status: 401, want: g.nobody}}) })
		if trips != 0 {
			t.Errorf("%s: got %d round trips, want 0", g.path, trips)
		}
	}
}

// A revoked token is refused on the very next call of every route that decides anything.
func TestR23_RevokedIsOutAtOnceEverywhere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	here := s.join("ada")
	for _, g := range guarded {
		there := s.rejoin("ada")
		if a := s.by(there, "GET", sessionPath, ""); a.body == "null" {
			t.Fatalf("the session never was: %s", a.body)
		}
		if a := s.by(here, "POST", "/api/auth/revoke-session", `{"token":"`+there.token+`"}`); a.body != statusTrue {
			t.Fatalf("revoke: %d %s", a.status, a.body)
		}
		s.run(g.method, g.path, []row{{name: "revoked", who: there, body: g.body, status: 401, want: g.nobody, cookies: cleared}})
		if a := s.do(g.method, g.path, g.body, "Authorization", "Bearer "+there.token); a.status != 401 {
			t.Errorf("%s: a revoked bearer token got %d %s", g.path, a.status, a.body)
		}
	}
	if got := s.tokensOf(here); len(got) != 1 || got[0] != here.token {
		t.Errorf("got sessions %q, want the one that revoked", got)
	}
	if name := query[string](s, `SELECT name FROM "user"`); name != "Ada" {
		t.Errorf("a revoked session changed the name to %q", name)
	}
}

// A guarded request reads the session and runs one statement of its own.
func TestGuardedRoutesTakeTwoRoundTrips(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, g := range guarded {
		p := s.browserOf(g.path)
		if got := s.trips(func() { s.by(p, g.method, g.path, g.body) }); got > 2 {
			t.Errorf("%s: got %d round trips, want 2 at most", g.path, got)
		}
	}
}

// browserOf signs up somebody of their own for a route.
func (s *site) browserOf(path string) person {
	s.t.Helper()
	name, _, _ := strings.Cut(path[strings.LastIndexByte(path, '/')+1:], "?")
	return s.join(name)
}

// Without a trusted origin a browser changes nothing.
func TestGuardedRoutesWantATrustedOrigin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.join("ada")
	for _, g := range guarded {
		if g.method == "GET" {
			continue
		}
		if a := s.do(g.method, g.path, g.body, "Cookie", p.cookie); a.status != 403 || a.code() != "MISSING_OR_NULL_ORIGIN" {
			t.Errorf("%s: got %d %s", g.path, a.status, a.body)
		}
		if a := s.do(g.method, g.path, g.body, "Cookie", p.cookie, "Origin", "https://evil.example"); a.status != 403 || a.code() != "INVALID_ORIGIN" {
			t.Errorf("%s: got %d %s", g.path, a.status, a.body)
		}
	}
	if got := s.tokensOf(p); len(got) != 1 {
		t.Errorf("got sessions %q", got)
	}
}
