package run

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

func TestTimeoutConnEndsAReadWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	one, other := net.Pipe()
	c := &timeoutConn{Conn: one, limit: 20 * time.Millisecond}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, errNoAnswer) {
		t.Errorf("a read without an answer: got %v", err)
	}
	if _, err := other.Write([]byte("x")); err == nil {
		t.Error("the connection is open after it")
	}
}

func TestTimeoutConnPassesDataAndOtherErrors(t *testing.T) {
	t.Parallel()
	one, other := net.Pipe()
	c := &timeoutConn{Conn: one, limit: time.Minute}
	go func() { _, _ = other.Write([]byte("x")); _ = other.Close() }()
	b := make([]byte, 1)
	if n, err := c.Read(b); n != 1 || err != nil || b[0] != 'x' {
		t.Errorf("got %d bytes %q, %v", n, b, err)
	}
	if _, err := c.Read(b); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: got %v", err)
	}
}

func TestDialerReturnsTheErrorOfAConnectionThatFails(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := dialer(time.Minute)(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	_ = l.Close()
	if conn, err := dialer(time.Minute)(t.Context(), "tcp", l.Addr().String()); err == nil || conn != nil {
		t.Errorf("nothing listens: got %v, %v", conn, err)
	}
}
