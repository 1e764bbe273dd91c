package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/xenon-auth/xenon/shared/config"
)

const (
	// The length of a message body is a multiple of bodyLengthUnitBytes bytes, so that a mail of kind Nothing is as long
	// as a usual mail with a link.
	bodyLengthUnitBytes = 2048

	// queueSendTimeout limits how long a request waits for the queue, in all attempts together.
	queueSendTimeout = 5 * time.Second
	maxSendAttempts  = 3
	maxRetryPause    = 200 * time.Millisecond // maximum time between two attempts
)

// queue sends mails to functions/mailer through SQS.
type queue struct {
	url    string
	client func() (*sqs.Client, error) // created for the first mail
}

func newQueue(as config.AWS, queueURL string) *queue {
	create := func() (*sqs.Client, error) { return newSQSClient(as, queueURL) }
	return &queue{url: queueURL, client: sync.OnceValues(create)}
}

// Send also queues mails of kind Nothing. Its errors contain no email and no link. If SQS stores a message and its
// answer is lost, Send tries again and the user gets a second mail with the same link, which is harmless.
func (q *queue) Send(ctx context.Context, m Message) error {
	text, err := paddedJSON(m)
	if err == nil {
		err = q.send(ctx, text)
	}
	if err != nil {
		return fmt.Errorf("queue %s mail: %w", m.Kind, err)
	}
	return nil
}

// paddedJSON returns the message as JSON, padded with spaces, which JSON parsers ignore.
func paddedJSON(m Message) (string, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	padding := (bodyLengthUnitBytes - len(text)%bodyLengthUnitBytes) % bodyLengthUnitBytes
	return string(text) + strings.Repeat(" ", padding), nil
}

func (q *queue) send(ctx context.Context, text string) error {
	client, err := q.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, queueSendTimeout)
	defer cancel()
	_, err = client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &text})
	return statusAndCodeOnly(err)
}

// newSQSClient returns a client that calls the host of the queue's URL, or an emulator.
func newSQSClient(as config.AWS, queueURL string) (*sqs.Client, error) {
	if err := as.Check(); err != nil {
		return nil, err
	}
	endpoint := as.QueueEndpoint
	if endpoint == "" {
		u, err := url.Parse(queueURL)
		if err != nil {
			return nil, fmt.Errorf("read the URL of the queue: %w", err)
		}
		endpoint = u.Scheme + "://" + u.Host
	}
	credentials := aws.Credentials{
		AccessKeyID:     as.AccessKeyID,
		SecretAccessKey: string(as.SecretAccessKey),
		SessionToken:    string(as.SessionToken),
	}
	return sqs.New(sqs.Options{
		Region:       as.Region,
		BaseEndpoint: &endpoint,
		Credentials:  aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff = maxSendAttempts, maxRetryPause
		}),
	}), nil
}

// statusAndCodeOnly replaces an answer of SQS, which may quote the message, by its status and code.
func statusAndCodeOnly(err error) error {
	answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || answer.HTTPStatusCode() == 0 { // SQS did not answer
		return err
	}
	code := "without a code"
	if named, ok := errors.AsType[smithy.APIError](err); ok {
		code = named.ErrorCode() // such as QueueDoesNotExist
	}
	return fmt.Errorf("SQS answered %d %s", answer.HTTPStatusCode(), code)
}
