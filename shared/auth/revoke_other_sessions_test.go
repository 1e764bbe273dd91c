package auth_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const revokeOthersPath = "/api/auth/revoke-other-sessions"

func TestRevokeOtherSessionsAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	bob, p := s.signUp("bob"), s.signUp("ada")
	for _, body := range []string{`{}`, ``, `[]`, `null`, `"x"`} {
		other := s.signInAs("ada")
		s.checkCases(
			"POST",
			revokeOthersPath,
			[]routeCase{{name: body, who: p, body: body, status: 200, want: statusTrueReply}},
		)
		if diff := cmp.Diff([]string{p.token}, s.tokensOf(p)); diff != "" {
			t.Errorf("revoke-other-sessions with body %q: tokens of Ada's sessions (-want +got):\n%s", body, diff)
		}
		if a := s.doAs(other, "GET", sessionPath, ""); a.body != "null" {
			t.Errorf("revoke-other-sessions with body %q: get-session with the other session: got %s, want null", body, a.body)
		}
	}
	s.checkCases(
		"POST",
		revokeOthersPath,
		[]routeCase{{name: "no session", body: `{}`, status: 401, want: unauthorizedReply}},
	)
	if got := s.tokensOf(bob); len(got) != 1 {
		t.Errorf("Bob's sessions after Ada revoked her other sessions: got %q, want one", got)
	}
}

// Better Auth ends at most a hundred sessions per request, Xenon ends all live ones. Both keep expired sessions, which
// are deleted when they are read.
func TestRevokeOtherSessionsEndsAllLiveSessions(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.signUp("ada")
	s.exec(`INSERT INTO session ("userId", token, "expiresAt", "updatedAt")
		SELECT $1, 'live ' || i, $2, $2 FROM generate_series(1, 150) i`, p.id, s.now.Add(time.Hour))
	s.exec(`INSERT INTO session ("userId", token, "expiresAt", "updatedAt", "createdAt") VALUES ($1, 'expired', $2, $2,`+
		` $2)`, p.id, s.now.Add(-time.Hour))
	s.checkCases(
		"POST",
		revokeOthersPath,
		[]routeCase{{name: "all", who: p, body: `{}`, status: 200, want: statusTrueReply}},
	)
	if diff := cmp.Diff([]string{"expired", p.token}, s.tokensOf(p)); diff != "" {
		t.Errorf("tokens of Ada's sessions after she revoked 150 others (-want +got):\n%s", diff)
	}
}
