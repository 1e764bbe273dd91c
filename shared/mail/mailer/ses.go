package mailer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/xenon-auth/xenon/shared/awsjson"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail/content"
)

// sesSender sends mails with SES.
type sesSender struct {
	aws           config.AWS
	from, replyTo string
	client        *awsjson.Client // created for the first mail
}

// sendEmail is the body of a call of SendEmail, with the names of the API.
type sendEmail struct {
	FromEmailAddress string
	ReplyToAddresses []string `json:",omitempty"`
	Destination      struct{ ToAddresses []string }
	Content          struct {
		Simple struct {
			Subject sesText
			Body    struct {
				Text sesText
				HTML sesText `json:"Html"`
			}
		}
	}
}

type sesText struct{ Data, Charset string }

// Send sends a mail. SES writes the headers Date and Message-ID. The error has no email.
func (s *sesSender) Send(ctx context.Context, to string, c content.Content) error {
	if s.client == nil {
		client, err := awsjson.SES(s.aws)
		if err != nil {
			return err
		}
		s.client = client
	}
	in := sendEmail{FromEmailAddress: s.from}
	if s.replyTo != "" {
		in.ReplyToAddresses = []string{s.replyTo}
	}
	in.Destination.ToAddresses = []string{to}
	in.Content.Simple.Subject = sesText{c.Subject, "UTF-8"}
	in.Content.Simple.Body.Text = sesText{c.Text, "UTF-8"}
	in.Content.Simple.Body.HTML = sesText{c.HTML, "UTF-8"}
	return errorCodeOnly(s.client.Call(ctx, "/v2/email/outbound-emails", in, nil))
}

// Close does nothing: connections stay open for the next batch.
func (s *sesSender) Close() {}

// errorCodeOnly returns an error with only the code of an error of SES, whose text may contain an email. Any other
// error means that there was no answer: the network, a time limit or the AWS settings are the cause.
func errorCodeOnly(err error) error {
	if err == nil {
		return nil
	}
	if answer, ok := errors.AsType[*awsjson.Error](err); ok {
		return fmt.Errorf("SES answered %s", cmp.Or(answer.Code, strconv.Itoa(answer.Status)))
	}
	return errors.New("no answer from SES: network, time limit or AWS settings")
}
