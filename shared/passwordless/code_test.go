package passwordless_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/mail"
)

const (
	sendCodePath    = "/api/auth/email-otp/send-verification-otp"
	checkCodePath   = "/api/auth/email-otp/check-verification-otp"
	verifyCodePath  = "/api/auth/email-otp/verify-email"
	codeSignInPath  = "/api/auth/sign-in/email-otp"
	requestCodePath = "/api/auth/email-otp/request-password-reset"
	resetCodePath   = "/api/auth/email-otp/reset-password"
)

// sendCode requests a code of a type for an email and returns it.
func (s *server) sendCode(email, codeType string) string {
	s.t.Helper()
	a := s.browser().do("POST", sendCodePath, fmt.Sprintf(`{"email":%q,"type":%q}`, email, codeType))
	a.check(s.t, "request for a code", http.StatusOK, "")
	m := s.takeMail()
	if m.Kind != mail.EmailOTP || m.Type != codeType || m.To != strings.ToLower(email) || len(m.Token) != 6 {
		s.t.Fatalf("mail: got %+v, want a code of the type %s", m, codeType)
	}
	return m.Token
}

// codeBody is a body with an email, a code and further members.
func codeBody(email, code, more string) string {
	return fmt.Sprintf(`{"email":%q,"otp":%q%s}`, email, code, more)
}

// wrong returns another code.
func wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestParallelRequestsWithACodeStartOneSession(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(s *server){
		"a new user":         func(*server) {},
		"an unverified user": func(s *server) { s.browser().signUp(ada, false) },
		"a verified user": func(s *server) {
			s.browser().signUp(ada, true)
			dbtest.Exec(s.t, s.url, `DELETE FROM session`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			prepare(s)
			body := codeBody(ada, s.sendCode(ada, "sign-in"), "")
			count := map[string]int{}
			for _, a := range s.doAtOnce(50, func(b *browser) answer { return b.do("POST", codeSignInPath, body) }) {
				count[fmt.Sprint(a.status, a.text("code"))]++
			}
			if diff := cmp.Diff(map[string]int{"200": 1, "400INVALID_OTP": 49}, count); diff != "" {
				t.Errorf("responses to 50 sign-ins (-want +got):\n%s", diff)
			}
			if got := query[int](s, `SELECT count(*) FROM session`); got != 1 {
				t.Errorf("sessions: got %d, want 1", got)
			}
		})
	}
}

// Fifty wrong codes at the same time are three tries and one more that deletes the code.
func TestParallelWrongCodesStayWithinTheLimit(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	code := s.sendCode(ada, "sign-in")
	count := map[string]int{}
	for _, a := range s.doAtOnce(50, func(b *browser) answer {
		return b.do("POST", codeSignInPath, codeBody(ada, wrong(code), ""))
	}) {
		count[a.text("code")]++
	}
	if diff := cmp.Diff(map[string]int{"TOO_MANY_ATTEMPTS": 1, "INVALID_OTP": 49}, count); diff != "" {
		t.Errorf("responses to 50 wrong codes (-want +got):\n%s", diff)
	}
	a := s.browser().do("POST", codeSignInPath, codeBody(ada, code, ""))
	a.check(t, "the right code", http.StatusBadRequest, "INVALID_OTP")
}

// A client with many IP addresses asks for new codes and guesses: after 20 wrong codes an hour no try is allowed. The
// owner, who has signed in with this browser before, still can.
func TestGuessesOfCodesAreLimitedForEachAccount(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT", "on")
	owner := s.browser()
	a := owner.do("POST", codeSignInPath, codeBody(ada, s.sendCode(ada, "sign-in"), ""))
	a.check(t, "sign-in", http.StatusOK, "")
	tries := 0
	for i := range 30 {
		attacker := s.browser()
		attacker.ip = fmt.Sprintf("198.51.100.%d", i)
		path := []string{codeSignInPath, verifyCodePath}[i%2]
		if a := attacker.do("POST", path, codeBody(ada, "000000", "")); a.status != http.StatusTooManyRequests {
			tries++
		}
	}
	if tries != 20 {
		t.Errorf("30 wrong codes from 30 IP addresses: %d were compared, want 20", tries)
	}
	s.now = s.now.Add(time.Minute)
	a = owner.do("POST", codeSignInPath, codeBody(ada, s.sendCode(ada, "sign-in"), ""))
	a.check(t, "sign-in of the owner", http.StatusOK, "")
}

