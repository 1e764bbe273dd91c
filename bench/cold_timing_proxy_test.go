//go:build moto

package bench

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/conformance/lambda/sandbox"
)

// timingProxy is a TCP proxy that records the times of round trips. A round trip begins with the client's connection or
// first byte and ends with the server's last byte before the client sends again.
type timingProxy struct {
	proxied *url.URL
	target  string

	mu            sync.Mutex
	trips         []roundTrip
	isRequestNext bool // the next bytes of the client begin a round trip
}

type roundTrip struct {
	sent, answered time.Time
	ready          bool // the response ended with Postgres's ReadyForQuery
}

func (t roundTrip) duration() time.Duration { return t.answered.Sub(t.sent) }

func newTimingProxy(b *testing.B, target string) *timingProxy {
	b.Helper()
	u, err := url.Parse(target)
	if err != nil {
		b.Fatal("the target of the proxy is not a URL") // the error itself would contain the password
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	t := &timingProxy{proxied: u, target: u.Host}
	u.Host = l.Addr().String()
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // the listener is closed
			}
			t.noteConnection()
			go t.serve(client)
		}
	}()
	return t
}

// proxyURL returns the URL of the proxy.
func (t *timingProxy) proxyURL() string { return t.proxied.String() }

func (t *timingProxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", t.target)
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(server, observingReader{client, t.noteRequest}) // fails if one side disconnects
		server.Close()
	}()
	_, _ = io.Copy(client, observingReader{server, t.noteResponse})
}

// observingReader calls note with each piece that was read. It hides the connection's WriteTo and ReadFrom, because
// io.Copy would use them instead of Read.
type observingReader struct {
	from io.Reader
	note func([]byte)
}

func (r observingReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if n > 0 {
		r.note(p[:n])
	}
	return n, err
}

// noteConnection begins the first round trip of a connection, which includes connecting.
func (t *timingProxy) noteConnection() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trips, t.isRequestNext = append(t.trips, roundTrip{sent: sandbox.WallClockNow()}), false
}

func (t *timingProxy) noteRequest([]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.isRequestNext {
		t.trips, t.isRequestNext = append(t.trips, roundTrip{sent: sandbox.WallClockNow()}), false
	}
}

func (t *timingProxy) noteResponse(piece []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.trips) == 0 {
		return // the request was sent before reset
	}
	last := &t.trips[len(t.trips)-1]
	last.answered, t.isRequestNext = sandbox.WallClockNow(), true
	last.ready = len(piece) > 6 && bytes.HasPrefix(piece[len(piece)-6:], []byte("Z\x00\x00\x00\x05")) // ReadyForQuery
}

// reset deletes the recorded round trips.
func (t *timingProxy) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trips = nil
}

// totalTime returns the time of all round trips together.
func (t *timingProxy) totalTime() (sum time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, each := range t.trips {
		sum += each.duration()
	}
	return sum
}

// splitTimes returns the time until Postgres was ready for the first statement, and the number and time of the round
// trips after it.
func (t *timingProxy) splitTimes(b *testing.B) (connect time.Duration, statements int, query time.Duration) {
	b.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, each := range t.trips {
		if each.ready {
			for _, statement := range t.trips[i+1:] {
				query += statement.duration()
			}
			return each.answered.Sub(t.trips[0].sent), len(t.trips) - i - 1, query
		}
	}
	b.Fatal("connections of the function to the database: got none that is ready for a statement, want one")
	return 0, 0, 0
}
