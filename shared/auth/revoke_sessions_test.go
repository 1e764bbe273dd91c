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
		s.checkRows("POST", revokeSessionsPath,
			[]row{{name: body, who: p, body: body, status: 200, want: statusTrue, cookies: cleared}})
		if got := s.tokensOf(p); len(got) != 0 {
			t.Errorf("revoke-sessions with body %q: got sessions %q afterwards, want none", body, got)
		}
		s.checkRows("POST", revokeSessionsPath,
			[]row{{name: "again", who: p, body: body, status: 401, want: unauthorized, cookies: cleared}})
	}
	s.checkRows("POST", revokeSessionsPath, []row{
		{name: "no session", body: `{}`, status: 401, want: unauthorized},
		{
			name: "not JSON", who: bob, body: `{`, status: 400,
			want: `{"message":"Invalid JSON in request body","code":"BAD_REQUEST"}`,
		},
	})
	if diff := cmp.Diff([]string{bob.token}, s.tokensOf(bob)); diff != "" {
		t.Errorf("tokens of Bob's sessions after Ada revoked hers (-want +got):\n%s", diff)
	}
}
