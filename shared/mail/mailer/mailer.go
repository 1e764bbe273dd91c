// Package mailer renders the queued mails and sends them with SES.
//
// A mail can arrive twice, because SQS delivers messages at least once and an answer of SES can be lost. Both mails
// have the same link, which works once, so the package does nothing against it.
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

// reserve is how long before the deadline of the invocation Deliver stops, so that it can still answer. If Lambda ended
// the invocation, SQS would deliver the whole batch again, including the mails that were sent.
const reserve = time.Second

// Batch is the part of Lambda's SQS event that is used here (AWS Lambda Developer Guide, "Using Lambda with Amazon
// SQS").
type Batch struct {
	Records []struct {
		MessageID string `json:"messageId"`
		Body      string `json:"body"`
	} `json:"Records"`
}

// Failures names the messages of a Batch that SQS shall deliver again, and after some tries move to the dead-letter
// queue. Lambda reads it if the event source has ReportBatchItemFailures.
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
	now  func() time.Time
	ses  *sesv2.Client // made for the first mail
}

// New calls nothing. The SDK finds endpoint, region and credentials in its own environment variables.
func New(cfg config.Mailer, now func() time.Time) *Mailer {
	return &Mailer{from: cfg.From, now: now}
}

// Deliver sends the mails of the batch. It logs a failure with the kind of the mail, never with its content, and
// returns it in Failures. The error is always nil, because with an error SQS would deliver the whole batch again.
func (m *Mailer) Deliver(ctx context.Context, b Batch) (Failures, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-reserve))
		defer cancel()
	}
	failed := Failures{Items: []Failure{}}
	for _, r := range b.Records {
		kind, err := m.deliver(ctx, r.Body)
		switch {
		case errors.Is(err, errExpired):
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
	errMalformed = errors.New("the body is not a mail")
	errExpired   = errors.New("the link has expired")
)

// deliver sends one mail. It returns the kind if it is a known one, also with an error.
func (m *Mailer) deliver(ctx context.Context, text string) (mail.Kind, error) {
	var letter mail.Message
	if json.Unmarshal([]byte(text), &letter) != nil { // the error would quote the body
		return "", errMalformed
	}
	if letter.Kind == mail.Nothing {
		return mail.Nothing, nil
	}
	r, err := render(letter)
	if errors.Is(err, errKind) {
		return "", err
	}
	lifetime := linkLifetimes[letter.Kind]
	if err == nil && lifetime > 0 && !letter.At.IsZero() && m.now().Sub(letter.At) >= lifetime {
		err = errExpired // an operator moved it back out of the dead-letter queue
	}
	if err == nil {
		err = m.send(ctx, letter.To, r)
	}
	return letter.Kind, err
}

func (m *Mailer) send(ctx context.Context, to string, r rendered) error {
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
	return withoutContent(err)
}

// withoutContent replaces an error of SES, which may contain an email, by its code or by the fact that there was no
// answer.
func withoutContent(err error) error {
	if err == nil {
		return nil
	}
	if named, ok := errors.AsType[smithy.APIError](err); ok {
		return fmt.Errorf("SES answered %s", named.ErrorCode())
	}
	return errors.New("SES did not answer")
}
