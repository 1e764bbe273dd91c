package versus

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/totptest"
	"github.com/xenon-auth/xenon/shared/mail"
)

// emailBody and passwordBody return the bodies with only the email or the password of u.
func (u pluginUser) emailBody() string { return fmt.Sprintf(`{"email":%q}`, u.email) }

const passwordBody = `{"password":"` + userPassword + `"}`

// credentials returns the body of a sign-in with the password.
func (u pluginUser) credentials() string {
	return fmt.Sprintf(`{"email":%q,"password":%q}`, u.email, userPassword)
}

// mailCode mails a code of a type to a new user, and returns the user and the members of a body with the code.
func (p *pluginServer) mailCode(codeType string) (u pluginUser, members string) {
	p.tb.Helper()
	u = p.newUser()
	p.do("email-otp/send-verification-otp", fmt.Sprintf(`{"email":%q,"type":%q}`, u.email, codeType), "")
	return u, fmt.Sprintf(`"email":%q,"otp":%q`, u.email, p.mailedToken(mail.EmailOTP))
}

// mailRequests returns the requests of the plugins magicLink and emailOTP.
func (p *pluginServer) mailRequests() []pluginRequest {
	return []pluginRequest{
		{"sign-in/magic-link", func() httpCall { return p.call("sign-in/magic-link", p.newUser().emailBody(), "") }},
		{"magic-link/verify", func() httpCall {
			p.do("sign-in/magic-link", p.newUser().emailBody(), "")
			return p.call("magic-link/verify?token="+p.mailedToken(mail.MagicLink), "", "")
		}},
		{"email-otp/send-verification-otp", func() httpCall {
			body := fmt.Sprintf(`{"email":%q,"type":"sign-in"}`, p.newUser().email)
			return p.call("email-otp/send-verification-otp", body, "")
		}},
		{"email-otp/check-verification-otp", func() httpCall {
			_, code := p.mailCode("sign-in")
			return p.call("email-otp/check-verification-otp", `{"type":"sign-in",`+code+`}`, "")
		}},
		{"sign-in/email-otp", func() httpCall {
			_, code := p.mailCode("sign-in")
			return p.call("sign-in/email-otp", `{`+code+`}`, "")
		}},
		{"email-otp/verify-email", func() httpCall {
			u, code := p.mailCode("email-verification")
			p.exec(`UPDATE "user" SET "emailVerified" = false WHERE id = $1`, u.id)
			return p.call("email-otp/verify-email", `{`+code+`}`, "")
		}},
		{"email-otp/request-password-reset", func() httpCall {
			return p.call("email-otp/request-password-reset", p.newUser().emailBody(), "")
		}},
		{"forget-password/email-otp", func() httpCall {
			return p.call("forget-password/email-otp", p.newUser().emailBody(), "")
		}},
		{"email-otp/reset-password", func() httpCall {
			_, code := p.mailCode("forget-password")
			return p.call("email-otp/reset-password", `{"password":"another password",`+code+`}`, "")
		}},
	}
}

// setUpApp begins the set-up of an authenticator app of a new user. It returns the user, and bodies with a code of the
// app and with a backup code.
func (p *pluginServer) setUpApp() (u pluginUser, code, backup string) {
	p.tb.Helper()
	u = p.newUser()
	_, text := p.do("two-factor/enable", passwordBody, u.cookie)
	var answer struct {
		TOTPURI     string
		BackupCodes []string
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		p.tb.Fatal(err)
	}
	app, err := totptest.Scan(answer.TOTPURI)
	if err != nil {
		p.tb.Fatal(err)
	}
	return u, fmt.Sprintf(`{"code":%q}`, app.Code(time.Now())), fmt.Sprintf(`{"code":%q}`, answer.BackupCodes[0])
}

// newUserWithApp returns a new user who needs a second factor, and bodies as setUpApp.
func (p *pluginServer) newUserWithApp() (u pluginUser, code, backup string) {
	p.tb.Helper()
	u, code, backup = p.setUpApp()
	p.exec(`UPDATE "user" SET "twoFactorEnabled" = true WHERE id = $1`, u.id)
	p.exec(`UPDATE "twoFactor" SET verified = true WHERE "userId" = $1`, u.id)
	return u, code, backup
}

// beginSignIn signs a new user in with the password. It returns the user, the cookie of the challenge, and bodies as
// setUpApp.
func (p *pluginServer) beginSignIn() (u pluginUser, cookie, code, backup string) {
	p.tb.Helper()
	u, code, backup = p.newUserWithApp()
	cookie, _ = p.do("sign-in/email", u.credentials(), "")
	return u, cookie, code, backup
}

// twoFactorRequests returns the requests of the plugin twoFactor.
func (p *pluginServer) twoFactorRequests() []pluginRequest {
	withApp := func(path, body string) func() httpCall {
		return func() httpCall {
			u, _, _ := p.newUserWithApp()
			return p.call(path, body, u.cookie)
		}
	}
	return []pluginRequest{
		{"two-factor/enable", func() httpCall { return p.call("two-factor/enable", passwordBody, p.newUser().cookie) }},
		{"two-factor/verify-totp, of a set-up", func() httpCall {
			u, code, _ := p.setUpApp()
			return p.call("two-factor/verify-totp", code, u.cookie)
		}},
		{"two-factor/get-totp-uri", withApp("two-factor/get-totp-uri", passwordBody)},
		{"two-factor/generate-backup-codes", withApp("two-factor/generate-backup-codes", passwordBody)},
		{"two-factor/disable", withApp("two-factor/disable", passwordBody)},
		{"sign-in/email, of a user with a second factor", func() httpCall {
			u, _, _ := p.newUserWithApp()
			return p.call("sign-in/email", u.credentials(), "")
		}},
		{"two-factor/verify-totp", func() httpCall {
			_, cookie, code, _ := p.beginSignIn()
			return p.call("two-factor/verify-totp", code, cookie)
		}},
		{"two-factor/verify-backup-code", func() httpCall {
			_, cookie, _, backup := p.beginSignIn()
			return p.call("two-factor/verify-backup-code", backup, cookie)
		}},
		{"two-factor/send-otp", func() httpCall {
			_, cookie, _, _ := p.beginSignIn()
			return p.call("two-factor/send-otp", `{}`, cookie)
		}},
		{"two-factor/verify-otp", func() httpCall {
			_, cookie, _, _ := p.beginSignIn()
			p.do("two-factor/send-otp", `{}`, cookie)
			return p.call("two-factor/verify-otp", fmt.Sprintf(`{"code":%q}`, p.mailedToken(mail.TwoFactorOTP)), cookie)
		}},
		{"sign-in/email, on a trusted device", func() httpCall {
			u, cookie, code, _ := p.beginSignIn()
			trusted, _ := p.do("two-factor/verify-totp", code[:len(code)-1]+`,"trustDevice":true}`, cookie)
			return p.call("sign-in/email", u.credentials(), trusted)
		}},
	}
}
