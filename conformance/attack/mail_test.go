package attack

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"
)

const publicOrigin = "http://localhost:3000"

// outboxLine is one line of the outbox, the file to which the server writes its mails.
type outboxLine struct{ Kind, To, URL, Token, NewEmail, Purpose string }

// readMails reads all mails that were sent up to now.
func (s *testServer) readMails(t *testing.T) (all []outboxLine) {
	t.Helper()
	file, err := os.Open(s.env["MAIL_FILE"])
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var m outboxLine
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// newestMail returns the newest mail of a kind to an email. The test fails if there is none.
func (s *testServer) newestMail(t *testing.T, kind, to string) outboxLine {
	t.Helper()
	all := s.readMails(t)
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Kind == kind && all[i].To == to {
			return all[i]
		}
	}
	t.Fatalf("mails in the outbox: got %v, want one of the kind %s to %s", all, kind, to)
	return outboxLine{}
}

func (s *testServer) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.db)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// requestHeaders returns the headers of a request from an IP address with a bearer token. If token is "", the request
// has none.
func requestHeaders(token, ip string) http.Header {
	h := http.Header{"X-Forwarded-For": {ip}}
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	return h
}

// post sends JSON to an endpoint below /api/auth.
func (s *testServer) post(path, body string, header http.Header) *httptest.ResponseRecorder {
	return s.do("POST", "/api/auth"+path, body, header)
}

// openLink opens the link of a mail in a browser with the cookies of header.
func (s *testServer) openLink(m outboxLine, header http.Header) *httptest.ResponseRecorder {
	return s.do("GET", strings.TrimPrefix(m.URL, publicOrigin), "", header)
}

// signIn signs in, and returns the status and the bearer token.
func (s *testServer) signIn(email, password, ip string) (int, string) {
	w := s.post("/sign-in/email", `{"email":"`+email+`","password":"`+password+`"}`, requestHeaders("", ip))
	return w.Code, w.Header().Get("Set-Auth-Token")
}

func (s *testServer) signUp(t *testing.T, email, password, ip string) *httptest.ResponseRecorder {
	t.Helper()
	w := s.post(
		"/sign-up/email",
		`{"name":"`+password+`","email":"`+email+`","password":"`+password+`"}`,
		requestHeaders("", ip),
	)
	if w.Code != http.StatusOK {
		t.Fatalf("sign-up of %s: got %d %s, want 200", email, w.Code, w.Body)
	}
	return w
}

// The IP addresses of the owner of an account and of an attacker.
const (
	ownerIP    = "192.0.2.1"
	attackerIP = "203.0.113.9"
)

// The attacker has stolen a session that is five days old. A change of email needs a fresh session, so it is rejected,
// and no mail is sent.
func TestStolenOldSessionCannotChangeTheEmail(t *testing.T) {
	s := newTestServer(t)
	p := s.newUser(t)
	s.exec(t, `UPDATE session SET "createdAt" = now() - interval '5 days'`)
	w := s.post("/change-email", `{"newEmail":"eve@example.com"}`, requestHeaders(p.bearer, attackerIP))
	if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "SESSION_NOT_FRESH") {
		t.Errorf("change-email with an old session: got %d %s, want 403 SESSION_NOT_FRESH", w.Code, w.Body)
	}
	if all := s.readMails(t); len(all) != 0 {
		t.Errorf("mails after the rejected change: got %v, want none", all)
	}
}

