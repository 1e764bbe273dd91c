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

// tap is a line to a server that remembers when what passed. A trip is from the client's first byte, or its connection, to
// the server's last byte before the client speaks again.
type tap struct {
	address *url.URL
	target  string

	mu    sync.Mutex
	trips []trip
	turn  bool // the client's: what it sends begins a trip
}

type trip struct {
	asked, answered time.Time
	ready           bool // the answer ended as Postgres' do when it is ready for a statement
}

func (t trip) took() time.Duration { return t.answered.Sub(t.asked) }

func newTap(b *testing.B, address string) *tap {
	b.Helper()
	u, err := url.Parse(address)
	if err != nil {
		b.Fatal("the address is not a URL") // the error itself would show the password
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	t := &tap{address: u, target: u.Host}
	u.Host = l.Addr().String()
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // closed
			}
			t.accepted()
			go t.serve(client)
		}
	}()
	return t
}

func (t *tap) url() string { return t.address.String() }

func (t *tap) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", t.target)
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(server, reader{client, t.asks}) // either side may be gone
		server.Close()
	}()
	_, _ = io.Copy(client, reader{server, t.answers})
}

// reader tells of each piece that was read. It has none of the shortcuts that a connection offers io.Copy.
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

// accepted begins the first trip of a connection, which includes making it.
func (t *tap) accepted() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trips, t.turn = append(t.trips, trip{asked: sandbox.Now()}), false
}

func (t *tap) asks([]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.turn {
		t.trips, t.turn = append(t.trips, trip{asked: sandbox.Now()}), false
	}
}

func (t *tap) answers(piece []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.trips) == 0 {
		return // it was of what is forgotten
	}
	last := &t.trips[len(t.trips)-1]
	last.answered, t.turn = sandbox.Now(), true
	last.ready = len(piece) > 6 && bytes.HasPrefix(piece[len(piece)-6:], []byte("Z\x00\x00\x00\x05")) // ReadyForQuery
}

func (t *tap) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trips = nil
}

// took is all trips together.
func (t *tap) took() (sum time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, each := range t.trips {
		sum += each.took()
	}
	return sum
}

// connecting is how long it took until Postgres was ready for the first time, and how many trips and how long the
// statements after that.
func (t *tap) connecting(b *testing.B) (connect time.Duration, statements int, query time.Duration) {
	b.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, each := range t.trips {
		if each.ready {
			for _, statement := range t.trips[i+1:] {
				query += statement.took()
			}
			return each.answered.Sub(t.trips[0].asked), len(t.trips) - i - 1, query
		}
	}
	b.Fatal("nobody connected to the database")
	return 0, 0, 0
}
