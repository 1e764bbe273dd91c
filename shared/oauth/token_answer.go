package oauth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// tokenTransport sends one request to a token endpoint. It takes expires_in out of the answer, because x/oauth2 refuses
// the whole answer if this is not an integer, and turns a form into JSON, because x/oauth2 reads numbers in a form as
// int64 or float64.
type tokenTransport struct {
	http.RoundTripper
	expiresIn any // the decoded expires_in, usually a float64 or a string; nil if the answer has none
}

func (t *tokenTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if answer := parseTokenAnswer(response.Header.Get("Content-Type"), body); answer != nil {
		body = t.withoutExpiry(answer, body)
		response.Header.Set("Content-Type", "application/json")
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	response.ContentLength = int64(len(body))
	return response, nil
}

// parseTokenAnswer returns the members of an answer, or nil if it is neither a JSON object nor a form.
func parseTokenAnswer(contentType string, body []byte) (answer map[string]json.RawMessage) {
	kind, _, _ := mime.ParseMediaType(contentType) // kind is "" if contentType is invalid
	if kind != "application/x-www-form-urlencoded" && kind != "text/plain" {
		if json.Unmarshal(body, &answer) != nil {
			return nil
		}
		return answer
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil
	}
	answer = map[string]json.RawMessage{}
	for name := range form {
		answer[name], _ = json.Marshal(form.Get(name)) // a text always has a JSON form
	}
	return answer
}

// withoutExpiry returns an answer as JSON without expires_in, or body if that fails. It removes the member in any
// spelling of upper and lower case, because encoding/json, with which x/oauth2 reads the answer, does not distinguish
// them.
func (t *tokenTransport) withoutExpiry(answer map[string]json.RawMessage, body []byte) []byte {
	for name, value := range answer {
		if !strings.EqualFold(name, "expires_in") {
			continue
		}
		if name == "expires_in" {
			_ = json.Unmarshal(value, &t.expiresIn) // a number that is too large for float64 is ignored
		}
		delete(answer, name)
	}
	without, err := json.Marshal(answer)
	if err != nil {
		return body
	}
	return without
}
