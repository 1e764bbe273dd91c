package auth_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/mail"
)

func TestSignUpStoresAndAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a := s.do("POST", signUpPath,
		`{"name":"Ada","email":"Ada@Example.COM","password":"correct horse","image":"https://x/y.png","role":"admin",`+
			`"id":"x"}`,
		"User-Agent", "test/1", "X-Forwarded-For", "203.0.113.7")
	body := a.json(t)
	user, _ := body["user"].(map[string]any)
	if a.status != 200 || user["email"] != "ada@example.com" || user["emailVerified"] != false ||
		user["image"] != "https://x/y.png" ||
		user["createdAt"] != "2026-01-15T12:00:00.123Z" || user["updatedAt"] != "2026-01-15T12:00:00.123Z" || len(user) != 7 {
		t.Errorf("sign-up: got %d %s, want 200 and the user of the request, not verified", a.status, a.body)
	}
	if got := a.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("sign-up: got content type %q, want application/json", got)
	}
	token, _ := body["token"].(string)
	line := `^better-auth\.session_token=` + token + `\.[A-Za-z0-9%]+; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax$`
	if lines := a.header["Set-Cookie"]; len(lines) != 1 || !regexp.MustCompile(line).MatchString(lines[0]) {
		t.Errorf("sign-up: got cookies %q, want one session cookie", lines)
	}
	if got := a.header.Get("Set-Auth-Token"); !strings.HasPrefix(got, token+".") ||
		a.header.Get("Access-Control-Expose-Headers") != "set-auth-token" {
		t.Errorf("sign-up: got set-auth-token %q, exposed headers %q; want the token, readable by scripts",
			got, a.header.Get("Access-Control-Expose-Headers"))
	}
	if !query[bool](s, `SELECT count(*) = 1 FROM "user" u JOIN account a ON a."userId" = u.id
		JOIN session s ON s."userId" = u.id
		WHERE a."providerId" = 'credential' AND a."accountId" = u.id::text AND a.password LIKE '$argon2id$%'
		AND s.token = $1 AND s."ipAddress" = '203.0.113.7' AND s."userAgent" = 'test/1'
		AND s."expiresAt" = '2026-01-22T12:00:00.123Z' AND s."createdAt" = u."createdAt"`, token) {
		t.Error("sign-up: the rows of user, account and session are not stored as Better Auth stores them")
	}
}

func TestSignUpTakesTwoRoundTrips(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUpAda() // opens the connection, so that its round trips do not count below
	body := strings.Replace(signUpBody, "ada@", "bob@", 1)
	if got := s.countRoundTrips(func() { s.do("POST", signUpPath, body) }); got != 2 {
		t.Errorf("sign-up: got %d round trips, want 2: a look-up of the email and one transaction", got)
	}
}

func TestSignUpNotRememberedLastsADay(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a := s.do("POST", signUpPath, `{"name":"","email":"a@b.co","password":"correct horse","rememberMe":false}`)
	lines := a.header["Set-Cookie"]
	if len(lines) != 2 || strings.Contains(lines[0], "Max-Age") ||
		!strings.HasPrefix(lines[1], "better-auth.dont_remember=true.") || strings.Contains(lines[1], "Max-Age") {
		t.Errorf("sign-up with rememberMe false: got cookies %q, want session_token and dont_remember without Max-Age", lines)
	}
	if got := query[string](s, `SELECT ("expiresAt" - "createdAt")::text FROM session`); got != "1 day" {
		t.Errorf("sign-up with rememberMe false: the session is valid for %s, want 1 day", got)
	}
}

// Emails that differ only in case are the same email.
func TestSignUpRejectsATakenEmail(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUpAda()
	a := s.do("POST", signUpPath, strings.Replace(signUpBody, "ada@", "ADA@", 1))
	if a.status != 422 ||
		a.body != `{"message":"User already exists. Use another email.","code":"USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"}` {
		t.Errorf("sign-up with a taken email: got %d %s, want 422 USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", a.status, a.body)
	}
	if len(a.header["Set-Cookie"]) > 0 {
		t.Errorf("sign-up with a taken email: got cookies %q, want none", a.header["Set-Cookie"])
	}
}

