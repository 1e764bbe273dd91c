package versus

import (
	"context"
	"encoding/binary"
	"net"
	"sync"
	"testing"
	"time"
)

// traffic has the numbers of round trips, statements and bytes between a function and Postgres, and the time that the
// function waited for Postgres.
type traffic struct {
	trips, statements, sent, received int
	waited                            time.Duration
}

func (t traffic) since(before traffic) traffic {
	return traffic{
		t.trips - before.trips, t.statements - before.statements, t.sent - before.sent, t.received - before.received,
		t.waited - before.waited,
	}
}

// countingDialer is a Store.Dial that counts the traffic with Postgres. A round trip begins with the first bytes that
// are sent after a response.
type countingDialer struct {
	mu sync.Mutex
	traffic
}

func (t *countingDialer) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	return &countingConn{Conn: c, dialer: t}, err
}

func (t *countingDialer) totalTraffic() traffic {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.traffic
}

// countingConn is a connection that a countingDialer opened.
type countingConn struct {
	net.Conn
	dialer  *countingDialer
	waiting bool // true while the client waits for a response
	sentAt  time.Time
	counter messageCounter
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.dialer.mu.Lock()
	if !c.waiting {
		c.waiting, c.sentAt = true, time.Now()
		c.dialer.trips++
	}
	c.dialer.sent += len(p)
	c.dialer.statements += c.counter.countStatements(p)
	c.dialer.mu.Unlock()
	return c.Conn.Write(p)
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.dialer.mu.Lock()
	defer c.dialer.mu.Unlock()
	if n > 0 && c.waiting {
		c.waiting = false
		c.dialer.waited += time.Since(c.sentAt)
	}
	c.dialer.received += n
	return n, err
}

// messageCounter counts the statements in the bytes that a client sends in Postgres's protocol, version 3. A message
// begins with its type and the length of the rest; the first message of a connection has no type.
type messageCounter struct {
	rest    []byte // the start of an incomplete message
	started bool
}

// countStatements adds text to the incomplete message. Of the messages that are complete now, it returns how many run a
// statement: a simple query (Q) or an Execute (E).
func (f *messageCounter) countStatements(text []byte) (n int) {
	f.rest = append(f.rest, text...)
	for {
		kind := 0
		if f.started {
			kind = 1
		}
		if len(f.rest) < kind+4 {
			return n
		}
		length := kind + int(binary.BigEndian.Uint32(f.rest[kind:]))
		if length < kind+4 || len(f.rest) < length {
			return n
		}
		if f.started && (f.rest[0] == 'Q' || f.rest[0] == 'E') {
			n++
		}
		f.rest, f.started = f.rest[length:], true
	}
}

func TestStatementsAreCounted(t *testing.T) {
	t.Parallel()
	message := func(kind, body string) string {
		return kind + string(binary.BigEndian.AppendUint32(nil, uint32(4+len(body)))) + body
	}
	wire := message("", "\x00\x03\x00\x00user\x00Q\x00\x00") + message("p", "EEE") + message("Q", "SELECT 'E'\x00") +
		message("P", "\x00SELECT $1\x00\x00\x00") + message("B", "\x00\x00") + message("E", "\x00\x00\x00\x00\x00") +
		message("S", "")
	for _, piece := range []int{1, 3, 7, len(wire)} {
		var f messageCounter
		got := 0
		for from := 0; from < len(wire); from += piece {
			got += f.countStatements([]byte(wire[from:min(from+piece, len(wire))]))
		}
		if got != 2 || len(f.rest) != 0 {
			t.Errorf("traffic in pieces of %d bytes: got %d statements and %d bytes left, want 2 and none",
				piece, got, len(f.rest))
		}
	}
}
