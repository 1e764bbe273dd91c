package importer

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// errSilent says that the network took a request and nothing came back.
var errSilent = errors.New("no answer")

// dialer makes connections that end when the other side is silent for longer than limit while somebody waits for it. The
// server's own statement_timeout is no help when its word does not arrive, and TCP trusts whoever acknowledges.
func dialer(limit time.Duration) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &impatient{Conn: conn, limit: limit}, nil
	}
}

type impatient struct {
	net.Conn
	limit  time.Duration
	silent atomic.Bool
}

func (c *impatient) Read(b []byte) (int, error) { return c.within(b, c.Conn.Read) }

func (c *impatient) Write(b []byte) (int, error) { return c.within(b, c.Conn.Write) }

func (c *impatient) within(b []byte, do func([]byte) (int, error)) (int, error) {
	t := time.AfterFunc(c.limit, func() {
		c.silent.Store(true)
		_ = c.Close() // whoever waits gets an error
	})
	n, err := do(b)
	t.Stop()
	if err != nil && c.silent.Load() {
		err = errSilent
	}
	return n, err
}
