package auth_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const revokeSessionPath = "/api/auth/revoke-session"

func TestRevokeSessionAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p, bob := s.signUp("ada"), s.signUp("bob")
	phone, old := s.signInAs("ada"), s.signInAs("ada")
	s.exec(`UPDATE session SET "expiresAt" = $2 WHERE token = $1`, old.token, s.now.Add(-time.Hour))
	bodyWithToken := func(of signedInClient) string { return `{"token":"` + of.token + `"}` }
	s.checkCases("POST", revokeSessionPath, append(
		casesWithoutJSONObject("object"),
		routeCase{
			name:   "no token",
			body:   `{}`,
			status: 400,
			want:   validationReply(wrongTypeProblem("body.token", "string", "undefined")),
		},
		routeCase{
			name: "null", who: p, body: `{"token":null}`, status: 400,
			want: validationReply(wrongTypeProblem("body.token", "string", "null")),
		},
		routeCase{
			name: "array", who: p, body: `{"token":["` + phone.token + `"]}`, status: 400,
			want: validationReply(wrongTypeProblem("body.token", "string", "array")),
		},
		routeCase{
			name: "number", who: p, body: `{"token":5}`, status: 400,
			want: validationReply(wrongTypeProblem("body.token", "string", "number")),
		},
		routeCase{name: "no session", body: bodyWithToken(p), status: 401, want: unauthorizedReply},
		routeCase{name: "unknown token", who: p, body: `{"token":"unknown"}`, status: 200, want: statusTrueReply},
		routeCase{name: "empty token", who: p, body: `{"token":""}`, status: 200, want: statusTrueReply},
		routeCase{name: "NUL", who: p, body: `{"token":"\u0000"}`, status: 200, want: statusTrueReply},
		routeCase{name: "token of another user", who: p, body: bodyWithToken(bob), status: 200, want: statusTrueReply},
	))
	if got := s.tokensOf(p); len(got) != 3 {
		t.Errorf("Ada's sessions after requests that must not end one: got %q, want three", got)
	}
	s.checkCases("POST", revokeSessionPath, []routeCase{
		{
			name: "own, with an unknown key", who: p, body: `{"token":"` + phone.token + `","userId":"` + bob.id + `"}`,
			status: 200, want: statusTrueReply,
		},
		{name: "own, again", who: p, body: bodyWithToken(phone), status: 200, want: statusTrueReply},
		{name: "own, expired", who: p, body: bodyWithToken(old), status: 200, want: statusTrueReply},
	})
	if diff := cmp.Diff([]string{p.token}, s.tokensOf(p)); diff != "" {
		t.Errorf("tokens of Ada's sessions after she revoked two (-want +got):\n%s", diff)
	}
	s.checkCases("POST", revokeSessionPath, []routeCase{
		{name: "current", who: p, body: bodyWithToken(p), status: 200, want: statusTrueReply, cookies: clearedSessionCookies},
		{
			name:    "current, again",
			who:     p,
			body:    bodyWithToken(p),
			status:  401,
			want:    unauthorizedReply,
			cookies: clearedSessionCookies,
		},
	})
	if ada, bobs := s.tokensOf(p), s.tokensOf(bob); len(ada) != 0 || len(bobs) != 1 {
		t.Errorf("after Ada revoked her last session: got the sessions %q of Ada and %q of Bob, want none and one", ada, bobs)
	}
}

// A request that extends its session and then revokes it sets the token of the session neither in a cookie nor in a
// header.
func TestRevokingAnExtendedSessionSetsNoToken(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.signUp("ada")
	s.now = s.now.Add(25 * time.Hour)
	a := s.doAs(p, "POST", revokeSessionPath, `{"token":"`+p.token+`"}`)
	if diff := cmp.Diff(clearedSessionCookies, a.header["Set-Cookie"]); diff != "" || a.body != statusTrueReply {
		t.Errorf("revoke-session of the own session: got %d %s, Set-Cookie lines (-want +got):\n%s", a.status, a.body, diff)
	}
	if got := a.header.Get("Set-Auth-Token"); got != "" {
		t.Errorf("revoke-session of the own session: got set-auth-token %q, want none", got)
	}
}
