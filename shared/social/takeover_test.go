package social_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// resetTokenPattern matches the token of a mailed link that resets a password.
var resetTokenPattern = regexp.MustCompile(`/reset-password/([A-Za-z0-9_-]+)`)

// resetPassword resets the password of a user by mail.
func (b *browser) resetPassword(email, mailFile, password string) {
	b.s.t.Helper()
	if a := b.do("POST", "/api/auth/request-password-reset", `{"email":"`+email+`"}`); a.status != 200 {
		b.s.t.Fatalf("request-password-reset: got %d %s, want 200", a.status, a.body)
	}
	mails, err := os.ReadFile(mailFile)
	if err != nil {
		b.s.t.Fatal(err)
	}
	links := resetTokenPattern.FindAllSubmatch(mails, -1)
	if len(links) == 0 {
		b.s.t.Fatalf("got the mails %s, want one with a link", mails)
	}
	token := string(links[len(links)-1][1])
	a := b.do("POST", "/api/auth/reset-password", `{"newPassword":"`+password+`","token":"`+token+`"}`)
	if a.status != 200 {
		b.s.t.Fatalf("reset-password: got %d %s, want 200", a.status, a.body)
	}
}

// An attacker signs up at a provider that has not verified the email, which is that of the victim. The victim then
// resets the password by mail. The test replaces the logger, so it must not run in parallel.
func TestResetOfAnUnverifiedUserRemovesTheAccountsOfProviders(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	box := filepath.Join(t.TempDir(), "mail.jsonl")
	s := newServer(t, "MAIL_FILE", box, "REVOKE_SESSIONS_ON_PASSWORD_RESET", "off")
	v := verifiedVisit()
	v.Verified = false
	attacker := s.browser()
	attacker.signIn("google", "", v)
	id := attacker.userID()
	victim := s.browser()
	log.Reset()
	victim.resetPassword("ada@example.com", box, "battery staple")
	if got := attacker.userID(); got != "" {
		t.Errorf("after the reset the attacker has a session of %s, want none", got)
	}
	again := s.browser()
	a := again.signIn("google", `,"errorCallbackURL":"/failed"`, v)
	if code, _ := redirectErrorAndTarget(t, a.location()); code != "account_not_linked" || again.userID() != "" {
		t.Errorf("new sign-in of the attacker: got %q as user %q, want account_not_linked and no session",
			code, again.userID())
	}
	if !strings.Contains(log.String(), `"event":"password-reset","result":"ok"`) ||
		!strings.Contains(log.String(), `"accountsRemoved":1`) {
		t.Errorf("the log has no password-reset event with the number of removed accounts: %s", log.String())
	}
	in := victim.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"battery staple"}`)
	if in.status != 200 || victim.userID() != id {
		t.Errorf("sign-in of the victim: got %d %s, want 200 and a session of user %s", in.status, in.body, id)
	}
	v.Verified = true
	if a := victim.linkAtProvider("google", v); a.location() != "/account" {
		t.Errorf("link by the victim: got a redirect to %s, want /account", a.location())
	}
}

// A user with a verified email keeps accounts and sessions as the settings say.
func TestResetOfAVerifiedUserKeepsTheAccountsOfProviders(t *testing.T) {
	t.Parallel()
	box := filepath.Join(t.TempDir(), "mail.jsonl")
	s := newServer(t, "MAIL_FILE", box, "REVOKE_SESSIONS_ON_PASSWORD_RESET", "off")
	b := s.browser()
	b.signIn("google", "", verifiedVisit())
	id := b.userID()
	s.browser().resetPassword("ada@example.com", box, "battery staple")
	if b.userID() != id {
		t.Error("the reset ended the session, want it to stay valid")
	}
	again := s.browser()
	again.signIn("google", "", verifiedVisit())
	if got := again.userID(); got != id {
		t.Errorf("sign-in with the provider after the reset: got user %q, want %s", got, id)
	}
	accounts := dbtest.Value[string](t, s.url, `SELECT string_agg("providerId", ' ' ORDER BY "providerId") FROM account`)
	if accounts != "credential google" {
		t.Errorf("got the accounts %s, want credential google", accounts)
	}
}
