package auth_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const revokeSessionsPath = "/api/auth/revoke-sessions"

func TestRevokeSessionsAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	bob := s.signUp("bob")
	s.signUp("ada")
	for _, body := range []string{`{}`, ``, `[1]`, `null`, `"x"`} {
		p := s.signInAs("ada")
		s.exec(`UPDATE session SET "expiresAt" = $2 WHERE token = $1`, s.signInAs("ada").token, s.now.Add(-time.Hour))
		s.checkCases("POST", revokeSessionsPath,
			[]routeCase{{name: body, who: p, body: body, status: 200, want: statusTrueReply, cookies: clearedSessionCookies}})
		if got := s.tokensOf(p); len(got) != 0 {
			t.Errorf("revoke-sessions with body %q: got sessions %q afterwards, want none", body, got)
		}
		s.checkCases(
			"POST",
			revokeSessionsPath,
			[]routeCase{
				{name: "again", who: p, body: body, status: 401, want: unauthorizedReply, cookies: clearedSessionCookies},
			},
		)
	}
	s.checkCases("POST", revokeSessionsPath, []routeCase{
		{name: "no session", body: `{}`, status: 401, want: unauthorizedReply},
		{
			name: "not JSON", who: bob, body: `{`, status: 400,
			want: `{"message":"Invalid JSON in request body","code":"BAD_REQUEST"}`,
		},
	})
	if diff := cmp.Diff([]string{bob.token}, s.tokensOf(bob)); diff != "" {
		t.Errorf("tokens of Bob's sessions after Ada revoked hers (-want +got):\n%s", diff)
	}
}
