package auth_test

import (
	"strings"
	"testing"
)

func TestVerifyPasswordChecksThePassword(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	for _, c := range []struct {
		name, body, setup string
		status            int
		code              string
	}{
		{"right", `{"password":"correct horse"}`, "", 200, ""},
		{"wrong", `{"password":"wrong horse"}`, "", 400, "INVALID_PASSWORD"},
		{"empty", `{"password":""}`, "", 400, "INVALID_PASSWORD"},
		{"too long", `{"password":"` + strings.Repeat("x", 129) + `"}`, "", 400, "PASSWORD_TOO_LONG"},
		{"no credential", `{"password":"correct horse"}`, `DELETE FROM account`, 400, "INVALID_PASSWORD"},
		{"no hash", `{"password":"correct horse"}`, `UPDATE account SET password = NULL`, 400, "INVALID_PASSWORD"},
		{"array", `{"password":["correct horse"]}`, "", 400, "VALIDATION_ERROR"},
		{"session deleted", `{"password":"correct horse"}`, `DELETE FROM session`, 401, "UNAUTHORIZED"},
	} {
		s.resetForNextCase(box)
		a := s.signUpAda()
		if c.setup != "" {
			s.exec(c.setup)
		}
		got := s.do("POST", verifyPasswordPath, c.body, a.bearerHeader()...)
		got.checkStatusAndCode(t, c.name, c.status, c.code)
		if c.status == 200 && got.body != `{"status":true}` {
			t.Errorf("verify-password, %s: got %s, want {\"status\":true}", c.name, got.body)
		}
	}
}
