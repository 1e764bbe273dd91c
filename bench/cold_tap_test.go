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

// tap is a TCP proxy that records the times of round trips. A round trip begins with the client's connection or first
// byte and ends with the server's last byte before the client sends again.
type tap struct {
	proxied *url.URL
	target  string

	mu          sync.Mutex
	trips       []trip
	clientsTurn bool // what the client sends begins a round trip
}

type trip struct {
	sent, answered time.Time
	ready          bool // the response ended with Postgres's ReadyForQuery
}

func (t trip) took() time.Duration { return t.answered.Sub(t.sent) }

func newTap(b *testing.B, target string) *tap {
	b.Helper()
	u, err := url.Parse(target)
	if err != nil {
		b.Fatal("the target is not a URL") // the error itself would contain the password
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	t := &tap{proxied: u, target: u.Host}
	u.Host = l.Addr().String()
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // closed
			}
			t.noteConnection()
			go t.serve(client)
		}
	}()
	return t
}

// url returns the URL of the proxy.
func (t *tap) url() string { return t.proxied.String() }

func (t *tap) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", t.target)
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(server, reader{client, t.noteRequest}) // fails if one side disconnects
		server.Close()
	}()
	_, _ = io.Copy(client, reader{server, t.noteResponse})
}

// reader calls note with each piece that was read. It hides the methods of a connection with which io.Copy would not
// call Read.
type reader struct {
	from io.Reader
	note func([]byte)
}

func (r reader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if n > 0 {
		r.note(p[:n])
	}
	return n, err
}

// noteConnection begins the first round trip of a connection, which includes connecting.
func (t *tap) noteConnection() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trips, t.clientsTurn = append(t.trips, trip{sent: sandbox.Now()}), false
}

func (t *tap) noteRequest([]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.clientsTurn {
		t.trips, t.clientsTurn = append(t.trips, trip{sent: sandbox.Now()}), false
	}
}

func (t *tap) noteResponse(piece []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.trips) == 0 {
		return // the request was before reset
	}
	last := &t.trips[len(t.trips)-1]
	last.answered, t.clientsTurn = sandbox.Now(), true
	last.ready = len(piece) > 6 && bytes.HasPrefix(piece[len(piece)-6:], []byte("Z\x00\x00\x00\x05")) // ReadyForQuery
}

// reset deletes the recorded round trips.
func (t *tap) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trips = nil
}

// took returns the time of all round trips together.
func (t *tap) took() (sum time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, each := range t.trips {
		sum += each.took()
	}
	return sum
}

// split returns the time until Postgres was ready for the first statement, and the number and time of the round trips
// after it.
func (t *tap) split(b *testing.B) (connect time.Duration, statements int, query time.Duration) {
	b.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, each := range t.trips {
		if each.ready {
			for _, statement := range t.trips[i+1:] {
				query += statement.took()
			}
			return each.answered.Sub(t.trips[0].sent), len(t.trips) - i - 1, query
		}
	}
	b.Fatal("the function did not connect to the database")
	return 0, 0, 0
}
