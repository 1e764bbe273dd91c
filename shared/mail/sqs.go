package mail

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
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/xenon-auth/xenon/shared/config"
)

// sqs makes the one call of SQS that functions need, in the AWS JSON protocol (Amazon SQS Developer Guide, "Making
// Query API requests using AWS JSON protocol"). The SDK's client would make each function 0.3 MB larger (ADR 0007).
type sqs struct {
	aws  config.AWS
	http *awshttp.BuildableClient
	now  func() time.Time
}

func newSQS(as config.AWS, now func() time.Time) sqs {
	return sqs{aws: as, http: awshttp.NewBuildableClient(), now: now}
}

// sendMessage tries once. The error is a *refusedError if SQS answered.
func (s *sqs) sendMessage(ctx context.Context, queueURL, text string) error {
	if err := s.aws.Check(); err != nil {
		return err
	}
	req, err := s.request(ctx, queueURL, text)
	if err != nil {
		return err
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return fmt.Errorf("call SQS: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16)) // reads all, so that the connection can be reused
	if err != nil {
		return fmt.Errorf("read SQS: %w", err)
	}
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	var e struct {
		Type string `json:"__type"`
	}
	_ = json.Unmarshal(answer, &e) // without a code the error has the status alone
	_, code, _ := strings.Cut(e.Type, "#")
	return &refusedError{status: resp.StatusCode, code: cmp.Or(code, e.Type)}
}

func (s *sqs) request(ctx context.Context, queueURL, text string) (*http.Request, error) {
	payload, err := json.Marshal(map[string]string{"QueueUrl": queueURL, "MessageBody": text})
	if err != nil {
		return nil, fmt.Errorf("call SQS: %w", err)
	}
	endpoint, err := url.Parse(cmp.Or(s.aws.QueueEndpoint, queueURL))
	if err != nil {
		return nil, fmt.Errorf("call SQS: %w", err)
	}
	root := endpoint.ResolveReference(&url.URL{Path: "/"}).String()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, root, bytes.NewReader(payload))
	if err != nil {
		return nil, fmt.Errorf("call SQS: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "AmazonSQS.SendMessage")
	as := aws.Credentials{
		AccessKeyID:     s.aws.AccessKeyID,
		SecretAccessKey: string(s.aws.SecretAccessKey),
		SessionToken:    string(s.aws.SessionToken),
	}
	sum := sha256.Sum256(payload)
	err = v4.NewSigner().SignHTTP(ctx, as, req, hex.EncodeToString(sum[:]), "sqs", s.aws.Region, s.now())
	if err != nil {
		return nil, fmt.Errorf("sign for SQS: %w", err)
	}
	return req, nil
}
