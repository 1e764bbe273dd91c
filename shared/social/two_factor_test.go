package social_test

import (
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// With TWO_FACTOR_FOR=password, as in Better Auth, a provider replaces the second factor.
func TestProviderAsksForSecondFactorIfAllSignInsDo(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		"password": "/home?a=1",
		"all":      "/two-factor/?next=%2Fhome%3Fa%3D1&methods=totp,otp",
	} {
		s := newServer(t, "TWO_FACTOR", "on", "TWO_FACTOR_FOR", setting)
		first := s.browser()
		first.signIn("google", "", verifiedVisit())
		id := first.userID()
		dbtest.Exec(t, s.url, `UPDATE "user" SET "twoFactorEnabled" = true`)
		dbtest.Exec(t, s.url, `
			INSERT INTO "twoFactor" (secret, "backupCodes", "userId", verified) VALUES ('x', 'x', $1::uuid, true)`, id)
		b := s.browser()
		a := b.signIn("google", `,"callbackURL":"/home?a=1"`, verifiedVisit())
		isChallenged := b.cookies["better-auth.two_factor"] != ""
		if a.status != 302 || a.location() != want || isChallenged != (setting == "all") {
			t.Errorf("TWO_FACTOR_FOR=%s: got %d to %s, challenge: %v, want 302 to %s",
				setting, a.status, a.location(), isChallenged, want)
		}
		if signedIn := b.userID() != ""; signedIn == isChallenged {
			t.Errorf("TWO_FACTOR_FOR=%s: signed in: %v, want the contrary of challenge: %v", setting, signedIn, isChallenged)
		}
		sessions := dbtest.Value[int64](t, s.url, `SELECT count(*) FROM session WHERE "userId" = $1::uuid`, id)
		if wantSessions := map[string]int64{"password": 2, "all": 1}[setting]; sessions != wantSessions {
			t.Errorf("TWO_FACTOR_FOR=%s: got %d sessions, want %d", setting, sessions, wantSessions)
		}
	}
}

func TestIDTokenAsksForSecondFactorIfAllSignInsDo(t *testing.T) {
	t.Parallel()
	s := newServer(t, "TWO_FACTOR", "on", "TWO_FACTOR_FOR", "all", "MAIL", "none")
	s.browser().signIn("google", "", verifiedVisit())
	dbtest.Exec(t, s.url, `UPDATE "user" SET "twoFactorEnabled" = true`)
	token, err := providers.AuthorizeWithoutBrowser("google", verifiedVisit()).MakeIDToken()
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	a := b.do("POST", "/api/auth/sign-in/social", `{"provider":"google","idToken":{"token":"`+token+`"}}`)
	if a.status != 200 || !strings.HasPrefix(a.body, `{"twoFactorRedirect":true,"twoFactorMethods":[]`) {
		t.Errorf("sign-in with an id token: got %d %s, want a challenge without methods", a.status, a.body)
	}
	if b.userID() != "" {
		t.Error("before the second factor the browser is signed in")
	}
}
