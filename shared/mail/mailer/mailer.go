// Package mailer renders the queued mails and sends them, with SES or by SMTP.
//
// A mail can arrive twice, because SQS delivers messages at least once and an answer of the server can be lost. Both
// mails have the same link, and a link works once, so the package does not remove duplicates.
package mailer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/mail/content"
	"github.com/xenon-auth/xenon/shared/mail/smtp"
	"github.com/xenon-auth/xenon/shared/secrets"
)

// timeReservedForAnswer is how long before the deadline of the invocation Deliver stops, so that it can still answer.
// If Lambda ended the invocation, SQS would deliver the whole batch again, including the mails that were sent.
const timeReservedForAnswer = time.Second

// Batch is the part of Lambda's SQS event that is used here (AWS Lambda Developer Guide, "Using Lambda with Amazon
// SQS").
type Batch struct {
	Records []struct {
		MessageID string `json:"messageId"`
		Body      string `json:"body"`
	} `json:"Records"`
}

// Failures names the messages of a Batch that were not sent. SQS delivers them again, and after some attempts moves
// them to the dead-letter queue. Lambda reads Failures if the event source has ReportBatchItemFailures.
type Failures struct {
	Items []Failure `json:"batchItemFailures"`
}

// Failure is one message that was not sent.
type Failure struct {
	MessageID string `json:"itemIdentifier"`
}

// sender sends rendered mails. Its errors contain no email, no link and no password.
type sender interface {
	Send(ctx context.Context, to string, c content.Content) error
	Close() // ends the connection, if there is one; the next Send opens another
}

// Mailer sends mails. It is not safe for concurrent use; Lambda calls it with one batch at a time.
type Mailer struct {
	cfg       config.Mailer
	smtpURL   func(context.Context) (config.Secret, error)
	now       func() time.Time
	templates func(context.Context) (*content.Templates, error)

	ses     *sesSender // made for the first mail
	smtp    *smtp.Sender
	usedURL config.Secret // the URL of smtp
}

// Loader returns a function that returns a Mailer with the settings of functions/mailer. It makes no request.
func Loader(now func() time.Time) func(getenv func(string) string) (*Mailer, error) {
	return func(getenv func(string) string) (*Mailer, error) {
		cfg, err := config.LoadMailer(getenv)
		if err != nil {
			return nil, err
		}
		return New(cfg, secrets.NewSMTPURL(cfg, now), now)
	}
}

// New returns a Mailer. It makes no request. The error lists what is wrong with templates of a folder. smtpURL returns
// SMTP_URL; it is called only if cfg.UsesSMTP().
func New(
	cfg config.Mailer, smtpURL func(context.Context) (config.Secret, error), now func() time.Time,
) (*Mailer, error) {
	templates, err := openTemplates(cfg, now)
	if err != nil {
		return nil, err
	}
	return &Mailer{cfg: cfg, smtpURL: smtpURL, now: now, templates: templates}, nil
}

// Deliver sends the mails of the batch. It drops a mail whose link has expired. It logs every mail that is not of the
// kind Nothing, never with its content, and returns those that it could not send as Failures. The error is always nil,
// because with an error SQS would deliver the whole batch again.
func (m *Mailer) Deliver(ctx context.Context, b Batch) (Failures, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-timeReservedForAnswer))
		defer cancel()
	}
	batch := &batchSender{mailer: m}
	defer batch.close()
	failed := Failures{Items: []Failure{}}
	for _, r := range b.Records {
		kind, err := m.deliver(ctx, r.Body, batch)
		switch {
		case errors.Is(err, errLinkExpired):
			slog.WarnContext(ctx, "mail dropped", "messageId", r.MessageID, "kind", kind, "reason", err.Error())
		case err != nil:
			slog.ErrorContext(ctx, "mail not sent", "messageId", r.MessageID, "kind", kind, "reason", err.Error())
			failed.Items = append(failed.Items, Failure{MessageID: r.MessageID})
		case kind != mail.Nothing:
			slog.InfoContext(ctx, "mail sent", "messageId", r.MessageID, "kind", kind)
		}
	}
	return failed, nil
}

var (
	errMalformedBody = errors.New("the body is not a mail")
	errLinkExpired   = errors.New("the link has expired")
)

// deliver sends one mail. It returns the kind of the mail, also with an error, or "" if the kind is not known.
func (m *Mailer) deliver(ctx context.Context, text string, batch *batchSender) (mail.Kind, error) {
	var message mail.Message
	if json.Unmarshal([]byte(text), &message) != nil { // the error would quote the body
		return "", errMalformedBody
	}
	if message.Kind == mail.Nothing {
		return mail.Nothing, nil
	}
	templates, err := m.templates(ctx)
	if err != nil {
		return knownKind(message.Kind), err
	}
	c, err := templates.Render(message)
	if errors.Is(err, content.ErrUnknownKind) {
		return "", err
	}
	lifetime := content.Lifetimes[message.Kind]
	if err == nil && lifetime > 0 && !message.At.IsZero() && m.now().Sub(message.At) >= lifetime {
		err = errLinkExpired // for example after an operator has moved the mail back from the dead-letter queue
	}
	if err == nil {
		err = batch.send(ctx, message.To, c)
	}
	return message.Kind, err
}

// knownKind returns the kind, or "" if it is not a kind of mail.
func knownKind(kind mail.Kind) mail.Kind {
	if _, known := content.Lifetimes[kind]; !known {
		return ""
	}
	return kind
}

// batchSender sends the mails of one batch. All of them use the same connection.
type batchSender struct {
	mailer *Mailer
	open   sender
	err    error // why there is no sender
}

func (b *batchSender) send(ctx context.Context, to string, c content.Content) error {
	if b.open == nil && b.err == nil {
		b.open, b.err = b.mailer.sender(ctx)
	}
	if b.err != nil {
		return b.err
	}
	return b.open.Send(ctx, to, c)
}

func (b *batchSender) close() {
	if b.open != nil {
		b.open.Close()
	}
}

// sender returns the sender of the settings. It makes a new one if SMTP_URL has changed.
func (m *Mailer) sender(ctx context.Context) (sender, error) {
	if !m.cfg.UsesSMTP() {
		if m.ses == nil {
			m.ses = &sesSender{aws: m.cfg.AWS, from: m.cfg.From, replyTo: m.cfg.Look.ReplyTo}
		}
		return m.ses, nil
	}
	serverURL, err := m.smtpURL(ctx)
	if err != nil {
		return nil, fmt.Errorf("read SMTP_URL: %w", err)
	}
	if m.smtp == nil || m.usedURL != serverURL {
		server, err := config.ParseSMTPURL(serverURL)
		if err != nil {
			return nil, fmt.Errorf("SMTP_URL %w", err)
		}
		m.smtp, m.usedURL = smtp.New(server, m.cfg.From, m.cfg.Look.ReplyTo, m.now), serverURL
	}
	return m.smtp, nil
}
