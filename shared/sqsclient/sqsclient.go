// Package sqsclient creates clients of SQS, for the queues of mails and of events.
package sqsclient

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/xenon-auth/xenon/shared/config"
)

const (
	maxAttempts   = 3
	maxRetryPause = 200 * time.Millisecond // maximum time between two attempts
)

// New returns a client that calls the host of the queue's URL, or an emulator.
func New(as config.AWS, queueURL string) (*sqs.Client, error) {
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
			o.MaxAttempts, o.MaxBackoff = maxAttempts, maxRetryPause
		}),
	}), nil
}

// StatusAndCodeOnly replaces an answer of SQS, which may quote the message, by its status and code.
func StatusAndCodeOnly(err error) error {
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