// The attacker has stolen a fresh session and requests a change of email. The owner gets a notice by mail. Each of the
// owner's reactions in this test makes the link that was mailed to the new email invalid.
func TestEmailChangeOfAStolenSessionIsStoppedByTheOwner(t *testing.T) {
	for name, stop := range map[string]func(s *testServer, owner string) *httptest.ResponseRecorder{
		"the link of the notice": func(s *testServer, _ string) *httptest.ResponseRecorder {
			token := s.newestMail(t, "email-change-notice", userEmail).Token
			return s.post("/cancel-email-change", `{"token":"`+token+`"}`, requestHeaders("", ownerIP))
		},
		"change-password": func(s *testServer, owner string) *httptest.ResponseRecorder {
			body := `{"currentPassword":"` + userPassword + `","newPassword":"battery staple"}`
			return s.post("/change-password", body, requestHeaders(owner, ownerIP))
		},
		"change-password, revoking": func(s *testServer, owner string) *httptest.ResponseRecorder {
			body := `{"currentPassword":"` + userPassword + `","newPassword":"battery staple","revokeOtherSessions":true}`
			return s.post("/change-password", body, requestHeaders(owner, ownerIP))
		},
		"reset-password": func(s *testServer, _ string) *httptest.ResponseRecorder {
			s.post("/request-password-reset", `{"email":"`+userEmail+`"}`, requestHeaders("", ownerIP))
			token := s.newestMail(t, "reset-password", userEmail).Token
			return s.post("/reset-password", `{"newPassword":"battery staple","token":"`+token+`"}`, requestHeaders("", ownerIP))
		},
		"revoke-sessions": func(s *testServer, owner string) *httptest.ResponseRecorder {
			return s.post("/revoke-sessions", `{}`, requestHeaders(owner, ownerIP))
		},
		"revoke-other-sessions": func(s *testServer, owner string) *httptest.ResponseRecorder {
			return s.post("/revoke-other-sessions", `{}`, requestHeaders(owner, ownerIP))
		},
		"revoke-session": func(s *testServer, owner string) *httptest.ResponseRecorder {
			w := s.do("GET", "/api/auth/list-sessions", "", requestHeaders(owner, ownerIP))
			var sessions []struct{ Token, IPAddress string }
			if err := json.Unmarshal(w.Body.Bytes(), &sessions); err != nil {
				t.Fatal(err)
			}
			for _, one := range sessions {
				if !strings.HasPrefix(owner, one.Token+".") {
					w = s.post("/revoke-session", `{"token":"`+one.Token+`"}`, requestHeaders(owner, ownerIP))
				}
			}
			return w
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTestServer(t)
			s.newUser(t)
			s.exec(t, `DELETE FROM session`)
			_, owner := s.signIn(userEmail, userPassword, ownerIP)
			_, stolen := s.signIn(userEmail, userPassword, attackerIP)
			if w := s.post(
				"/change-email",
				`{"newEmail":"eve@example.com"}`,
				requestHeaders(stolen, attackerIP),
			); w.Code != http.StatusOK {
				t.Fatalf("change-email of the attacker: got %d %s, want 200", w.Code, w.Body)
			}
			if notice := s.newestMail(t, "email-change-notice", userEmail); notice.NewEmail != "eve@example.com" {
				t.Errorf("the notice to the old email: got %v, want it to name eve@example.com", notice)
			}
			if w := stop(s, owner); w.Code != http.StatusOK {
				t.Fatalf("the owner's call that stops the change: got %d %s, want 200", w.Code, w.Body)
			}
			w := s.openLink(s.newestMail(t, "verify-email", "eve@example.com"), requestHeaders("", attackerIP))
			if got := w.Header().Get("Location"); !strings.HasSuffix(got, "?error=INVALID_TOKEN") {
				t.Errorf("the link in the attacker's mail: got %d with the location %q, want INVALID_TOKEN", w.Code, got)
			}
			if w := s.post(
				"/request-password-reset",
				`{"email":"eve@example.com"}`,
				requestHeaders("", attackerIP),
			); w.Code != http.StatusOK {
				t.Errorf("request-password-reset for the attacker's email: got %d %s, want 200", w.Code, w.Body)
			}
			for _, m := range s.readMails(t) {
				if m.Kind == "reset-password" && m.To == "eve@example.com" {
					t.Error("got a reset mail to eve@example.com, want none, because the owner stopped the change")
				}
			}
		})
	}
}

// After a change of email Xenon sends a notice to the old email.
func TestOldEmailGetsANoticeAfterAChange(t *testing.T) {
	s := newTestServer(t)
	p := s.newUser(t)
	s.post("/change-email", `{"newEmail":"lovelace@example.com"}`, requestHeaders(p.bearer, ownerIP))
	next := s.newestMail(t, "verify-email", "lovelace@example.com")
	if next.Purpose != "change-email" {
		t.Errorf("the mail to the new email: got the purpose %q, want change-email", next.Purpose)
	}
	s.openLink(next, requestHeaders("", ownerIP))
	if notice := s.newestMail(t, "email-changed", userEmail); notice.NewEmail != "lovelace@example.com" {
		t.Errorf("the mail to the old email: got %v, want one that names lovelace@example.com", notice)
	}
	if w := s.openLink(
		next,
		requestHeaders("", ownerIP),
	); !strings.HasSuffix(
		w.Header().Get("Location"),
		"?error=INVALID_TOKEN",
	) {
		t.Errorf("the second use of the link: got %d with the location %q, want INVALID_TOKEN",
			w.Code, w.Header().Get("Location"))
	}
}

