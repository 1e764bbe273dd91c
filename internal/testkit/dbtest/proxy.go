package dbtest

import (
	"errors"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Proxy is a TCP proxy between a test and its database that can interrupt, delay and reset connections.
type Proxy struct {
	url *url.URL // of the database through the proxy
	t   testing.TB

	mu       sync.Mutex
	target   string        // host and port of the database
	listener net.Listener  // nil while the proxy refuses connections
	release  func()        // frees the port that the proxy reserves while it refuses connections
	open     chan struct{} // closed while the proxy forwards without delay
	delay    time.Duration // while open is not closed: the delay of responses; 0 means that nothing is forwarded
	resets   bool          // the proxy resets a connection at the next response
	conns    map[net.Conn]bool
	accepted int
}

// NewProxy starts a proxy on a free port in front of a database. The proxy ends with the test.
func NewProxy(t testing.TB, databaseURL string) *Proxy {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal("the database URL is not a URL") // the error itself would show the password
	}
	p := &Proxy{url: u, target: u.Host, t: t, open: make(chan struct{}), conns: map[net.Conn]bool{}}
	close(p.open)
	p.listen("127.0.0.1:0")
	u.Host = p.listener.Addr().String()
	t.Cleanup(func() {
		p.Resume()
		p.RefuseConnections()
		p.release()
	})
	return p
}

// URL returns the URL of the database through the proxy.
func (p *Proxy) URL() string { return p.url.String() }

// Accepted returns how many connections the proxy has accepted until now.
func (p *Proxy) Accepted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

// Freeze keeps all connections, accepts new ones, and forwards nothing in either direction, like a network that drops
// all packets. After Resume, the data that waited arrives.
func (p *Proxy) Freeze() { p.delayAllData(0) }

// Delay delays every response of the database by a duration.
func (p *Proxy) Delay(by time.Duration) { p.delayAllData(by) }

func (p *Proxy) delayAllData(delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = delay
	select {
	case <-p.open:
		p.open = make(chan struct{})
	default: // the proxy already delays data
	}
}

// ResetAtNextResponse ends each connection with a TCP reset in place of the database's next response.
func (p *Proxy) ResetAtNextResponse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resets = true
}

// ForwardTo forwards new connections to another host and port.
func (p *Proxy) ForwardTo(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// CloseConnections closes every connection, as Neon does when it suspends an idle database. The proxy accepts new
// connections.
func (p *Proxy) CloseConnections() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		_ = conn.Close()
	}
	clear(p.conns)
}

// RefuseConnections closes every connection and refuses new ones. The proxy keeps its port.
func (p *Proxy) RefuseConnections() {
	p.t.Helper()
	p.mu.Lock()
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
		var err error
		if p.release, err = reserveAddress(p.url.Host); err != nil {
			p.release = func() {}
			p.t.Errorf("refuse connections: %v", err)
		}
	}
	p.mu.Unlock()
	p.CloseConnections()
}

// Resume ends Freeze, Delay, ResetAtNextResponse and RefuseConnections.
func (p *Proxy) Resume() {
	p.t.Helper()
	p.mu.Lock()
	p.resets = false
	select {
	case <-p.open:
	default:
		close(p.open)
	}
	refusing := p.listener == nil
	p.mu.Unlock()
	if refusing {
		p.release()
		p.listen(p.url.Host)
	}
}

func (p *Proxy) listen(address string) {
	p.t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		p.t.Fatalf("the proxy cannot listen: %v", err)
	}
	p.mu.Lock()
	p.listener = l
	p.mu.Unlock()
	go func() {
		for {
			client, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				go p.serve(client)
			}
		}
	}()
}

func (p *Proxy) serve(client net.Conn) {
	p.mu.Lock()
	p.accepted++
	p.conns[client] = true
	p.mu.Unlock()
	p.waitUntilOpen(false)
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	server, err := net.Dial("tcp", target)
	if err != nil {
		_ = client.Close()
		return
	}
	p.mu.Lock()
	if p.conns[client] {
		p.conns[server] = true
	} else {
		_ = server.Close() // CloseConnections was called while serve connected to the database
	}
	p.mu.Unlock()
	go p.forward(client, server, false)
	p.forward(server, client, true)
}

// waitUntilOpen waits until Resume while the proxy is frozen, and delays a response while Delay is set. It returns
// false if the connection has to be reset now.
func (p *Proxy) waitUntilOpen(isResponse bool) bool {
	p.mu.Lock()
	open, delay := p.open, p.delay
	p.mu.Unlock()
	switch {
	case delay == 0:
		<-open
	case isResponse:
		select {
		case <-open:
		case <-time.After(delay):
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.resets || !isResponse
}

// forward copies bytes in one direction until one connection closes. Then it closes both.
func (p *Proxy) forward(from, to net.Conn, isResponse bool) {
	defer func() {
		_, _ = from.Close(), to.Close()
	}()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if !p.waitUntilOpen(isResponse) {
			_ = to.(*net.TCPConn).SetLinger(0) // so that Close sends a reset
			return
		}
		if _, writeErr := to.Write(buf[:n]); err != nil || writeErr != nil {
			return
		}
	}
}
