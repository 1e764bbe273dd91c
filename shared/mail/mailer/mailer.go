// Package mailer renders the queued mails and sends them with SES.
//
// A mail can arrive twice, because SQS delivers messages at least once and an answer of SES can be lost. Both mails
// have the same link, and a link works once, so the package does not remove duplicates.
package mailer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail"
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

// Mailer sends mails. It is not safe for concurrent use; Lambda calls it with one batch at a time.
type Mailer struct {
	from string
	site string
	now  func() time.Time
	ses  *sesv2.Client // made for the first mail
}

// New returns a Mailer. It makes no request. The SDK finds endpoint, region and credentials in its own environment
// variables.
func New(cfg config.Mailer, now func() time.Time) *Mailer {
	return &Mailer{from: cfg.From, site: cfg.Site, now: now}
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
	failed := Failures{Items: []Failure{}}
	for _, r := range b.Records {
		kind, err := m.deliver(ctx, r.Body)
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
func (m *Mailer) deliver(ctx context.Context, text string) (mail.Kind, error) {
	var message mail.Message
	if json.Unmarshal([]byte(text), &message) != nil { // the error would quote the body
		return "", errMalformedBody
	}
	if message.Kind == mail.Nothing {
		return mail.Nothing, nil
	}
	r, err := render(message, m.site)
	if errors.Is(err, errUnknownKind) {
		return "", err
	}
	lifetime := linkLifetimes[message.Kind]
	if err == nil && lifetime > 0 && !message.At.IsZero() && m.now().Sub(message.At) >= lifetime {
		err = errLinkExpired // for example after an operator has moved the mail back from the dead-letter queue
	}
	if err == nil {
		err = m.send(ctx, message.To, r)
	}
	return message.Kind, err
}

func (m *Mailer) send(ctx context.Context, to string, r renderedMail) error {
	if m.ses == nil {
		cfg, err := awsconfig.LoadDefaultConfig(ctx)
		if err != nil {
			return fmt.Errorf("load AWS settings: %w", err)
		}
		m.ses = sesv2.NewFromConfig(cfg)
	}
	part := func(text string) *types.Content { return &types.Content{Data: &text, Charset: aws.String("UTF-8")} }
	_, err := m.ses.SendEmail(ctx, &sesv2.SendEmailInput{
		FromEmailAddress: &m.from,
		Destination:      &types.Destination{ToAddresses: []string{to}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: part(r.subject),
			Body:    &types.Body{Text: part(r.text), Html: part(r.html)},
		}},
	})
	return errorCodeOnly(err)
}

// errorCodeOnly returns an error with only the code of an error of SES, whose text may contain an email. Any other
// error means that there was no answer: the network, a time limit or the AWS settings are the cause.
func errorCodeOnly(err error) error {
	if err == nil {
		return nil
	}
	if named, ok := errors.AsType[smithy.APIError](err); ok {
		return fmt.Errorf("SES answered %s", named.ErrorCode())
	}
	return errors.New("no answer from SES: network, time limit or AWS settings")
}
