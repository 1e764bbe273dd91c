// Package mail hands the mails of the endpoints to whoever delivers them: a queue in the cloud, an outbox file on a laptop.
package mail

import (
	"context"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
)

// Kind says what a mail is for.
type Kind string

// The mails there are.
const (
	VerifyEmail             Kind = "verify-email"
	ResetPassword           Kind = "reset-password"
	ChangeEmailConfirmation Kind = "change-email-confirmation"
	DeleteAccount           Kind = "delete-account"
	EmailChangeNotice       Kind = "email-change-notice" // to the old address, when a change is asked for; the link cancels it
	EmailChanged            Kind = "email-changed"       // to the old address, when the change is done; there is no link

	// Nothing is queued like a mail and not delivered, so that an address nobody has costs what a known one does.
	Nothing Kind = "nothing"
)

// ChangeEmail is the Purpose of a VerifyEmail that goes to the address to come.
const ChangeEmail = "change-email"

// Message is one mail before it has words.
type Message struct {
	Kind     Kind      `json:"kind"`
	To       string    `json:"to"`
	URL      string    `json:"url"`
	Token    string    `json:"token"`
	NewEmail string    `json:"newEmail,omitempty"` // in mails to the old address: the one to come
	Purpose  string    `json:"purpose,omitempty"`  // with VerifyEmail: ChangeEmail, or "" for the address of the account
	At       time.Time `json:"at"`
}

// Sender takes mails for delivery. It returns when the mail is safe, not when it has arrived.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// New is the Sender that the settings ask for, nil for none. It opens and calls nothing.
func New(cfg config.API) Sender {
	switch cfg.Mail {
	case config.MailOutbox:
		return outbox{file: cfg.MailFile}
	case config.MailQueue:
		return &queue{url: cfg.MailQueueURL, sqs: newSQS(cfg.AWS, time.Now)} //nolint:forbidigo // signatures carry the real time
	}
	return nil
}
