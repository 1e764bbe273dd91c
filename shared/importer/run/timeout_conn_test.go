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
		t.Errorf("a read without an answer: got %v, want errNoAnswer", err)
	}
	if _, err := other.Write([]byte("x")); err == nil {
		t.Error("after the timeout the connection is open, want it closed")
	}
}

func TestTimeoutConnPassesDataAndOtherErrors(t *testing.T) {
	t.Parallel()
	one, other := net.Pipe()
	c := &timeoutConn{Conn: one, limit: time.Minute}
	go func() { _, _ = other.Write([]byte("x")); _ = other.Close() }()
	b := make([]byte, 1)
	if n, err := c.Read(b); n != 1 || err != nil || b[0] != 'x' {
		t.Errorf("a read of one byte: got %d bytes %q, %v, want \"x\"", n, b, err)
	}
	if _, err := c.Read(b); !errors.Is(err, io.EOF) {
		t.Errorf("a read after the other end closed the connection: got %v, want io.EOF", err)
	}
}

func TestDialerReturnsTheErrorIfItCannotConnect(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := dialerWithTimeout(time.Minute)(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	_ = l.Close()
	if conn, err := dialerWithTimeout(time.Minute)(t.Context(), "tcp", l.Addr().String()); err == nil || conn != nil {
		t.Errorf("no server listens on the port: got the connection %v and the error %v, want only an error", conn, err)
	}
}
