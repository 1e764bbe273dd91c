package auth_test

import (
	"strings"
	"sync"
	"testing"
)

const changePasswordBody = `{"currentPassword":"correct horse","newPassword":"battery staple"}`

func TestR13_ChangePasswordNeedsTheCurrentPassword(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	long := strings.Repeat("x", 129)
	for _, c := range []struct {
		name, body string
		setup      string
		status     int
		code       string
		password   string // the password that works for sign-in afterwards
		sessions   int
	}{
		{"changed", changePasswordBody, "", 200, "", "battery staple", 2},
		{
			"same password", `{"currentPassword":"correct horse","newPassword":"correct horse"}`, "", 200, "", "correct horse",
			2,
		},
		{
			"keep other sessions",
			`{"currentPassword":"correct horse","newPassword":"battery staple","revokeOtherSessions":false}`, "",
			200, "", "battery staple", 2,
		},
		{
			"revoke other sessions",
			`{"currentPassword":"correct horse","newPassword":"battery staple","revokeOtherSessions":true}`, "",
			200, "", "battery staple", 1,
		},
		{
			"wrong", `{"currentPassword":"wrong horse","newPassword":"battery staple","revokeOtherSessions":true}`, "", 400,
			"INVALID_PASSWORD", "correct horse", 2,
		},
		{"empty", `{"currentPassword":"","newPassword":"battery staple"}`, "", 400, "INVALID_PASSWORD", "correct horse", 2},
		{
			"current too long", `{"currentPassword":"` + long + `","newPassword":"battery staple"}`, "", 400,
			"PASSWORD_TOO_LONG", "correct horse", 2,
		},
		{
			"new too long", `{"currentPassword":"correct horse","newPassword":"` + long + `"}`, "", 400, "PASSWORD_TOO_LONG",
			"correct horse", 2,
		},
		{
			"new too short before current too long", `{"currentPassword":"` + long + `","newPassword":"x"}`, "", 400,
			"PASSWORD_TOO_SHORT", "correct horse", 2,
		},
		{"no hash", changePasswordBody, `UPDATE account SET password = NULL`, 400, "CREDENTIAL_ACCOUNT_NOT_FOUND", "", 2},
		{"no account", changePasswordBody, `DELETE FROM account`, 400, "CREDENTIAL_ACCOUNT_NOT_FOUND", "", 2},
		{"unknown hash", changePasswordBody, `UPDATE account SET password = '$unknown$'`, 400, "INVALID_PASSWORD", "", 2},
		{
			"array", `{"currentPassword":["correct horse"],"newPassword":"battery staple"}`, "", 400, "VALIDATION_ERROR",
			"correct horse", 2,
		},
		{"missing", `{"revokeOtherSessions":null}`, "", 400, "VALIDATION_ERROR", "correct horse", 2},
	} {
		s.resetForNextCase(box)
		a := s.signUpAda()
		s.do("POST", signInPath, signInBody)
		if c.setup != "" {
			s.exec(c.setup)
		}
		s.do("POST", changePasswordPath, c.body, a.bearerHeader()...).checkStatusAndCode(t, c.name, c.status, c.code)
		if got := query[int](s, `SELECT count(*) FROM session`); got != c.sessions {
			t.Errorf("change-password, %s: got %d sessions afterwards, want %d", c.name, got, c.sessions)
		}
		for _, password := range []string{"correct horse", "battery staple"} {
			if got := s.canSignIn("ada@example.com", password); got != (password == c.password) {
				t.Errorf("change-password, %s: sign-in with %q succeeds: %v, want %v",
					c.name, password, got, password == c.password)
			}
		}
	}
}

