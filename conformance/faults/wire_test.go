package faults

import (
	"context"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// fault is a kind of failure at a round trip to the database.
type fault string

const (
	noFault             fault = ""
	requestLost         fault = "cut"         // the statement never arrives, and the connection is reset
	responseLost        fault = "lost"        // Postgres executes the statement, but its response never arrives
	backendTerminated   fault = "terminated"  // Postgres closes every connection first, as when Neon suspends a database
	databaseUnreachable fault = "unreachable" // the connection is reset, and the database cannot be reached any more
	statementDelayed    fault = "slow"        // the statement arrives after statementDelay
	connectionFrozen    fault = "frozen"      // the statement never arrives, and the connection stays open
)

const statementDelay = 5 * time.Second

// faultyDialer dials a database, and causes one fault at one round trip.
type faultyDialer struct {
	// Terminate makes Postgres close every connection.
	Terminate func()

	mu        sync.Mutex
	armed     bool // true between setFault and clearFault
	fault     fault
	faultTrip int  // the number of the round trip with the fault, from 1
	trips     int  // the number of round trips since setFault
	gone      bool // true when the database cannot be reached any more
}

// setFault starts to count round trips, and causes f at the one with the number faultTrip.
func (w *faultyDialer) setFault(f fault, faultTrip int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed, w.fault, w.faultTrip, w.trips, w.gone = true, f, faultTrip, 0, false
}

// clearFault ends the fault and returns the number of round trips since setFault.
func (w *faultyDialer) clearFault() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed, w.gone = false, false
	return w.trips
}

// nextFault counts a round trip that begins, and returns its fault or none.
func (w *faultyDialer) nextFault() fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.armed {
		return noFault
	}
	w.trips++
	if w.trips != w.faultTrip {
		return noFault
	}
	w.gone = w.fault == databaseUnreachable
	return w.fault
}

func (w *faultyDialer) isUnreachable() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.gone
}

// Dial is the function for Store.Dial.
func (w *faultyDialer) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if w.isUnreachable() {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &faultyConn{Conn: c, wire: w}, nil
}

// faultyConn is one connection that a faultyDialer opened. pgx can read and write it concurrently.
type faultyConn struct {
	net.Conn
	wire *faultyDialer

	mu                sync.Mutex
	waiting           bool  // true if bytes were sent since the last response
	broken            error // if not nil, the error of all further reads
	dropsNextResponse bool
	dropsSentBytes    bool
}

func (c *faultyConn) Write(b []byte) (int, error) {
	if c.dropsRequest() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// dropsRequest causes the fault of this round trip, if one begins, and reports whether the sent bytes are dropped.
func (c *faultyConn) dropsRequest() bool {
	c.mu.Lock()
	begins := !c.waiting
	c.waiting = true
	c.mu.Unlock()
	if begins {
		c.causeFault(c.wire.nextFault())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dropsSentBytes || c.broken != nil
}

// causeFault causes the fault of a round trip that begins.
func (c *faultyConn) causeFault(f fault) {
	switch f {
	case backendTerminated:
		c.wire.Terminate()
		return
	case statementDelayed:
		time.Sleep(statementDelay)
		return
	case requestLost, databaseUnreachable, responseLost, connectionFrozen, noFault:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropsNextResponse, c.dropsSentBytes = f == responseLost, f == connectionFrozen
	if f == requestLost || f == databaseUnreachable {
		c.broken = connectionReset()
		_ = c.Close()
	}
}

func connectionReset() error { return &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET} }

func (c *faultyConn) Read(b []byte) (int, error) {
	if c.wire.isUnreachable() {
		return 0, connectionReset()
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
	if c.dropsNextResponse && n > 0 {
		c.broken = io.EOF
		_ = c.Close()
		return 0, io.EOF
	}
	return n, err
}
