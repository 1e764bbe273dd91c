package social_test

import (
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// With REQUIRE_EMAIL_VERIFICATION the email in the row of the user counts, not the one of the provider, which another
// user has.
func TestRequiredVerificationIsThatOfTheStoredEmail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stored, provider bool
		want             string
	}{
		"only the stored email is verified":      {true, false, ""},
		"only the provider's email is verified":  {false, true, "email_not_verified"},
		"neither the stored nor the other email": {false, false, "email_not_verified"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, "GOOGLE_REQUIRE_EMAIL_VERIFICATION", "on", "GOOGLE_OVERRIDE_USER_INFO", "on")
			s.browser().signUp("bob@example.com", true)
			s.browser().signIn("google", "", ada())
			dbtest.Exec(t, s.url, `UPDATE "user" SET "emailVerified" = $1 WHERE email = 'ada@example.com'`, c.stored)
			v := ada()
			v.Email, v.Verified = "bob@example.com", c.provider
			b := s.browser()
			a := b.signIn("google", `,"errorCallbackURL":"/failed"`, v)
			if code, _ := errorOf(t, a.location()); code != c.want || (b.userID() != "") != (c.want == "") {
				t.Errorf("got %q as %q, want %q", code, b.userID(), c.want)
			}
			if n := dbtest.Value[int](t, s.url, `SELECT count(*) FROM "user" WHERE email = 'ada@example.com'`); n != 1 {
				t.Error("the sign-in changed the stored email, want no change")
			}
		})
	}
}

// Apple sends the name of a user at the first sign-in only.
func TestEmptyNameOfAProviderKeepsTheStoredOne(t *testing.T) {
	t.Parallel()
	s := newServer(t, "APPLE_OVERRIDE_USER_INFO", "on")
	s.browser().signIn("apple", "", ada())
	v := ada()
	v.Name = ""
	b := s.browser()
	b.signIn("apple", "", v)
	if got := dbtest.Value[string](t, s.url, `SELECT name FROM "user"`); got != "Ada Lovelace" || b.userID() == "" {
		t.Errorf("got the name %q and user %q, want the stored name and a session", got, b.userID())
	}
}
