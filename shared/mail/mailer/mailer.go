// Package mailer sends what the functions queued: it puts each mail into words and hands it to SES.
//
// SQS delivers at least once, and an answer of SES can get lost after the mail left, so a mail can arrive twice. Both
// carry the same link, which does its work once: nothing is kept to prevent it.
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

// reserve is what Deliver leaves of the invocation to answer in. When Lambda ended it instead, all of the batch would come
// again, also what was sent.
const reserve = time.Second

// Batch is what Lambda hands over of an SQS queue, as far as it matters here (AWS, "Using Lambda with Amazon SQS").
type Batch struct {
	Records []struct {
		MessageID string `json:"messageId"`
		Body      string `json:"body"`
	} `json:"Records"`
}

// Failures names the messages of a Batch that shall come again; SQS puts them into the dead-letter queue after some tries.
// Lambda reads it when the event source reports batch item failures.
type Failures struct {
	Items []Failure `json:"batchItemFailures"`
}

// Failure is one message that was not sent.
type Failure struct {
	MessageID string `json:"itemIdentifier"`
}

// Mailer takes one batch at a time, as a function does.
type Mailer struct {
	from string
	now  func() time.Time
	ses  *sesv2.Client // made by the first mail
}

// New calls nothing. Mails come from cfg.From. Endpoint, region and credentials are what the SDK finds
// in its own variables and files.
func New(cfg config.Mailer, now func() time.Time) *Mailer {
	return &Mailer{from: cfg.From, now: now}
}

// Deliver sends what the batch holds. What fails is logged, by its kind and never by what it says, and named in the answer;
// the rest is not touched by it. The error is always nil, as any other would bring back the whole batch.
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
		case errors.Is(err, errLate):
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
	errLate      = errors.New("the link has expired")
)

// deliver returns the kind as soon as it is one that we know.
func (m *Mailer) deliver(ctx context.Context, text string) (mail.Kind, error) {
	var letter mail.Message
	if json.Unmarshal([]byte(text), &letter) != nil { // what it says quotes the body
		return "", errMalformed
	}
	if letter.Kind == mail.Nothing {
		return mail.Nothing, nil
	}
	w, err := write(letter)
	if errors.Is(err, errKind) {
		return "", err
	}
	life := lives[letter.Kind]
	if err == nil && life > 0 && !letter.At.IsZero() && m.now().Sub(letter.At) >= life {
		err = errLate // somebody moved it back out of the dead-letter queue
	}
	if err == nil {
		err = m.send(ctx, letter.To, w)
	}
	return letter.Kind, err
}

func (m *Mailer) send(ctx context.Context, to string, w words) error {
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
			Subject: part(w.subject),
			Body:    &types.Body{Text: part(w.text), Html: part(w.html)},
		}},
	})
	return safe(err)
}

// safe leaves of an error of SES what holds no address: its code, or that there was no answer.
func safe(err error) error {
	if err == nil {
		return nil
	}
	if named, ok := errors.AsType[smithy.APIError](err); ok {
		return fmt.Errorf("SES said %s", named.ErrorCode())
	}
	return errors.New("SES did not answer")
}
