package smtp

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/smtptest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail/content"
)

// A request does not wait for the server, and the end of the program does not wait longer than its time limit.
func TestBackgroundNeverWaitsForTheServer(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Options{NoTLS: true})
	asked, hold := make(chan struct{}, 1), make(chan struct{})
	server.Refuse(func(string) error {
		select {
		case asked <- struct{}{}:
		default: // only the first mail is waited for
		}
		<-hold
		return nil
	})
	defer close(hold)
	templates, err := content.New(config.MailLook{}, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	b := NewBackground(newSender(server, "127.0.0.1", nil), templates)
	m := content.TestMails()[0]
	if err := b.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	<-asked // the server has the first mail and does not answer
	for range maxWaitingMails {
		if err := b.Send(t.Context(), m); err != nil {
			t.Fatalf("send while the server does not answer: got %v, want no error", err)
		}
	}
	if err := b.Send(t.Context(), m); !errors.Is(err, errTooManyMails) {
		t.Errorf("send with %d waiting mails: got %v, want %v", maxWaitingMails, err, errTooManyMails)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	b.Stop(ctx)
	if err := b.Send(t.Context(), m); !errors.Is(err, errStopped) {
		t.Errorf("send after Stop: got %v, want %v", err, errStopped)
	}
}
