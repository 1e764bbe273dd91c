package awsjson

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// Error is an answer that is not a success. Its text has the status and the code but not the message, because a message
// can quote the request.
type Error struct {
	service string
	Status  int
	Code    string // such as AccessDeniedException; empty if the answer has none
	Message string
}

// Error returns a text such as "SQS answered 400 QueueDoesNotExist".
func (e *Error) Error() string {
	return fmt.Sprintf("%s answered %d %s", e.service, e.Status, cmp.Or(e.Code, "without a code"))
}

// HTTPStatusCode and ErrorCode let the SDK decide whether to retry.
func (e *Error) HTTPStatusCode() int { return e.Status }

// ErrorCode returns Code.
func (e *Error) ErrorCode() string { return e.Code }

// IsTemporary reports whether a later call may succeed after the error err of Call: there was no answer, a 5xx answer,
// or throttling.
func IsTemporary(err error) bool {
	answer, ok := errors.AsType[*Error](err)
	if !ok {
		return true
	}
	_, isThrottled := retry.DefaultThrottleErrorCodes[answer.Code]
	return isThrottled || answer.Status >= http.StatusInternalServerError
}

// newError reads an answer such as {"__type": "com.amazonaws.sqs#RequestThrottled", "message": "…"}. The code may also
// be in a header.
func (c *Client) newError(answer *http.Response, text []byte) *Error {
	var body struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(text, &body) // a body that is not JSON, for example of a proxy, has no code
	code, _, _ := strings.Cut(cmp.Or(body.Type, answer.Header.Get("X-Amzn-Errortype")), ":")
	return &Error{
		service: c.service.name, Status: answer.StatusCode, Message: body.Message,
		Code: code[strings.LastIndexByte(code, '#')+1:],
	}
}
