package content

import (
	"time"

	"github.com/xenon-auth/xenon/shared/mail"
)

// TestMails returns a mail of every kind: also the VerifyEmail of a change of email, and one of each type of code. The
// links have characters that HTML escapes.
func TestMails() []mail.Message {
	var all []mail.Message
	for _, m := range []mail.Message{
		{Kind: mail.VerifyEmail},
		{Kind: mail.VerifyEmail, Purpose: mail.ChangeEmail},
		{Kind: mail.ResetPassword},
		{Kind: mail.ChangeEmailConfirmation},
		{Kind: mail.EmailChangeNotice},
		{Kind: mail.EmailChanged},
		{Kind: mail.DeleteAccount},
		{Kind: mail.MagicLink},
		{Kind: mail.EmailOTP, Type: "sign-in"},
		{Kind: mail.EmailOTP, Type: "email-verification"},
		{Kind: mail.EmailOTP, Type: "forget-password"},
		{Kind: mail.TwoFactorOTP},
	} {
		m.To, m.At = "ada@example.com", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		m.URL = "https://learn.example.com/api/auth/" + string(m.Kind) +
			"?token=t0k3n.a-b_c&callbackURL=%2Faccount%3Fa%3D1%26b%3D2"
		m.Token = "t0k3n.a-b_c"
		if kindsWithCode[m.Kind] {
			m.URL, m.Token = "https://learn.example.com", "012345"
		}
		if kindsWithNewEmail[m.Kind] {
			m.NewEmail = "o'neill&co@example.com"
		}
		all = append(all, m)
	}
	return all
}