// Right codes do not count against the limit of wrong ones.
func TestRightCodesDoNotCountAsGuesses(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT", "on")
	s.browser().signUp(ada, true)
	for i := range 12 {
		dbtest.Exec(t, s.url, `DELETE FROM "rateLimit" WHERE key LIKE 'mail:%'`)
		b := s.browser()
		a := b.do("POST", codeSignInPath, codeBody(ada, s.sendCode(ada, "sign-in"), ""))
		a.check(t, fmt.Sprintf("sign-in %d", i), http.StatusOK, "")
		code := s.sendCode(ada, "email-verification")
		a = b.do("POST", checkCodePath, codeBody(ada, code, `,"type":"email-verification"`))
		a.check(t, fmt.Sprintf("check %d", i), http.StatusOK, "")
		a = b.do("POST", verifyCodePath, codeBody(ada, code, ""))
		a.check(t, fmt.Sprintf("verification %d", i), http.StatusOK, "")
		s.now = s.now.Add(time.Minute)
	}
	if got := query[int](s, `SELECT count(*) FROM "rateLimit" WHERE key LIKE 'code:%'`); got != 0 {
		t.Errorf("counters of wrong codes after right ones: got %d, want 0", got)
	}
}

// The second request of a double click counts as one wrong code, so the user can go on.
func TestUsedCodeCountsAsOneWrongCode(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT", "on")
	body := codeBody(ada, s.sendCode(ada, "sign-in"), "")
	s.browser().do("POST", codeSignInPath, body).check(t, "sign-in", http.StatusOK, "")
	s.browser().do("POST", codeSignInPath, body).check(t, "the same code", http.StatusBadRequest, "INVALID_OTP")
	if got := query[int64](s, `SELECT max(count)::bigint FROM "rateLimit" WHERE key LIKE 'code:%'`); got != 1 {
		t.Errorf("counted wrong codes: got %d, want 1", got)
	}
	a := s.browser().do("POST", codeSignInPath, codeBody(ada, s.sendCode(ada, "sign-in"), ""))
	a.check(t, "the next code", http.StatusOK, "")
}

// Whether a user has the email shows neither in the responses nor in the number of round trips.
func TestCodesDoNotShowWhetherTheUserExists(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.browser().signUp(ada, true)
	conversation := func(email string) (result []string) {
		note := func(a answer, trips int) { result = append(result, fmt.Sprint(a.status, a.body, trips)) }
		for _, path := range []string{requestCodePath, "/api/auth/forget-password/email-otp"} {
			var a answer
			trips := s.countRoundTrips(func() { a = s.browser().do("POST", path, `{"email":"`+email+`"}`) })
			note(a, trips)
		}
		for range 5 {
			var a answer
			body := codeBody(email, "x", `,"password":"correct horse"`)
			trips := s.countRoundTrips(func() { a = s.browser().do("POST", resetCodePath, body) })
			note(a, trips)
		}
		return result
	}
	conversation("first@example.com") // prepares the statements
	if diff := cmp.Diff(conversation(ada), conversation("bob@example.com")); diff != "" {
		t.Errorf("responses and round trips (-known email +unknown email):\n%s", diff)
	}
}

