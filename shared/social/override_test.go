package social_test

import (
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// With REQUIRE_EMAIL_VERIFICATION, the email in the row of the user must be verified, not the email that the provider
// returns and that another user has.
func TestRequiredVerificationIsThatOfTheStoredEmail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stored, provider bool
		want             string
	}{
		"only the stored email is verified":     {true, false, ""},
		"only the provider's email is verified": {false, true, "email_not_verified"},
		"neither email is verified":             {false, false, "email_not_verified"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, "GOOGLE_REQUIRE_EMAIL_VERIFICATION", "on", "GOOGLE_OVERRIDE_USER_INFO", "on")
			s.browser().signUp("bob@example.com", true)
			s.browser().signIn("google", "", verifiedVisit())
			dbtest.Exec(t, s.url, `UPDATE "user" SET "emailVerified" = $1 WHERE email = 'ada@example.com'`, c.stored)
			v := verifiedVisit()
			v.Email, v.Verified = "bob@example.com", c.provider
			b := s.browser()
			a := b.signIn("google", `,"errorCallbackURL":"/failed"`, v)
			if code, _ := redirectErrorAndTarget(t, a.location()); code != c.want || (b.userID() != "") != (c.want == "") {
				t.Errorf("sign-in: got the error %q and the user %q, want the error %q, and a user only without an error",
					code, b.userID(), c.want)
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
	s.browser().signIn("apple", "", verifiedVisit())
	v := verifiedVisit()
	v.Name = ""
	b := s.browser()
	b.signIn("apple", "", v)
	if got := dbtest.Value[string](t, s.url, `SELECT name FROM "user"`); got != "Ada Lovelace" || b.userID() == "" {
		t.Errorf("after a sign-in without a name: stored name %q, user %q; want the old name and a session",
			got, b.userID())
	}
}
