package auth_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSendVerificationEmailMailsOnlyUnverifiedUsers(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	a := s.signUpAda()
	s.insertUser("bob@example.com")
	verified := `UPDATE "user" SET "emailVerified" = true WHERE email = 'ada@example.com'`
	for _, c := range []struct {
		name, body, setup string
		signedIn          bool
		status            int
		code              string
		mail              string
	}{
		{"signed in", `{"email":"ADA@example.com"}`, "", true, 200, "", "verify-email ada@example.com"},
		{"signed in, other email", `{"email":"bob@example.com"}`, "", true, 400, "EMAIL_MISMATCH", ""},
		{"signed out", `{"email":"Ada@example.com"}`, "", false, 200, "", "verify-email ada@example.com"},
		{"signed out, unknown", `{"email":"eve@example.com"}`, "", false, 200, "", "nothing eve@example.com"},
		{"invalid email", `{"email":"ada"}`, "", false, 400, "VALIDATION_ERROR", ""},
		{"array", `{"email":["ada@example.com"]}`, "", false, 400, "VALIDATION_ERROR", ""},
		{"array for callbackURL", `{"email":"ada@example.com","callbackURL":["/"]}`, "", false, 400, "", ""},
		{
			"untrusted callbackURL", `{"email":"ada@example.com","callbackURL":"//evil"}`, "", false, 403,
			"INVALID_CALLBACK_URL", "",
		},
		{"signed out, verified", `{"email":"ada@example.com"}`, verified, false, 200, "", "nothing ada@example.com"},
		{"signed in, verified", `{"email":"ada@example.com"}`, verified, true, 400, "EMAIL_ALREADY_VERIFIED", ""},
	} {
		if c.setup != "" {
			s.exec(c.setup)
		}
		var headers []string
		if c.signedIn {
			headers = a.bearerHeader()
		}
		got := s.do("POST", sendVerificationPath, c.body, headers...)
		got.checkStatusAndCode(t, c.name, c.status, c.code)
		if c.status == 200 && got.body != `{"status":true}` {
			t.Errorf("send-verification-email, %s: got %s, want {\"status\":true}", c.name, got.body)
		}
		var want []string
		if c.mail != "" {
			want = []string{c.mail}
		}
		if diff := cmp.Diff(want, box.takeKindsAndRecipients()); diff != "" {
			t.Errorf("send-verification-email, %s: mails (-want +got):\n%s", c.name, diff)
		}
	}
	s, _ = newMailServer(t, "MAIL=none")
	got := s.do("POST", sendVerificationPath, `{"email":"ada@example.com"}`)
	if got.status != 400 ||
		got.body != `{"message":"Verification email isn't enabled","code":"VERIFICATION_EMAIL_NOT_ENABLED"}` {
		t.Errorf("send-verification-email with MAIL=none: got %d %s, want 400 VERIFICATION_EMAIL_NOT_ENABLED",
			got.status, got.body)
	}
}

// Unknown, verified and unverified emails get the same response, after the same number of round trips and one queued
// mail.
func TestR19_ResendsDoNotRevealUsers(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	s.signUpAda()
	s.exec(`INSERT INTO "user" (name, email, "emailVerified") VALUES ('Bob', 'bob@example.com', true)`)
	var first answer
	firstTrips := 0
	for i, email := range []string{"ada@example.com", "bob@example.com", "eve@example.com"} {
		var a answer
		trips := s.countRoundTrips(func() { a = s.do("POST", sendVerificationPath, `{"email":"`+email+`"}`) })
		a.header.Del("X-Request-Id")
		if i == 0 {
			first, firstTrips = a, trips
		}
		if a.status != 200 || a.body != first.body || cmp.Diff(first.header, a.header) != "" || trips != firstTrips ||
			len(box.takeAll()) != 1 {
			t.Errorf("%s: got %d %s in %d round trips; want 200, the same as for the first email, and one mail; "+
				"headers (-first +got):\n%s",
				email, a.status, a.body, trips, cmp.Diff(first.header, a.header))
		}
	}
}
