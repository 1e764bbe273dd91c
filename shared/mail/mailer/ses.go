package mailer

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail/content"
)

// sesSender sends mails with SES.
type sesSender struct {
	aws           config.AWS
	from, replyTo string
	client        *sesv2.Client // made for the first mail
}

// Send sends a mail. SES writes the headers Date and Message-ID.
func (s *sesSender) Send(ctx context.Context, to string, c content.Content) error {
	if s.client == nil {
		client, err := newSESClient(s.aws)
		if err != nil {
			return err
		}
		s.client = client
	}
	part := func(text string) *types.Content { return &types.Content{Data: &text, Charset: aws.String("UTF-8")} }
	in := &sesv2.SendEmailInput{
		FromEmailAddress: &s.from,
		Destination:      &types.Destination{ToAddresses: []string{to}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: part(c.Subject),
			Body:    &types.Body{Text: part(c.Text), Html: part(c.HTML)},
		}},
	}
	if s.replyTo != "" {
		in.ReplyToAddresses = []string{s.replyTo}
	}
	_, err := s.client.SendEmail(ctx, in)
	return errorCodeOnly(err)
}

// newSESClient returns a client of SES, or of an emulator.
func newSESClient(as config.AWS) (*sesv2.Client, error) {
	if err := as.Check(); err != nil {
		return nil, err
	}
	credentials := aws.Credentials{
		AccessKeyID: as.AccessKeyID, SecretAccessKey: string(as.SecretAccessKey), SessionToken: string(as.SessionToken),
	}
	options := sesv2.Options{
		Region:      as.Region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }),
	}
	if as.MailEndpoint != "" {
		options.BaseEndpoint = &as.MailEndpoint
	}
	return sesv2.New(options), nil
}

// Close does nothing: the SDK keeps its connections for the next batch.
func (s *sesSender) Close() {}

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
