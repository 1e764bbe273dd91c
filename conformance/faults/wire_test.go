package faults

import (
	"context"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// fault is what can happen to a round trip.
type fault string

const (
	none       fault = ""
	cut        fault = "cut"        // the statement never arrives, and the connection is reset
	lost       fault = "lost"       // the statement was carried out, and its answer never arrives
	terminated fault = "terminated" // the server closes every connection first, as Neon does when it suspends
	away       fault = "away"       // from here on the database cannot be reached at all
	slow       fault = "slow"       // the network takes latency before it delivers
	frozen     fault = "frozen"     // the statement vanishes, and nothing ever comes back
)

const latency = 5 * time.Second

// wire dials a database, and lets one fault happen at one round trip.
type wire struct {
	// Terminate closes every connection from the server's side.
	Terminate func()

	mu    sync.Mutex
	armed bool
	fault fault
	at    int // the round trip at which it happens, from 1 on
	trips int // since it was armed
	gone  bool
}

// arm counts from here on, and lets f happen at a round trip.
func (w *wire) arm(f fault, at int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed, w.fault, w.at, w.trips, w.gone = true, f, at, 0, false
}

// disarm makes everything work again and returns how many round trips there were.
func (w *wire) disarm() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed, w.gone = false, false
	return w.trips
}

// next counts a round trip and says what happens to it.
func (w *wire) next() fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.armed {
		return none
	}
	w.trips++
	if w.trips != w.at {
		return none
	}
	w.gone = w.fault == away
	return w.fault
}

func (w *wire) unreachable() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.gone
}

// Dial is for Store.Dial.
func (w *wire) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if w.unreachable() {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, wire: w}, nil
}

// conn is one connection of a wire. pgx reads in the background while it writes.
type conn struct {
	net.Conn
	wire *wire

	mu      sync.Mutex
	waiting bool  // something was sent since the last answer
	broken  error // what reading says from now on
	lose    bool  // the next answer
	swallow bool  // what is sent
}

func (c *conn) Write(b []byte) (int, error) {
	if c.dropped() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// dropped lets happen what happens to this round trip, if one begins, and says whether what is sent gets nowhere.
func (c *conn) dropped() bool {
	c.mu.Lock()
	begins := !c.waiting
	c.waiting = true
	c.mu.Unlock()
	if begins {
		c.happen(c.wire.next())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.swallow || c.broken != nil
}

func (c *conn) happen(f fault) {
	switch f {
	case terminated:
		c.wire.Terminate()
		return
	case slow:
		time.Sleep(latency)
		return
	case cut, away, lost, frozen, none:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lose, c.swallow = f == lost, f == frozen
	if f == cut || f == away {
		c.broken = reset()
		_ = c.Close()
	}
}

func reset() error { return &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET} }

func (c *conn) Read(b []byte) (int, error) {
	if c.wire.unreachable() {
		return 0, reset()
	}
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return 0, c.broken
	}
	if n > 0 {
		c.waiting = false
	}
	if c.lose && n > 0 {
		c.broken = io.EOF
		_ = c.Close()
		return 0, io.EOF
	}
	return n, err
}
