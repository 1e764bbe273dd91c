package auth_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/mail"
)

const (
	changeEmailBody = `{"newEmail":"New@Example.com","callbackURL":"/done"}`
	verifyEmailSQL  = `UPDATE "user" SET "emailVerified" = true WHERE email = 'ada@example.com'`
)

// emailsWithVerification returns the emails of all users, with + after verified ones and - after the others.
func (s *server) emailsWithVerification() string {
	s.t.Helper()
	return query[string](s,
		`SELECT coalesce(string_agg(email || CASE WHEN "emailVerified" THEN '+' ELSE '-' END, ' ' ORDER BY email), '') `+
			`FROM "user"`)
}

func TestChangeEmailMailsALinkOrReturnsAnError(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	for _, c := range []struct {
		name, settings, body, setup string
		status                      int
		answer                      string
		mail                        string
	}{
		{
			"link to the new email", "", changeEmailBody, "", 200, `{"status":true}`,
			"email-change-notice ada@example.com, verify-email new@example.com",
		},
		{
			"verified user", "", changeEmailBody, verifyEmailSQL, 200, `{"status":true}`,
			"email-change-notice ada@example.com, verify-email new@example.com",
		},
		{
			"confirmation on, verified user", "CHANGE_EMAIL_CONFIRMATION=on", changeEmailBody, verifyEmailSQL, 200,
			`{"status":true}`,
			"change-email-confirmation ada@example.com",
		},
		{
			"confirmation on, unverified user", "CHANGE_EMAIL_CONFIRMATION=on", changeEmailBody, "", 200, `{"status":true}`,
			"email-change-notice ada@example.com, verify-email new@example.com",
		},
		{
			"email of another user", "", `{"newEmail":"BOB@example.com"}`, "", 200, `{"status":true}`,
			"email-change-notice ada@example.com, nothing bob@example.com",
		},
		{
			"taken email, confirmation on", "CHANGE_EMAIL_CONFIRMATION=on", `{"newEmail":"bob@example.com"}`, verifyEmailSQL,
			200,
			`{"status":true}`, "nothing ada@example.com",
		},
		{
			"fresh for one more millisecond", "", changeEmailBody,
			`UPDATE session SET "createdAt" = "createdAt" - interval '1 day' + interval '1 ms'`, 200, `{"status":true}`,
			"email-change-notice ada@example.com, verify-email new@example.com",
		},
		{
			"old session", "", changeEmailBody, `UPDATE session SET "createdAt" = "createdAt" - interval '1 day'`, 403,
			`{"message":"Session is not fresh","code":"SESSION_NOT_FRESH"}`, "",
		},
		{
			"old session, off", "CHANGE_EMAIL=off", changeEmailBody,
			`UPDATE session SET "createdAt" = "createdAt" - interval '1 day'`, 400,
			`{"message":"Change email is disabled","code":"CHANGE_EMAIL_DISABLED"}`, "",
		},
		{"same email", "", `{"newEmail":"ADA@example.com"}`, "", 400, `{"message":"Email is the same"}`, ""},
		{
			"off", "CHANGE_EMAIL=off", changeEmailBody, "", 400,
			`{"message":"Change email is disabled","code":"CHANGE_EMAIL_DISABLED"}`, "",
		},
		{"without mail", "MAIL=none", changeEmailBody, "", 400, `{"message":"Verification email isn't enabled"}`, ""},
		{
			"email of another user, without mail", "MAIL=none", `{"newEmail":"bob@example.com"}`, "", 400,
			`{"message":"Verification email isn't enabled"}`, "",
		},
		{
			"no session", "", changeEmailBody, `DELETE FROM session`, 401,
			`{"message":"Unauthorized","code":"UNAUTHORIZED"}`, "",
		},
		{
			"no email", "", `{"newEmail":"x"}`, "", 400,
			`{"message":"[body.newEmail] Invalid email address","code":"VALIDATION_ERROR"}`, "",
		},
		{
			"array", "", `{"newEmail":["new@example.com"]}`, "", 400,
			`{"message":"[body.newEmail] Invalid input: expected string, received array","code":"VALIDATION_ERROR"}`, "",
		},
		{
			"untrusted callbackURL", "", `{"newEmail":"new@example.com","callbackURL":"https://evil.example"}`, "", 403,
			`{"message":"Invalid callbackURL","code":"INVALID_CALLBACK_URL"}`, "",
		},
	} {
		s.resetForNextCase(box, strings.Fields(c.settings)...)
		a := s.signUpAda()
		s.insertUser("bob@example.com")
		if c.setup != "" {
			s.exec(c.setup)
		}
		before := s.emailsWithVerification()
		got := s.do("POST", changeEmailPath, c.body, a.bearerHeader()...)
		if got.status != c.status || got.body != c.answer {
			t.Errorf("change-email, %s: got %d %s, want %d %s", c.name, got.status, got.body, c.status, c.answer)
		}
		if mails := strings.Join(box.takeKindsAndRecipients(), ", "); mails != c.mail {
			t.Errorf("change-email, %s: got the mails %q, want %q", c.name, mails, c.mail)
		}
		if after := s.emailsWithVerification(); after != before {
			t.Errorf("%s: the request changed the emails from %q to %q, want no change before the link is opened",
				c.name, before, after)
		}
	}
}

