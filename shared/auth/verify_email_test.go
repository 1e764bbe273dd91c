package auth_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/mail"
)

// requestVerificationLink requests the link that verifies Ada's email, and returns the mail with it.
func (s *server) requestVerificationLink(box *mailbox, ada answer, callbackURL string) mail.Message {
	s.t.Helper()
	s.do(
		"POST",
		sendVerificationPath,
		`{"email":"ada@example.com","callbackURL":"`+callbackURL+`"}`,
		ada.bearerHeader()...)
	return box.takeOne(s.t)
}

// isVerified reports whether the email of a user is verified.
func (s *server) isVerified(email string) bool {
	s.t.Helper()
	return query[bool](s, `SELECT "emailVerified" FROM "user" WHERE email = $1`, email)
}

func TestVerifyEmailVerifiesOrAnswersAnError(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	for _, c := range []struct {
		name, setup string
		age         time.Duration
		broken      bool
		status      int
		code        string
		verified    string // the emails that are verified afterwards
	}{
		{name: "valid link", status: 200, verified: "ada@example.com"},
		{name: "in its last second", age: time.Hour - time.Second, status: 200, verified: "ada@example.com"},
		{name: "expired", age: time.Hour, status: 401, code: "TOKEN_EXPIRED"},
		{name: "invalid signature", broken: true, status: 401, code: "INVALID_TOKEN"},
		{name: "user deleted", setup: `DELETE FROM "user"`, status: 401, code: "USER_NOT_FOUND"},
		{name: "email changed", setup: `UPDATE "user" SET email = 'new@example.com'`, status: 401, code: "USER_NOT_FOUND"},
		{
			name: "email changed, and another user has it",
			setup: `UPDATE "user" SET email = 'new@example.com'; INSERT INTO "user" (name, email, "emailVerified") VALUES ` +
				`('Eve', 'ada@example.com', false)`, status: 401, code: "INVALID_TOKEN",
		},
		{name: "verified", setup: `UPDATE "user" SET "emailVerified" = true`, status: 200, verified: "ada@example.com"},
	} {
		for _, callbackURL := range []string{"", "/done?x=1#f"} {
			s.resetForNextCase(box)
			m := s.requestVerificationLink(box, s.signUpAda(), "/done?x=1#f")
			for statement := range strings.SplitSeq(c.setup, "; ") {
				s.exec(statement)
			}
			s.now = s.now.Add(c.age)
			if c.broken {
				m.Token = m.Token[:len(m.Token)-5] + "AAAAA"
			}
			path := verifyEmailPath + "?token=" + m.Token
			if callbackURL != "" {
				path += "&callbackURL=%2Fdone%3Fx%3D1%23f"
			}
			a := s.do("GET", path, "")
			location := ""
			if callbackURL != "" && c.status == 200 {
				location = callbackURL
			} else if callbackURL != "" {
				location = "/done?x=1&error=" + c.code + "#f"
			}
			switch {
			case location != "" && (a.status != 302 || a.header.Get("Location") != location || a.body != ""):
				t.Errorf("open the link, %s: got %d %s to %q, want 302 to %q without a body",
					c.name, a.status, a.body, a.header.Get("Location"), location)
			case location == "" && (a.status != c.status || a.errorCode() != c.code || c.status == 200 &&
				a.body != `{"status":true,"user":null}`):
				t.Errorf("open the link without callbackURL, %s: got %d %s, want %d %s",
					c.name, a.status, a.body, c.status, c.code)
			}
			if len(a.header["Set-Cookie"]) > 0 {
				t.Errorf("open the link, %s: got cookies %q, want none", c.name, a.header["Set-Cookie"])
			}
			if got := query[string](s,
				`SELECT coalesce(string_agg(email, ' '), '') FROM "user" WHERE "emailVerified"`); got != c.verified {
				t.Errorf("open the link, %s: got the verified emails %q, want %q", c.name, got, c.verified)
			}
		}
	}
}

func TestVerificationMailsAreLikeThoseOfBetterAuth(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	a := s.signUpAda()
	m := s.requestVerificationLink(box, a, "")
	if want := origin + verifyEmailPath + "?token=" + m.Token + "&callbackURL=%2F"; m.URL != want ||
		m.Kind != mail.VerifyEmail || m.To != "ada@example.com" {
		t.Errorf("send-verification-email: got the mail %+v, want a verify-email mail to ada@example.com with the link %s",
			m, want)
	}
	if m := s.requestVerificationLink(box, a, "/a b?c"); !strings.HasSuffix(m.URL, "&callbackURL=%2Fa%20b%3Fc") {
		t.Errorf("send-verification-email with a callbackURL: got the link %s, want the percent-encoded callbackURL in it",
			m.URL)
	}
	if a := s.openLink(m); a.status != 302 || a.header.Get("Location") != "/" || !s.isVerified("ada@example.com") {
		t.Errorf("open the link: got %d %s, want 302 to / and a verified email", a.status, a.body)
	}
}

