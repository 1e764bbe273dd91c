package twofactor_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestSignInAsksForCodeOfApp(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUpWithApp("ada")
	if !ada.isSignedIn() {
		t.Error("after the set-up the person is not signed in, want the new session")
	}
	b := s.newBrowser()
	a := b.signInWithPassword(ada).check(t, "sign-in", 200, "")
	if want := `{"twoFactorRedirect":true,"twoFactorMethods":["totp","otp"]}`; a.body != want {
		t.Errorf("sign-in: got %s, want %s", a.body, want)
	}
	if got := a.header.Get("Set-Auth-Token"); got != "" || b.isSignedIn() {
		t.Errorf("before the second factor: got the token %q, signed in: %v, want neither", got, b.isSignedIn())
	}
	b.post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).check(t, "right code", 200, "")
	if !b.isSignedIn() || b.cookies["better-auth.two_factor"] != "" {
		t.Errorf("after the code: got the cookies %v, want a session and no challenge", b.cookies)
	}
}

// Codes are counted before the answer, so the numbers of round trips are part of the design.
func TestSecondFactorTakesFewRoundTrips(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada, eve := s.signUpWithApp("ada"), s.signUp("eve")
	b, trusted, plain := s.newBrowser(), s.newBrowser(), s.newBrowser()
	trips := func(name string, want int, f func() answer) {
		t.Helper()
		before := s.wire.RoundTrips()
		f().check(t, name, 200, "")
		if got := s.wire.RoundTrips() - before; got != want {
			t.Errorf("%s: got %d round trips, want %d", name, got, want)
		}
	}
	trips("sign-in without a second factor", 2, func() answer { return plain.signInWithPassword(eve) })
	trips("first step", 2, func() answer { return b.signInWithPassword(ada) })
	trips("second step", 2, func() answer {
		return b.post("/two-factor/verify-totp", map[string]any{"code": ada.code()})
	})
	trusted.signInWithPassword(ada)
	trusted.post("/two-factor/verify-backup-code", map[string]any{"code": ada.codes[0], "trustDevice": true})
	trips("sign-in on a trusted device", 3, func() answer { return trusted.signInWithPassword(ada) })
	trips("get-session", 1, func() answer { return trusted.send("GET", "/api/auth/get-session", nil) })
	if !trusted.isSignedIn() {
		t.Error("on a trusted device the person is not signed in, want a session without a second factor")
	}
}

// Better Auth accepts a code any number of times within its window.
func TestCodeOfAppWorksOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUp("ada")
	ada.setUp()
	code := ada.code()
	ada.post("/two-factor/verify-totp", map[string]any{"code": code}).check(t, "set-up", 200, "")
	first, second := ada.passwordOnly(), ada.passwordOnly()
	first.post("/two-factor/verify-totp", map[string]any{"code": code}).check(t, "code of the set-up", 401, "INVALID_CODE")
	ada.post("/two-factor/verify-totp", map[string]any{"code": code}).check(t, "while signed in", 401, "INVALID_CODE")
	s.now = s.now.Add(30 * time.Second)
	code = ada.code()
	first.post("/two-factor/verify-totp", map[string]any{"code": code}).check(t, "the next code", 200, "")
	second.post("/two-factor/verify-totp", map[string]any{"code": code}).check(t, "the same again", 401, "INVALID_CODE")
	s.now = s.now.Add(30 * time.Second)
	second.post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).check(t, "the next one", 200, "")
	s.now = s.now.Add(30 * time.Second)
	ada.post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).check(t, "of the caller", 200, "")
	ada.post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).check(t, "again", 401, "INVALID_CODE")
}

func TestChallengeAllowsFiveWrongCodes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUpWithApp("ada")
	b := ada.passwordOnly()
	for i := range 5 {
		path, code := "/two-factor/verify-totp", "INVALID_CODE"
		if i%2 == 1 {
			path, code = "/two-factor/verify-backup-code", "INVALID_BACKUP_CODE"
		}
		b.post(path, map[string]any{"code": "wrong"}).check(t, "wrong code", 401, code)
	}
	b.post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).
		check(t, "right code after five", 400, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE")
	if b.cookies["better-auth.two_factor"] != "" {
		t.Error("the challenge is over, but the browser has its cookie, want it cleared")
	}
	b.post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).
		check(t, "without the cookie", 401, "INVALID_TWO_FACTOR_COOKIE")
}