// A mailed token with a valid signature but without a row in the database was issued by Better Auth, or by an attacker
// who has the secret. Xenon accepts it only with SHARED_DATABASE=on.
func TestMailTokensWithoutARowAreRejectedUnlessTheDatabaseIsShared(t *testing.T) {
	for setting, want := range map[string]string{"off": "/?error=INVALID_TOKEN", "on": "/"} {
		s := newTestServer(t, "SHARED_DATABASE="+setting)
		s.newUser(t)
		for _, claims := range []jwt.MapClaims{
			{"email": userEmail},
			{"email": userEmail, "updateTo": "eve@example.com", "requestType": "change-email-verification"},
		} {
			var id string
			conn, err := pgx.Connect(t.Context(), s.db)
			if err != nil {
				t.Fatal(err)
			}
			if err := conn.QueryRow(t.Context(), `SELECT id::text FROM "user"`).Scan(&id); err != nil {
				t.Fatal(err)
			}
			_ = conn.Close(t.Context())
			claims["userId"], claims["exp"] = id, time.Now().Add(time.Hour).Unix()
			token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(cookieSecret))
			if err != nil {
				t.Fatal(err)
			}
			w := s.do("GET", "/api/auth/verify-email?callbackURL=/&token="+token, "", nil)
			if got := w.Header().Get("Location"); got != want {
				t.Errorf("SHARED_DATABASE=%s, verify-email with the claims %v: got %d with the location %q, want %q",
					setting, claims, w.Code, got, want)
			}
		}
	}
}

// A reset or change of the password, a change of the email and the deletion of the account make older reset links
// invalid. A reset also ends the sessions.
func TestAccountChangesEndResetLinksAndResetEndsSessions(t *testing.T) {
	for _, change := range []string{"password reset", "password change", "email change", "deletion"} {
		s := newTestServer(t)
		p := s.newUser(t)
		requestReset := func() string {
			s.post("/request-password-reset", `{"email":"`+userEmail+`"}`, requestHeaders("", ownerIP))
			return s.newestMail(t, "reset-password", userEmail).Token
		}
		older, newer := requestReset(), requestReset()
		var w *httptest.ResponseRecorder
		switch change {
		case "password reset":
			w = s.post("/reset-password", `{"newPassword":"battery staple","token":"`+newer+`"}`, requestHeaders("", ownerIP))
		case "password change":
			body := `{"currentPassword":"` + userPassword + `","newPassword":"battery staple"}`
			w = s.post("/change-password", body, requestHeaders(p.bearer, ownerIP))
		case "email change":
			s.post("/change-email", `{"newEmail":"lovelace@example.com"}`, requestHeaders(p.bearer, ownerIP))
			w = s.openLink(s.newestMail(t, "verify-email", "lovelace@example.com"), requestHeaders("", ownerIP))
		case "deletion":
			w = s.post("/delete-user", `{"password":"`+userPassword+`"}`, requestHeaders(p.bearer, ownerIP))
			s.newUser(t)
		}
		if w.Code >= http.StatusBadRequest {
			t.Fatalf("%s: got %d %s, want a status below 400", change, w.Code, w.Body)
		}
		for _, token := range []string{older, newer} {
			body := `{"newPassword":"attacker's own","token":"` + token + `"}`
			w := s.post("/reset-password", body, requestHeaders("", attackerIP))
			if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "INVALID_TOKEN") {
				t.Errorf("a reset link from before the %s: got %d %s, want 400 INVALID_TOKEN", change, w.Code, w.Body)
			}
		}
		if change != "password reset" {
			continue
		}
		w = s.do("GET", "/api/auth/get-session", "", requestHeaders(p.bearer, attackerIP))
		if got := w.Body.String(); got != "null" {
			t.Errorf("get-session of a session from before the reset: got %s, want null", got)
		}
	}
}

// The number of mails to one email is limited. The owner still gets a reset mail after an attacker has requested many
// verification mails, which are not sent to a verified email, and many reset mails from one IP address.
func TestAttackerCannotUseUpTheMailLimitOfAReset(t *testing.T) {
	s := newTestServer(t, "RATE_LIMIT=on", "CLIENT_IP=xff:1")
	s.newUser(t)
	s.exec(t, `UPDATE "user" SET "emailVerified" = true`)
	for i := range 30 {
		from := requestHeaders("", fmt.Sprintf("203.0.113.%d", i/3))
		s.post("/send-verification-email", `{"email":"`+userEmail+`"}`, from)
	}
	for range 6 { // deletes the rows of the limit by path, as if the requests were sent in different minutes
		s.exec(t, `DELETE FROM "rateLimit" WHERE key LIKE '%|/request-password-reset'`)
		s.post("/request-password-reset", `{"email":"`+userEmail+`"}`, requestHeaders("", attackerIP))
	}
	before := len(s.readMails(t))
	w := s.post("/request-password-reset", `{"email":"`+userEmail+`"}`, requestHeaders("", ownerIP))
	if w.Code != http.StatusOK {
		t.Fatalf("the owner's request-password-reset: got %d %s, want 200", w.Code, w.Body)
	}
	if got := s.readMails(t)[before:]; len(got) != 1 || got[0].Kind != "reset-password" {
		t.Errorf("mails after the owner's request: got %v, want one reset mail", got)
	}
}

