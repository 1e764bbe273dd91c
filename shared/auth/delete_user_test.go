package auth_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/mail"
)

const (
	userDeletedReply  = `{"success":true,"message":"User deleted"}`
	mailSentReply     = `{"success":true,"message":"Verification email sent"}`
	invalidTokenReply = `{"message":"Invalid token","code":"INVALID_TOKEN"}`
)

func TestR27_DeleteUserNeedsPasswordOrFreshSession(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	expired := `{"message":"Session expired. Re-authenticate to perform this action.","code":"SESSION_EXPIRED"}`
	for _, c := range []struct {
		name, settings, body, setup string
		age                         time.Duration
		status                      int
		answer                      string
		deleted                     bool
		mail                        string
	}{
		{
			name: "fresh session", body: `{}`, age: 24*time.Hour - time.Millisecond, status: 200,
			answer: userDeletedReply, deleted: true,
		},
		{name: "old session", body: `{}`, age: 24 * time.Hour, status: 400, answer: expired},
		{name: "old session, empty password", body: `{"password":""}`, age: 24 * time.Hour, status: 400, answer: expired},
		{
			name: "old session, password", body: `{"password":"correct horse"}`, age: 24 * time.Hour, status: 200,
			answer: userDeletedReply, deleted: true,
		},
		{
			name: "wrong password", body: `{"password":"wrong horse"}`, status: 400,
			answer: `{"message":"Invalid password","code":"INVALID_PASSWORD"}`,
		},
		{
			name: "password too long", body: `{"password":"` + strings.Repeat("x", 129) + `"}`, status: 400,
			answer: `{"message":"Password too long","code":"PASSWORD_TOO_LONG"}`,
		},
		{
			name: "no credential", body: `{"password":"correct horse"}`, setup: `DELETE FROM account`, status: 400,
			answer: `{"message":"Credential account not found","code":"CREDENTIAL_ACCOUNT_NOT_FOUND"}`,
		},
		{name: "DELETE_USER off", settings: "DELETE_USER=off", body: `{}`, status: 404},
		{
			name: "DELETE_USER off, no session", settings: "DELETE_USER=off", body: `{}`,
			setup: `DELETE FROM session`, status: 401,
			answer: `{"message":"Unauthorized","code":"UNAUTHORIZED"}`,
		},
		{
			name: "no session", body: `{"password":"correct horse"}`, setup: `DELETE FROM session`, status: 401,
			answer: `{"message":"Unauthorized","code":"UNAUTHORIZED"}`,
		},
		{
			name: "no body", status: 400,
			answer: `{"message":"[body] Invalid input: expected object, received undefined","code":"VALIDATION_ERROR"}`,
		},
		{
			name: "array", body: `{"token":["x"]}`, status: 400,
			answer: `{"message":"[body.token] Invalid input: expected string, received array","code":"VALIDATION_ERROR"}`,
		},
		{name: "unknown token", body: `{"token":"x"}`, status: 404, answer: invalidTokenReply},
		{name: "NUL token", body: `{"token":"\u0000"}`, status: 404, answer: invalidTokenReply},
		{
			name: "untrusted callbackURL", body: `{"callbackURL":"https://evil.example"}`, status: 403,
			answer: `{"message":"Invalid callbackURL","code":"INVALID_CALLBACK_URL"}`,
		},
		{
			name: "by mail", settings: "DELETE_USER_VERIFICATION=on", body: `{}`, age: 24 * time.Hour, status: 200,
			answer: mailSentReply, mail: "delete-account ada@example.com",
		},
		{
			name: "by mail, right password", settings: "DELETE_USER_VERIFICATION=on", body: `{"password":"correct horse"}`,
			status: 200, answer: mailSentReply, mail: "delete-account ada@example.com",
		},
		{
			name: "by mail, wrong password", settings: "DELETE_USER_VERIFICATION=on", body: `{"password":"wrong horse"}`,
			status: 400, answer: `{"message":"Invalid password","code":"INVALID_PASSWORD"}`,
		},
		{
			name: "by mail, without mail", settings: "DELETE_USER_VERIFICATION=on MAIL=none", body: `{}`, status: 200,
			answer: userDeletedReply, deleted: true,
		},
	} {
		s.resetForNextCase(box, strings.Fields(c.settings)...)
		a := s.signUpAda()
		s.do("POST", signUpPath, strings.Replace(signUpBody, "ada@", "bob@", 1))
		if c.setup != "" {
			s.exec(c.setup)
		}
		s.now = s.now.Add(c.age)
		got := s.do("POST", deleteUserPath, c.body, a.bearerHeader()...)
		if got.status != c.status || got.body != c.answer || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("delete-user, %s: got %d %s (content type %q), want %d %s (application/json)",
				c.name, got.status, got.body, got.header.Get("Content-Type"), c.status, c.answer)
		}
		if mails := strings.Join(box.takeKindsAndRecipients(), ", "); mails != c.mail {
			t.Errorf("delete-user, %s: got the mails %q, want %q", c.name, mails, c.mail)
		}
		s.checkIfAdaIsDeleted(c.name, c.deleted)
		if cleared := strings.Contains(strings.Join(got.header["Set-Cookie"], "\n"),
			"better-auth.session_token=; Max-Age=0"); c.deleted && !cleared {
			t.Errorf("delete-user, %s: got cookies %q, want the session cookie cleared", c.name, got.header["Set-Cookie"])
		}
	}
}

