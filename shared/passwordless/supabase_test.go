package passwordless_test

import (
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// The owner of an email takes an account from the person who created it without proving the email. The sessions that
// this person has at Supabase must not start new ones. A user who had proved the email keeps them, as all sessions,
// unless the password is reset.
func TestProofOfAnEmailRevokesUnusedSupabaseSessions(t *testing.T) {
	t.Parallel()
	link := func(s *server) answer { return s.browser().do("GET", s.sendLink(ada, ""), "") }
	signIn := func(s *server) answer {
		return s.browser().do("POST", codeSignInPath, codeBody(ada, s.sendCode(ada, "sign-in"), ""))
	}
	verify := func(s *server) answer {
		return s.browser().do("POST", verifyCodePath, codeBody(ada, s.sendCode(ada, "email-verification"), ""))
	}
	reset := func(s *server) answer {
		s.browser().do("POST", requestCodePath, `{"email":"`+ada+`"}`)
		return s.browser().do("POST", resetCodePath, codeBody(ada, s.takeMail().Token, `,"password":"a better horse"`))
	}
	for _, c := range []struct {
		name      string
		prove     func(s *server) answer
		verified  bool // the email, before the proof
		twoSignUp bool // two sign-ups have used the email before it was verified
		revoked   bool
	}{
		{"a link, email not verified", link, false, false, true},
		{"a link, email verified", link, true, false, false},
		{"a code, email not verified", signIn, false, false, true},
		{"a code, email verified", signIn, true, false, false},
		{"verification with a code after one sign-up", verify, false, false, false},
		{"verification with a code after two sign-ups", verify, false, true, true},
		{"reset with a code, email not verified", reset, false, false, true},
		{"reset with a code, email verified", reset, true, false, true},
	} {
		s := newServer(t, "REQUIRE_EMAIL_VERIFICATION", "on", "REVOKE_SESSIONS_ON_PASSWORD_RESET", "off")
		id, eve := s.browser().signUp(ada, c.verified), s.browser().signUp("eve@example.com", false)
		if c.twoSignUp {
			s.browser().signUp(ada, c.verified)
		}
		s.box.takeAll()
		for _, user := range []string{id, eve} {
			dbtest.Exec(t, s.url, `
				INSERT INTO "supabaseSession" (id, "userId", aal2, "createdAt") VALUES (gen_random_uuid(), $1, false, now())`, user)
		}
		if a := c.prove(s); a.status >= 400 {
			t.Errorf("%s: got %d %s, want a success", c.name, a.status, a.body)
		}
		got := query[[]string](s, `
			SELECT coalesce(array_agg("userId"::text), '{}') FROM "supabaseSession" WHERE "revokedAt" IS NOT NULL`)
		if want := c.revoked; (len(got) == 1 && got[0] == id) != want || len(got) > 1 {
			t.Errorf("%s: got the revoked sessions of %v, want that of %s revoked: %v", c.name, got, id, want)
		}
	}
}
