package faults

import (
	"fmt"
	"net/http"
	"testing"
)

// operation is a typical request to one endpoint.
type operation struct {
	name string
	// prepare creates a user and returns the request to send.
	prepare func(t *testing.T, s *testServer) request
	// isRead is true if the request changes nothing. Then the endpoint can send its statement again after a failure.
	isRead bool
	// settings are further settings of the server, name and value in turn.
	settings []string
}

type request struct {
	user               *testUser
	method, path, body string
	// again are the error statuses that a repeated request may get because the first one was committed.
	again []int
	// after checks the state of the database after the request, or the repeated request.
	after func(t *testing.T)
}

// checkNothing is the field after of operations that need no check in addition to checkInvariants.
func checkNothing(*testing.T) {}

// checkTrue fails the test with the text what, unless ok is true.
func checkTrue(t *testing.T, ok bool, what string) {
	t.Helper()
	if !ok {
		t.Error(what)
	}
}

const newPassword = "another correct horse"

var operations = []operation{
	{name: "POST /api/auth/sign-up/email", prepare: func(_ *testing.T, s *testServer) request {
		p := s.newUnregisteredUser()
		return request{p, "POST", "/api/auth/sign-up/email", p.credentials("name", "Ada"), []int{422}, func(t *testing.T) {
			checkTrue(t, p.countUsers(t) == 1, "the number of users with the email is not 1")
			checkTrue(t, p.canSignIn(p.password), "the new user cannot sign in with the password")
		}}
	}},
	{name: "POST /api/auth/sign-up/email, that connects", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUnregisteredUser()
		s.restartWithoutConnection(t)
		return request{p, "POST", "/api/auth/sign-up/email", p.credentials("name", "Ada"), []int{422}, func(t *testing.T) {
			checkTrue(t, p.countUsers(t) == 1, "the number of users with the email is not 1")
		}}
	}},
	{name: "POST /api/auth/sign-in/email", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		p.cookie = ""
		return request{p, "POST", "/api/auth/sign-in/email", p.credentials(), nil, func(t *testing.T) {
			checkTrue(t, p.isSignedIn(), "the cookie of the sign-in has no session")
		}}
	}},
	{name: "POST /api/auth/sign-in/supabase", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		p.cookie = ""
		body := p.importSupabaseSession(t)
		return request{p, "POST", "/api/auth/sign-in/supabase", body, nil, func(t *testing.T) {
			checkTrue(t, p.isSignedIn(), "the cookie of the sign-in has no session")
			sessions := queryValue[int](t, s, `
				SELECT count(*) FROM session n JOIN "supabaseSession" b ON b."sessionId" = n.id JOIN "user" u ON u.id = b."userId"
				WHERE u.email = $1`, p.email)
			checkTrue(t, sessions == 1, "the session of Supabase does not name a session of the user")
			all := queryValue[int](t, s, `
				SELECT count(*) FROM session n JOIN "user" u ON u.id = n."userId" WHERE u.email = $1`, p.email)
			checkTrue(t, all == 2, "the user does not have two sessions, that of the sign-up and the new one")
		}}
	}},
	{name: "POST /api/auth/sign-out", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		return request{p, "POST", "/api/auth/sign-out", `{}`, nil, func(t *testing.T) {
			checkTrue(t, !p.isSignedIn(), "the user is still signed in after the sign-out")
		}}
	}},
	{name: "GET /api/auth/get-session", isRead: true, prepare: func(t *testing.T, s *testServer) request {
		return request{s.newUser(t), "GET", "/api/auth/get-session", "", nil, checkNothing}
	}},
	{name: "GET /api/auth/get-session, that extends the session", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		s.moveSessionsIntoPast(t, p, "2 days")
		return request{p, "GET", "/api/auth/get-session", "", nil, func(t *testing.T) {
			checkTrue(t, p.isSignedIn(), "the user is no longer signed in after get-session")
			isExtended := queryValue[bool](t, s, `
				SELECT "expiresAt" > now() + interval '6 days'
				FROM session JOIN "user" u ON u.id = "userId" WHERE email = $1`, p.email)
			checkTrue(t, isExtended, "the session does not expire more than 6 days from now")
		}}
	}},
	{name: "GET /api/auth/get-session, that connects", isRead: true, prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		s.restartWithoutConnection(t)
		return request{p, "GET", "/api/auth/get-session", "", nil, checkNothing}
	}},
	{name: "GET /api/auth/list-sessions", isRead: true, prepare: func(t *testing.T, s *testServer) request {
		return request{s.newUser(t), "GET", "/api/auth/list-sessions", "", nil, checkNothing}
	}},
	{name: "POST /api/auth/revoke-session", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		other := p.signInOnOtherDevice(t)
		token := queryValue[string](t, s, `
			SELECT token FROM session JOIN "user" u ON u.id = "userId"
			WHERE email = $1 ORDER BY session."createdAt" DESC LIMIT 1`, p.email)
		return request{p, "POST", "/api/auth/revoke-session", `{"token":"` + token + `"}`, nil, func(t *testing.T) {
			checkTrue(t, !other.isSignedIn(), "the other session is still valid")
			checkTrue(t, p.isSignedIn(), "the caller's own session has ended")
		}}
	}},
	{name: "POST /api/auth/revoke-sessions", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		other := p.signInOnOtherDevice(t)
		return request{p, "POST", "/api/auth/revoke-sessions", `{}`, []int{401}, func(t *testing.T) {
			checkTrue(t, !other.isSignedIn() && !p.isSignedIn(), "a session of the user is still valid after revoke-sessions")
		}}
	}},
	{name: "POST /api/auth/revoke-other-sessions", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		other := p.signInOnOtherDevice(t)
		return request{p, "POST", "/api/auth/revoke-other-sessions", `{}`, nil, func(t *testing.T) {
			checkTrue(t, !other.isSignedIn(), "the other session is still valid")
			checkTrue(t, p.isSignedIn(), "the caller's own session has ended")
		}}
	}},
	{name: "POST /api/auth/update-user", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		return request{p, "POST", "/api/auth/update-user", `{"name":"Grace"}`, nil, func(t *testing.T) {
			name := queryValue[string](t, s, `SELECT name FROM "user" WHERE email = $1`, p.email)
			checkTrue(t, name == "Grace", "the name of the user is not Grace")
		}}
	}},
	{name: "POST /api/auth/change-password", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		other := p.signInOnOtherDevice(t)
		body := fmt.Sprintf(`{"currentPassword":%q,"newPassword":%q,"revokeOtherSessions":true}`, p.password, newPassword)
		return request{p, "POST", "/api/auth/change-password", body, []int{400, 401}, func(t *testing.T) {
			checkTrue(t, p.canSignIn(newPassword), "the user cannot sign in with the new password")
			checkTrue(t, !p.canSignIn(p.password), "the user can still sign in with the old password")
			checkTrue(t, !other.isSignedIn(), "the other device is still signed in")
		}}
	}},
	{name: "POST /api/auth/verify-password", isRead: true, prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		return request{p, "POST", "/api/auth/verify-password", fmt.Sprintf(`{"password":%q}`, p.password), nil, checkNothing}
	}},
	{name: "POST /api/auth/request-password-reset", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		return request{p, "POST", "/api/auth/request-password-reset", p.resetRequestBody(), nil, func(t *testing.T) {
			w := p.do(t.Context(), "POST", "/api/auth/reset-password", p.resetBody(t))
			checkTrue(t, w.Code == 200, "reset-password rejects the token of the newest mail")
		}}
	}},
	{name: "GET /api/auth/reset-password/{token}", isRead: true, prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		p.mustSucceed(t, "POST", "/api/auth/request-password-reset", p.resetRequestBody())
		path := "/api/auth/reset-password/" + p.newestMailToken(t, "reset-password") + "?callbackURL=/reset-password"
		return request{p, "GET", path, "", nil, checkNothing}
	}},
	{name: "POST /api/auth/reset-password", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		p.mustSucceed(t, "POST", "/api/auth/request-password-reset", p.resetRequestBody())
		return request{p, "POST", "/api/auth/reset-password", p.resetBody(t), []int{400}, func(t *testing.T) {
			checkTrue(t, p.canSignIn(newPassword), "the user cannot sign in with the new password")
			checkTrue(t, !p.canSignIn(p.password), "the user can still sign in with the old password")
		}}
	}},
	{name: "POST /api/auth/send-verification-email", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		body := fmt.Sprintf(`{"email":%q}`, p.email)
		return request{p, "POST", "/api/auth/send-verification-email", body, nil, checkNothing}
	}},
	{name: "GET /api/auth/verify-email", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		p.mustSucceed(t, "POST", "/api/auth/send-verification-email", fmt.Sprintf(`{"email":%q}`, p.email))
		path := "/api/auth/verify-email?token=" + p.newestMailToken(t, "verify-email")
		return request{p, "GET", path, "", nil, func(t *testing.T) {
			isVerified := queryValue[bool](t, s, `SELECT "emailVerified" FROM "user" WHERE email = $1`, p.email)
			checkTrue(t, isVerified, "emailVerified is false after verify-email")
		}}
	}},
	{name: "POST /api/auth/sign-in/magic-link", prepare: func(t *testing.T, s *testServer) request {
		p := s.newVerifiedUser(t)
		return request{p, "POST", "/api/auth/sign-in/magic-link", p.emailBody(), nil, func(t *testing.T) {
			path := "/api/auth/magic-link/verify?token=" + p.newestMailToken(t, "magic-link")
			w := p.do(t.Context(), "GET", path, "")
			checkTrue(t, w.Code == 200, "the link of the newest mail does not sign in")
		}}
	}},
	{name: "GET /api/auth/magic-link/verify", prepare: func(t *testing.T, s *testServer) request {
		p := s.newVerifiedUser(t)
		p.mustSucceed(t, "POST", "/api/auth/sign-in/magic-link", p.emailBody())
		p.cookie = ""
		path := "/api/auth/magic-link/verify?token=" + p.newestMailToken(t, "magic-link")
		return request{p, "GET", path, "", []int{302}, func(t *testing.T) {
			checkTrue(t, p.countSessions(t) == 2, "the number of sessions, with that of the sign-up, is not 2")
		}}
	}},
	{name: "POST /api/auth/email-otp/send-verification-otp", prepare: func(t *testing.T, s *testServer) request {
		p := s.newVerifiedUser(t)
		body := fmt.Sprintf(`{"email":%q,"type":"sign-in"}`, p.email)
		return request{p, "POST", "/api/auth/email-otp/send-verification-otp", body, nil, func(t *testing.T) {
			w := p.do(t.Context(), "POST", "/api/auth/sign-in/email-otp", p.codeBody(t, ""))
			checkTrue(t, w.Code == 200, "the code of the newest mail does not sign in")
		}}
	}},
	{name: "POST /api/auth/email-otp/check-verification-otp", prepare: func(t *testing.T, s *testServer) request {
		p := s.newVerifiedUser(t)
		p.sendCode(t, "sign-in")
		body := p.codeBody(t, `,"type":"sign-in"`)
		return request{p, "POST", "/api/auth/email-otp/check-verification-otp", body, nil, func(t *testing.T) {
			w := p.do(t.Context(), "POST", "/api/auth/sign-in/email-otp", p.codeBody(t, ""))
			checkTrue(t, w.Code == 200, "the code does not sign in after it was checked")
		}}
	}},
	{name: "POST /api/auth/sign-in/email-otp", prepare: func(t *testing.T, s *testServer) request {
		p := s.newVerifiedUser(t)
		p.sendCode(t, "sign-in")
		body := p.codeBody(t, "")
		p.cookie = ""
		return request{p, "POST", "/api/auth/sign-in/email-otp", body, []int{400}, func(t *testing.T) {
			checkTrue(t, p.countSessions(t) == 2, "the number of sessions, with that of the sign-up, is not 2")
		}}
	}},
	{name: "POST /api/auth/email-otp/verify-email", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		p.sendCode(t, "email-verification")
		body := p.codeBody(t, "")
		return request{p, "POST", "/api/auth/email-otp/verify-email", body, []int{400}, func(t *testing.T) {
			isVerified := queryValue[bool](t, s, `SELECT "emailVerified" FROM "user" WHERE email = $1`, p.email)
			checkTrue(t, isVerified, "emailVerified is false after verify-email")
		}}
	}},
	{name: "POST /api/auth/email-otp/request-password-reset", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		return request{p, "POST", "/api/auth/email-otp/request-password-reset", p.emailBody(), nil, func(t *testing.T) {
			w := p.do(t.Context(), "POST", "/api/auth/email-otp/reset-password", p.codeBody(t, p.newPasswordMember()))
			checkTrue(t, w.Code == 200, "reset-password rejects the code of the newest mail")
		}}
	}},
	{name: "POST /api/auth/email-otp/reset-password", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		p.mustSucceed(t, "POST", "/api/auth/email-otp/request-password-reset", p.emailBody())
		body := p.codeBody(t, p.newPasswordMember())
		return request{p, "POST", "/api/auth/email-otp/reset-password", body, []int{400}, func(t *testing.T) {
			checkTrue(t, p.canSignIn(newPassword), "the user cannot sign in with the new password")
			checkTrue(t, !p.canSignIn(p.password), "the user can still sign in with the old password")
		}}
	}},
	{name: "POST /api/auth/change-email", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		return request{p, "POST", "/api/auth/change-email", fmt.Sprintf(`{"newEmail":"new-%s"}`, p.email), nil, checkNothing}
	}},
	{name: "POST /api/auth/cancel-email-change", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		p.mustSucceed(t, "POST", "/api/auth/change-email", fmt.Sprintf(`{"newEmail":"new-%s"}`, p.email))
		body := fmt.Sprintf(`{"token":%q}`, p.newestMailToken(t, "email-change-notice"))
		return request{p, "POST", "/api/auth/cancel-email-change", body, []int{400}, func(t *testing.T) {
			left := queryValue[int](t, s, `
				SELECT count(*) FROM verification v JOIN "user" u ON left(v.value, 36) = u.id::text
				WHERE u.email = $1`, p.email)
			checkTrue(t, left == 0, "the verification of the new email still exists")
		}}
	}},
	{name: "POST /api/auth/delete-user", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		p.mustSucceed(t, "POST", "/api/profile", `{"time_per_week":5}`)
		body := fmt.Sprintf(`{"password":%q}`, p.password)
		return request{p, "POST", "/api/auth/delete-user", body, []int{401}, func(t *testing.T) {
			checkTrue(t, p.countUsers(t) == 0, "a user with the email still exists")
		}}
	}},
	{name: "GET /api/auth/list-accounts", isRead: true, prepare: func(t *testing.T, s *testServer) request {
		return request{s.newUser(t), "GET", "/api/auth/list-accounts", "", nil, checkNothing}
	}},
	{name: "POST /api/auth/unlink-account", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		id := queryValue[string](t, s, `
			INSERT INTO account (id, "accountId", "providerId", "userId", "createdAt", "updatedAt")
			SELECT gen_random_uuid(), 'at github', 'github', id, now(), now() FROM "user" WHERE email = $1
			RETURNING id::text`, p.email)
		body := fmt.Sprintf(`{"providerId":"github","accountId":%q}`, id)
		return request{p, "POST", "/api/auth/unlink-account", body, []int{400}, func(t *testing.T) {
			left := queryValue[int](t, s, `
				SELECT count(*) FROM account a JOIN "user" u ON u.id = "userId" WHERE email = $1`, p.email)
			checkTrue(t, left == 1, "the number of the user's accounts is not 1")
		}}
	}},
	{name: "POST /api/auth/two-factor/enable", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		return request{p, "POST", "/api/auth/two-factor/enable", p.passwordBody(), nil, func(t *testing.T) {
			rows := queryValue[int](t, s, `
				SELECT count(*) FROM "twoFactor" JOIN "user" u ON u.id = "userId" WHERE email = $1`, p.email)
			checkTrue(t, rows == 1, "the number of rows of the user in twoFactor is not 1")
		}}
	}},
	{name: "POST /api/auth/two-factor/get-totp-uri", isRead: true, prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		p.setUpApp(t)
		return request{p, "POST", "/api/auth/two-factor/get-totp-uri", p.passwordBody(), nil, checkNothing}
	}},
	{name: "POST /api/auth/two-factor/verify-totp, of a set-up", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		code, _ := p.setUpApp(t)
		return request{p, "POST", "/api/auth/two-factor/verify-totp", code, []int{401}, func(t *testing.T) {
			checkTrue(t, p.needsSecondFactor(t) && p.countSessions(t) == 1, "the user has no second factor, or several sessions")
		}}
	}},
	{name: "POST /api/auth/two-factor/verify-totp", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		code, _ := p.setUpApp(t)
		p.waitForSecondFactor(t)
		return request{p, "POST", "/api/auth/two-factor/verify-totp", code, []int{401}, func(t *testing.T) {
			checkTrue(t, p.countSessions(t) == 2, "the sign-in has not started one session")
		}}
	}},
	{name: "POST /api/auth/two-factor/verify-backup-code", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		_, backup := p.setUpApp(t)
		p.waitForSecondFactor(t)
		return request{p, "POST", "/api/auth/two-factor/verify-backup-code", backup, []int{401}, func(t *testing.T) {
			checkTrue(t, p.countSessions(t) == 2, "the sign-in has not started one session")
		}}
	}},
	{name: "POST /api/auth/two-factor/send-otp", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		p.setUpApp(t)
		p.waitForSecondFactor(t)
		return request{p, "POST", "/api/auth/two-factor/send-otp", `{}`, nil, func(t *testing.T) {
			p.mustSucceed(t, "POST", "/api/auth/two-factor/verify-otp", p.mailedCodeBody(t))
		}}
	}},
	{name: "POST /api/auth/two-factor/verify-otp", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		p.setUpApp(t)
		p.waitForSecondFactor(t)
		p.mustSucceed(t, "POST", "/api/auth/two-factor/send-otp", `{}`)
		return request{p, "POST", "/api/auth/two-factor/verify-otp", p.mailedCodeBody(t), []int{401}, func(t *testing.T) {
			checkTrue(t, p.countSessions(t) == 2, "the sign-in has not started one session")
		}}
	}},
	{name: "POST /api/auth/two-factor/generate-backup-codes", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		p.setUpApp(t)
		p.enableSecondFactor(t)
		return request{p, "POST", "/api/auth/two-factor/generate-backup-codes", p.passwordBody(), nil, checkNothing}
	}},
	{name: "POST /api/auth/two-factor/disable", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		p.setUpApp(t)
		p.enableSecondFactor(t)
		return request{p, "POST", "/api/auth/two-factor/disable", p.passwordBody(), []int{401}, func(t *testing.T) {
			checkTrue(t, !p.needsSecondFactor(t) && p.countSessions(t) == 1, "the user has a second factor, or several sessions")
		}}
	}},
	{name: "GET /api/auth/token", isRead: true, prepare: func(t *testing.T, s *testServer) request {
		return request{s.newUser(t), "GET", "/api/auth/token", "", nil, checkNothing}
	}},
	{name: "GET /api/auth/jwks", isRead: true, prepare: func(_ *testing.T, s *testServer) request {
		return request{s.newUnregisteredUser(), "GET", "/api/auth/jwks", "", nil, checkNothing}
	}},
	{name: "GET /.well-known/jwks.json", isRead: true, prepare: func(_ *testing.T, s *testServer) request {
		return request{s.newUnregisteredUser(), "GET", "/.well-known/jwks.json", "", nil, checkNothing}
	}},
	{name: "GET /.well-known/openid-configuration", isRead: true, prepare: func(_ *testing.T, s *testServer) request {
		return request{s.newUnregisteredUser(), "GET", "/.well-known/openid-configuration", "", nil, checkNothing}
	}},
	{name: "GET /api/profile", isRead: true, prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		p.mustSucceed(t, "POST", "/api/profile", `{"time_per_week":5}`)
		return request{p, "GET", "/api/profile", "", nil, checkNothing}
	}},
	{name: "POST /api/profile", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		return request{p, "POST", "/api/profile", `{"time_per_week":5}`, []int{409}, p.checkHours(s, 5)}
	}},
	{name: "PUT /api/profile", prepare: func(t *testing.T, s *testServer) request {
		p := s.newUser(t)
		p.mustSucceed(t, "POST", "/api/profile", `{"time_per_week":5}`)
		return request{p, "PUT", "/api/profile", `{"time_per_week":6}`, nil, p.checkHours(s, 6)}
	}},
}

