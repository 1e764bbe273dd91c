package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestUnlinkAccountAnswersAsTheLibrary(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const path = "/api/auth/unlink-account"
	const last = `{"message":"You can't unlink your last account","code":"FAILED_TO_UNLINK_LAST_ACCOUNT"}`
	p, bob := s.join("ada"), s.join("bob")
	id := func(id string) string { return `{"accountId":"` + id + `"}` }
	credential := query[string](s, `SELECT id::text FROM account WHERE "userId" = $1`, p.id)
	foreign := s.link(bob, "google", "")
	providers := func(of person) []string {
		return query[[]string](s, `SELECT coalesce(array_agg("providerId" ORDER BY "providerId"), '{}') FROM account WHERE "userId" = $1`, of.id)
	}
	s.run("POST", path, append(notObject("object"),
		row{name: "no id", body: `{}`, status: 400, want: invalid(wrongType("body.accountId", "string", "undefined"))},
		row{name: "array", who: p, body: `{"accountId":["` + credential + `"]}`, status: 400, want: invalid(wrongType("body.accountId", "string", "array"))},
		row{name: "null", who: p, body: `{"accountId":null}`, status: 400, want: invalid(wrongType("body.accountId", "string", "null"))},
		row{name: "nobody", body: id(credential), status: 401, want: unauthorized},
		row{name: "the last", who: p, body: id(credential), status: 400, want: last},
		row{name: "unknown, with one account", who: p, body: id("x"), status: 400, want: last},
		row{name: "foreign, with one account", who: p, body: id(foreign), status: 400, want: last},
	))
	google := s.link(p, "google", "")
	s.run("POST", path, []row{
		{name: "unknown", who: p, body: id("x"), status: 400, want: notAccount},
		{name: "impossible", who: p, body: id(`\u0000`), status: 400, want: notAccount},
		{name: "upper case", who: p, body: id(strings.ToUpper(google)), status: 400, want: notAccount},
		{name: "foreign", who: p, body: id(foreign), status: 400, want: notAccount},
		{name: "the provider's id", who: p, body: id("at-google"), status: 400, want: notAccount},
	})
	if diff := cmp.Diff([]string{"credential", "google"}, providers(p)); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	s.run("POST", path, []row{
		{name: "own, with an unknown key", who: p, body: `{"accountId":"` + google + `","providerId":"credential"}`, status: 200, want: statusTrue},
		{name: "again", who: p, body: id(google), status: 400, want: last},
	})
	s.exec(`DELETE FROM account WHERE id = $1`, credential)
	s.run("POST", path, []row{{name: "no accounts", who: p, body: id(credential), status: 400, want: notAccount}})
	if diff := cmp.Diff([]string{"credential", "google"}, providers(bob)); diff != "" {
		t.Errorf("Bob's accounts (-want +got):\n%s", diff)
	}
}

func TestR27_UnlinkAccountWantsAFreshSession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const path = "/api/auth/unlink-account"
	p := s.join("ada")
	google := s.link(p, "google", "")
	s.now = s.now.Add(24 * time.Hour)
	if a := s.by(p, "POST", path+"?disableRefresh=1", `{"accountId":"`+google+`"}`); a.status != 403 || a.body != notFresh {
		t.Errorf("got %d %s", a.status, a.body)
	}
	if a := s.by(p, "POST", path, `{}`); a.status != 400 {
		t.Errorf("validation comes first: got %d %s", a.status, a.body)
	}
	if n := query[int](s, `SELECT count(*) FROM account`); n != 2 {
		t.Errorf("got %d accounts, want 2", n)
	}
}
