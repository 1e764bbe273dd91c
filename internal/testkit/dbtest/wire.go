package dbtest

import (
	"context"
	"net"
	"sync/atomic"
)

// CountingDialer dials connections and counts round trips. Its Dial is a DialFunc for pgx.
type CountingDialer struct {
	trips, dials atomic.Int64
}

// RoundTrips returns the number of network round trips on all connections, including those of connecting: how often
// data was sent and then received. A batch or pipeline that is sent as a whole is one round trip.
func (w *CountingDialer) RoundTrips() int { return int(w.trips.Load()) }

// DialCount returns the number of attempted connections.
func (w *CountingDialer) DialCount() int { return int(w.dials.Load()) }

// Dial connects as net.Dialer does.
func (w *CountingDialer) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.dials.Add(1)
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &countedConn{Conn: conn, wire: w}, nil
}

type countedConn struct {
	net.Conn
	wire *CountingDialer
	sent atomic.Bool // data was sent since data was last received
}

func (c *countedConn) Write(b []byte) (int, error) {
	c.sent.Store(true)
	return c.Conn.Write(b)
}

func (c *countedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && c.sent.Swap(false) {
		c.wire.trips.Add(1)
	}
	return n, err
}
