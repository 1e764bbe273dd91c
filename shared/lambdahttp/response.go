package lambdahttp

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
)

// bodyRulesWriter adds the rules of net/http that the adapter's writer does not have: only the first status is sent,
// the default is 200, and a response to HEAD, or with 204 or 304, has no body.
type bodyRulesWriter struct {
	http.ResponseWriter
	method string
	status int
}

func (w *bodyRulesWriter) WriteHeader(status int) {
	if status < 100 || status > 599 {
		panic(fmt.Sprintf("invalid status code %d", status))
	}
	if w.status != 0 || status < 200 { // API Gateway cannot send informational responses
		return
	}
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *bodyRulesWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	switch {
	case w.status == http.StatusNoContent || w.status == http.StatusNotModified:
		return 0, http.ErrBodyNotAllowed
	case w.method == http.MethodHead:
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// rejection is the response to an event that does not reach the handler, in the error form of shared/web.
type rejection struct {
	status  int
	Message string `json:"message"`
	Code    string `json:"code"`
}

var (
	bodyTooLarge  = &rejection{http.StatusRequestEntityTooLarge, "Request body is too large", "PAYLOAD_TOO_LARGE"}
	bodyNotBase64 = &rejection{http.StatusBadRequest, "Request body is not valid base64", "BAD_REQUEST"}
	invalidMethod = &rejection{http.StatusBadRequest, "Not an HTTP request", "BAD_REQUEST"}
)

func (r *rejection) response() events.APIGatewayV2HTTPResponse {
	body, _ := json.Marshal(r) // cannot fail for two strings
	answer := emptyResponse(r.status)
	answer.Headers["Content-Type"] = "application/json"
	answer.Body = string(body)
	return answer
}

func emptyResponse(status int) events.APIGatewayV2HTTPResponse {
	return events.APIGatewayV2HTTPResponse{StatusCode: status, Headers: map[string]string{}, Cookies: []string{}}
}