// moveSessionsIntoPast moves all times of the user's sessions into the past, by an interval such as "2 days".
func (s *testServer) moveSessionsIntoPast(t *testing.T, p *testUser, by string) {
	t.Helper()
	_, err := s.db.Exec(t.Context(), `
		UPDATE session
		SET "createdAt" = session."createdAt" - $2::interval,
			"updatedAt" = session."updatedAt" - $2::interval,
			"expiresAt" = "expiresAt" - $2::interval
		FROM "user" u WHERE u.id = "userId" AND email = $1`, p.email, by)
	if err != nil {
		t.Fatal(err)
	}
}

// countUsers returns the number of users with the user's email.
func (p *testUser) countUsers(t *testing.T) int {
	t.Helper()
	return queryValue[int](t, p.server, `SELECT count(*) FROM "user" WHERE email = $1`, p.email)
}

// emailBody returns a body with only the email of the user.
func (p *testUser) emailBody() string { return fmt.Sprintf(`{"email":%q}`, p.email) }

// sendCode requests a code of a type.
func (p *testUser) sendCode(t *testing.T, codeType string) {
	t.Helper()
	body := fmt.Sprintf(`{"email":%q,"type":%q}`, p.email, codeType)
	p.mustSucceed(t, "POST", "/api/auth/email-otp/send-verification-otp", body)
}