func TestCodesToOneEmailAreLimited(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT", "on")
	sent := map[mail.Kind]int{}
	code := ""
	for i := range 30 {
		b := s.browser()
		b.ip = fmt.Sprintf("192.0.2.%d", i/6)
		b.do("POST", sendCodePath, `{"email":"`+ada+`","type":"sign-in"}`).check(t, "request", http.StatusOK, "")
		for _, m := range s.box.takeAll() {
			sent[m.Kind]++
			if m.Kind == mail.EmailOTP {
				code = m.Token
			}
		}
		s.now = s.now.Add(time.Minute)
		if i == 25 {
			a := s.browser().do("POST", codeSignInPath, codeBody(ada, code, ""))
			a.check(t, "the newest mailed code, after a mail that was dropped", http.StatusOK, "")
		}
	}
	if diff := cmp.Diff(map[mail.Kind]int{mail.EmailOTP: 20, mail.Nothing: 10}, sent); diff != "" {
		t.Errorf("mails for 30 requests of 5 clients (-want +got):\n%s", diff)
	}
}

func TestCodeTakesAnUnprovedAccountFromTheOneWhoCreatedIt(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	attacker := s.browser()
	id := attacker.signUp(ada, false)
	owner := s.browser()
	owner.do("POST", codeSignInPath, codeBody(ada, s.sendCode(ada, "sign-in"), "")).check(t, "sign-in", http.StatusOK, "")
	if got := owner.userID(); got != id {
		t.Errorf("user of the code: got %q, want %q", got, id)
	}
	if attacker.userID() != "" {
		t.Error("the session from before the code is still valid, want it ended")
	}
	a := s.browser().do("POST", "/api/auth/sign-in/email", `{"email":"`+ada+`","password":"correct horse"}`)
	a.check(t, "sign-in with the password from before", http.StatusUnauthorized, "INVALID_EMAIL_OR_PASSWORD")
}

// Several sign-ups used the email before it was verified, so it is not known who knows the password.
func TestVerificationCodeInvalidatesThePasswordOfSeveralSignUps(t *testing.T) {
	t.Parallel()
	s := newServer(t, "REQUIRE_EMAIL_VERIFICATION", "on")
	for _, password := range []string{"correct horse", "another horse"} {
		a := s.browser().do("POST", "/api/auth/sign-up/email", `{"name":"Ada","email":"`+ada+`","password":"`+password+`"}`)
		a.check(t, "sign-up", http.StatusOK, "")
	}
	s.box.takeAll()
	a := s.browser().do("POST", verifyCodePath, codeBody(ada, s.sendCode(ada, "email-verification"), ""))
	a.check(t, "verification", http.StatusOK, "")
	a = s.browser().do("POST", "/api/auth/sign-in/email", `{"email":"`+ada+`","password":"correct horse"}`)
	a.check(t, "sign-in with the password of a sign-up", http.StatusUnauthorized, "INVALID_EMAIL_OR_PASSWORD")
}

func TestCodeResetsThePasswordOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT", "on")
	b := s.browser()
	b.signUp(ada, false)
	s.browser().do("POST", requestCodePath, `{"email":"`+ada+`"}`).check(t, "request", http.StatusOK, "")
	code := s.takeMail().Token
	for range 2 {
		s.browser().do("POST", codeSignInPath, codeBody(ada, "x", "")).check(t, "guess", http.StatusBadRequest, "INVALID_OTP")
	}
	body := codeBody(ada, code, `,"password":"a better horse"`)
	answers := map[string]int{}
	for i, a := range s.doAtOnce(10, func(b *browser) answer {
		b.ip = fmt.Sprintf("192.0.2.%p", b)[:13]
		return b.do("POST", resetCodePath, body)
	}) {
		if answers[fmt.Sprint(a.status)]++; a.status != http.StatusOK && a.text("code") != "INVALID_OTP" && a.status != 429 {
			t.Errorf("reset %d: got %d %s, want 200, INVALID_OTP or 429", i, a.status, a.body)
		}
	}
	if answers["200"] != 1 {
		t.Errorf("resets that succeeded: got %d of %v, want 1", answers["200"], answers)
	}
	if b.userID() != "" {
		t.Error("the session from before the reset is still valid, want it ended")
	}
	if got := query[bool](s, `SELECT "emailVerified" FROM "user"`); !got {
		t.Error("emailVerified is false after the reset, want true")
	}
	a := s.browser().do("POST", "/api/auth/sign-in/email", `{"email":"`+ada+`","password":"a better horse"}`)
	a.check(t, "sign-in with the new password", http.StatusOK, "")
}