func TestSignUpOnceUnderFiftyConcurrentTries(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var group sync.WaitGroup
	answers := make([]answer, 50)
	for i := range answers {
		group.Go(func() {
			email := "ada@example.com"
			if i%2 == 0 {
				email = "Ada@Example.com"
			}
			answers[i] = s.do("POST", signUpPath, strings.Replace(signUpBody, "ada@example.com", email, 1))
		})
	}
	group.Wait()
	made := 0
	for _, a := range answers {
		switch {
		case a.status == 200:
			made++
		case a.status != 422 || a.errorCode() != "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL" &&
			a.errorCode() != "FAILED_TO_CREATE_USER":
			t.Errorf("concurrent sign-up: got %d %s, want 200, or 422 with the code of a taken email or of a failed sign-up",
				a.status, a.body)
		}
	}
	if rows := query[int](s, `SELECT count(*) FROM "user"`); made != 1 || rows != 1 {
		t.Errorf("50 concurrent sign-ups with one email: %d succeeded, %d users are stored, want 1 and 1", made, rows)
	}
	if rows := query[int](s, `SELECT (SELECT count(*) FROM account) + (SELECT count(*) FROM session)`); rows != 2 {
		t.Errorf("50 concurrent sign-ups with one email: got %d accounts and sessions, want one of each", rows)
	}
}

func TestR06_PasswordLengthInUTF16Units(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, c := range []struct {
		password string
		status   int
		code     string
	}{
		{"1234567", 400, "PASSWORD_TOO_SHORT"},
		{"😀😀😀", 400, "PASSWORD_TOO_SHORT"}, // six UTF-16 code units
		{"😀😀😀😀", 200, ""},
		{"12345678", 200, ""},
		{strings.Repeat("x", 128), 200, ""},
		{strings.Repeat("x", 129), 400, "PASSWORD_TOO_LONG"},
		{strings.Repeat("😀", 64), 200, ""},
		{strings.Repeat("😀", 64) + "x", 400, "PASSWORD_TOO_LONG"},
	} {
		s.exec(`DELETE FROM "user"`)
		body, err := json.Marshal(map[string]string{"name": "Ada", "email": "ada@example.com", "password": c.password})
		if err != nil {
			t.Fatal(err)
		}
		a := s.do("POST", signUpPath, string(body))
		if a.status != c.status || a.errorCode() != c.code {
			t.Errorf("sign-up with password %q: got %d %s, want %d %s", c.password, a.status, a.body, c.status, c.code)
		}
		if want := c.status == 200; query[bool](s, `SELECT EXISTS (SELECT FROM "user")`) != want {
			t.Errorf("sign-up with password %q: a user is stored: %v, want %v", c.password, !want, want)
		}
	}
}

func TestSignUpWithInvalidInputStoresNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, c := range []struct {
		name, body, contentType string
		status                  int
		code                    string
	}{
		{"not JSON", `{"name"`, "", 400, "BAD_REQUEST"},
		{"wrong content type", signUpBody, "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"multipart", signUpBody, "multipart/form-data; boundary=x", 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"array", `[]`, "", 400, "VALIDATION_ERROR"},
		{"missing fields", `{}`, "", 400, "VALIDATION_ERROR"},
		{
			"array for text", `{"name":["Ada"],"email":"ada@example.com","password":"correct horse"}`, "", 400,
			"VALIDATION_ERROR",
		},
		{"object for email", `{"name":"Ada","email":{},"password":"correct horse"}`, "", 400, "VALIDATION_ERROR"},
		{
			"full-width @", `{"name":"Ada","email":"ada＠example.com","password":"correct horse"}`, "", 400,
			"VALIDATION_ERROR",
		},
		{
			"NUL in the email", `{"name":"Ada","email":"ada\u0000@example.com","password":"correct horse"}`, "", 400,
			"VALIDATION_ERROR",
		},
		{
			"NUL in the name", `{"name":"A\u0000da","email":"ada@example.com","password":"correct horse"}`, "", 422,
			"FAILED_TO_CREATE_USER",
		},
		{"2 MB", `{"name":"` + strings.Repeat("x", 2<<20) + `"}`, "", 413, "PAYLOAD_TOO_LARGE"},
		{"array for callbackURL", strings.Replace(signUpBody, "{", `{"callbackURL":["/"],`, 1), "", 400, ""},
		{
			"untrusted callbackURL", strings.Replace(signUpBody, "{", `{"callbackURL":"//evil.example",`, 1), "", 403,
			"INVALID_CALLBACK_URL",
		},
		{
			"untrusted redirectTo", strings.Replace(signUpBody, "{", `{"redirectTo":"https://evil.example",`, 1), "", 403,
			"INVALID_REDIRECT_URL",
		},
		{"deep nesting", strings.Repeat("[", 100_000), "", 400, "BAD_REQUEST"},
	} {
		headers := []string{}
		if c.contentType != "" {
			headers = []string{"Content-Type", c.contentType}
		}
		a := s.do("POST", signUpPath, c.body, headers...)
		if a.status != c.status || a.errorCode() != c.code {
			t.Errorf("sign-up, %s: got %d %.200s, want %d %s", c.name, a.status, a.body, c.status, c.code)
		}
	}
	if rows := query[int](s, `SELECT count(*) FROM "user"`); rows != 0 {
		t.Errorf("after rejected sign-ups: got %d users, want 0", rows)
	}
}

// JSON text can have half of a surrogate pair. Xenon stores U+FFFD for it, as Better Auth does.
func TestSignUpReplacesLoneSurrogates(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.do("POST", signUpPath, `{"name":"A\ud800da","email":"ada@example.com","password":"correct horse"}`)
	if got := query[string](s, `SELECT name FROM "user"`); got != "A\uFFFDda" {
		t.Errorf("sign-up with half of a surrogate pair in the name: got the name %q, want U+FFFD for it", got)
	}
}

func TestSignUpAndSignInAcceptForms(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	const form = "application/x-www-form-urlencoded"
	if a := s.do("POST", signUpPath, "name=Ada&email=ada%40example.com&password=correct+horse", "Content-Type",
		form); a.status != 200 {
		t.Errorf("sign-up with a form: got %d %s, want 200", a.status, a.body)
	}
	if a := s.do("POST", signInPath, "email=ada%40example.com&password=correct+horse", "Content-Type",
		form); a.status != 200 {
		t.Errorf("sign-in with a form: got %d %s, want 200", a.status, a.body)
	}
	if a := s.do("POST", signOutPath, "x=y", "Content-Type", form); a.status != 415 {
		t.Errorf("sign-out with a form: got %d %s, want 415", a.status, a.body)
	}
}

