package passwordless_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// newTwoFactorServer returns a server with a user who has a second factor. With TWO_FACTOR_FOR=password, as in Better
// Auth, a mail replaces the second factor.
func newTwoFactorServer(t *testing.T, setting string, more ...string) *server {
	t.Helper()
	s := newServer(t, append(more, "TWO_FACTOR", "on", "TWO_FACTOR_FOR", setting)...)
	id := s.browser().signUp(ada, true)
	dbtest.Exec(t, s.url, `UPDATE "user" SET "twoFactorEnabled" = true`)
	dbtest.Exec(t, s.url, `
		INSERT INTO "twoFactor" (secret, "backupCodes", "userId", verified) VALUES ('x', 'x', $1::uuid, true)`, id)
	dbtest.Exec(t, s.url, `DELETE FROM session`)
	return s
}

// checkChallenge fails the test unless the browser is signed in, or with want waits for the second factor.
func (b *browser) checkChallenge(t *testing.T, want bool) {
	t.Helper()
	isChallenged, isSignedIn := b.cookies["better-auth.two_factor"] != "", b.userID() != ""
	if isChallenged != want || isSignedIn == want {
		t.Errorf("got challenge %t and signed in %t, want challenge %t", isChallenged, isSignedIn, want)
	}
	if got := query[int](b.s, `SELECT count(*) FROM session`); (got == 0) != want {
		t.Errorf("sessions in the database: got %d, want none with a challenge, else one", got)
	}
}

func TestMailAsksForSecondFactorIfAllSignInsDo(t *testing.T) {
	t.Parallel()
	for setting, target := range map[string]string{
		"password": origin + "/home?a=1",
		"all":      origin + "/two-factor/?next=%2Fhome%3Fa%3D1&methods=totp,otp",
	} {
		all := setting == "all"
		t.Run("link "+setting, func(t *testing.T) {
			t.Parallel()
			s := newTwoFactorServer(t, setting)
			b := s.browser()
			a := b.do("GET", s.sendLink(ada, `,"callbackURL":"/home?a=1"`), "")
			if a.status != http.StatusFound || strings.TrimPrefix(a.location(), origin) != strings.TrimPrefix(target, origin) {
				t.Errorf("link: got %d to %s, want 302 to %s", a.status, a.location(), target)
			}
			b.checkChallenge(t, all)
		})
		t.Run("confirmed link "+setting, func(t *testing.T) {
			t.Parallel()
			s := newTwoFactorServer(t, setting, "MAGIC_LINK_CONFIRM", "on")
			s.browser().do("POST", sendLinkPath, `{"email":"`+ada+`"}`)
			b := s.browser()
			a := b.do("POST", verifyPath, `{"token":"`+s.takeMail().Token+`"}`)
			if got := strings.HasPrefix(a.body, `{"twoFactorRedirect":true,`); a.status != http.StatusOK || got != all {
				t.Errorf("confirmed link: got %d %s, want 200 and a challenge: %t", a.status, a.body, all)
			}
			b.checkChallenge(t, all)
		})
		t.Run("code "+setting, func(t *testing.T) {
			t.Parallel()
			s := newTwoFactorServer(t, setting)
			s.browser().do("POST", "/api/auth/email-otp/send-verification-otp", `{"email":"`+ada+`","type":"sign-in"}`)
			b := s.browser()
			a := b.do("POST", "/api/auth/sign-in/email-otp", `{"email":"`+ada+`","otp":"`+s.takeMail().Token+`"}`)
			if got := strings.HasPrefix(a.body, `{"twoFactorRedirect":true,`); a.status != http.StatusOK || got != all {
				t.Errorf("code: got %d %s, want 200 and a challenge: %t", a.status, a.body, all)
			}
			b.checkChallenge(t, all)
		})
	}
}

func TestVerificationCodeStartsNoSessionIfAllSignInsAskForSecondFactor(t *testing.T) {
	t.Parallel()
	s := newTwoFactorServer(t, "all", "AUTO_SIGN_IN_AFTER_VERIFICATION", "on")
	s.browser().do("POST", "/api/auth/email-otp/send-verification-otp",
		`{"email":"`+ada+`","type":"email-verification"}`)
	b := s.browser()
	a := b.do("POST", "/api/auth/email-otp/verify-email", `{"email":"`+ada+`","otp":"`+s.takeMail().Token+`"}`)
	if a.status != http.StatusOK || !strings.HasPrefix(a.body, `{"status":true,"token":null,`) || b.userID() != "" {
		t.Errorf("verification: got %d %s, want 200 without a token and a session", a.status, a.body)
	}
}