// The lock counts wrong codes of all challenges, from all IP addresses. A counter that is NULL counts as 0; in Better
// Auth it never locks.
func TestTenWrongCodesLockTheAccount(t *testing.T) {
	t.Parallel()
	for _, counter := range []string{"0", "NULL"} {
		s := newServer(t)
		ada := s.signUpWithApp("ada")
		s.exec(`UPDATE "twoFactor" SET "failedVerificationCount" = ` + counter)
		var b *browser
		for i := range 10 {
			if i%4 == 0 {
				b = ada.passwordOnly()
			}
			b.ip = "192.0.2." + string(rune('1'+i%9))
			b.post("/two-factor/verify-totp", map[string]any{"code": "000"}).check(t, "wrong code", 401, "INVALID_CODE")
		}
		b = ada.passwordOnly()
		b.post("/two-factor/send-otp", map[string]any{})
		for path, code := range map[string]string{
			"/two-factor/verify-totp": ada.code(), "/two-factor/verify-backup-code": ada.codes[0],
			"/two-factor/verify-otp": "123456",
		} {
			b.post(path, map[string]any{"code": code}).check(t, counter+" "+path, 429, "ACCOUNT_TEMPORARILY_LOCKED")
		}
		if !ada.isSignedIn() {
			t.Error("the lock ended the session of the owner, want it to live")
		}
		s.now = s.now.Add(15 * time.Minute)
		b = ada.passwordOnly()
		b.post("/two-factor/verify-totp", map[string]any{"code": "000"}).check(t, "after the lock", 401, "INVALID_CODE")
		b.post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).check(t, "right after the lock", 200, "")
		if got := query[int64](s, `SELECT "failedVerificationCount"::bigint FROM "twoFactor"`); got != 0 {
			t.Errorf("the counter after a right code: got %d, want 0", got)
		}
	}
}