func TestChangePasswordNeedsASession(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUpAda()
	s.do("POST", changePasswordPath, changePasswordBody).checkStatusAndCode(t, "no session", 401, "UNAUTHORIZED")
	s.do(
		"POST",
		changePasswordPath,
		changePasswordBody,
		"Authorization",
		"Bearer unknown",
	).checkStatusAndCode(
		t,
		"unknown token",
		401,
		"UNAUTHORIZED",
	)
	s.do("POST", changePasswordPath, `{}`).checkStatusAndCode(t, "invalid body without a session", 400, "VALIDATION_ERROR")
	if !s.canSignIn("ada@example.com", "correct horse") {
		t.Error("after requests without a session: sign-in with the password fails, want no change")
	}
}

// R14: by default all sessions stay valid. With revokeOtherSessions all of them end, and the caller gets a new session.
// R22: it has a new token.
func TestR22_ChangePasswordReturnsANewToken(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a := s.signUpAda()
	other := s.do("POST", signInPath, signInBody)
	got := s.do("POST", changePasswordPath, changePasswordBody, a.bearerHeader()...)
	if body := got.json(t); body["token"] != nil || len(got.header["Set-Cookie"]) > 0 ||
		len(body["user"].(map[string]any)) != 7 {
		t.Errorf("change without revoking sessions: got %s, cookies %q, want the user, no token and no cookie",
			got.body, got.header["Set-Cookie"])
	}
	got = s.do("POST", changePasswordPath,
		`{"currentPassword":"battery staple","newPassword":"correct horse","revokeOtherSessions":true}`, a.bearerHeader()...)
	token, _ := got.json(t)["token"].(string)
	if len(token) != 32 || !strings.HasPrefix(got.header.Get("Set-Auth-Token"), token+".") ||
		!strings.Contains(got.header.Get("Set-Cookie"), token+".") {
		t.Errorf("change that revokes sessions: got %s, cookies %q, want a new token in the body, the header and the "+
			"cookie", got.body, got.header["Set-Cookie"])
	}
	for name, c := range map[string]struct {
		a    answer
		live bool
	}{"the old session": {a, false}, "the other session": {other, false}, "the new session": {got, true}} {
		if live := s.do("GET", sessionPath, "", c.a.bearerHeader()...).body != "null"; live != c.live {
			t.Errorf("after a change that revokes sessions: %s is live: %v, want %v", name, live, c.live)
		}
	}
	if got := query[string](s, `SELECT ("expiresAt" - "createdAt")::text FROM session`); got != "7 days" {
		t.Errorf("the new session is valid for %s, want 7 days", got)
	}
}

func TestR14_ChangePasswordKeepsSessionsNotRemembered(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUpAda()
	a := s.do("POST", signInPath, strings.Replace(signInBody, "{", `{"rememberMe":false,`, 1))
	got := s.do("POST", changePasswordPath, strings.Replace(changePasswordBody, "{", `{"revokeOtherSessions":true,`, 1),
		"Cookie", a.cookie(), "Origin", origin)
	if lines := strings.Join(got.header["Set-Cookie"], "\n"); got.status != 200 || strings.Contains(lines, "Max-Age") ||
		!strings.Contains(lines, "dont_remember=true") {
		t.Errorf("change in a session with rememberMe false: got %d, cookies %q; want 200, dont_remember and no Max-Age",
			got.status, lines)
	}
}

// Of concurrent changes with the right current password only one succeeds, because it changes the current password.
func TestOnlyOneConcurrentPasswordChangeSucceeds(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a := s.signUpAda()
	var group sync.WaitGroup
	answers := make([]answer, 20)
	for i := range answers {
		group.Go(func() { answers[i] = s.do("POST", changePasswordPath, changePasswordBody, a.bearerHeader()...) })
	}
	group.Wait()
	changed := 0
	for _, a := range answers {
		if a.status == 200 {
			changed++
		} else if a.errorCode() != "INVALID_PASSWORD" {
			t.Errorf("concurrent change-password: got %d %s, want 200 or INVALID_PASSWORD", a.status, a.body)
		}
	}
	if changed != 1 || !s.canSignIn("ada@example.com", "battery staple") {
		t.Errorf("20 concurrent changes: got %d successful ones, want 1, and the new password to sign in", changed)
	}
}
