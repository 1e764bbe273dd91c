// Package web is the HTTP layer of all functions. It has the routes, the parsing of bodies and queries, the errors, the
// checks of the origin and of redirect targets, CORS, the IP address of the client, and the log record of each request.
package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/stringify"
)

// Handler answers a request, or returns an error. ServeHTTP sends the status and the body of an *Error, 503 for an
// Unavailable error, and an empty 500 for any other error, which it also logs.
type Handler func(http.ResponseWriter, *http.Request) error

// ServeHTTP calls h and answers with its error, if any.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h(w, r); err != nil {
		writeError(w, r, err)
	}
}

// JSON answers with a status and v as JSON, encoded as JavaScript's JSON.stringify does: no HTML escaping, no newline
// at the end.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	body, err := stringify.Marshal(v)
	if err != nil {
		return err
	}
	return WriteJSONText(w, status, body)
}

// WriteJSONText sends text that is JSON already.
func WriteJSONText(w http.ResponseWriter, status int, text []byte) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err := w.Write(text)
	return err
}

const exposeHeaderName = "Access-Control-Expose-Headers"

// ExposeHeader sets the header name to value and adds name to Access-Control-Expose-Headers, so that a client on
// another origin can read it. A second call replaces the value.
func ExposeHeader(h http.Header, name, value string) {
	UnexposeHeader(h, name)
	h.Set(name, value)
	names := []string{name}
	if old := h.Get(exposeHeaderName); old != "" {
		names = append(names, strings.Split(old, ", ")...)
	}
	slices.Sort(names) // Better Auth sends them in this order
	h.Set(exposeHeaderName, strings.Join(names, ", "))
}

// UnexposeHeader removes a header that ExposeHeader has set, and its name from Access-Control-Expose-Headers.
func UnexposeHeader(h http.Header, name string) {
	if h.Get(name) == "" {
		return
	}
	h.Del(name)
	names := strings.Split(h.Get(exposeHeaderName), ", ")
	names = slices.DeleteFunc(names, func(n string) bool { return n == name })
	if h.Set(exposeHeaderName, strings.Join(names, ", ")); len(names) == 0 {
		h.Del(exposeHeaderName)
	}
}