// A code or a name with a NUL character, which Postgres rejects, is no server error.
func TestTextThatPostgresCannotStoreIsNoServerErrorOfCodes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.browser().signUp(ada, true)
	for path, more := range map[string]string{
		codeSignInPath: "",
		verifyCodePath: "",
		checkCodePath:  `,"type":"sign-in"`,
		resetCodePath:  `,"password":"correct horse"`,
	} {
		a := s.browser().do("POST", path, `{"email":"`+ada+`","otp":"a\u0000b"`+more+`}`)
		a.check(t, path, http.StatusBadRequest, "INVALID_OTP")
	}
	code := s.sendCode("bob@example.com", "sign-in")
	a := s.browser().do("POST", codeSignInPath, codeBody("bob@example.com", code, `,"name":"a\u0000b"`))
	a.check(t, "name", http.StatusUnprocessableEntity, "FAILED_TO_CREATE_USER")
	a = s.browser().do("POST", codeSignInPath, codeBody("bob@example.com", code, `,"name":"Bob"`))
	a.check(t, "the same code", http.StatusOK, "")
}

func TestCodeExpiresAfterFiveMinutes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	code := s.sendCode(ada, "sign-in")
	s.now = s.now.Add(5*time.Minute + time.Millisecond)
	a := s.browser().do("POST", codeSignInPath, codeBody(ada, code, ""))
	a.check(t, "code after five minutes", http.StatusBadRequest, "OTP_EXPIRED")
	a = s.browser().do("POST", codeSignInPath, codeBody(ada, code, ""))
	a.check(t, "code again", http.StatusBadRequest, "INVALID_OTP")
}

func TestRoundTripsOfCodes(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT", "on")
	s.browser().signUp(ada, true)
	code := ""
	for _, c := range []struct {
		path, body string
		want       int
	}{
		{sendCodePath, `,"type":"sign-in"`, 4},
		{checkCodePath, `,"type":"sign-in"`, 3},
		{codeSignInPath, "", 2},
		{sendCodePath, `,"type":"email-verification"`, 4},
		{verifyCodePath, "", 3},
		{requestCodePath, "", 4},
		{resetCodePath, `,"password":"a better horse"`, 4},
	} {
		got := s.countRoundTrips(func() { s.browser().do("POST", c.path, codeBody(ada, code, c.body)) })
		if got != c.want {
			t.Errorf("%s: got %d round trips, want %d", c.path, got, c.want)
		}
		for _, m := range s.box.takeAll() {
			code = m.Token
		}
	}
}

// The code verifies the email in a statement of its own. The sign-in then ends the ban, which changes the user.
func TestCodeWhoseSignInATriggerRejectsIsNoServerError(t *testing.T) {
	t.Parallel()
	s := newServer(t, "AUTO_SIGN_IN_AFTER_VERIFICATION", "on")
	s.browser().signUp(ada, false)
	code := s.sendCode(ada, "email-verification")
	dbtest.Exec(t, s.url, `UPDATE "user" SET banned = true, "banExpires" = $1`, s.now.Add(-time.Second))
	dbtest.Exec(t, s.url, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE TRIGGER refuse AFTER UPDATE OF banned ON "user" FOR EACH ROW EXECUTE FUNCTION refuse()`)
	a := s.browser().do("POST", verifyCodePath, codeBody(ada, code, ""))
	a.check(t, "code", http.StatusUnprocessableEntity, "FAILED_TO_UPDATE_USER")
}
