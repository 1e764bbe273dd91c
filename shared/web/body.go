package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// MaxBodyBytes is the size of the largest body that ReadBody accepts, in bytes. Better Auth has no limit. The bodies
// that its client sends are much smaller.
const MaxBodyBytes = 1 << 20

// The media types that a route can accept.
const (
	mediaJSON = "application/json"
	mediaForm = "application/x-www-form-urlencoded"
)

var (
	errInvalidJSON  = NewError(http.StatusBadRequest, "BAD_REQUEST", "Invalid JSON in request body")
	errBodyTooLarge = NewError(http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE",
		"Request body is larger than 1 MiB")
)

// undefined represents a missing body or a missing member, like undefined in JavaScript.
type undefined struct{}

// parsedBody replaces the body of a request after ReadBody. So ReadBody parses the body once, for the checks before a
// handler and for the handler itself.
type parsedBody struct {
	io.Reader
	value any
}

func (parsedBody) Close() error { return nil }

// ReadBody reads and parses the body of r as Better Auth does: only if the request has a content type and a body. It
// accepts JSON and, if form is true, form fields. Call it before Decode, HasBody, BodyObject and CheckRedirects.
func ReadBody(w http.ResponseWriter, r *http.Request, form bool) error {
	value, err := parseBody(w, r, form)
	if err != nil {
		return err
	}
	r.Body = parsedBody{http.NoBody, value}
	return nil
}

func parseBody(w http.ResponseWriter, r *http.Request, form bool) (any, error) {
	header := r.Header.Get("Content-Type")
	if header == "" || r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return undefined{}, nil
	}
	media := strings.ToLower(strings.TrimSpace(textBefore(header, ";")))
	if media != mediaJSON && (!form || media != mediaForm) {
		return nil, unsupportedMediaError(header, form)
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBodyBytes))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errBodyTooLarge
	case err != nil:
		return nil, errInvalidJSON // the client has disconnected or sent a broken body, so the server did not fail
	case media == mediaForm:
		return parseForm(raw)
	}
	var value any
	if err := json.Unmarshal(bytes.TrimPrefix(raw, []byte("\uFEFF")), &value); err != nil {
		return nil, errInvalidJSON
	}
	return value, nil
}

func parseForm(raw []byte) (any, error) {
	fields, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, errInvalidJSON
	}
	value := map[string]any{}
	for name, values := range fields {
		value[name] = values[len(values)-1] // Better Auth keeps the last value of a repeated field
	}
	return value, nil
}

func unsupportedMediaError(header string, form bool) error {
	allowed := mediaJSON
	if form {
		allowed = mediaForm + ", " + mediaJSON
	}
	return NewError(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE",
		`Content-Type "`+header+`" is not allowed. Allowed types: `+allowed)
}

func textBefore(s, sep string) string {
	head, _, _ := strings.Cut(s, sep)
	return head
}

func parsedBodyOf(r *http.Request) any {
	if b, ok := r.Body.(parsedBody); ok {
		return b.value
	}
	return undefined{}
}

// bodyField returns a member of the body, or nil if the body is not a JSON object or has no such member.
func bodyField(r *http.Request, name string) any {
	m, _ := parsedBodyOf(r).(map[string]any)
	return m[name]
}

// HasBody reports whether the request has a body that ReadBody has parsed.
func HasBody(r *http.Request) bool {
	_, none := parsedBodyOf(r).(undefined)
	return !none
}

// BodyObject returns the body that ReadBody parsed, if it is a JSON object.
func BodyObject(r *http.Request) (map[string]any, bool) {
	m, ok := parsedBodyOf(r).(map[string]any)
	return m, ok
}
