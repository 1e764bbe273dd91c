// Package web is the HTTP layer of all functions: routes, parsing of bodies and queries, JSON, errors, checks of the
// origin and of redirect targets, CORS, the IP address of the client, and the one log record of each request.
package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// Handler answers a request, or returns an error that becomes the response: an *Error sends its status and body, an
// error that is Unavailable sends 503, and any other sends an empty 500 and is logged.
type Handler func(http.ResponseWriter, *http.Request) error

// ServeHTTP calls h and answers with its error, if any.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h(w, r); err != nil {
		fail(w, r, err)
	}
}

// JSON answers with a status and v, encoded as JavaScript's JSON.stringify does: no HTML escaping, no newline at the
// end.
func JSON(w http.ResponseWriter, status int, v any) error {
	body, err := Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(body)
	return err
}

// Marshal encodes v as JSON.stringify does: unlike encoding/json it does not escape <, >, &, U+2028 and U+2029.
func Marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	out := bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	return unescapeSeparators(out), nil
}

// unescapeSeparators replaces the escapes of U+2028 and U+2029, which encoding/json always writes, by the characters.
// It skips \\u2028, which is an escaped backslash followed by text.
func unescapeSeparators(b []byte) []byte {
	if !bytes.Contains(b, []byte(`\u202`)) {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' || i+1 == len(b) {
			out = append(out, b[i])
			continue
		}
		switch {
		case bytes.HasPrefix(b[i:], []byte(`\u2028`)):
			out = append(out, "\u2028"...)
			i += len(`\u2028`) - 1
		case bytes.HasPrefix(b[i:], []byte(`\u2029`)):
			out = append(out, "\u2029"...)
			i += len(`\u2029`) - 1
		default: // any other escape: keep both bytes, so that the second cannot start an escape
			out = append(out, b[i], b[i+1])
			i++
		}
	}
	return out
}

const exposed = "Access-Control-Expose-Headers"

// Expose adds name to Access-Control-Expose-Headers and sets the header itself, so that a client on another origin can
// read it. A second value replaces the first.
func Expose(h http.Header, name, value string) {
	Unexpose(h, name)
	h.Set(name, value)
	names := []string{name}
	if old := h.Get(exposed); old != "" {
		names = append(names, strings.Split(old, ", ")...)
	}
	slices.Sort(names) // Better Auth's order
	h.Set(exposed, strings.Join(names, ", "))
}

// Unexpose reverts Expose.
func Unexpose(h http.Header, name string) {
	if h.Get(name) == "" {
		return
	}
	h.Del(name)
	names := strings.Split(h.Get(exposed), ", ")
	names = slices.DeleteFunc(names, func(n string) bool { return n == name })
	if h.Set(exposed, strings.Join(names, ", ")); len(names) == 0 {
		h.Del(exposed)
	}
}
