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

// Line is between a function and the Runtime API of its emulator. It changes nothing, and remembers when what passed.
type Line struct {
	address string

	mu                    sync.Mutex
	asked, sent, answered time.Time
}

func newLine(t testing.TB, api string) *Line {
	t.Helper()
	l := &Line{}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: api})
	proxy.ErrorLog = log.New(io.Discard, "", 0) // the function ends while it asks for work
	proxy.ModifyResponse = func(r *http.Response) error {
		if asksForWork(r.Request) {
			l.note(&l.sent)
		}
		return nil
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case asksForWork(r):
			l.note(&l.asked)
		case strings.HasSuffix(r.URL.Path, "/response"):
			l.note(&l.answered)
		}
		proxy.ServeHTTP(w, r)
	}))
	l.address = server.Listener.Addr().String()
	t.Cleanup(func() {
		server.CloseClientConnections() // one of them asks for work
		server.Close()
	})
	return l
}

func asksForWork(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/invocation/next") }

// note remembers the first time only.
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

// Asked is when the function first asked for work, and so had started.
func (l *Line) Asked() time.Time { return l.when(&l.asked) }

// Sent is when it got its first event.
func (l *Line) Sent() time.Time { return l.when(&l.sent) }

// Answered is when it first answered one.
func (l *Line) Answered() time.Time { return l.when(&l.answered) }

// Now is the clock of all that is measured here, which other processes have too.
func Now() time.Time {
	return time.Now().Round(0) //nolint:forbidigo // it measures the product, and is not its clock
}