// checkIfAdaIsDeleted checks whether Ada's user exists. If Ada must be deleted, it also checks that only Bob's session
// and account are left. name names the request.
func (s *server) checkIfAdaIsDeleted(name string, deleted bool) {
	s.t.Helper()
	if got := query[bool](s, `SELECT EXISTS (SELECT FROM "user" WHERE email = 'ada@example.com')`); got == deleted {
		s.t.Errorf("delete-user, %s: Ada's user exists: %v, want %v", name, got, !deleted)
	}
	got := query[string](s, `SELECT (SELECT count(*) FROM session) || ' ' || (SELECT count(*) FROM account)`)
	if deleted && got != "1 1" {
		s.t.Errorf("delete-user, %s: got the numbers of sessions and accounts %s, want 1 1, which are Bob's", name, got)
	}
}

// requestDeletionLink requests the link that deletes Ada's user, and returns the mail with it.
func (s *server) requestDeletionLink(box *mailbox, ada answer, body string) mail.Message {
	s.t.Helper()
	s.do("POST", deleteUserPath, body, ada.bearerHeader()...)
	return box.takeOne(s.t)
}

func TestDeletionMailIsLikeThatOfBetterAuth(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t, "DELETE_USER_VERIFICATION=on")
	a := s.signUpAda()
	m := s.requestDeletionLink(box, a, `{}`)
	if want := origin + deleteCallbackPath + "?token=" + m.Token + "&callbackURL=%2F"; m.URL != want ||
		!regexp.MustCompile(`^[0-9a-z]{32}$`).MatchString(m.Token) {
		t.Errorf("delete-user by mail: got the mail %+v, want the link %s with a token of 32 digits and letters", m, want)
	}
	if !query[bool](s, `SELECT v.identifier = 'delete-account-' || $1 AND v.value = u.id::text AND v."expiresAt" = $2 `+
		`FROM verification v, "user" u`,
		m.Token, s.now.Add(24*time.Hour)) {
		t.Error("the row of the deletion token is not stored as Better Auth stores it")
	}
	if m := s.requestDeletionLink(box, a, `{"callbackURL":"/bye bye"}`); !strings.HasSuffix(m.URL,
		"&callbackURL=%2Fbye%20bye") {
		t.Errorf("delete-user by mail with a callbackURL: got the link %s, want the percent-encoded callbackURL /bye bye",
			m.URL)
	}
}

// R23: the sessions, the password and the reset links of a deleted user are rejected immediately.
func TestR23_DeletedUserCannotSignInOrReset(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	a := s.signUpAda()
	other := s.do("POST", signInPath, signInBody)
	token := s.requestResetToken(box)
	s.do("POST", deleteUserPath, `{}`, a.bearerHeader()...).checkStatusAndCode(t, "delete", 200, "")
	for _, session := range []answer{a, other} {
		if got := s.do("GET", sessionPath, "", session.bearerHeader()...); got.body != "null" {
			t.Errorf("get-session with a session of a deleted user: got %s, want null", got.body)
		}
	}
	if s.canSignIn("ada@example.com", "correct horse") {
		t.Error("sign-in of a deleted user succeeds, want it rejected")
	}
	s.do("POST", resetPath, `{"newPassword":"battery staple","token":"`+token+`"}`).
		checkStatusAndCode(t, "reset the password of a deleted user", 400, "INVALID_TOKEN")
	if got := s.emailsWithVerification(); cmp.Diff("", got) != "" {
		t.Errorf("after the deletion: got the emails %s, want none", got)
	}
}
