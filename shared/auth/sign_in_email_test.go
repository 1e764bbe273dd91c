package auth_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// signInBody is the body of Ada's sign-in.
const signInBody = `{"email":"ada@example.com","password":"correct horse"}`

func TestSignInAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUpAda()
	a := s.do("POST", signInPath, strings.Replace(signInBody, "ada@", "ADA@", 1))
	body := a.json(t)
	if a.status != 200 || body["redirect"] != false || body["user"].(map[string]any)["email"] != "ada@example.com" {
		t.Errorf("sign-in: got %d %s, want 200 and the user", a.status, a.body)
	}
	if _, has := body["url"]; has {
		t.Errorf("sign-in without callbackURL: got %s, want no member url", a.body)
	}
	a = s.do("POST", signInPath, strings.Replace(signInBody, "{", `{"callbackURL":"/welcome",`, 1))
	if body = a.json(t); body["redirect"] != true || body["url"] != "/welcome" || a.header.Get("Location") != "/welcome" ||
		a.status != 200 {
		t.Errorf("sign-in with callbackURL: got %d %s, Location %q, want 200 and the URL in the body and in Location",
			a.status, a.body, a.header.Get("Location"))
	}
	a = s.do("POST", signInPath, strings.Replace(signInBody, "{", `{"callbackURL":"",`, 1))
	if body = a.json(t); body["redirect"] != false || body["url"] != "" || a.header.Get("Location") != "" {
		t.Errorf("sign-in with an empty callbackURL: got %d %s, Location %q, want no redirect",
			a.status, a.body, a.header.Get("Location"))
	}
}

// A proxy may reject a header with characters that are not ASCII.
func TestSignInPercentEncodesTheLocation(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUpAda()
	a := s.do("POST", signInPath, strings.Replace(signInBody, "{", `{"callbackURL":"/gr\u00fc\u00dfe/\u20ac",`, 1))
	if got := a.header.Get("Location"); got != "/gr%C3%BC%C3%9Fe/%E2%82%AC" || a.json(t)["url"] != "/grüße/€" {
		t.Errorf("sign-in with a callbackURL that is not ASCII: got %d %s, Location %q; want only the Location encoded",
			a.status, a.body, got)
	}
}

func TestSignInTakesTwoRoundTrips(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUpAda()
	if got := s.countRoundTrips(func() { s.do("POST", signInPath, signInBody) }); got != 2 {
		t.Errorf("sign-in: got %d round trips, want 2", got)
	}
	s.exec(`UPDATE account SET password = '$2b$05$/bf2ulWF9J.rlw1FwXykg.cQUy2BIEXicmvCjqHyyLU1NJd0LA0zy'`)
	if got := s.countRoundTrips(func() {
		s.do("POST", signInPath, strings.Replace(signInBody, "correct horse", "beta-Pass-2",
			1))
	}); got != 3 {
		t.Errorf("sign-in that replaces the hash: got %d round trips, want 3", got)
	}
	if got := s.countRoundTrips(func() {
		s.do("POST", signInPath, strings.Replace(signInBody, "correct horse", "beta-Pass-2",
			1))
	}); got != 2 {
		t.Errorf("sign-in after the hash was replaced: got %d round trips, want 2", got)
	}
}

