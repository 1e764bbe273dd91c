package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
)

// Error is the only error a client sees.
type Error struct {
	Status  int
	Code    string // one of the library's codes; empty where the library sends none
	Message string
	Body    any   // sent instead of {message, code} where an API has its own form of errors; NoBody for none at all
	Cause   error // logged, never sent
}

// NewError is an Error in the library's form: {"message": …, "code": …}.
func NewError(status int, code, message string) *Error {
	return &Error{Status: status, Code: code, Message: message}
}

// NoBody is the Body of an Error that the library answers with a status and nothing else, but the content type of JSON.
var NoBody any = noBody{}

type noBody struct{}

func (e *Error) Error() string {
	if e.Code != "" {
		return e.Code
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Cause }

// Unavailable reports whether err says that something this request needs is away for the moment: the database, the keys,
// or the time it had. Errors of shared/store and shared/keys say so with a method Unavailable.
func Unavailable(err error) bool {
	var u interface{ Unavailable() bool }
	return errors.As(err, &u) && u.Unavailable() || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// RetryAfter is what a 503 asks the client to wait, in seconds.
const RetryAfter = "1"

var errUnavailable = NewError(http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE", "Service temporarily unavailable")

type errorBody struct {
	Message string `json:"message"`
	Code    string `json:"code,omitempty"`
}

// fail answers with err and leaves it in the log record.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	var e *Error
	switch {
	case errors.As(err, &e):
	case Unavailable(err):
		e = &Error{Status: errUnavailable.Status, Code: errUnavailable.Code, Message: errUnavailable.Message, Cause: err}
	default:
		note(r.Context(), slog.String("error", err.Error()))
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	NoteCode(r.Context(), e.Error())
	if e.Cause != nil {
		note(r.Context(), slog.String("error", e.Cause.Error()))
	}
	if e.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", RetryAfter)
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
	if err := JSON(w, e.Status, body); err != nil {
		note(r.Context(), slog.String("error", err.Error()))
	}
}
