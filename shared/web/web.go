// Package web is what every HTTP answer of Xenon has in common: decoding, encoding, errors, exact routing, the checks on
// where a request comes from, and the one log record of a request.
package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// Handler answers a request, or returns the error to answer it with: an *Error becomes its status and body, an error
// that says Unavailable becomes 503, everything else an empty 500 and an error in the log.
type Handler func(http.ResponseWriter, *http.Request) error

// ServeHTTP makes a Handler an http.Handler.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h(w, r); err != nil {
		fail(w, r, err)
	}
}

// JSON answers status with v, written as JavaScript's JSON.stringify would: no HTML escaping, no newline at the end.
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

// Marshal encodes v as JSON.stringify does, where encoding/json differs: <, >, &, U+2028 and U+2029 stay as they are.
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

// unescapeSeparators puts the two line separators back that encoding/json always escapes. An escape preceded by an odd
// number of backslashes is the text of a string, not an escape.
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
	slices.Sort(names) // as the library has them
	h.Set(exposed, strings.Join(names, ", "))
}

// Unexpose takes back what Expose did.
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