func TestR12_RehashReplacesTheHashAndNeverBlocksTheSignIn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUpAda()
	const bcrypt = `$2b$05$/bf2ulWF9J.rlw1FwXykg.cQUy2BIEXicmvCjqHyyLU1NJd0LA0zy`
	body := strings.Replace(signInBody, "correct horse", "beta-Pass-2", 1)

	s.exec(`UPDATE account SET password = $1`, bcrypt)
	s.exec(`ALTER TABLE account ADD CONSTRAINT frozen CHECK (password LIKE '$2b$%')`)
	if a := s.do("POST", signInPath, body); a.status != 200 {
		t.Errorf("sign-in when the new hash cannot be stored: got %d %s, want 200", a.status, a.body)
	}
	if got := query[string](s, `SELECT password FROM account`); got != bcrypt {
		t.Errorf("stored hash after a replacement that failed: got %q, want the old hash", got)
	}
	s.exec(`ALTER TABLE account DROP CONSTRAINT frozen`)
	if a := s.do("POST", signInPath, body); a.status != 200 {
		t.Errorf("sign-in that replaces the hash: got %d %s, want 200", a.status, a.body)
	}
	if got := query[string](s, `SELECT password FROM account`); !strings.HasPrefix(got, "$argon2id$") {
		t.Errorf("stored hash after the sign-in: got %q, want an Argon2id hash", got)
	}
	if a := s.do("POST", signInPath, body); a.status != 200 {
		t.Errorf("sign-in with the new hash: got %d %s, want 200", a.status, a.body)
	}
}

// Sign-ins with an unknown email, without a stored password, with a stored hash of an unknown format and with a wrong
// password get the same response with the same headers.
func TestR18_FailedSignInsDoNotRevealUsers(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUpAda()
	s.exec(`INSERT INTO "user" (name, email, "emailVerified") VALUES ('Bob', 'bob@example.com', false), ('Eve', ` +
		`'eve@example.com', false)`)
	s.exec(`INSERT INTO account ("accountId", "providerId", "userId", password, "updatedAt")
		SELECT id::text, 'credential', id, '$unknown$', now() FROM "user" WHERE name = 'Eve'`)
	var first answer
	for i, email := range []string{"ada@example.com", "nobody@example.com", "bob@example.com", "eve@example.com"} {
		a := s.do("POST", signInPath, `{"email":"`+email+`","password":"wrong horse"}`)
		a.header.Del("X-Request-Id")
		if i == 0 {
			first = a
			if a.status != 401 || a.body != `{"message":"Invalid email or password","code":"INVALID_EMAIL_OR_PASSWORD"}` {
				t.Errorf("sign-in with a wrong password: got %d %s, want 401 INVALID_EMAIL_OR_PASSWORD", a.status, a.body)
			}
			continue
		}
		if a.status != first.status || a.body != first.body || cmp.Diff(first.header, a.header) != "" {
			t.Errorf("sign-in of %s: got %d %s, want the same response as for a wrong password; headers (-want +got):\n%s",
				email, a.status, a.body, cmp.Diff(first.header, a.header))
		}
	}
	if got := query[int](s, `SELECT count(*) FROM session`); got != 1 {
		t.Errorf("after failed sign-ins: got %d sessions, want the one of the sign-up", got)
	}
}

// Passwords are compared without trimming spaces, ignoring case or cutting text off.
func TestR09_PasswordsAreVerifiedExactly(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUpAda()
	for _, wrong := range []string{
		"correct horse ", " correct horse", "Correct horse", "correct hors",
		"correct horse\\u0000", "correct\u00a0horse", "",
	} {
		if a := s.do("POST", signInPath, strings.Replace(signInBody, "correct horse", wrong, 1)); a.status != 401 {
			t.Errorf("sign-in with the wrong password %q: got %d %s, want 401", wrong, a.status, a.body)
		}
	}
}

// A request with invalid input takes no round trip, so its password is compared with no hash.
func TestR20_SignInChecksInputBeforeHashing(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUpAda()
	for _, c := range []struct {
		body, code string
		status     int
		headers    []string
	}{
		{`{"email":"ada@example.com","password":"` + strings.Repeat("x", 129) + `"}`, "PASSWORD_TOO_LONG", 400, nil},
		{`{"email":"no address","password":"x"}`, "INVALID_EMAIL", 400, nil},
		{`{"email":["ada@example.com"],"password":"x"}`, "VALIDATION_ERROR", 400, nil},
		{`{"email":"ada@example.com","password":null}`, "VALIDATION_ERROR", 400, nil},
		{signInBody, "INVALID_ORIGIN", 403, []string{"Origin", "https://evil.example"}},
		{`{"password"`, "BAD_REQUEST", 400, nil},
	} {
		var a answer
		if got := s.countRoundTrips(func() { a = s.do("POST", signInPath, c.body, c.headers...) }); got != 0 {
			t.Errorf("sign-in rejected with %s: got %d round trips, want 0", c.code, got)
		}
		if a.status != c.status || a.errorCode() != c.code {
			t.Errorf("sign-in with body %.60s: got %d %s, want %d %s", c.body, a.status, a.body, c.status, c.code)
		}
	}
}

