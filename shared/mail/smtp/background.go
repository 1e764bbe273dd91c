package smtp

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/mail/content"
)

const (
	// maxWaitingMails limits the mails that wait to be sent.
	maxWaitingMails = 100
	// backgroundTimeout limits one mail.
	backgroundTimeout = 30 * time.Second
)

var errTooManyMails = errors.New("too many mails wait to be sent by SMTP")

// Background sends mails in the background, for local development. It loses the mails that wait when the process ends.
type Background struct {
	sender    *Sender
	templates *content.Templates
	waiting   chan mail.Message
	done      chan struct{}
}

// NewBackground starts to wait for mails. Call Stop at the end.
func NewBackground(sender *Sender, templates *content.Templates) *Background {
	b := &Background{
		sender: sender, templates: templates, waiting: make(chan mail.Message, maxWaitingMails), done: make(chan struct{}),
	}
	go b.run()
	return b
}

// Send accepts a mail and returns immediately.
func (b *Background) Send(_ context.Context, m mail.Message) error {
	if m.Kind == mail.Nothing {
		return nil
	}
	select {
	case b.waiting <- m:
		return nil
	default:
		return errTooManyMails
	}
}

// Stop sends the mails that wait, until the context ends. Send must not be called any more.
func (b *Background) Stop(ctx context.Context) {
	close(b.waiting)
	select {
	case <-b.done:
	case <-ctx.Done():
	}
}

func (b *Background) run() {
	defer close(b.done)
	for m := range b.waiting {
		if err := b.send(m); err != nil {
			slog.Error("mail not sent", "kind", m.Kind, "reason", err.Error())
			continue
		}
		slog.Info("mail sent", "kind", m.Kind)
	}
}

// send sends one mail with a connection of its own, because the next mail may come much later.
func (b *Background) send(m mail.Message) error {
	c, err := b.templates.Render(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), backgroundTimeout)
	defer cancel()
	defer b.sender.Close()
	return b.sender.Send(ctx, m.To, c)
}
