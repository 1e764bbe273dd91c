// Package jwkstest publishes a JWKS for tests of issuers and verifiers.
package jwkstest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// Server publishes a JWKS at URL, unless the test makes it answer something else.
type Server struct {
	URL      string
	Requests atomic.Int64     // number of requests
	Publish  http.HandlerFunc // answers with the current keys

	answer atomic.Pointer[http.Handler] // if not nil, it answers instead of Publish
}

// New starts a server that publishes the keys that the function public returns. The server stops at the end of the
// test.
func New[K any](t testing.TB, public func(context.Context) ([]K, error)) *Server {
	s := &Server{Publish: func(w http.ResponseWriter, r *http.Request) {
		keys, err := public(r.Context())
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": keys}) // fails if the client has disconnected
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Requests.Add(1)
		if h := s.answer.Load(); h != nil {
			(*h).ServeHTTP(w, r)
			return
		}
		s.Publish(w, r)
	}))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// SetHandler makes the server answer with h.
func (s *Server) SetHandler(h http.Handler) { s.answer.Store(&h) }

// SetResponse makes the server answer with status and body.
func (s *Server) SetResponse(status int, body string) {
	s.SetHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // fails if the client has disconnected
	}))
}

// CloseConnections makes the server close the connection of each request without an answer.
func (s *Server) CloseConnections() {
	s.SetHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
}

// PublishKeys makes the server publish the keys again.
func (s *Server) PublishKeys() { s.answer.Store(nil) }