// A user with mailed codes only has no row in "twoFactor", and no lock in Better Auth.
func TestTenWrongMailedCodesLockUserWithoutApp(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT=on", `RATE_LIMIT_RULES={"/**": false}`)
	ada := s.signUp("ada")
	ada.post("/two-factor/enable", map[string]any{"password": testPassword, "method": "otp"}).check(t, "enable", 200, "")
	var b *browser
	for i := range 10 {
		if i%5 == 0 {
			b = ada.passwordOnly()
			b.post("/two-factor/send-otp", map[string]any{}).check(t, "send", 200, "")
		}
		b.ip = "192.0.2." + string(rune('1'+i%9))
		b.post("/two-factor/verify-otp", map[string]any{"code": "x"}).check(t, "wrong code", 401, "INVALID_CODE")
	}
	b = ada.passwordOnly()
	b.ip = "192.0.2.77"
	b.post("/two-factor/send-otp", map[string]any{}).check(t, "send", 200, "")
	code := s.takeMail().Token
	b.post("/two-factor/verify-otp", map[string]any{"code": code}).check(t, "locked", 429, "ACCOUNT_TEMPORARILY_LOCKED")
	s.now = s.now.Add(15 * time.Minute)
	b = ada.passwordOnly()
	b.post("/two-factor/send-otp", map[string]any{}).check(t, "send", 200, "")
	code = s.takeMail().Token
	b.post("/two-factor/verify-otp", map[string]any{"code": code}).check(t, "after the lock", 200, "")
}

func TestChallengeEndsAfterTenMinutes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUpWithApp("ada")
	b := ada.passwordOnly()
	s.now = s.now.Add(10*time.Minute + time.Second)
	for _, path := range []string{"verify-totp", "verify-otp", "verify-backup-code", "send-otp"} {
		b.post("/two-factor/"+path, map[string]any{"code": ada.code()}).check(t, path, 401, "INVALID_TWO_FACTOR_COOKIE")
	}
}

func TestNotRememberedSignInStaysSo(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUpWithApp("ada")
	b := s.newBrowser()
	in := map[string]any{"email": ada.email, "password": testPassword, "rememberMe": false}
	b.post("/sign-in/email", in).check(t, "sign-in", 200, "")
	a := b.post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).check(t, "code", 200, "")
	hours := query[float64](s, `
		SELECT extract(epoch FROM "expiresAt" - "createdAt")::float8 / 3600 FROM session ORDER BY "createdAt" DESC LIMIT 1`)
	if hours != 24 || b.cookies["better-auth.dont_remember"] == "" {
		t.Errorf("got a session of %v hours and the cookies %v, want 24 and dont_remember: %v",
			hours, b.cookies, a.header["Set-Cookie"])
	}
}

func TestMailedCodeFinishesSignIn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUpWithApp("ada")
	b := ada.passwordOnly()
	b.post("/two-factor/verify-otp", map[string]any{"code": "123456"}).check(t, "no code yet", 400, "OTP_HAS_EXPIRED")
	b.post("/two-factor/send-otp", map[string]any{}).check(t, "send", 200, "")
	old := s.takeMail()
	if old.Kind != "two-factor-otp" || old.To != ada.email || len(old.Token) != 6 {
		t.Errorf("the mail: got %+v, want a code of six digits for %s", old, ada.email)
	}
	s.now = s.now.Add(time.Second)
	b.post("/two-factor/send-otp", map[string]any{}).check(t, "send again", 200, "")
	code := s.takeMail().Token
	if code != old.Token {
		b.post("/two-factor/verify-otp", map[string]any{"code": old.Token}).check(t, "the old code", 401, "INVALID_CODE")
	}
	other := ada.passwordOnly()
	other.post("/two-factor/verify-otp", map[string]any{"code": code}).
		check(t, "the code of another challenge", 400, "OTP_HAS_EXPIRED")
	b.post("/two-factor/verify-otp", map[string]any{"code": code}).check(t, "the new code", 200, "")
	if !b.isSignedIn() {
		t.Error("after the code the browser is not signed in")
	}
}

func TestMailedCodeEndsAfterThreeMinutesAndAfterFiveWrongCodes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUpWithApp("ada")
	b := ada.passwordOnly()
	b.post("/two-factor/send-otp", map[string]any{})
	code := s.takeMail().Token
	for range 5 {
		b.post("/two-factor/verify-otp", map[string]any{"code": "x"}).check(t, "wrong code", 401, "INVALID_CODE")
	}
	b.post("/two-factor/verify-otp", map[string]any{"code": code}).
		check(t, "right code after five", 400, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE")
	b.post("/two-factor/verify-otp", map[string]any{"code": code}).check(t, "again", 400, "OTP_HAS_EXPIRED")
	b.post("/two-factor/send-otp", map[string]any{})
	code = s.takeMail().Token
	s.now = s.now.Add(3*time.Minute + time.Second)
	b.post("/two-factor/verify-otp", map[string]any{"code": code}).check(t, "late code", 400, "OTP_HAS_EXPIRED")
}

func TestBackupCodeFinishesSignInOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUpWithApp("ada")
	for i, code := range ada.codes[:3] {
		ada.passwordOnly().post("/two-factor/verify-backup-code", map[string]any{"code": code}).check(t, "code", 200, "")
		ada.passwordOnly().post("/two-factor/verify-backup-code", map[string]any{"code": code}).
			check(t, "the same again", 401, "INVALID_BACKUP_CODE")
		if i == 1 {
			a := ada.passwordOnly().post("/two-factor/verify-backup-code",
				map[string]any{"code": ada.codes[9], "disableSession": true}).check(t, "disableSession", 200, "")
			if _, hasToken := a.json(t)["token"]; hasToken {
				t.Errorf("with disableSession: got %s, want no token", a.body)
			}
		}
	}
	a := ada.post("/two-factor/generate-backup-codes", map[string]any{"password": testPassword})
	if fresh, _ := a.check(t, "new codes", 200, "").json(t)["backupCodes"].([]any); len(fresh) != 10 {
		t.Errorf("new codes: got %s, want ten", a.body)
	}
	ada.passwordOnly().post("/two-factor/verify-backup-code", map[string]any{"code": ada.codes[5]}).
		check(t, "a replaced code", 401, "INVALID_BACKUP_CODE")
}

func TestRoutesDoNotExistWithoutThePlugin(t *testing.T) {
	t.Parallel()
	s := newServer(t, "TWO_FACTOR=off")
	ada := s.signUp("ada")
	s.exec(`UPDATE "user" SET "twoFactorEnabled" = true`)
	for _, path := range []string{
		"enable", "disable", "get-totp-uri", "generate-backup-codes", "verify-totp", "send-otp", "verify-otp",
		"verify-backup-code",
	} {
		a := ada.post("/two-factor/"+path, map[string]any{"password": testPassword, "code": "1"})
		if a.status != http.StatusNotFound || a.body != "" {
			t.Errorf("%s: got %d %q, want 404 without a body", path, a.status, a.body)
		}
	}
	b := s.newBrowser()
	if b.signInWithPassword(ada).check(t, "sign-in", 200, ""); !b.isSignedIn() {
		t.Error("without the plugin the user is not signed in after the password")
	}
}

func TestVerificationLinkStartsNoSessionIfAllSignInsAsk(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]bool{"password": true, "all": false} {
		s := newServer(t, "AUTO_SIGN_IN_AFTER_VERIFICATION=on", "TWO_FACTOR_FOR="+setting)
		ada := s.signUpWithApp("ada")
		ada.post("/send-verification-email", map[string]any{"email": ada.email}).check(t, "send", 200, "")
		link := s.takeMail().URL
		b := s.newBrowser()
		b.send("GET", strings.TrimPrefix(link, "http://localhost:3000"), nil)
		if got := b.isSignedIn(); got != want {
			t.Errorf("TWO_FACTOR_FOR=%s: the link signs in: got %v, want %v", setting, got, want)
		}
	}
}

// If the limit of mails drops a mail, its code does not replace the one that the user has.
func TestDroppedMailKeepsTheCodeBefore(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT=on", `RATE_LIMIT_RULES={"/**": false}`)
	ada := s.signUpWithApp("ada")
	b := ada.passwordOnly()
	code := ""
	for i := range 6 {
		s.now = s.now.Add(time.Second)
		b.post("/two-factor/send-otp", map[string]any{}).check(t, fmt.Sprint("send ", i), 200, "")
		if m := s.takeMail(); m.Kind == "two-factor-otp" {
			code = m.Token
		} else if i < 5 {
			t.Errorf("mail %d: got the kind %s, want two-factor-otp", i, m.Kind)
		}
	}
	b.post("/two-factor/verify-otp", map[string]any{"code": code}).check(t, "the last code that was mailed", 200, "")
}

func TestNotRememberedSessionStaysSoAfterSetUp(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUp("ada")
	in := map[string]any{"email": ada.email, "password": testPassword, "rememberMe": false}
	ada.post("/sign-in/email", in).check(t, "sign-in", 200, "")
	ada.setUp()
	ada.post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).check(t, "first code", 200, "")
	hours := query[float64](s, `
		SELECT extract(epoch FROM max("expiresAt") - $1::timestamptz)::float8 / 3600 FROM session
		WHERE "createdAt" = $1::timestamptz AND "expiresAt" < $1::timestamptz + interval '2 days'`,
		s.now.Truncate(time.Millisecond))
	if hours != 24 {
		t.Errorf("the new session lasts %v hours, want 24", hours)
	}
}

// The end of a ban and the set-up change the user. The code stays valid.
func TestSecondFactorThatATriggerRejectsIsNoServerError(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUpWithApp("ada")
	b := ada.passwordOnly()
	s.exec(`UPDATE "user" SET banned = true, "banExpires" = $1`, s.now.Add(-time.Second))
	s.exec(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE TRIGGER refuse AFTER UPDATE ON "user" FOR EACH ROW EXECUTE FUNCTION refuse()`)
	send := func() answer { return b.post("/two-factor/verify-totp", map[string]any{"code": ada.code()}) }
	send().check(t, "code", 422, "FAILED_TO_UPDATE_USER")
	p := s.signUp("eve")
	p.post("/two-factor/enable", map[string]any{"password": testPassword, "method": "otp"}).
		check(t, "enable", 422, "FAILED_TO_UPDATE_USER")
	s.exec(`DROP TRIGGER refuse ON "user"`)
	send().check(t, "the same code without the trigger", 200, "")
}

// As in Better Auth, a sign-out does not end the trust in the device.
func TestSignOutKeepsTheTrustedDevice(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUpWithApp("ada")
	b := ada.passwordOnly()
	b.post("/two-factor/verify-totp", map[string]any{"code": ada.code(), "trustDevice": true}).check(t, "trust", 200, "")
	b.post("/sign-out", map[string]any{}).check(t, "sign-out", 200, "")
	if b.isSignedIn() || b.cookies["better-auth.trust_device"] == "" {
		t.Errorf("after the sign-out: signed in: %v, cookies %v; want no session, and the cookie of the trusted device",
			b.isSignedIn(), b.cookies)
	}
	if b.signInWithPassword(ada).check(t, "sign-in", 200, ""); !b.isSignedIn() {
		t.Error("sign-in on the trusted device after a sign-out: got a challenge, want a session")
	}
}

// The second request of a double click finds no challenge any more.
func TestSecondClickDoesNotCountAsWrongCode(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUpWithApp("ada")
	for path, code := range map[string]func() string{
		"verify-totp":        ada.code,
		"verify-backup-code": func() string { return ada.codes[0] },
	} {
		first := ada.passwordOnly()
		second := first.copy()
		body := map[string]any{"code": code()}
		first.post("/two-factor/"+path, body).check(t, path, 200, "")
		second.post("/two-factor/"+path, body).check(t, path+" again", 401, "INVALID_TWO_FACTOR_COOKIE")
	}
	if got := query[int64](s, `SELECT "failedVerificationCount"::bigint FROM "twoFactor"`); got != 0 {
		t.Errorf("counted wrong codes: got %d, want 0", got)
	}
}
