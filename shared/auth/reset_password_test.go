package auth_test

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// requestResetToken requests a link that resets Ada's password, and returns its token.
func (s *server) requestResetToken(box *mailbox) string {
	s.t.Helper()
	s.do("POST", requestResetPath, requestResetBody)
	return box.takeOne(s.t).Token
}

func TestResetPasswordNeedsAValidToken(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	long := strings.Repeat("x", 129)
	for _, c := range []struct {
		name        string
		body, query string // TOKEN stands for the mailed token
		setup       string
		age         time.Duration
		status      int
		code        string
		changed     bool
		left        bool // whether the token is still valid afterwards
	}{
		{name: "reset", body: `{"newPassword":"battery staple","token":"TOKEN"}`, status: 200, changed: true},
		{
			name: "token in the query", body: `{"newPassword":"battery staple"}`, query: "?token=TOKEN", status: 200,
			changed: true,
		},
		{
			name: "token in the body and in the query",
			body: `{"newPassword":"battery staple","token":"TOKEN"}`, query: "?token=x",
			status: 200, changed: true,
		},
		{
			name: "empty token in the body", body: `{"newPassword":"battery staple","token":""}`, query: "?token=TOKEN",
			status: 200, changed: true,
		},
		{
			name: "in its last millisecond", body: `{"newPassword":"battery staple","token":"TOKEN"}`, age: time.Hour,
			status: 200, changed: true,
		},
		{
			name: "expired", body: `{"newPassword":"battery staple","token":"TOKEN"}`, age: time.Hour + time.Millisecond,
			status: 400, code: "INVALID_TOKEN",
		},
		{name: "no token", body: `{"newPassword":"x"}`, status: 400, code: "INVALID_TOKEN", left: true},
		{
			name: "too short, token stays valid", body: `{"newPassword":"1234567","token":"TOKEN"}`, status: 400,
			code: "PASSWORD_TOO_SHORT", left: true,
		},
		{
			name: "too long, token stays valid", body: `{"newPassword":"` + long + `","token":"TOKEN"}`, status: 400,
			code: "PASSWORD_TOO_LONG", left: true,
		},
		{
			name: "too short, unknown token", body: `{"newPassword":"x","token":"unknown"}`, status: 400,
			code: "PASSWORD_TOO_SHORT", left: true,
		},
		{
			name: "unknown", body: `{"newPassword":"battery staple","token":"unknown"}`, status: 400, code: "INVALID_TOKEN",
			left: true,
		},
		{
			name: "NUL", body: `{"newPassword":"battery staple","token":"\u0000"}`, status: 400, code: "INVALID_TOKEN",
			left: true,
		},
		{
			name: "a deletion token", body: `{"newPassword":"battery staple","token":"TOKEN"}`,
			setup: `UPDATE verification SET identifier = replace(identifier, 'reset-password:', 'delete-account-')`, status: 400,
			code: "INVALID_TOKEN",
		},
		{
			name: "user deleted", body: `{"newPassword":"battery staple","token":"TOKEN"}`, setup: `DELETE FROM "user"`,
			status: 400, code: "USER_NOT_FOUND",
		},
		{
			name: "stored value is not an id", body: `{"newPassword":"battery staple","token":"TOKEN"}`,
			setup: `UPDATE verification SET value = 'x'`, status: 400, code: "INVALID_TOKEN",
		},
		{
			name: "no credential account", body: `{"newPassword":"battery staple","token":"TOKEN"}`,
			setup: `DELETE FROM account`, status: 200, changed: true,
		},
		{
			name: "no hash", body: `{"newPassword":"battery staple","token":"TOKEN"}`,
			setup: `UPDATE account SET password = NULL`, status: 200, changed: true,
		},
		{
			name: "array", body: `{"newPassword":"battery staple","token":["TOKEN"]}`, status: 400, code: "VALIDATION_ERROR",
			left: true,
		},
		{
			name: "two tokens", body: `{"newPassword":"battery staple"}`, query: "?token=TOKEN&token=TOKEN", status: 400,
			code: "VALIDATION_ERROR", left: true,
		},
		{name: "no body", status: 400, code: "VALIDATION_ERROR", left: true},
	} {
		s.resetForNextCase(box)
		s.signUpAda()
		token := s.requestResetToken(box)
		if c.setup != "" {
			s.exec(c.setup)
		}
		s.now = s.now.Add(c.age)
		fillInToken := func(text string) string { return strings.ReplaceAll(text, "TOKEN", token) }
		a := s.do("POST", resetPath+fillInToken(c.query), fillInToken(c.body))
		a.checkStatusAndCode(t, c.name, c.status, c.code)
		if c.status == 200 && a.body != `{"status":true}` || len(a.header["Set-Cookie"]) > 0 ||
			a.header.Get("Set-Auth-Token") != "" {
			t.Errorf("reset, %s: got %s, cookies %q; want {\"status\":true} on success, and never a cookie or token",
				c.name, a.body, a.header["Set-Cookie"])
		}
		if got := s.canSignIn("ada@example.com", "battery staple"); got != c.changed {
			t.Errorf("reset, %s: sign-in with the new password succeeds: %v, want %v", c.name, got, c.changed)
		}
		if c.changed && s.canSignIn("ada@example.com", "correct horse") {
			t.Errorf("reset, %s: sign-in with the old password succeeds, want it rejected", c.name)
		}
		if got := s.do("POST", resetPath,
			fillInToken(`{"newPassword":"third password","token":"TOKEN"}`)).status == 200; got != c.left {
			t.Errorf("reset, %s: the token can be used again: %v, want %v", c.name, got, c.left)
		}
		if c.changed && query[int](s,
			`SELECT count(*) FROM account a JOIN "user" u ON a."accountId" = u.id::text AND a."userId" = u.id WHERE `+
				`a."providerId" = 'credential'`) != 1 {
			t.Errorf("reset, %s: the user does not have exactly one password account afterwards, want one", c.name)
		}
	}
}

