package run

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// errNoAnswer means that a read or write did not end within its time limit.
var errNoAnswer = errors.New("no answer")

// dialerWithTimeout returns a dial function. Its connections close if a read or write takes longer than limit.
// statement_timeout does not help if the answer of the server is lost, and TCP does not end a connection whose packets
// a middlebox acknowledges.
func dialerWithTimeout(limit time.Duration) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &timeoutConn{Conn: conn, limit: limit}, nil
	}
}

type timeoutConn struct {
	net.Conn
	limit    time.Duration
	timedOut atomic.Bool
}

func (c *timeoutConn) Read(b []byte) (int, error) { return c.withTimeout(b, c.Conn.Read) }

func (c *timeoutConn) Write(b []byte) (int, error) { return c.withTimeout(b, c.Conn.Write) }

func (c *timeoutConn) withTimeout(b []byte, do func([]byte) (int, error)) (int, error) {
	t := time.AfterFunc(c.limit, func() {
		c.timedOut.Store(true)
		_ = c.Close() // ends the read or write with an error
	})
	n, err := do(b)
	t.Stop()
	if err != nil && c.timedOut.Load() {
		err = errNoAnswer
	}
	return n, err
}
