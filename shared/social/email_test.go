package social_test

import (
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// Some letters beyond ASCII become ASCII letters in lower case. An email with such a letter is another mailbox than the
// one with the ASCII letter, so it must neither sign in as its user nor take the email.
func TestLettersThatBecomeASCIIAreNotTheSameEmail(t *testing.T) {
	t.Parallel()
	s := newServer(t, "TRUSTED_PROVIDERS", "google")
	for victim, attacker := range map[string]string{
		"kate@example.com": "\u212Aate@example.com", // KELVIN SIGN
		"ida@example.com":  "\u0130da@example.com",  // LATIN CAPITAL LETTER I WITH DOT ABOVE
	} {
		owner := s.browser()
		id := owner.signUp(victim, true)
		v := verifiedVisit()
		v.Subject, v.Email = attacker, attacker
		b := s.browser()
		if code, _ := redirectErrorAndTarget(
			t,
			b.signIn("google", `,"errorCallbackURL":"/failed"`, v).location(),
		); code != "email_not_found" {
			t.Errorf("sign-in with the email %q: got %q, want email_not_found", attacker, code)
		}
		code, _ := redirectErrorAndTarget(t, owner.linkAtProvider("google", v).location())
		if code != "email_does_not_match" {
			t.Errorf("link with the email %q: got %q, want email_does_not_match", attacker, code)
		}
		if got := dbtest.Value[int](t, s.url, `SELECT count(*) FROM account WHERE "providerId" = 'google'`); got != 0 {
			t.Errorf("after the attempts with the email %q at user %s: got %d accounts of google, want 0", attacker, id, got)
		}
	}
}
