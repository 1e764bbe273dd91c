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

// TimingProxy is a proxy between a function and the Runtime API of its emulator. It changes nothing and records times.
type TimingProxy struct {
	address string

	mu                        sync.Mutex
	requested, sent, answered time.Time
}

func newTimingProxy(t testing.TB, api string) *TimingProxy {
	t.Helper()
	l := &TimingProxy{}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: api})
	proxy.ErrorLog = log.New(io.Discard, "", 0) // at the end, the function is killed during its request for an event
	proxy.ModifyResponse = func(r *http.Response) error {
		if isEventRequest(r.Request) {
			l.recordOnce(&l.sent)
		}
		return nil
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case isEventRequest(r):
			l.recordOnce(&l.requested)
		case strings.HasSuffix(r.URL.Path, "/response"):
			l.recordOnce(&l.answered)
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

func isEventRequest(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/invocation/next") }

// recordOnce sets *when to the current time, unless it is already set.
func (l *TimingProxy) recordOnce(when *time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if when.IsZero() {
		*when = WallClockNow()
	}
}

func (l *TimingProxy) readTime(what *time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return *what
}

// FirstRequest returns the time of the function's first request for an event, which is the end of its start.
func (l *TimingProxy) FirstRequest() time.Time { return l.readTime(&l.requested) }

// FirstEvent returns the time at which the first event was sent to the function.
func (l *TimingProxy) FirstEvent() time.Time { return l.readTime(&l.sent) }

// FirstAnswer returns the time of the function's first answer to an event.
func (l *TimingProxy) FirstAnswer() time.Time { return l.readTime(&l.answered) }

// WallClockNow returns the wall clock time, without Go's monotonic part, so that it can be compared with the times of
// other processes.
func WallClockNow() time.Time {
	return time.Now().Round(0) //nolint:forbidigo // for measurements, not for the product
}