// With required verification, an attacker signs up with the victim's email before and after the victim. The victim
// opens the link of their own sign-up. Then the account has the victim's password and name.
func TestSignUpOfTheOwnerReplacesAnEarlierSignUpOfAnAttacker(t *testing.T) {
	s := newTestServer(t, "REQUIRE_EMAIL_VERIFICATION=on")
	s.signUp(t, userEmail, "attacker's own", attackerIP)
	first := s.newestMail(t, "verify-email", userEmail)
	s.signUp(t, userEmail, userPassword, ownerIP)
	own := s.newestMail(t, "verify-email", userEmail)
	if own.URL == first.URL {
		t.Fatal("the victim's sign-up sent no new link, want a verification mail")
	}
	s.signUp(t, userEmail, "attacker's second", attackerIP)
	if w := s.openLink(own, requestHeaders("", ownerIP)); w.Header().Get("Location") != "/" {
		t.Fatalf("the link of the victim's sign-up: got %d with the location %q, want /", w.Code, w.Header().Get("Location"))
	}
	for password, want := range map[string]int{
		userPassword: http.StatusOK, "attacker's own": http.StatusUnauthorized, "attacker's second": http.StatusUnauthorized,
	} {
		if got, _ := s.signIn(userEmail, password, ownerIP); got != want {
			t.Errorf("sign-in with %q: got %d, want %d", password, got, want)
		}
	}
	s.openLink(s.newestMail(t, "verify-email", userEmail), requestHeaders("", attackerIP))
	if got, _ := s.signIn(userEmail, "attacker's second", attackerIP); got != http.StatusUnauthorized {
		t.Errorf("sign-in with the attacker's password after their link was opened: got %d, want 401", got)
	}
	var reply struct{ User struct{ Name string } }
	w := s.post("/sign-in/email", `{"email":"`+userEmail+`","password":"`+userPassword+`"}`, nil)
	if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil || reply.User.Name != userPassword {
		t.Errorf("sign-in of the victim: got %s, want the name of the victim's sign-up", w.Body)
	}
}

// The attacker and the victim have signed up. The victim lost the mail and requests another one, which belongs to no
// sign-up. After the victim has opened its link, the attacker's password does not work. The victim can reset the
// password.
func TestResentLinkInvalidatesThePasswordsOfSignUps(t *testing.T) {
	s := newTestServer(t, "REQUIRE_EMAIL_VERIFICATION=on")
	s.signUp(t, userEmail, "attacker's own", attackerIP)
	s.signUp(t, userEmail, userPassword, ownerIP)
	s.exec(t, `
		UPDATE verification SET "expiresAt" = now() - interval '1 s'
		WHERE "expiresAt" < now() + interval '2 hours'`)
	s.post("/send-verification-email", `{"email":"`+userEmail+`"}`, requestHeaders("", ownerIP))
	s.openLink(s.newestMail(t, "verify-email", userEmail), requestHeaders("", ownerIP))
	if got, _ := s.signIn(userEmail, "attacker's own", attackerIP); got != http.StatusUnauthorized {
		t.Errorf("sign-in with the attacker's password: got %d, want 401", got)
	}
	s.post("/request-password-reset", `{"email":"`+userEmail+`"}`, requestHeaders("", ownerIP))
	token := s.newestMail(t, "reset-password", userEmail).Token
	s.post("/reset-password", `{"newPassword":"battery staple","token":"`+token+`"}`, requestHeaders("", ownerIP))
	if got, _ := s.signIn(userEmail, "battery staple", ownerIP); got != http.StatusOK {
		t.Errorf("sign-in of the victim after a reset: got %d, want 200", got)
	}
}

// The victim, who is signed in, opens a verification link of the attacker's account. The victim stays signed in.
func TestVerificationLinkDoesNotSwitchASignedInPersonToAnotherUser(t *testing.T) {
	s := newTestServer(t, "AUTO_SIGN_IN_AFTER_VERIFICATION=on")
	p := s.newUser(t)
	token := s.signUp(t, "eve@example.com", "attacker's own", attackerIP).Header().Get("Set-Auth-Token")
	s.post("/send-verification-email", `{"email":"eve@example.com"}`, requestHeaders(token, attackerIP))
	w := s.openLink(s.newestMail(t, "verify-email", "eve@example.com"), http.Header{"Cookie": {p.cookie}})
	for _, line := range w.Header()["Set-Cookie"] {
		if strings.HasPrefix(line, "better-auth.session_token=") {
			t.Errorf("the verification link: got the cookie %s, want no session cookie", line)
		}
	}
	w = s.do("GET", "/api/auth/get-session", "", http.Header{"Cookie": {p.cookie}})
	if got := w.Body.String(); !strings.Contains(got, userEmail) {
		t.Errorf("get-session of the victim: got %s, want the victim's email", got)
	}
}
