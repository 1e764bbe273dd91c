package run

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// errNoAnswer says that the network took a request and no answer came.
var errNoAnswer = errors.New("no answer")

// dialer makes connections that end when a read or write takes longer than limit. The server's own statement_timeout
// does not help when its answer does not arrive, and TCP keeps a connection whose packets a middlebox acknowledges.
func dialer(limit time.Duration) func(context.Context, string, string) (net.Conn, error) {
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

func (c *timeoutConn) Read(b []byte) (int, error) { return c.within(b, c.Conn.Read) }

func (c *timeoutConn) Write(b []byte) (int, error) { return c.within(b, c.Conn.Write) }

func (c *timeoutConn) within(b []byte, do func([]byte) (int, error)) (int, error) {
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
