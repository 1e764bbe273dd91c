package web

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
)

// Error is an error that is sent to the client. Any other error is answered with a 500 or 503, which does not contain
// the text of the error.
type Error struct {
	Status  int
	Code    string // such as INVALID_ORIGIN; empty where Better Auth sends no code
	Message string
	Body    any         // replaces {message, code} as the body, if not nil; NoBody means an empty body
	Header  http.Header // set on the response; may be nil
	Cause   error       // logged, never sent
}

// NewError returns an Error in Better Auth's form: {"message": …, "code": …}.
func NewError(status int, code, message string) *Error {
	return &Error{Status: status, Code: code, Message: message}
}

// NoBody is the Body of an Error whose response has an empty body. Like Better Auth, Xenon sends it with the content
// type application/json.
var NoBody any = noBody{}

type noBody struct{}

func (e *Error) Error() string {
	if e.Code != "" {
		return e.Code
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Cause }

// IsUnavailable reports whether a retry may succeed: the database or the keys cannot be reached at the moment, or the
// request ran out of time or was cancelled. Errors of shared/store and shared/keys have a method Unavailable for this.
func IsUnavailable(err error) bool {
	var u interface{ Unavailable() bool }
	return errors.As(err, &u) && u.Unavailable() ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// retryAfterSeconds is the value of the header Retry-After in every 503, in seconds.
const retryAfterSeconds = "1"

var errUnavailable = NewError(http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE", "Service temporarily unavailable")

type errorBody struct {
	Message string `json:"message"`
	Code    string `json:"code,omitempty"`
}

// writeError answers the request with err, and adds the code and the cause of err to the log record.
func writeError(w http.ResponseWriter, r *http.Request, err error) {
	var e *Error
	switch {
	case errors.As(err, &e):
	case IsUnavailable(err):
		e = &Error{Status: errUnavailable.Status, Code: errUnavailable.Code, Message: errUnavailable.Message, Cause: err}
	default:
		addAttr(r.Context(), slog.String("error", err.Error()))
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	NoteCode(r.Context(), e.Error())
	if e.Cause != nil {
		addAttr(r.Context(), slog.String("error", e.Cause.Error()))
	}
	maps.Copy(w.Header(), e.Header)
	if e.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfterSeconds)
	}
	body := e.Body
	switch body.(type) {
	case nil:
		body = errorBody{e.Message, e.Code}
	case noBody:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(e.Status)
		return
	}
	if err := WriteJSON(w, e.Status, body); err != nil {
		addAttr(r.Context(), slog.String("error", err.Error()))
	}
}