// requestEmailChange requests a change of Ada's email and returns the last mail, which has the link.
func (s *server) requestEmailChange(box *mailbox, ada answer) mail.Message {
	s.t.Helper()
	s.do("POST", changeEmailPath, changeEmailBody, ada.bearerHeader()...)
	mails := box.takeAll()
	if len(mails) == 0 {
		s.t.Fatal("change-email: got no mail, want one")
	}
	return mails[len(mails)-1]
}

func TestChangeEmailLinkChangesTheEmail(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	for _, c := range []struct {
		name, setup string
		age         time.Duration
		who         string // the user who opens the link
		code        string
		emails      string
	}{
		{name: "changed", emails: "bob@example.com- new@example.com-"},
		{name: "changed while signed in", who: "ada", emails: "bob@example.com- new@example.com-"},
		{name: "verified stays verified", setup: verifyEmailSQL, emails: "bob@example.com- new@example.com+"},
		{name: "session of another user", who: "bob", code: "INVALID_USER", emails: "ada@example.com- bob@example.com-"},
		{name: "expired", age: time.Hour, code: "TOKEN_EXPIRED", emails: "ada@example.com- bob@example.com-"},
		{
			name: "user deleted", setup: `DELETE FROM "user" WHERE email = 'ada@example.com'`, code: "USER_NOT_FOUND",
			emails: "bob@example.com-",
		},
		{
			name: "email changed since", setup: `UPDATE "user" SET email = 'ada2@example.com' WHERE email = 'ada@example.com'`,
			code: "INVALID_TOKEN", emails: "ada2@example.com- bob@example.com-",
		},
		{
			name: "banned since", setup: `UPDATE "user" SET banned = true WHERE email = 'ada@example.com'`,
			code: "INVALID_TOKEN", emails: "ada@example.com- bob@example.com-",
		},
		{
			name: "taken since", setup: `INSERT INTO "user" (name, email, "emailVerified") VALUES ('', 'new@example.com', true)`,
			code: "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", emails: "ada@example.com- bob@example.com- new@example.com+",
		},
	} {
		s.resetForNextCase(box)
		users := map[string]answer{"ada": s.signUpAda(), "bob": s.do("POST", signUpPath,
			strings.Replace(signUpBody, "ada@", "bob@", 1))}
		m := s.requestEmailChange(box, users["ada"])
		if c.setup != "" {
			s.exec(c.setup)
		}
		s.now = s.now.Add(c.age)
		var headers []string
		if c.who != "" {
			headers = users[c.who].bearerHeader()
		}
		a := s.openLink(m, headers...)
		location := "/done"
		if c.code != "" {
			location += "?error=" + c.code
		}
		if a.status != 302 || a.header.Get("Location") != location {
			t.Errorf("open the link, %s: got %d %s to %q, want 302 to %q",
				c.name, a.status, a.body, a.header.Get("Location"), location)
		}
		// The link starts no session. If Ada is signed in, the response sets her session cookie again.
		if got, want := a.header.Get("Set-Auth-Token"), ""; c.who == "ada" &&
			got != users["ada"].header.Get("Set-Auth-Token") || c.who != "ada" && got != want {
			t.Errorf("open the link, %s: got Set-Auth-Token %q, want Ada's token if she opens the link, otherwise none",
				c.name, got)
		}
		if got := s.emailsWithVerification(); got != c.emails {
			t.Errorf("open the link, %s: got the emails %s, want %s (+ means verified)", c.name, got, c.emails)
		}
		if again := s.openLink(m); c.code == "" && again.header.Get("Location") != "/done?error=INVALID_TOKEN" {
			t.Errorf("%s, the same link again: got %d to %q, want error=INVALID_TOKEN",
				c.name, again.status, again.header.Get("Location"))
		}
	}
}