// With AUTO_SIGN_IN_AFTER_VERIFICATION the link starts a session when it is opened for the first time, unless a user is
// signed in. If that is the same user, the response only renews the cookies of the session.
func TestFirstUseOfAVerificationLinkStartsASession(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t, "AUTO_SIGN_IN_AFTER_VERIFICATION=on")
	a := s.signUpAda()
	bob := s.do("POST", signUpPath, strings.Replace(signUpBody, "ada@", "bob@", 1))
	got := s.openLink(s.requestVerificationLink(box, a, ""), bob.bearerHeader()...)
	if got.status != 302 || got.header["Set-Cookie"] != nil || !s.isVerified("ada@example.com") ||
		query[int](s, `SELECT count(*) FROM session`) != 2 {
		t.Errorf("Ada's link, opened while Bob is signed in: got %d, cookies %q; want 302, no cookie, no "+
			"new session and a verified email", got.status, got.header["Set-Cookie"])
	}
	unverify := func() { s.exec(`UPDATE "user" SET "emailVerified" = false`) }
	unverify()
	m := s.requestVerificationLink(box, a, "")
	got = s.openLink(m)
	session := s.do("GET", sessionPath, "", "Cookie", got.cookie())
	if got.status != 302 || !strings.Contains(session.body, `"ada@example.com"`) ||
		!strings.Contains(session.body, `"emailVerified":true`) {
		t.Errorf("link opened for the first time: got %d, session %s; want 302 and a session of the verified user",
			got.status, session.body)
	}
	if got.header.Get("Set-Auth-Token") == a.header.Get("Set-Auth-Token") ||
		query[int](s, `SELECT count(*) FROM session`) != 3 {
		t.Error("link opened for the first time: got no new session with a new token, want one")
	}
	if again := s.openLink(m); again.status != 302 || len(again.header["Set-Cookie"]) > 0 ||
		query[int](s, `SELECT count(*) FROM session`) != 3 {
		t.Errorf("link opened again: got %d, cookies %q; want 302, no cookie and no new session",
			again.status, again.header["Set-Cookie"])
	}
	unverify()
	if spent := s.openLink(m); spent.header.Get("Location") != "/?error=INVALID_TOKEN" || s.isVerified("ada@example.com") {
		t.Errorf("used link, opened when the email is unverified again: got %d to %q, want INVALID_TOKEN, not verified",
			spent.status, spent.header.Get("Location"))
	}
	own := s.openLink(s.requestVerificationLink(box, a, ""), a.bearerHeader()...)
	if own.header.Get("Set-Auth-Token") != a.header.Get("Set-Auth-Token") ||
		query[int](s, `SELECT count(*) FROM session`) != 3 {
		t.Errorf("link opened while Ada is signed in: got cookies %q, want that session and no new one",
			own.header["Set-Cookie"])
	}
}

func TestR41_OneSessionUnderFiftyConcurrentClicks(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t, "AUTO_SIGN_IN_AFTER_VERIFICATION=on")
	m := s.requestVerificationLink(box, s.signUpAda(), "")
	s.exec(`DELETE FROM session`)
	var group sync.WaitGroup
	answers := make([]answer, 50)
	for i := range answers {
		group.Go(func() { answers[i] = s.openLink(m) })
	}
	group.Wait()
	signedIn := 0
	for _, a := range answers {
		if a.status != 302 {
			t.Errorf("link opened concurrently: got %d %s, want 302", a.status, a.body)
		}
		if a.cookie() != "" {
			signedIn++
		}
	}
	if sessions := query[int](s, `SELECT count(*) FROM session`); signedIn != 1 || sessions != 1 {
		t.Errorf("link opened 50 times concurrently: got %d responses with cookies and %d sessions, want 1 and 1",
			signedIn, sessions)
	}
}

// If the cookie cache is on and the user is signed in, the response to the link sets a cache cookie with emailVerified
// true.
func TestVerifyEmailRenewsTheCookieCache(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t, "COOKIE_CACHE=compact")
	a := s.signUpAda()
	m := s.requestVerificationLink(box, a, "")
	got := s.openLink(m, "Cookie", a.cookie())
	if session := s.do("GET", sessionPath, "", "Cookie", got.cookie()); !strings.Contains(session.body,
		`"emailVerified":true`) {
		t.Errorf("get-session with the cookies of the link's response: got %s, want emailVerified true", session.body)
	}
}

// The test reads the mail from the outbox, the file to which Xenon writes mails in development.
func TestResetTokenInTheOutboxIsValid(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mail.jsonl")
	s := newServer(t, func(env map[string]string) { env["MAIL_FILE"] = file })
	s.signUpAda()
	s.do("POST", requestResetPath, requestResetBody)
	s.do("POST", requestResetPath, `{"email":"nobody@example.com"}`)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	tokens := regexp.MustCompile(`"token":"([^"]+)"`).FindAllStringSubmatch(string(text), -1)
	if len(tokens) != 1 {
		t.Fatalf("two requests, one of them for an unknown email: got the outbox %s, want one reset token", text)
	}
	s.do(
		"POST",
		resetPath,
		`{"newPassword":"battery staple","token":"`+tokens[0][1]+`"}`,
	).checkStatusAndCode(
		t,
		"reset",
		200,
		"",
	)
	if !s.canSignIn("ada@example.com", "battery staple") {
		t.Error("sign-in with the new password failed, want 200")
	}
	if got, want := strings.Count(string(text), "\n"), 1; cmp.Diff(want, got) != "" {
		t.Errorf("outbox: got %d lines, want %d", got, want)
	}
}
