package social_test

import (
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/providertest"
)

// linkAtProvider links an account at a provider and returns the answer of the callback.
func (b *browser) linkAtProvider(provider string, v providertest.Visit) answer {
	b.s.t.Helper()
	a := b.do("POST", "/api/auth/link-social",
		`{"provider":"`+provider+`","callbackURL":"/account","errorCallbackURL":"/failed"}`)
	if a.status != 200 {
		b.s.t.Fatalf("link-social: got %d %s, want 200", a.status, a.body)
	}
	return b.finishCallback(b.s.visitProvider(a.text("url"), v))
}

func TestLinkedAccountSignsIn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	b := s.browser()
	id := b.signUp("ada@example.com", false)
	if a := b.linkAtProvider("google", verifiedVisit()); a.location() != "/account" || len(a.header["Set-Cookie"]) != 1 {
		t.Errorf("link: got a redirect to %s with the cookies %q, want /account and one cookie, which clears the state",
			a.location(), a.header["Set-Cookie"])
	}
	if got := dbtest.Value[string](t, s.url, selectUserSQL); got != "Ada|ada@example.com|f" {
		t.Errorf("the link changed the user to %s, want no change", got)
	}
	again := s.browser()
	again.signIn("google", "", verifiedVisit())
	if got := again.userID(); got != id {
		t.Errorf("sign-in with the linked account: got user %s, want %s", got, id)
	}
}

func TestLinkIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings []string
		visit    func(*providertest.Visit)
		before   func(s *server, b *browser)
		want     string
	}{
		"unverified email at the provider": {
			visit: func(v *providertest.Visit) { v.Verified = false }, want: "unable_to_link_account",
		},
		"linking is off": {settings: []string{"ACCOUNT_LINKING", "off"}, want: "unable_to_link_account"},
		"another email": {
			visit: func(v *providertest.Visit) { v.Email = "other@example.com" }, want: "email_does_not_match",
		},
		"account of another user": {
			settings: []string{"ALLOW_DIFFERENT_EMAILS", "on"},
			before: func(s *server, _ *browser) {
				v := verifiedVisit()
				v.Email = "first@example.com"
				s.browser().signIn("google", "", v)
			},
			want: "account_already_linked_to_different_user",
		},
		"the session has ended": {
			before: func(s *server, _ *browser) { dbtest.Exec(s.t, s.url, `DELETE FROM session`) },
			want:   "unable_to_link_account",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, c.settings...)
			b := s.browser()
			b.signUp("ada@example.com", true)
			a := b.do("POST", "/api/auth/link-social",
				`{"provider":"google","callbackURL":"/account","errorCallbackURL":"/failed"}`)
			v := verifiedVisit()
			if c.visit != nil {
				c.visit(&v)
			}
			login := s.visitProvider(a.text("url"), v)
			if c.before != nil {
				c.before(s, b)
			}
			code, target := redirectErrorAndTarget(t, b.finishCallback(login).location())
			if code != c.want || target != "/failed" {
				t.Errorf("link: got the error %q at %s, want %q at /failed", code, target, c.want)
			}
		})
	}
}

// A second link of the same account replaces the tokens and adds the scopes.
func TestSecondLinkMergesScopes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	b := s.browser()
	b.signUp("ada@example.com", true)
	first, second := verifiedVisit(), verifiedVisit()
	first.Tokens = map[string]any{"scope": "b a", "access_token": "first"}
	second.Tokens = map[string]any{"scope": "a c", "access_token": "second"}
	b.linkAtProvider("github", first)
	b.linkAtProvider("github", second)
	got := dbtest.Value[string](t, s.url,
		`SELECT string_agg(concat_ws(' ', "accessToken", scope), ';') FROM account WHERE "providerId" = 'github'`)
	if got != "second b,a,c" {
		t.Errorf("got the access token and scopes %s, want those of the second link and the scopes of both", got)
	}
}

func TestLastAccountIsUnlinkedOnlyIfAllowed(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]int{"off": 400, "on": 200} {
		s := newServer(t, "ALLOW_UNLINKING_ALL", setting)
		b := s.browser()
		b.signIn("google", "", verifiedVisit())
		account := dbtest.Value[string](t, s.url, `SELECT id::text FROM account`)
		if a := b.do("POST", "/api/auth/unlink-account", `{"accountId":"`+account+`"}`); a.status != want {
			t.Errorf("ALLOW_UNLINKING_ALL=%s: unlink the last account: got %d %s, want %d",
				setting, a.status, a.body, want)
		}
	}
}

