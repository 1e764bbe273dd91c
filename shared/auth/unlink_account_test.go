package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestUnlinkAccountAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	const path = "/api/auth/unlink-account"
	const last = `{"message":"You can't unlink your last account","code":"FAILED_TO_UNLINK_LAST_ACCOUNT"}`
	p, bob := s.signUp("ada"), s.signUp("bob")
	bodyWithID := func(bodyWithID string) string { return `{"accountId":"` + bodyWithID + `"}` }
	credential := query[string](s, `SELECT id::text FROM account WHERE "userId" = $1`, p.id)
	foreign := s.addAccount(bob, "google", "")
	providersOf := func(of signedInClient) []string {
		return query[[]string](s,
			`SELECT coalesce(array_agg("providerId" ORDER BY "providerId"), '{}') FROM account WHERE "userId" = $1`, of.id)
	}
	s.checkCases("POST", path, append(
		casesWithoutJSONObject("object"),
		routeCase{
			name:   "no id",
			body:   `{}`,
			status: 400,
			want:   validationReply(wrongTypeProblem("body.accountId", "string", "undefined")),
		},
		routeCase{
			name: "array", who: p, body: `{"accountId":["` + credential + `"]}`, status: 400,
			want: validationReply(wrongTypeProblem("body.accountId", "string", "array")),
		},
		routeCase{
			name: "null", who: p, body: `{"accountId":null}`, status: 400,
			want: validationReply(wrongTypeProblem("body.accountId", "string", "null")),
		},
		routeCase{name: "no session", body: bodyWithID(credential), status: 401, want: unauthorizedReply},
		routeCase{name: "the last account", who: p, body: bodyWithID(credential), status: 400, want: last},
		routeCase{name: "unknown, with one account", who: p, body: bodyWithID("x"), status: 400, want: last},
		routeCase{name: "of another user, with one account", who: p, body: bodyWithID(foreign), status: 400, want: last},
	))
	google := s.addAccount(p, "google", "")
	s.checkCases("POST", path, []routeCase{
		{name: "unknown", who: p, body: bodyWithID("x"), status: 400, want: accountNotFoundReply},
		{name: "NUL", who: p, body: bodyWithID(`\u0000`), status: 400, want: accountNotFoundReply},
		{name: "upper case", who: p, body: bodyWithID(strings.ToUpper(google)), status: 400, want: accountNotFoundReply},
		{name: "of another user", who: p, body: bodyWithID(foreign), status: 400, want: accountNotFoundReply},
		{
			name:   "the user's id at the provider",
			who:    p,
			body:   bodyWithID("at-google-" + p.id),
			status: 400,
			want:   accountNotFoundReply,
		},
	})
	if diff := cmp.Diff([]string{"credential", "google"}, providersOf(p)); diff != "" {
		t.Errorf("providers of Ada's accounts after requests that failed (-want +got):\n%s", diff)
	}
	s.checkCases("POST", path, []routeCase{
		{
			name: "own, with an unknown key", who: p, body: `{"accountId":"` + google + `","providerId":"credential"}`,
			status: 200, want: statusTrueReply,
		},
		{name: "again", who: p, body: bodyWithID(google), status: 400, want: last},
	})
	s.exec(`DELETE FROM account WHERE id = $1`, credential)
	s.checkCases("POST", path,
		[]routeCase{{name: "no accounts", who: p, body: bodyWithID(credential), status: 400, want: accountNotFoundReply}})
	if diff := cmp.Diff([]string{"credential", "google"}, providersOf(bob)); diff != "" {
		t.Errorf("providers of Bob's accounts after Ada's requests (-want +got):\n%s", diff)
	}
}

func TestR27_UnlinkAccountNeedsAFreshSession(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	const path = "/api/auth/unlink-account"
	p := s.signUp("ada")
	google := s.addAccount(p, "google", "")
	s.now = s.now.Add(24 * time.Hour)
	if a := s.doAs(p, "POST", path+"?disableRefresh=1", `{"accountId":"`+google+`"}`); a.status != 403 ||
		a.body != notFreshReply {
		t.Errorf("unlink with an old session: got %d %s, want 403 SESSION_NOT_FRESH", a.status, a.body)
	}
	if a := s.doAs(p, "POST", path, `{}`); a.status != 400 {
		t.Errorf("unlink with an old session and an invalid body: got %d %s, want 400", a.status, a.body)
	}
	if n := query[int](s, `SELECT count(*) FROM account`); n != 2 {
		t.Errorf("after unlink-account with an old session: got %d accounts, want 2", n)
	}
}
