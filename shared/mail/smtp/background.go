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

var (
	errTooManyMails = errors.New("too many mails wait to be sent by SMTP")
	errStopped      = errors.New("the program ends and sends no more mails")
)

// Background sends mails in the background, for local development. It loses the mails that wait when the process ends.
type Background struct {
	sender    *Sender
	templates *content.Templates
	waiting   chan mail.Message
	stopping  chan struct{} // closed by Stop
	done      chan struct{} // closed when no mail is sent any more
}

// NewBackground starts to wait for mails. Call Stop at the end.
func NewBackground(sender *Sender, templates *content.Templates) *Background {
	b := &Background{
		sender: sender, templates: templates, waiting: make(chan mail.Message, maxWaitingMails),
		stopping: make(chan struct{}), done: make(chan struct{}),
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
	case <-b.stopping:
		return errStopped
	default:
	}
	select {
	case b.waiting <- m:
		return nil
	default:
		return errTooManyMails
	}
}

// Stop sends the mails that wait, until the context ends. It is called once.
func (b *Background) Stop(ctx context.Context) {
	close(b.stopping)
	select {
	case <-b.done:
	case <-ctx.Done():
	}
}

func (b *Background) run() {
	defer close(b.done)
	for {
		select {
		case m := <-b.waiting:
			b.sendAndLog(m)
		case <-b.stopping:
			b.sendWaiting()
			return
		}
	}
}

// sendWaiting sends the mails that wait.
func (b *Background) sendWaiting() {
	for {
		select {
		case m := <-b.waiting:
			b.sendAndLog(m)
		default:
			return
		}
	}
}

func (b *Background) sendAndLog(m mail.Message) {
	if err := b.send(m); err != nil {
		slog.Error("mail not sent", "kind", m.Kind, "reason", err.Error())
		return
	}
	slog.Info("mail sent", "kind", m.Kind)
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
