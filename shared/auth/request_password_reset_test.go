package auth_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const requestResetBody = `{"email":"ada@example.com","redirectTo":"/new password?x=ä"}`

func TestRequestPasswordResetMailsALink(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	s.signUpAda()
	a := s.do("POST", requestResetPath, `{"email":"ADA@example.com","redirectTo":"/new password?x=ä"}`)
	if a.status != 200 ||
		a.body != `{"status":true,"message":"If this email exists in our system, check your email for the reset link"}` {
		t.Errorf("request-password-reset: got %d %s, want 200 and the message of Better Auth", a.status, a.body)
	}
	m := box.takeOne(t)
	want := `^http://localhost:3000/api/auth/reset-password/` + m.Token + `\?callbackURL=%2Fnew%20password%3Fx%3D%C3%A4$`
	if m.Kind != "reset-password" || m.To != "ada@example.com" || !regexp.MustCompile(want).MatchString(m.URL) ||
		!regexp.MustCompile(`^[A-Za-z0-9]{24}$`).MatchString(m.Token) || !m.At.Equal(s.now) {
		t.Errorf("request-password-reset: got the mail %+v, want a reset-password mail to ada@example.com with the "+
			"token in the link %s",
			m, want)
	}
	if !query[bool](s, `SELECT count(*) = 1 AND 
			bool_and(v.identifier = 'reset-password:' || $1 AND v."expiresAt" = $2 AND v."createdAt" = $3)
		FROM verification v JOIN "user" u ON v.value = u.id::text`, m.Token, s.now.Add(time.Hour), s.now) {
		t.Error("the row of the reset token is not stored as Better Auth stores it")
	}
	s.do("POST", requestResetPath, `{"email":"ada@example.com"}`)
	if m := box.takeOne(t); m.URL != origin+resetPath+"/"+m.Token+"?callbackURL=" {
		t.Errorf("request without redirectTo: got the link %s, want one with an empty callbackURL", m.URL)
	}
}

// An email that a user has and one that no user has get the same response with the same headers, after the same number
// of round trips and one queued mail.
func TestR19_ResetRequestsDoNotRevealUsers(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	s.signUpAda()
	request := func(email string) (a answer, trips int) {
		trips = s.countRoundTrips(func() { a = s.do("POST", requestResetPath, `{"email":"`+email+`"}`) })
		a.header.Del("X-Request-Id")
		return a, trips
	}
	known, knownTrips := request("ada@example.com")
	if got := box.takeKindsAndRecipients(); cmp.Diff([]string{"reset-password ada@example.com"}, got) != "" {
		t.Errorf("known email: got mails %q, want one reset-password mail to ada@example.com", got)
	}
	unknown, unknownTrips := request("eve@example.com")
	if got := box.takeKindsAndRecipients(); cmp.Diff([]string{"nothing eve@example.com"}, got) != "" {
		t.Errorf("unknown email: got mails %q, want one mail of kind nothing to eve@example.com", got)
	}
	if known.status != unknown.status || known.body != unknown.body || cmp.Diff(known.header, unknown.header) != "" ||
		knownTrips != unknownTrips {
		t.Errorf(
			"known email: got %d %s in %d round trips; unknown email: got %d %s in %d; want the same; "+
				"headers (-known +unknown):\n%s",
			known.status,
			known.body,
			knownTrips,
			unknown.status,
			unknown.body,
			unknownTrips,
			cmp.Diff(known.header, unknown.header),
		)
	}
	// The row that is stored for the unknown email is not a valid token, and a later request deletes it.
	s.exec(`UPDATE verification SET identifier = 'reset-password:known' WHERE value = ` +
		`'00000000-0000-0000-0000-000000000000'`)
	s.now = s.now.Add(time.Minute)
	s.do("POST", resetPath, `{"token":"known","newPassword":"battery staple"}`).
		checkStatusAndCode(t, "reset with the token of the unknown email", 400,
			"INVALID_TOKEN")
	request("ada@example.com")
	if got := query[int](s, `SELECT count(*) FROM verification`); got != 2 {
		t.Errorf("after the last request: got %d rows in verification, want the two of the known email", got)
	}
}

func TestRequestPasswordResetRejectsInvalidRequests(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	s.signUpAda()
	for _, c := range []struct {
		name, body string
		status     int
		code       string
	}{
		{"invalid email", `{"email":"ada"}`, 400, "VALIDATION_ERROR"},
		{"array for email", `{"email":["ada@example.com"]}`, 400, "VALIDATION_ERROR"},
		{"array for redirectTo", `{"email":"ada@example.com","redirectTo":["/"]}`, 400, ""},
		{"null for redirectTo", `{"email":"ada@example.com","redirectTo":null}`, 400, "VALIDATION_ERROR"},
		{
			"untrusted redirectTo", `{"email":"ada@example.com","redirectTo":"https://evil.example"}`, 403,
			"INVALID_REDIRECT_URL",
		},
		{"other host", `{"email":"ada@example.com","redirectTo":"//evil.example"}`, 403, "INVALID_REDIRECT_URL"},
		{
			"own origin with more text", `{"email":"ada@example.com","redirectTo":"http://localhost:3000.evil.example"}`, 403,
			"INVALID_REDIRECT_URL",
		},
		{"no body", ``, 400, "VALIDATION_ERROR"},
	} {
		s.do("POST", requestResetPath, c.body).checkStatusAndCode(t, c.name, c.status, c.code)
	}
	if got := box.takeKindsAndRecipients(); len(got) > 0 || query[bool](s, `SELECT EXISTS (SELECT FROM verification)`) {
		t.Errorf("rejected requests: got the mails %q, or a stored link; want neither", got)
	}
	s, _ = newMailServer(t, "MAIL=none")
	a := s.do("POST", requestResetPath, requestResetBody)
	if a.status != 400 || a.body != `{"message":"Reset password isn't enabled","code":"RESET_PASSWORD_DISABLED"}` {
		t.Errorf("request with MAIL=none: got %d %s, want 400 RESET_PASSWORD_DISABLED", a.status, a.body)
	}
}