func TestChangeEmailLinkAnswersJSON(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	m := s.requestEmailChange(box, s.signUpAda())
	s.exec(`INSERT INTO "user" (name, email, "emailVerified") VALUES ('', 'new@example.com', true)`)
	s.do("GET", verifyEmailPath+"?token="+m.Token, "").checkStatusAndCode(t, "the new email is taken",
		422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")
	s.exec(`DELETE FROM "user" WHERE email = 'new@example.com'`)
	a := s.do("GET", verifyEmailPath+"?token="+m.Token, "")
	user, _ := a.json(t)["user"].(map[string]any)
	if a.status != 200 || user["email"] != "new@example.com" || len(user) != 7 {
		t.Errorf("open the link: got %d %s, want 200 and the user with the new email", a.status, a.body)
	}
	s.do("GET", verifyEmailPath+"?token="+m.Token, "").checkStatusAndCode(t, "open the link again", 401, "INVALID_TOKEN")
}

// With CHANGE_EMAIL_CONFIRMATION the email changes only after the user has opened two links: first the one mailed to
// the old email, then the one mailed to the new email.
func TestR42_EmailChangeNeedsConfirmationOfBothEmails(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t, "CHANGE_EMAIL_CONFIRMATION=on")
	a := s.signUpAda()
	s.exec(verifyEmailSQL)
	first := s.requestEmailChange(box, a)
	if first.Kind != mail.ChangeEmailConfirmation || first.To != "ada@example.com" || first.NewEmail != "new@example.com" {
		t.Errorf("change-email: got the mail %+v, want a confirmation to the old email", first)
	}
	if got := s.openLink(first, a.bearerHeader()...); got.status != 302 || got.header.Get("Location") != "/done" ||
		len(got.header["Set-Cookie"]) > 0 {
		t.Errorf("open the link of the old email: got %d to %q, want 302 to /done without cookies",
			got.status, got.header.Get("Location"))
	}
	second := box.takeOne(t)
	if second.Kind != mail.VerifyEmail || second.To != "new@example.com" ||
		!strings.HasSuffix(second.URL, "&callbackURL=%2Fdone") {
		t.Errorf("open the link of the old email: got the mail %+v, want a link to the new email with the callbackURL",
			second)
	}
	if got := s.emailsWithVerification(); got != "ada@example.com+" {
		t.Errorf("before the link to the new email is opened: got the emails %s, want the old email", got)
	}
	s.openLink(second)
	if got := s.emailsWithVerification(); got != "new@example.com+" {
		t.Errorf("after the link to the new email is opened: got the emails %s, want the new email, verified", got)
	}
	if diff := cmp.Diff([]string{"email-changed ada@example.com"}, box.takeKindsAndRecipients()); diff != "" {
		t.Errorf("mails after the change (-want +got):\n%s", diff)
	}
	if got := s.openLink(first); got.header.Get("Location") != "/done?error=INVALID_TOKEN" ||
		cmp.Diff([]string(nil), box.takeKindsAndRecipients()) != "" {
		t.Errorf("open the link of the old email again: got %d to %q, want error=INVALID_TOKEN and no mail",
			got.status, got.header.Get("Location"))
	}
}