// codeBody returns a body with the email of the user, the newest code and further members.
func (p *testUser) codeBody(t *testing.T, more string) string {
	t.Helper()
	return fmt.Sprintf(`{"email":%q,"otp":%q%s}`, p.email, p.newestMailToken(t, "email-otp"), more)
}

func (p *testUser) newPasswordMember() string { return fmt.Sprintf(`,"password":%q`, newPassword) }

// newVerifiedUser returns a user with a verified email: a sign-in by mail removes the password of another user.
func (s *testServer) newVerifiedUser(t *testing.T) *testUser {
	t.Helper()
	p := s.newUser(t)
	if _, err := s.db.Exec(t.Context(), `UPDATE "user" SET "emailVerified" = true WHERE email = $1`, p.email); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *testUser) countSessions(t *testing.T) int {
	t.Helper()
	return queryValue[int](t, p.server, `
		SELECT count(*) FROM session JOIN "user" u ON u.id = "userId" WHERE email = $1`, p.email)
}

// resetRequestBody returns the body of a request for a reset mail.
func (p *testUser) resetRequestBody() string {
	return fmt.Sprintf(`{"email":%q,"redirectTo":"/reset-password"}`, p.email)
}

// resetBody returns the body of a reset with the token of the newest mail.
func (p *testUser) resetBody(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf(`{"token":%q,"newPassword":%q}`, p.newestMailToken(t, "reset-password"), newPassword)
}

// checkHours returns a check that the user has one profile, with the time_per_week want.
func (p *testUser) checkHours(s *testServer, want int) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		got := queryValue[int](t, s, `
			SELECT coalesce(sum(time_per_week) * count(*), 0)::int
			FROM user_profile JOIN "user" u ON u.id::text = user_id::text WHERE email = $1`, p.email)
		checkTrue(t, got == want, fmt.Sprintf("sum of time_per_week × number of profiles: got %d, want %d", got, want))
	}
}

// isSuccess reports whether a status is not an error.
func isSuccess(status int) bool { return status < http.StatusBadRequest }