// With REQUIRE_EMAIL_VERIFICATION a sign-up starts no session and mails a link.
func TestSignUpWithRequiredVerificationSendsLink(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t, "REQUIRE_EMAIL_VERIFICATION=on")
	a := s.do("POST", signUpPath,
		`{"name":"Ada","email":"Ada@Example.com","password":"correct horse","image":"/a.png","callbackURL":"/hello there"}`)
	body := a.json(t)
	user, _ := body["user"].(map[string]any)
	if token, has := body["token"]; a.status != 200 || !has || token != nil || len(a.header["Set-Cookie"]) > 0 ||
		user["email"] != "ada@example.com" || user["emailVerified"] != false {
		t.Errorf("sign-up: got %d %s, cookies %q; want 200, an unverified user, no token and no cookie",
			a.status, a.body, a.header["Set-Cookie"])
	}
	if got := query[string](s,
		`SELECT (SELECT count(*) FROM "user" WHERE id::text = $1) || ' ' || (SELECT count(*) FROM account WHERE password `+
			`LIKE '$argon2id$%') || ' ' || (SELECT count(*) FROM session)`, user["id"]); got != "1 1 0" {
		t.Errorf("sign-up: got the numbers of users, accounts and sessions %s, want 1 1 0", got)
	}
	m := box.takeOne(t)
	if m.Kind != "verify-email" || m.To != "ada@example.com" ||
		!strings.HasSuffix(m.URL, "&callbackURL=%2Fhello%20there") {
		t.Errorf("sign-up: got the mail %+v, want a verify-email mail with the callbackURL", m)
	}
	if got := s.openLink(m); got.header.Get("Location") != "/hello there" || !s.isVerified("ada@example.com") {
		t.Errorf("open the link: got %d to %q, want a redirect to the callbackURL and a verified email",
			got.status, got.header.Get("Location"))
	}
	if !s.canSignIn("ada@example.com", "correct horse") {
		t.Error("sign-in after the verification failed, want 200")
	}
	s.do("POST", signUpPath, strings.Replace(signUpBody, `"Ada"`, `"A\u0000"`, 1)).
		checkStatusAndCode(t, "NUL in the name", 422, "FAILED_TO_CREATE_USER")
	s.do(
		"POST",
		signUpPath,
		`{"name":"A\u0000","email":"new@example.com","password":"correct horse"}`,
	).checkStatusAndCode(
		t,
		"NUL in a name, email not taken",
		422,
		"FAILED_TO_CREATE_USER",
	)

	s, _ = newMailServer(t, "REQUIRE_EMAIL_VERIFICATION=on", "MAIL=none")
	if a := s.do("POST", signUpPath, signUpBody); a.status != 200 || a.json(t)["token"] != nil {
		t.Errorf("sign-up with MAIL=none: got %d %s, want 200 without a token", a.status, a.body)
	}
}

// A sign-up with a taken email and one with a free email have responses with the same status, headers and fields, after
// the same number of round trips and one queued mail.
func TestR19_UnverifiedSignUpsDoNotRevealTakenEmails(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t, "REQUIRE_EMAIL_VERIFICATION=on")
	s.do("POST", signUpPath, signUpBody)
	s.do("POST", signUpPath, strings.Replace(signUpBody, "ada@", "eve@", 1))
	s.exec(verifyEmailSQL)
	box.takeAll()
	uuid := regexp.MustCompile(`"id":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"`)
	seen := map[string]bool{}
	var first answer
	firstTrips := 0
	for i, c := range []struct{ email, mail string }{
		{"bob@example.com", "verify-email bob@example.com"},
		{"ADA@example.com", "nothing ada@example.com"},
		{"ada@example.com", "nothing ada@example.com"},
		{"eve@example.com", "verify-email eve@example.com"}, // not verified: this sign-up gets its own link
	} {
		var a answer
		trips := s.countRoundTrips(
			func() { a = s.do("POST", signUpPath, strings.Replace(signUpBody, "ada@example.com", c.email, 1)) },
		)
		a.header.Del("X-Request-Id")
		id := uuid.FindString(a.body)
		if id == "" || seen[id] {
			t.Errorf("sign-up with %s: got %s, want the id of a user that no other response has", c.email, a.body)
		}
		seen[id] = true
		if got := strings.Join(box.takeKindsAndRecipients(), ", "); got != c.mail {
			t.Errorf("sign-up with %s: got the mails %q, want %q", c.email, got, c.mail)
		}
		a.body = strings.Replace(uuid.ReplaceAllString(a.body, "ID"), strings.ToLower(c.email), "EMAIL", 1)
		if i == 0 {
			first, firstTrips = a, trips
		}
		if a.status != first.status || a.body != first.body || cmp.Diff(first.header, a.header) != "" || trips != firstTrips {
			t.Errorf("sign-up with %s: got %d %s in %d round trips\nwant %d %s in %d, as for the first, and the same headers",
				c.email, a.status, a.body, trips, first.status, first.body, firstTrips)
		}
	}
	if got := query[int](s, `SELECT count(*) FROM "user"`); got != 3 {
		t.Errorf("after sign-ups with three emails: got %d users, want 3", got)
	}
	if !query[bool](s, `SELECT bool_and(password LIKE '$argon2id$%') FROM account`) {
		t.Error("an account has a password that is not an Argon2id hash, want one in every account")
	}
}