// A trigger of the operator, such as one that xenon migrate tables --triggers makes, can reject a new name or image. As
// in Better Auth, the account is linked without them.
func TestLinkSucceedsIfATriggerRejectsTheProfile(t *testing.T) {
	t.Parallel()
	links := map[string]func(b *browser) answer{
		"in the browser": func(b *browser) answer { return b.linkAtProvider("google", verifiedVisit()) },
		"with an id token": func(b *browser) answer {
			token, _ := newIDToken(b.s.t, "google", verifiedVisit())
			return b.do("POST", "/api/auth/link-social", `{"provider":"google","idToken":{"token":"`+token+`"}}`)
		},
		"by a sign-in": func(b *browser) answer {
			return b.s.browser().signIn("google", `,"callbackURL":"/account"`, verifiedVisit())
		},
	}
	for name, link := range links {
		for rule, sql := range rejectingRules {
			t.Run(name+", "+rule, func(t *testing.T) {
				t.Parallel()
				s := newServer(t, "UPDATE_USER_INFO_ON_LINK", "on")
				b := s.browser()
				b.signUp("ada@example.com", true)
				dbtest.Exec(t, s.url, strings.ReplaceAll(sql, "{table}", `"user"`))
				if a := link(b); a.location() != "/account" && !strings.Contains(a.body, `"status":true`) {
					t.Errorf("link: got %d %s and a redirect to %q, want success", a.status, a.body, a.location())
				}
				got := dbtest.Value[string](t, s.url, `SELECT name || ' ' || (SELECT count(*) FROM account) FROM "user"`)
				if got != "Ada 2" {
					t.Errorf("name and number of accounts: got %s, want Ada 2", got)
				}
			})
		}
	}
}

// rejectingRules are triggers with which an operator can reject each change of a row, and each new row.
var rejectingRules = map[string]string{
	"an exception": `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()`,
	"a missing row": `CREATE TABLE plans (id int PRIMARY KEY); CREATE TABLE log (plan int REFERENCES plans);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (1); RETURN NEW; END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()`,
	"a duplicate": `CREATE TABLE log (id int UNIQUE); INSERT INTO log VALUES (1);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (1); RETURN NEW; END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()`,
}

func TestLinkThatATriggerRejectsIsAnsweredLikeBetterAuth(t *testing.T) {
	t.Parallel()
	for rule, sql := range rejectingRules {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, "UPDATE_USER_INFO_ON_LINK", "on")
			b := s.browser()
			b.signUp("ada@example.com", true)
			dbtest.Exec(t, s.url, strings.ReplaceAll(sql, "{table}", "account"))
			code, target := redirectErrorAndTarget(t, b.linkAtProvider("google", verifiedVisit()).location())
			if code != "unable_to_link_account" || target != "/failed" {
				t.Errorf("link: got the error %q at %s, want unable_to_link_account at /failed", code, target)
			}
			token, _ := newIDToken(t, "google", verifiedVisit())
			a := b.do("POST", "/api/auth/link-social", `{"provider":"google","idToken":{"token":"`+token+`"}}`)
			if a.status != 417 || a.text("code") != "LINKING_FAILED" {
				t.Errorf("link with an id token: got %d %s, want 417 LINKING_FAILED", a.status, a.body)
			}
			got := dbtest.Value[string](t, s.url, `SELECT name || ' ' || (SELECT count(*) FROM account) FROM "user"`)
			if got != "Ada 1" {
				t.Errorf("name and number of accounts: got %s, want Ada 1", got)
			}
		})
	}
}

// The sign-in ends the ban, which changes the user.
func TestSignInWhoseEndOfABanATriggerRejectsIsNoServerError(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.browser().signIn("google", "", verifiedVisit())
	dbtest.Exec(t, s.url, `UPDATE "user" SET banned = true, "banExpires" = now() - interval '1 s'`)
	dbtest.Exec(t, s.url, strings.ReplaceAll(rejectingRules["an exception"], "{table}", `"user"`))
	a := s.browser().signIn("google", `,"errorCallbackURL":"/failed"`, verifiedVisit())
	if code, target := redirectErrorAndTarget(t, a.location()); code != "unable_to_create_user" || target != "/failed" {
		t.Errorf("sign-in: got the error %q at %s, want unable_to_create_user at /failed", code, target)
	}
}
