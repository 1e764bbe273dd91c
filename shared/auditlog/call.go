package auditlog

import (
	"context"
	"errors"
	"fmt"

	"github.com/xenon-auth/xenon/shared/awsjson"
)

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

// filterLogEvents searches the log group once.
func (c *CloudWatch) filterLogEvents(ctx context.Context, in filterLogEvents) (out logLines, err error) {
	if in.LogGroupName == "" {
		return out, errors.New("AWS_LAMBDA_LOG_GROUP_NAME is missing; Lambda sets it")
	}
	err = c.call(ctx, "FilterLogEvents", in, &out)
	return out, err
}

// call calls an operation of CloudWatch Logs, and reads the answer into out, which may be nil. The error has the
// message of CloudWatch.
func (c *CloudWatch) call(ctx context.Context, operation string, in, out any) error {
	client, err := awsjson.CloudWatchLogs(c.settings)
	if err != nil {
		return err
	}
	err = client.Call(ctx, operation, in, out)
	if answer, ok := errors.AsType[*awsjson.Error](err); ok && answer.Message != "" {
		return fmt.Errorf("%w: %s", err, answer.Message)
	}
	return err
}
