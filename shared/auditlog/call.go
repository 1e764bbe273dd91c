package auditlog

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// maxAnswerBytes limits the answers that are read. CloudWatch Logs sends at most 1 MB of lines, which can be longer as
// JSON.
const maxAnswerBytes = 8 << 20

// filterLogEvents is the body of a call of FilterLogEvents.
type filterLogEvents struct {
	LogGroupName  string `json:"logGroupName"`
	FilterPattern string `json:"filterPattern"`
	StartTime     int64  `json:"startTime"` // in milliseconds, as EndTime
	EndTime       int64  `json:"endTime"`
	StartFromHead bool   `json:"startFromHead"`
	Limit         int    `json:"limit"`
	NextToken     string `json:"nextToken,omitempty"`
}

// logLines is the body of an answer of FilterLogEvents.
type logLines struct {
	Events []struct {
		Message string `json:"message"`
	} `json:"events"`
	NextToken string `json:"nextToken"`
}

// callError is an answer of CloudWatch Logs that is not a success.
type callError struct {
	status        int
	code, message string
}

func (e callError) Error() string {
	return fmt.Sprintf("CloudWatch Logs answered %d %s: %s", e.status, e.code, e.message)
}

// filterLogEvents searches the log group once.
func (c *CloudWatch) filterLogEvents(ctx context.Context, in filterLogEvents) (out logLines, err error) {
	if in.LogGroupName == "" {
		return out, errors.New("AWS_LAMBDA_LOG_GROUP_NAME is missing; Lambda sets it")
	}
	err = c.call(ctx, "FilterLogEvents", in, &out)
	return out, err
}

// call calls an operation of CloudWatch Logs once, with the body in, and reads the answer into out. It signs the call
// with the signer of the AWS SDK, but does not use the SDK's client, which would make the function larger.
func (c *CloudWatch) call(ctx context.Context, operation string, in, out any) error {
	r, err := c.newRequest(ctx, operation, in)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("call CloudWatch Logs: %w", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswerBytes))
	if err != nil {
		return fmt.Errorf("read the answer of CloudWatch Logs: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return readCallError(answer.StatusCode, body)
	}
	if len(body) == 0 { // of an operation without a result
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("read the answer of CloudWatch Logs: %w", err)
	}
	return nil
}

// newRequest returns the signed request of a call.
func (c *CloudWatch) newRequest(ctx context.Context, operation string, in any) (*http.Request, error) {
	if err := c.settings.Check(); err != nil {
		return nil, err
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Logs_20140328."+operation)
	as := aws.Credentials{
		AccessKeyID:     c.settings.AccessKeyID,
		SecretAccessKey: string(c.settings.SecretAccessKey),
		SessionToken:    string(c.settings.SessionToken),
	}
	hash := sha256.Sum256(body)
	return r, v4.NewSigner().SignHTTP(ctx, as, r, hex.EncodeToString(hash[:]), "logs", c.settings.Region, c.now())
}

// endpoint returns the URL of CloudWatch Logs in the region, or of an emulator.
func (c *CloudWatch) endpoint() string {
	domain := "amazonaws.com"
	if strings.HasPrefix(c.settings.Region, "cn-") {
		domain = "amazonaws.com.cn"
	}
	return cmp.Or(c.settings.LogsEndpoint, "https://logs."+c.settings.Region+"."+domain) + "/"
}

// readCallError reads the body of an answer that is not a success, such as {"__type": "ThrottlingException", …}.
func readCallError(status int, body []byte) error {
	var answer struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &answer) // the error of a body that is not JSON has the status only
	code := answer.Type[strings.LastIndexByte(answer.Type, '#')+1:]
	return callError{status, code, answer.Message}
}
