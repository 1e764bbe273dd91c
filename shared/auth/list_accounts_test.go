package auth_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestListAccountsAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	const path = "/api/auth/list-accounts"
	p, bob := s.signUp("ada"), s.signUp("bob")
	s.addAccount(bob, "github", "")
	credential := query[string](s, `SELECT id::text FROM account WHERE "userId" = $1`, p.id)
	first := `{"accountId":"` + p.id + `","providerId":"credential","userId":"` + p.id +
		`","createdAt":"2026-01-15T12:00:00.123Z","updatedAt":"2026-01-15T12:00:00.123Z","id":"` + credential +
		`","scopes":[]}`
	s.checkCases("GET", path, []routeCase{
		{name: "own", who: p, status: 200, want: `[` + first + `]`},
		{name: "no session", status: 401, want: unauthorizedReply},
	})
	google := s.addAccount(p, "google", " openid, email,,profile ")
	a := s.doAs(p, "GET", path, "")
	s.checkCases("GET", path,
		[]routeCase{{name: "two", who: p, status: 200, want: `[` + first +
			`,{"accountId":"at-google-` + p.id + `","providerId":"google","userId":"` + p.id +
			`","createdAt":"2026-01-15T12:01:00.123Z","updatedAt":"2026-01-15T12:01:00.123Z","id":"` + google +
			`","scopes":["openid","email","profile"]}]`}})
	if strings.Contains(a.body, "secret") || strings.Contains(a.body, "$argon2") {
		t.Errorf("list-accounts: got %s, want no tokens and no password hash in it", a.body)
	}
	s.exec(`DELETE FROM account WHERE "userId" = $1`, p.id)
	if diff := cmp.Diff("[]", s.doAs(p, "GET", path, "").body); diff != "" {
		t.Errorf("list-accounts of a user without accounts (-want +got):\n%s", diff)
	}
}
