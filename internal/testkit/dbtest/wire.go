package dbtest

import (
	"context"
	"net"
	"sync/atomic"
)

// Wire dials connections and counts what passes over them: give its Dial to pgx as DialFunc.
type Wire struct {
	trips, dials atomic.Int64
}

// Trips is how often something was sent and then something received, on all connections together: network round trips,
// those of connecting included. A batch or pipeline sent in one go is one trip.
func (w *Wire) Trips() int { return int(w.trips.Load()) }

// Dials is how many connections were attempted.
func (w *Wire) Dials() int { return int(w.dials.Load()) }

// Dial connects as net.Dialer does.
func (w *Wire) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.dials.Add(1)
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &countedConn{Conn: conn, wire: w}, nil
}

type countedConn struct {
	net.Conn
	wire *Wire
	sent atomic.Bool // something was written since the last answer
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
