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

	// Nothing is queued like a mail and not delivered, so that an address nobody has costs what a known one does.
	Nothing Kind = "nothing"
)

// Message is one mail before it has words.
type Message struct {
	Kind     Kind      `json:"kind"`
	To       string    `json:"to"`
	URL      string    `json:"url"`
	Token    string    `json:"token"`
	NewEmail string    `json:"newEmail,omitempty"` // with ChangeEmailConfirmation: where the account is to move
	At       time.Time `json:"at"`
}

// Sender takes mails for delivery. It returns when the mail is safe, not when it has arrived.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// New is the Sender that the settings ask for, nil for none. It opens and calls nothing.
func New(cfg config.Config) Sender {
	switch cfg.Mail {
	case config.MailOutbox:
		return outbox{file: cfg.MailFile}
	case config.MailQueue:
		return &queue{url: cfg.MailQueueURL, sqs: newSQS(cfg.AWS, time.Now)} //nolint:forbidigo // signatures carry the real time
	}
	return nil
}