func TestR22_EverySignInHasANewToken(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	seen := map[any]bool{s.signUpAda().json(t)["token"]: true}
	for range 3 {
		token := s.do("POST", signInPath, signInBody).json(t)["token"]
		if seen[token] {
			t.Errorf("sign-in: got the token %v of an earlier one, want a new token", token)
		}
		seen[token] = true
	}
}

func TestR10_NewHashesFollowTheSetting(t *testing.T) {
	t.Parallel()
	for setting, prefix := range map[string]string{"argon2id": "$argon2id$v=19$m=19456,t=2,p=1$", "scrypt": ""} {
		s := newServer(t, func(env map[string]string) { env["PASSWORD_HASH"] = setting })
		s.useRealHashing()
		s.signUpAda()
		got := query[string](s, `SELECT password FROM account`)
		if !strings.HasPrefix(got, prefix) || setting == "scrypt" && (len(got) != 161 || got[32] != ':') {
			t.Errorf("PASSWORD_HASH=%s: got the hash %q, want the configured format", setting, got)
		}
		if a := s.do("POST", signInPath, signInBody); a.status != 200 {
			t.Errorf("PASSWORD_HASH=%s: sign-in: got %d %s, want 200", setting, a.status, a.body)
		}
	}
}

// Only a client with the right password learns that the email is not verified.
func TestSignInRejectsAnUnverifiedEmail(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t)
	for _, c := range []struct {
		settings string
		mail     string
	}{
		{"REQUIRE_EMAIL_VERIFICATION=on", ""},
		{"REQUIRE_EMAIL_VERIFICATION=on SEND_VERIFICATION_ON_SIGN_IN=on", "verify-email ada@example.com"},
		{"REQUIRE_EMAIL_VERIFICATION=on SEND_VERIFICATION_ON_SIGN_IN=on MAIL=none", ""},
	} {
		s.resetForNextCase(box, strings.Fields(c.settings)...)
		s.do("POST", signUpPath, signUpBody)
		box.takeAll()
		s.do("POST", signInPath, strings.Replace(signInBody, "correct", "wrong", 1)).checkStatusAndCode(t, c.settings, 401,
			"INVALID_EMAIL_OR_PASSWORD")
		if got := box.takeKindsAndRecipients(); len(got) > 0 {
			t.Errorf("%s: sign-in with a wrong password: got the mails %q, want none", c.settings, got)
		}
		a := s.do("POST", signInPath, strings.Replace(signInBody, "{", `{"callbackURL":"/x",`, 1))
		if a.status != 403 || a.body != `{"message":"Email not verified","code":"EMAIL_NOT_VERIFIED"}` ||
			len(a.header["Set-Cookie"]) > 0 || a.header.Get("Location") != "" {
			t.Errorf("%s: sign-in: got %d %s, want 403 EMAIL_NOT_VERIFIED, no cookie and no redirect",
				c.settings, a.status, a.body)
		}
		if got := strings.Join(box.takeKindsAndRecipients(), ", "); got != c.mail {
			t.Errorf("%s: sign-in: got the mails %q, want %q", c.settings, got, c.mail)
		}
		if query[bool](s, `SELECT EXISTS (SELECT FROM session)`) {
			t.Errorf("%s: the rejected sign-in started a session, want none", c.settings)
		}
		s.exec(verifyEmailSQL)
		if !s.canSignIn("ada@example.com", "correct horse") {
			t.Errorf("%s: sign-in after the verification failed, want 200", c.settings)
		}
	}
}
