package dbtest

import (
	"errors"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Proxy is a TCP proxy between a test and its database that can interrupt connections.
type Proxy struct {
	url    *url.URL // of the database through the proxy
	target string
	t      testing.TB

	mu       sync.Mutex
	listener net.Listener  // nil while refusing
	open     chan struct{} // closed while the proxy forwards
	conns    map[net.Conn]bool
	accepted int
}

// NewProxy starts a proxy on a free port in front of the database at address. It ends with the test.
func NewProxy(t testing.TB, address string) *Proxy {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal("the address of the database is not a URL") // the error itself would show the password
	}
	p := &Proxy{url: u, target: u.Host, t: t, open: make(chan struct{}), conns: map[net.Conn]bool{}}
	close(p.open)
	p.listen("127.0.0.1:0")
	u.Host = p.listener.Addr().String()
	t.Cleanup(func() {
		p.Resume()
		p.Refuse()
	})
	return p
}

// URL returns the URL of the database through the proxy.
func (p *Proxy) URL() string { return p.url.String() }

// Accepted returns the number of connections until now.
func (p *Proxy) Accepted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

// Freeze keeps all connections, accepts new ones, and forwards nothing in either direction, like a network that drops
// all packets.
func (p *Proxy) Freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
		p.open = make(chan struct{})
	default: // frozen already
	}
}

// Cut closes every connection, as Neon does when it suspends an idle database. The proxy accepts new connections.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		_ = conn.Close()
	}
	clear(p.conns)
}

// Refuse closes every connection and refuses new ones.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
	p.mu.Unlock()
	p.Cut()
}

// Resume ends Freeze and Refuse.
func (p *Proxy) Resume() {
	p.t.Helper()
	p.mu.Lock()
	select {
	case <-p.open:
	default:
		close(p.open)
	}
	refusing := p.listener == nil
	p.mu.Unlock()
	if refusing {
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
	p.gate()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	p.mu.Lock()
	if p.conns[client] {
		p.conns[server] = true
	} else {
		_ = server.Close() // Cut was called meanwhile
	}
	p.mu.Unlock()
	go p.pump(client, server)
	p.pump(server, client)
}

// gate waits while the proxy is frozen.
func (p *Proxy) gate() {
	p.mu.Lock()
	open := p.open
	p.mu.Unlock()
	<-open
}

// pump copies bytes in one direction until either side ends, then closes both.
func (p *Proxy) pump(from, to net.Conn) {
	defer func() {
		_, _ = from.Close(), to.Close()
	}()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.gate()
		if _, writeErr := to.Write(buf[:n]); err != nil || writeErr != nil {
			return
		}
	}
}