// The link that is mailed to the old email is valid once. Without a callbackURL its response is JSON.
func TestChangeEmailConfirmationWorksOnce(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t, "CHANGE_EMAIL_CONFIRMATION=on")
	a := s.signUpAda()
	s.exec(verifyEmailSQL)
	first := s.requestEmailChange(box, a)
	if got := s.do("GET", verifyEmailPath+"?token="+first.Token, ""); got.status != 200 || got.body != `{"status":true}` {
		t.Errorf("open the link: got %d %s, want 200 and status true", got.status, got.body)
	}
	box.takeOne(t)
	s.do(
		"GET",
		verifyEmailPath+"?token="+first.Token,
		"",
	).checkStatusAndCode(
		t,
		"open the link again",
		401,
		"INVALID_TOKEN",
	)
	if got := box.takeKindsAndRecipients(); got != nil {
		t.Errorf("open the link again: got mails %q, want none", got)
	}
}

// The token of the notice cancels every email change that the user has requested, even if another user has the new
// email. It is valid once.
func TestCancelEmailChangeRevokesAllRequestedChanges(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	const path = "/api/auth/cancel-email-change"
	for _, c := range []struct {
		name, body, setup string
		age               time.Duration
		status            int
		code              string
	}{
		{name: "cancelled", body: `{"token":"TOKEN"}`, status: 200},
		{
			name: "new email is taken", body: `{"token":"TOKEN"}`,
			setup: `INSERT INTO "user" (name, email, "emailVerified") VALUES ('', 'new@example.com', true)`, status: 200,
		},
		{name: "expired", body: `{"token":"TOKEN"}`, age: time.Hour + time.Millisecond, status: 400, code: "INVALID_TOKEN"},
		{name: "unknown", body: `{"token":"x"}`, status: 400, code: "INVALID_TOKEN"},
		{name: "NUL", body: `{"token":"\u0000"}`, status: 400, code: "INVALID_TOKEN"},
		{name: "none", body: `{}`, status: 400, code: "VALIDATION_ERROR"},
		{name: "array", body: `{"token":["TOKEN"]}`, status: 400, code: "VALIDATION_ERROR"},
	} {
		s.resetForNextCase(box)
		a := s.signUpAda()
		if c.setup != "" {
			s.exec(c.setup)
		}
		s.do("POST", changeEmailPath, changeEmailBody, a.bearerHeader()...)
		notice := box.takeAll()[0]
		second := s.requestEmailChange(box, a)
		s.now = s.now.Add(c.age)
		body := strings.Replace(c.body, "TOKEN", notice.Token, 1)
		got := s.do("POST", path, body)
		got.checkStatusAndCode(t, c.name, c.status, c.code)
		if c.status != 200 {
			continue
		}
		if got.body != `{"status":true}` || notice.URL != origin+"/cancel-email-change/?token="+notice.Token {
			t.Errorf("cancel-email-change, %s: got %s and the notice %v, want status true and a notice with a link that "+
				"cancels the change",
				c.name, got.body, notice)
		}
		s.do("POST", path, body).checkStatusAndCode(t, c.name+", again", 400, "INVALID_TOKEN")
		if second.Kind == mail.VerifyEmail {
			if again := s.openLink(second); again.header.Get("Location") != "/done?error=INVALID_TOKEN" {
				t.Errorf("%s: open the link of the second change: got %d to %q, want error=INVALID_TOKEN",
					c.name, again.status, again.header.Get("Location"))
			}
		}
	}
}

