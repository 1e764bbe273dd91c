// Package awsjson calls services of AWS that take a JSON document: Secrets Manager, SQS, CloudWatch Logs and SES. The
// requests are signed and retried by packages of the AWS SDK. The clients of the SDK are not used, because they make
// every function larger and every cold start longer (docs/adr/0019-aws-json-without-the-clients-of-the-sdk.md).
package awsjson

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/xenon-auth/xenon/shared/config"
)

const (
	maxAttempts = 3

	// shortPause is the maximum time between two attempts of a call for which a request of a user waits.
	shortPause = 200 * time.Millisecond

	// maxAnswerBytes limits the answers that are read. CloudWatch Logs sends at most 1 MB of lines, which can be longer
	// as JSON.
	maxAnswerBytes = 8 << 20
)

// Client calls one service. It is safe for concurrent use.
type Client struct {
	service     service
	endpoint    string // a URL without a path
	region      string
	credentials aws.Credentials
	retryer     *retry.Standard
}

type service struct {
	name        string // in errors
	id          string // in the signature
	host        string // the first label of the host
	target      string // what the header X-Amz-Target has before the operation; empty: the operation is a path
	contentType string
	maxPause    time.Duration // between two attempts
}

// SecretsManager returns a client of Secrets Manager, or of an emulator.
func SecretsManager(as config.AWS) (*Client, error) {
	return newClient(as, as.SecretsEndpoint, service{
		name: "Secrets Manager", id: "secretsmanager", host: "secretsmanager", target: "secretsmanager",
		contentType: "application/x-amz-json-1.1", maxPause: retry.DefaultMaxBackoff,
	})
}

// CloudWatchLogs returns a client of CloudWatch Logs, or of an emulator.
func CloudWatchLogs(as config.AWS) (*Client, error) {
	return newClient(as, as.LogsEndpoint, service{
		name: "CloudWatch Logs", id: "logs", host: "logs", target: "Logs_20140328",
		contentType: "application/x-amz-json-1.1", maxPause: shortPause,
	})
}

// SES returns a client of the API v2 of SES, or of an emulator. Its operations are paths.
func SES(as config.AWS) (*Client, error) {
	return newClient(as, as.MailEndpoint, service{
		name: "SES", id: "ses", host: "email", contentType: "application/json", maxPause: retry.DefaultMaxBackoff,
	})
}

// SQS returns a client of SQS at the host of the queue's URL, or of an emulator.
func SQS(as config.AWS, queueURL string) (*Client, error) {
	u, err := url.Parse(queueURL)
	if err != nil {
		return nil, fmt.Errorf("read the URL of the queue: %w", err)
	}
	return newClient(as, cmp.Or(as.QueueEndpoint, u.Scheme+"://"+u.Host), service{
		name: "SQS", id: "sqs", target: "AmazonSQS",
		contentType: "application/x-amz-json-1.0", maxPause: shortPause,
	})
}

// newClient returns a client of a service. An empty endpoint means the one of AWS in the region of the settings.
func newClient(as config.AWS, endpoint string, s service) (*Client, error) {
	if err := as.Check(); err != nil {
		return nil, err
	}
	return &Client{
		service:  s,
		endpoint: strings.TrimSuffix(cmp.Or(endpoint, "https://"+s.host+"."+as.Region+"."+domain(as.Region)), "/"),
		region:   as.Region,
		credentials: aws.Credentials{
			AccessKeyID:     as.AccessKeyID,
			SecretAccessKey: string(as.SecretAccessKey),
			SessionToken:    string(as.SessionToken),
		},
		retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff = maxAttempts, s.maxPause
		}),
	}, nil
}

// domain returns the domain of the services in a region.
func domain(region string) string {
	for _, partition := range []struct{ prefix, domain string }{
		{"cn-", "amazonaws.com.cn"},
		{"eusc-", "amazonaws.eu"},
		{"us-iso-", "c2s.ic.gov"},
		{"us-isob-", "sc2s.sgov.gov"},
		{"eu-isoe-", "cloud.adc-e.uk"},
		{"us-isof-", "csp.hci.ic.gov"},
	} {
		if strings.HasPrefix(region, partition.prefix) {
			return partition.domain
		}
	}
	return "amazonaws.com"
}

// Call calls an operation with in as JSON, and reads the answer into out, which may be nil. It tries up to three times,
// by the rules of the SDK. An error after an answer of the service is an *Error.
func (c *Client) Call(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		err := c.callOnce(ctx, operation, body, out)
		if err == nil || attempt == maxAttempts || ctx.Err() != nil || !c.retryer.IsErrorRetryable(err) {
			return err
		}
		if !c.pause(ctx, attempt, err) {
			return err
		}
	}
}

// pause waits before the next attempt. It returns false if ctx ends before.
func (c *Client) pause(ctx context.Context, attempt int, err error) bool {
	delay, err := c.retryer.RetryDelay(attempt, err)
	if err != nil {
		return false
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// httpClient follows no redirects, because a signature is valid for one URL.
var httpClient = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (c *Client) callOnce(ctx context.Context, operation string, body []byte, out any) error {
	r, err := c.newRequest(ctx, operation, body)
	if err != nil {
		return err
	}
	answer, err := httpClient.Do(r)
	if err != nil {
		return c.noAnswerError(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswerBytes))
	switch {
	case err != nil:
		return c.noAnswerError(err)
	case answer.StatusCode != http.StatusOK:
		return c.newError(answer, text)
	case out == nil:
		return nil
	}
	if json.Unmarshal(text, out) != nil { // its error could quote the answer
		return &Error{service: c.service.name, Status: answer.StatusCode, Message: "the body is not the expected JSON"}
	}
	return nil
}

// noAnswerError returns an error that the SDK retries.
func (c *Client) noAnswerError(err error) error {
	return fmt.Errorf("call %s: %w", c.service.name, &smithyhttp.RequestSendError{Err: err})
}

// newRequest returns a signed request.
func (c *Client) newRequest(ctx context.Context, operation string, body []byte) (*http.Request, error) {
	path, target := "/", c.service.target+"."+operation
	if c.service.target == "" {
		path, target = operation, ""
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", c.service.contentType)
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	hash := sha256.Sum256(body)
	now := time.Now() //nolint:forbidigo // AWS compares the time of a signature with its own clock
	return r, v4.NewSigner().SignHTTP(ctx, c.credentials, r, hex.EncodeToString(hash[:]), c.service.id, c.region, now)
}
