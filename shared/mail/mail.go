// Package mail stores mails for delivery: in an SQS queue in the cloud, in the outbox file in local development.
// Package mailer reads the queue and sends the mails.
package mail

import (
	"context"
	"errors"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
)

// Kind is the purpose of a mail.
type Kind string

// The kinds of mail.
const (
	VerifyEmail             Kind = "verify-email"
	ResetPassword           Kind = "reset-password"
	ChangeEmailConfirmation Kind = "change-email-confirmation"
	DeleteAccount           Kind = "delete-account"
	MagicLink               Kind = "magic-link"
	EmailOTP                Kind = "email-otp"

	// TwoFactorOTP has a code in Token, which finishes a sign-in. It has no link.
	TwoFactorOTP Kind = "two-factor-otp"

	// EmailChangeNotice goes to the old email when a change is requested; its link cancels the change.
	EmailChangeNotice Kind = "email-change-notice"
	// EmailChanged goes to the old email when the change is done; it has no link.
	EmailChanged Kind = "email-changed"

	// Nothing is the kind of a mail that is never delivered. With MAIL=queue it is queued like other mails, so that a
	// request with an unknown email takes as long as one with a known email.
	Nothing Kind = "nothing"
)

// ChangeEmail is the Purpose of a VerifyEmail to the new email of a change.
const ChangeEmail = "change-email"

// Message is one mail before it is rendered.
type Message struct {
	Kind     Kind      `json:"kind"`
	To       string    `json:"to"`
	URL      string    `json:"url"`
	Token    string    `json:"token"`
	NewEmail string    `json:"newEmail,omitempty"` // in mails to the old email: the new one
	Purpose  string    `json:"purpose,omitempty"`  // with VerifyEmail: ChangeEmail, or "" for the user's current email
	Type     string    `json:"type,omitempty"`     // with EmailOTP: what the code in Token is for
	At       time.Time `json:"at"`
}

// Sender stores mails for delivery. Send returns when the mail is stored, not when it is delivered.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// New returns the Sender for the settings. It opens no file and makes no request. Without mail (MAIL=none) its Send
// always fails, and with MAIL=smtp, too: xenon dev has a Sender of its own.
func New(cfg config.API) Sender {
	switch cfg.Mail {
	case config.MailOutbox:
		return outbox{file: cfg.MailFile}
	case config.MailQueue:
		return newQueue(cfg.AWS, cfg.MailQueueURL)
	}
	return noSender{cfg.Mail}
}

// noSender is the Sender of a program that sends no mail.
type noSender struct{ setting config.Mail }

func (s noSender) Send(context.Context, Message) error {
	if s.setting == config.MailSMTP {
		return errors.New("this program cannot send by SMTP: MAIL=smtp is only for xenon dev")
	}
	return errors.New("this deployment sends no mail: MAIL is none")
}
