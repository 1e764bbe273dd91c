//go:build node

package conformance

import (
	"net/http"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/totptest"
)

// A set-up, a sign-in, a mailed code, a backup code or a trusted device that begins at one server continues at the
// other.
func TestInterchange_SecondFactorContinuesAtTheOtherServer(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t, "TWO_FACTOR=on")
	ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
		b := ix.newVisitor(t)
		email, id := b.register(first)
		set := b.checkStatus(b.post(first, "/two-factor/enable", jsonObject{"password": testPassword}), http.StatusOK)
		app, err := totptest.Scan(set.body.textMember("totpURI"))
		if err != nil {
			t.Fatal(err)
		}
		spare, _ := set.body["backupCodes"].([]any)
		// A code works once at Xenon (D130), so the rows of the used codes are deleted.
		code := func() jsonObject {
			ix.exec(t, `DELETE FROM verification WHERE identifier LIKE 'totp-used-%'`)
			return jsonObject{"code": app.Code(time.Now())}
		}
		b.checkStatus(b.post(second, "/two-factor/verify-totp", code()), http.StatusOK)
		signIn := func(v *visitor, s runningServer) reply {
			return v.checkStatus(v.post(s, "/sign-in/email", jsonObject{"email": email, "password": testPassword}), 200)
		}
		checkSignedIn := func(v *visitor, name string) {
			t.Helper()
			for _, s := range []runningServer{first, second} {
				if u, _ := v.sessionIDsAt(s); u != id {
					t.Errorf("%s: the session at %s is of the user %q, want %q", name, s.name, u, id)
				}
			}
		}
		byApp, byMail, byCode := ix.newVisitor(t), ix.newVisitor(t), ix.newVisitor(t)
		if a := signIn(byApp, first); a.body["twoFactorRedirect"] != true {
			t.Errorf("sign-in at the first server: got %s, want a challenge", a.text)
		}
		wrong := byApp.post(second, "/two-factor/verify-totp", jsonObject{"code": "000"})
		if wrong.body.textMember("code") != "INVALID_CODE" {
			t.Errorf("a wrong code at the second server: got %d %s, want INVALID_CODE", wrong.status, wrong.text)
		}
		trust := code()
		trust["trustDevice"] = true
		byApp.checkStatus(byApp.post(first, "/two-factor/verify-totp", trust), http.StatusOK)
		checkSignedIn(byApp, "app")

		signIn(byMail, first)
		byMail.checkStatus(byMail.post(first, "/two-factor/send-otp", jsonObject{}), http.StatusOK)
		_, mailed := byMail.newestMailLink(first, "two-factor-otp", email)
		byMail.checkStatus(byMail.post(second, "/two-factor/verify-otp", jsonObject{"code": mailed}), http.StatusOK)
		checkSignedIn(byMail, "mailed code")

		signIn(byCode, first)
		byCode.checkStatus(byCode.post(second, "/two-factor/verify-backup-code", jsonObject{"code": spare[0]}), http.StatusOK)
		checkSignedIn(byCode, "backup code")
		signIn(byCode, second)
		used := byCode.post(first, "/two-factor/verify-backup-code", jsonObject{"code": spare[0]})
		byCode.checkStatus(used, http.StatusUnauthorized)

		for _, s := range []runningServer{second, first} { // each sign-in renews the trust
			delete(byApp.jar, "better-auth.session_token")
			if a := signIn(byApp, s); a.body.textMember("token") == "" {
				t.Errorf("sign-in on a trusted device at %s: got %s, want a session", s.name, a.text)
			}
		}
		b.checkStatus(b.post(first, "/two-factor/disable", jsonObject{"password": testPassword}), http.StatusOK)
		if a := signIn(ix.newVisitor(t), second); a.body.textMember("token") == "" {
			t.Errorf("sign-in after the second factor was switched off: got %s, want a session", a.text)
		}
	})
}

// Wrong codes at one server lock the account at both.
func TestInterchange_LockOfSecondFactorHoldsAtBothServers(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t, "TWO_FACTOR=on")
	ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
		b := ix.newVisitor(t)
		email, _ := b.register(first)
		set := b.checkStatus(b.post(first, "/two-factor/enable", jsonObject{"password": testPassword}), http.StatusOK)
		app, err := totptest.Scan(set.body.textMember("totpURI"))
		if err != nil {
			t.Fatal(err)
		}
		b.checkStatus(b.post(first, "/two-factor/verify-totp", jsonObject{"code": app.Code(time.Now())}), http.StatusOK)
		for _, s := range []runningServer{first, second} {
			v := ix.newVisitor(t)
			v.checkStatus(v.post(s, "/sign-in/email", jsonObject{"email": email, "password": testPassword}), http.StatusOK)
			for range 5 {
				v.checkStatus(v.post(s, "/two-factor/verify-totp", jsonObject{"code": "000"}), http.StatusUnauthorized)
			}
		}
		v := ix.newVisitor(t)
		v.checkStatus(v.post(first, "/sign-in/email", jsonObject{"email": email, "password": testPassword}), http.StatusOK)
		for _, s := range []runningServer{first, second} {
			v.checkStatus(v.post(s, "/two-factor/verify-totp", jsonObject{"code": "000"}), http.StatusTooManyRequests)
		}
	})
}
