package social_test

import (
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