// A later sign-up with the same email does not get an account that is verified or has been used.
func TestSignUpSendsNoLinkForAnAccountInUse(t *testing.T) {
	t.Parallel()
	for name, used := range map[string]string{
		"a verified email": verifyEmailSQL,
		"a session": `INSERT INTO session ("userId", token, "expiresAt", "updatedAt") SELECT id, 'x', now(), now() ` +
			`FROM "user"`,
		"a profile": `INSERT INTO user_profile (user_id) SELECT id FROM "user"`,
		"a linked account": `INSERT INTO account ("accountId", "providerId", "userId", "updatedAt") SELECT 'x', 'github', ` +
			`id, now() FROM "user"`,
	} {
		s, box := newMailServer(t, "REQUIRE_EMAIL_VERIFICATION=on")
		s.do("POST", signUpPath, signUpBody)
		s.exec(used)
		box.takeAll()
		s.do(
			"POST",
			signUpPath,
			strings.Replace(signUpBody, "correct horse", "battery staple", 1),
		).checkStatusAndCode(
			t,
			name,
			200,
			"",
		)
		if got := box.takeOne(t); got.Kind != mail.Nothing {
			t.Errorf("sign-up with the email of a user with %s: got a mail of kind %s, want nothing", name, got.Kind)
		}
	}
}

// Each of several concurrent sign-ups with one email gets a link. The one whose link is opened gets the account.
func TestConcurrentSignUpsWithOneEmailEachGetALink(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t, "REQUIRE_EMAIL_VERIFICATION=on")
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			s.do("POST", signUpPath, fmt.Sprintf(`{"name":"%d","email":"ada@example.com","password":"password %d"}`, i,
				i)).checkStatusAndCode(t, "sign-up", 200, "")
		})
	}
	group.Wait()
	mails := box.takeAll()
	if len(mails) != 20 {
		t.Fatalf("20 concurrent sign-ups: got %d mails, want 20", len(mails))
	}
	for _, m := range mails {
		if m.Kind != mail.VerifyEmail {
			t.Errorf("20 concurrent sign-ups: got a mail of kind %s, want verify-email", m.Kind)
		}
	}
	s.openLink(mails[7])
	name := query[string](s, `SELECT name FROM "user"`)
	for i := range 20 {
		if got, want := s.canSignIn("ada@example.com", fmt.Sprintf("password %d", i)), name == fmt.Sprint(i); got != want {
			t.Errorf("sign-in with the password of sign-up %d succeeds: %v, want %v, because sign-up %s got the account",
				i, got, want, name)
		}
	}
	if got := query[string](s,
		`SELECT (SELECT count(*) FROM "user") || ' ' || (SELECT count(*) FROM account) || ' ' || (SELECT count(*) FROM `+
			`verification v, "user" u WHERE left(v.value, 36) = u.id::text)`); got != "1 1 0" {
		t.Errorf("after one link was opened: got the numbers of users, accounts and links %s, want 1 1 0", got)
	}
}

// A later request deletes the expired links of sign-ups.
func TestExpiredSignUpLinksAreDeleted(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t, "REQUIRE_EMAIL_VERIFICATION=on")
	for range 3 {
		s.do("POST", signUpPath, signUpBody)
	}
	box.takeAll()
	s.now = s.now.Add(time.Hour + time.Minute)
	s.do("POST", requestResetPath, `{"email":"nobody@example.com"}`)
	if got := query[int](s, `SELECT count(*) FROM verification WHERE identifier LIKE 'verify-email:%'`); got != 0 {
		t.Errorf("after a request an hour later: got %d links of sign-ups, want 0", got)
	}
}