// Of fifty concurrent requests with the same token one succeeds, even if there are several rows with the identifier, or
// if the user has no password.
func TestR41_ResetTokensWorkOnceUnderFiftyConcurrentRedemptions(t *testing.T) {
	t.Parallel()
	for name, setup := range map[string]string{
		"one row": ``,
		"several rows": `INSERT INTO verification (identifier, value, "expiresAt", "createdAt") SELECT identifier, value,` +
			` "expiresAt", "createdAt" - n * interval '1 ms' FROM verification, generate_series(0, 5) n`,
		"no credential": `DELETE FROM account`,
	} {
		s, box := newMailServer(t)
		s.signUpAda()
		token := s.requestResetToken(box)
		if setup != "" {
			s.exec(setup)
		}
		var group sync.WaitGroup
		answers := make([]answer, 50)
		for i := range answers {
			group.Go(func() {
				answers[i] = s.do("POST", resetPath, `{"newPassword":"battery staple","token":"`+token+`"}`)
			})
		}
		group.Wait()
		done := 0
		for _, a := range answers {
			if a.status == 200 {
				done++
			} else if a.errorCode() != "INVALID_TOKEN" {
				t.Errorf("%s, concurrent reset: got %d %s, want 200 or INVALID_TOKEN", name, a.status, a.body)
			}
		}
		if done != 1 || query[int](s, `SELECT count(*) FROM account`) != 1 ||
			query[int](s, `SELECT count(*) FROM verification`) != 0 {
			t.Errorf("%s, 50 concurrent resets: %d succeeded, want 1; and want one account and no link afterwards", name, done)
		}
	}
}

// Of concurrent resets with different tokens of a user without a password one succeeds. It deletes the other tokens and
// creates one account.
func TestConcurrentResetsCreateOneAccount(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	s.signUpAda()
	s.exec(`DELETE FROM account`)
	tokens := make([]string, 10)
	for i := range tokens {
		tokens[i] = s.requestResetToken(box)
	}
	var group sync.WaitGroup
	answers := make([]answer, len(tokens))
	for i, token := range tokens {
		group.Go(func() {
			answers[i] = s.do("POST", resetPath, `{"newPassword":"battery staple","token":"`+token+`"}`)
		})
	}
	group.Wait()
	done := 0
	for _, a := range answers {
		if a.status == 200 {
			done++
		} else {
			a.checkStatusAndCode(t, "concurrent reset with another token", 400, "INVALID_TOKEN")
		}
	}
	if got := query[int](s, `SELECT count(*) FROM account`); got != 1 || done != 1 ||
		!s.canSignIn("ada@example.com", "battery staple") {
		t.Errorf("10 concurrent resets: got %d accounts and %d successes, want 1 and 1, and the new password to sign in",
			got, done)
	}
}