// Revoking other sessions keeps the links of an email change that this session has requested, also the one that cancels
// it.
func TestRevokingOtherSessionsKeepsAnEmailChangeOfThisSession(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	a := s.signUpAda()
	m := s.requestEmailChange(box, a)
	s.do("POST", "/api/auth/revoke-other-sessions", `{}`, a.bearerHeader()...).checkStatusAndCode(t, "revoke", 200, "")
	if got := query[int](s, `SELECT count(*) FROM verification`); got != 2 {
		t.Errorf("after revoke-other-sessions: got %d links, want 2", got)
	}
	if got := s.openLink(m); got.header.Get("Location") != "/done" {
		t.Errorf("open the link of the change after revoke-other-sessions: got %d to %q, want /done",
			got.status, got.header.Get("Location"))
	}
}

func TestR41_EmailChangeHappensOnceUnderFiftyConcurrentClicks(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	m := s.requestEmailChange(box, s.signUpAda())
	var group sync.WaitGroup
	answers := make([]answer, 50)
	for i := range answers {
		group.Go(func() { answers[i] = s.openLink(m) })
	}
	group.Wait()
	changed := 0
	for _, a := range answers {
		if a.header.Get("Location") == "/done" {
			changed++
		} else if a.header.Get("Location") != "/done?error=INVALID_TOKEN" {
			t.Errorf("open a link that another request has used: got %d to %q, want error=INVALID_TOKEN",
				a.status, a.header.Get("Location"))
		}
	}
	if got := s.emailsWithVerification(); changed != 1 || got != "new@example.com-" {
		t.Errorf("link opened 50 times concurrently: got %d successful changes and the emails %s, want 1 and the new "+
			"email, unverified",
			changed, got)
	}
}

// A token without a request type, from an older version of Better Auth, changes the email immediately. The new email is
// not verified.
func TestEmailChangeTokenWithoutTypeChangesTheEmailImmediately(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t, "SHARED_DATABASE=on")
	a := s.signUpAda()
	s.exec(verifyEmailSQL)
	token := func(claims jwt.MapClaims) string {
		claims["email"], claims["updateTo"] = "ada@example.com", "new@example.com"
		text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(s.cfg.AuthSecret))
		if err != nil {
			t.Fatal(err)
		}
		return verifyEmailPath + "?token=" + text
	}
	s.do("GET", token(jwt.MapClaims{}), "").checkStatusAndCode(t, "token without a user id", 401, "INVALID_TOKEN")
	s.do(
		"GET",
		token(jwt.MapClaims{"userId": "x"}),
		"",
	).checkStatusAndCode(
		t,
		"token with an invalid user id",
		401,
		"USER_NOT_FOUND",
	)
	id := query[string](s, `SELECT id::text FROM "user"`)
	got := s.do("GET", token(jwt.MapClaims{"userId": id}), "", a.bearerHeader()...)
	if user, _ := got.json(t)["user"].(map[string]any); got.status != 200 || user["emailVerified"] != false ||
		got.header.Get("Set-Auth-Token") == "" {
		t.Errorf("open the link: got %d %s, want 200, an unverified email and the header Set-Auth-Token",
			got.status, got.body)
	}
	if emails := s.emailsWithVerification(); emails != "new@example.com-" {
		t.Errorf("after the link was opened: got the emails %s, want the new email, unverified", emails)
	}
	mails := box.takeAll()
	if len(mails) != 2 || mails[0].Kind != mail.EmailChanged || mails[0].To != "ada@example.com" {
		t.Fatalf("open the link: got the mails %v, want two, the first a notice to the old email", mails)
	}
	if m := mails[1]; m.To != "new@example.com" || s.openLink(m).header.Get("Location") != "/" ||
		s.emailsWithVerification() != "new@example.com+" {
		t.Errorf("open the link in the second mail %+v: got the emails %s, want a redirect to / and the new email verified",
			m, s.emailsWithVerification())
	}
}
