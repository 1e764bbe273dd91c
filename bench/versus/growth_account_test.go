package versus

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/xenon-auth/xenon/shared/mail"
)

// passwordRequests returns the requests of passwords and of the deletion of a user.
func (p *pluginServer) passwordRequests() []pluginRequest {
	asNewUser := func(request, path, body string) pluginRequest {
		return pluginRequest{request, func() httpCall { return p.call(path, body, p.newUser().cookie) }}
	}
	// resetToken requests a reset of the password of a new user, and returns the mailed token.
	resetToken := func() string {
		p.do("request-password-reset", p.newUser().emailBody(), "")
		return p.mailedToken(mail.ResetPassword)
	}
	return []pluginRequest{
		asNewUser("verify-password", "verify-password", passwordBody),
		asNewUser("change-password", "change-password",
			fmt.Sprintf(`{"currentPassword":%q,"newPassword":"another password","revokeOtherSessions":true}`, userPassword)),
		{"request-password-reset", func() httpCall {
			return p.call("request-password-reset", p.newUser().emailBody(), "")
		}},
		{"reset-password, the mailed link", func() httpCall {
			c := p.call("reset-password/"+resetToken()+"?callbackURL=%2Freset", "", "")
			c.want, c.status = nil, 302
			return c
		}},
		{"reset-password", func() httpCall {
			return p.call("reset-password", fmt.Sprintf(`{"newPassword":"another password","token":%q}`, resetToken()), "")
		}},
		asNewUser("delete-user, with a password", "delete-user", passwordBody),
		{"delete-user/callback", func() httpCall {
			u := p.newUser()
			p.made++
			p.exec(`INSERT INTO verification (identifier, value, "expiresAt")
				VALUES ('delete-account-' || $1::text, $2, now() + interval '1 hour')`, fmt.Sprint(p.made), u.id)
			return p.call(fmt.Sprintf("delete-user/callback?token=%d", p.made), "", u.cookie)
		}},
		{"revoke-session", func() httpCall {
			u := p.newUser()
			return p.call("revoke-session", fmt.Sprintf(`{"token":%q}`, u.token), u.cookie)
		}},
	}
}

// changeEmailOf begins a change of the email of a user.
func (p *pluginServer) changeEmailOf(u pluginUser) {
	p.tb.Helper()
	p.do("change-email", fmt.Sprintf(`{"newEmail":"other-%s"}`, u.email), u.cookie)
}

// emailRequests returns the requests that verify and change an email by a mailed link.
func (p *pluginServer) emailRequests() []pluginRequest {
	newUnverifiedUser := func() pluginUser {
		u := p.newUser()
		p.exec(`UPDATE "user" SET "emailVerified" = false WHERE id = $1`, u.id)
		return u
	}
	verify := func() httpCall {
		return p.call("verify-email?token="+url.QueryEscape(p.mailedToken(mail.VerifyEmail)), "", "")
	}
	return []pluginRequest{
		{"send-verification-email", func() httpCall {
			u := newUnverifiedUser()
			return p.call("send-verification-email", u.emailBody(), u.cookie)
		}},
		{"verify-email", func() httpCall {
			u := newUnverifiedUser()
			p.do("send-verification-email", u.emailBody(), u.cookie)
			return verify()
		}},
		{"change-email", func() httpCall {
			u := p.newUser()
			return p.call("change-email", fmt.Sprintf(`{"newEmail":"other-%s"}`, u.email), u.cookie)
		}},
		{"verify-email, of a change", func() httpCall {
			p.changeEmailOf(p.newUser())
			return verify()
		}},
		{"cancel-email-change", func() httpCall {
			p.changeEmailOf(p.newUser())
			return p.call("cancel-email-change", fmt.Sprintf(`{"token":%q}`, p.mailedToken(mail.EmailChangeNotice)), "")
		}},
	}
}

// linkedAccount links an account at Google, with the tokens that Google gives, to a new user. It returns the user and
// the id of the account.
func (p *pluginServer) linkedAccount() (u pluginUser, id string) {
	p.tb.Helper()
	u = p.newUser()
	header, _ := exchange(p.tb, p.address, p.visitGoogle("link-social", u.cookie, p.newPerson(u)))
	if location := header.Get("Location"); strings.Contains(location, "error=") {
		p.tb.Fatalf("link an account: got a redirect to %s, want one without an error", location)
	}
	err := p.db.QueryRow(p.tb.Context(),
		`SELECT id::text FROM account WHERE "userId" = $1 AND "providerId" = 'google'`, u.id).Scan(&id)
	if err != nil {
		p.tb.Fatal(err)
	}
	return u, id
}