// As in Better Auth, only the newest row with the identifier of the token counts. Here it has expired.
func TestR41_NewestVerificationRowCounts(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	s.signUpAda()
	token := s.requestResetToken(box)
	s.exec(`INSERT INTO verification (identifier, value, "expiresAt", "createdAt")
		SELECT identifier, value, "createdAt" - interval '1 s', "createdAt" + interval '1 ms' FROM verification`)
	s.do("POST", resetPath, `{"newPassword":"battery staple","token":"`+token+`"}`).
		checkStatusAndCode(t, "reset with a token whose newest row has expired", 400, "INVALID_TOKEN")
	if s.canSignIn("ada@example.com", "battery staple") {
		t.Error("sign-in with the new password succeeds after the failed reset, want it rejected")
	}
}

func TestR42_ResetStartsNoSessionAndRevokesAsConfigured(t *testing.T) {
	t.Parallel()
	for setting, sessions := range map[string]int{"off": 3, "on": 1} { // one of the sessions is Bob's
		s, box := newMailServer(t, "REVOKE_SESSIONS_ON_PASSWORD_RESET="+setting)
		a := s.signUpAda()
		s.do("POST", signInPath, signInBody)
		s.do("POST", signUpPath, strings.Replace(signUpBody, "ada@", "bob@", 1))
		got := s.do("POST", resetPath, `{"newPassword":"battery staple","token":"`+s.requestResetToken(box)+`"}`, "Cookie",
			a.cookie(), "Origin", origin)
		if got.status != 200 || len(got.header["Set-Cookie"]) > 0 {
			t.Errorf("REVOKE_SESSIONS_ON_PASSWORD_RESET=%s: reset: got %d %s, cookies %q; want 200 and no cookie",
				setting, got.status, got.body, got.header["Set-Cookie"])
		}
		if n := query[int](s, `SELECT count(*) FROM session`); n != sessions {
			t.Errorf("REVOKE_SESSIONS_ON_PASSWORD_RESET=%s: got %d sessions after the reset, want %d", setting, n, sessions)
		}
	}
}

// A request that stores a row in the table verification also deletes expired rows, at most once a minute.
func TestExpiredVerificationRowsAreDeleted(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	s.signUpAda()
	s.requestResetToken(box)
	addRow := func() {
		s.exec(`INSERT INTO verification (identifier, value, "expiresAt") SELECT 'x' || n, '', $1 FROM generate_series(1, `+
			`5) n`, s.now.Add(-time.Millisecond))
	}
	countRows := func() int {
		s.do("POST", requestResetPath, requestResetBody)
		return query[int](s, `SELECT count(*) FROM verification WHERE identifier LIKE 'x%'`)
	}
	addRow()
	if got := countRows(); got != 5 {
		t.Errorf("less than a minute after the last deletion: got %d expired rows, want 5", got)
	}
	s.now = s.now.Add(time.Minute)
	if got := countRows(); got != 0 {
		t.Errorf("a minute after the last deletion: got %d expired rows, want 0", got)
	}
	addRow()
	if got := countRows(); got != 5 {
		t.Errorf("immediately after a deletion: got %d expired rows, want 5", got)
	}
}

func TestResetPasswordTakesTwoRoundTrips(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	s.signUpAda()
	token := s.requestResetToken(box)
	if got := s.countRoundTrips(func() {
		s.do("POST", resetPath,
			`{"newPassword":"battery staple","token":"`+token+`"}`)
	}); got != 2 {
		t.Errorf("reset-password: got %d round trips, want 2", got)
	}
	if got := s.countRoundTrips(func() { s.do("POST", requestResetPath, requestResetBody) }); got != 1 {
		t.Errorf("request-password-reset: got %d round trips, want 1", got)
	}
	if got := s.countRoundTrips(func() { s.do("POST", resetPath, `{"newPassword":"x","token":"`+token+`"}`) }); got != 0 {
		t.Errorf("reset-password with a password that is too short: got %d round trips, want 0", got)
	}
}
