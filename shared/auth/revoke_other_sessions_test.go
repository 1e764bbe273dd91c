package auth_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const revokeOthersPath = "/api/auth/revoke-other-sessions"

func TestRevokeOtherSessionsAnswersAsTheLibrary(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	bob, p := s.join("bob"), s.join("ada")
	for _, body := range []string{`{}`, ``, `[]`, `null`, `"x"`} {
		other := s.rejoin("ada")
		s.run("POST", revokeOthersPath, []row{{name: body, who: p, body: body, status: 200, want: statusTrue}})
		if diff := cmp.Diff([]string{p.token}, s.tokensOf(p)); diff != "" {
			t.Errorf("%s: sessions (-want +got):\n%s", body, diff)
		}
		if a := s.by(other, "GET", sessionPath, ""); a.body != "null" {
			t.Errorf("%s: the other session is still live", body)
		}
	}
	s.run("POST", revokeOthersPath, []row{{name: "nobody", body: `{}`, status: 401, want: unauthorized}})
	if got := s.tokensOf(bob); len(got) != 1 {
		t.Errorf("got sessions %q of Bob's", got)
	}
}

// The library ends at most a hundred at once and leaves the expired ones to be swept when they are next read.
func TestRevokeOtherSessionsEndsAllLiveOnes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.join("ada")
	s.exec(`INSERT INTO session ("userId", token, "expiresAt", "updatedAt")
		SELECT $1, 'live ' || i, $2, $2 FROM generate_series(1, 150) i`, p.id, s.now.Add(time.Hour))
	s.exec(`INSERT INTO session ("userId", token, "expiresAt", "updatedAt", "createdAt") VALUES ($1, 'expired', $2, $2, $2)`, p.id, s.now.Add(-time.Hour))
	s.run("POST", revokeOthersPath, []row{{name: "all", who: p, body: `{}`, status: 200, want: statusTrue}})
	if diff := cmp.Diff([]string{"expired", p.token}, s.tokensOf(p)); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
}
