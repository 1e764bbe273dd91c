//go:build moto

package sandbox

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Line is a proxy between a function and the Runtime API of its emulator. It changes nothing and records times.
type Line struct {
	address string

	mu                    sync.Mutex
	asked, sent, answered time.Time
}

func newLine(t testing.TB, api string) *Line {
	t.Helper()
	l := &Line{}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: api})
	proxy.ErrorLog = log.New(io.Discard, "", 0) // the function ends during its request for the next event
	proxy.ModifyResponse = func(r *http.Response) error {
		if isNext(r.Request) {
			l.note(&l.sent)
		}
		return nil
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case isNext(r):
			l.note(&l.asked)
		case strings.HasSuffix(r.URL.Path, "/response"):
			l.note(&l.answered)
		}
		proxy.ServeHTTP(w, r)
	}))
	l.address = server.Listener.Addr().String()
	t.Cleanup(func() {
		server.CloseClientConnections() // the function's request for the next event is open
		server.Close()
	})
	return l
}

func isNext(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/invocation/next") }

// note records the first time only.
func (l *Line) note(when *time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if when.IsZero() {
		*when = Now()
	}
}

func (l *Line) when(what *time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return *what
}

// Asked returns the time of the function's first request for an event, which is the end of its start.
func (l *Line) Asked() time.Time { return l.when(&l.asked) }

// Sent returns the time at which the first event was sent to the function.
func (l *Line) Sent() time.Time { return l.when(&l.sent) }

// Answered returns the time of the function's first answer to an event.
func (l *Line) Answered() time.Time { return l.when(&l.answered) }

// Now returns the wall clock time, without Go's monotonic part, so that it can be compared with the times of other
// processes.
func Now() time.Time {
	return time.Now().Round(0) //nolint:forbidigo // for measurements, not for the product
}
