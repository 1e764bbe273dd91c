package dbtest

import (
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// ServerError is an ErrorResponse message of Postgres or of a pooler.
type ServerError struct {
	Severity string // "FATAL" ends the connection, "ERROR" does not
	Code     string // SQLSTATE
	Message  string
}

// TransientErrors are errors after which a second attempt can succeed, each as FATAL and as ERROR. The messages of
// XX000 are those of Neon's proxy (neondatabase/neon, proxy/src) and of Supabase's pooler (supabase/supavisor,
// lib/supavisor).
func TransientErrors() (all []ServerError) {
	for _, e := range [][2]string{
		{"08006", "connection failure during authentication"},
		{"08P01", "query_wait_timeout"},
		{"53300", "sorry, too many clients already"},
		{"53400", "configuration limit exceeded"},
		{"57P01", "terminating connection due to administrator command"},
		{"57P03", "the database system is starting up"},
		{"58030", "could not read block 0 in file \"base/1/1\": Input/output error"},
		{"40001", "could not serialize access due to concurrent update"},
		{"40P01", "deadlock detected"},
		{"55P03", "canceling statement due to lock timeout"},
		{"XX000", "Couldn't connect to compute node"},
		{"XX000", "Control plane request failed"},
		{"XX000", "MaxClientsInSessionMode: max clients reached - in Session mode max clients are limited to pool_size"},
		{"XX000", "Unable to check out process from the pool due to timeout"},
	} {
		for _, severity := range []string{"FATAL", "ERROR"} {
			all = append(all, ServerError{severity, e[0], e[1]})
		}
	}
	return all
}

// Phase is the kind of request that an ErrorProxy answers instead of the server.
type Phase string

// The phases.
const (
	AtConnect   Phase = "at connect"     // the startup message
	AtStatement Phase = "at a statement" // a simple query, or all messages of the extended protocol until Sync
)

// ErrorProxy forwards connections to a database and answers some requests with an error itself. The database does not
// get those requests.
type ErrorProxy struct {
	upstream string
	url      url.URL

	mu     sync.Mutex
	answer ServerError
	phase  Phase
	first  int           // number of the first request of the phase that gets the error; the numbers begin at 1
	times  int           // how many more requests get the error; -1 means all
	seen   map[Phase]int // number of requests since SetError
	sent   int           // number of errors since SetError
}

// NewErrorProxy starts a proxy that ends with the test. It forwards everything until SetError is called.
func NewErrorProxy(t testing.TB, databaseURL string) *ErrorProxy {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal("the database URL is not a URL")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	p := &ErrorProxy{upstream: u.Host, url: *u, seen: map[Phase]int{}}
	p.url.Host = listener.Addr().String()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(client)
		}
	}()
	return p
}

// URL returns the URL of the database through the proxy.
func (p *ErrorProxy) URL() string { return p.url.String() }

// SetError starts to count the requests of a phase. From request number `first` on, the proxy answers the next `times`
// requests with the error e. The numbers begin at 1, and times = -1 means all requests.
func (p *ErrorProxy) SetError(e ServerError, phase Phase, first, times int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer, p.phase, p.first, p.times, p.seen, p.sent = e, phase, first, times, map[Phase]int{}, 0
}

// RequestCount returns the number of requests of a phase since SetError.
func (p *ErrorProxy) RequestCount(phase Phase) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen[phase]
}

// ClearError makes the proxy forward everything, and returns how many requests it has answered with the error.
func (p *ErrorProxy) ClearError() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.times = 0
	return p.sent
}

// nextError counts a request of the phase. It returns the error with which the proxy answers it, or false if the proxy
// forwards it.
func (p *ErrorProxy) nextError(phase Phase) (ServerError, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[phase]++
	if p.phase != phase || p.times == 0 || p.seen[phase] < p.first {
		return ServerError{}, false
	}
	p.times = max(p.times-1, -1)
	p.sent++
	return p.answer, true
}

const sslRequestCode = 80877103

func (p *ErrorProxy) serve(client net.Conn) {
	defer client.Close() //nolint:errcheck // the connection is over
	startup, err := readStartup(client)
	for err == nil && binary.BigEndian.Uint32(startup[4:]) == sslRequestCode {
		if _, err = client.Write([]byte("N")); err == nil {
			startup, err = readStartup(client)
		}
	}
	if err != nil {
		return
	}
	if e, ok := p.nextError(AtConnect); ok {
		closeWithError(client, e)
		return
	}
	server, err := net.Dial("tcp", p.upstream)
	if err != nil {
		return
	}
	defer server.Close() //nolint:errcheck // the connection is over
	if _, err := server.Write(startup); err != nil {
		return
	}
	go func() { _, _ = io.Copy(client, server); _ = client.Close() }()
	p.forward(client, server)
}

// forward reads the client's messages. It forwards them to the server, or answers the request with an error.
func (p *ErrorProxy) forward(client, server net.Conn) {
	var pending *ServerError // the error of the current request, which is sent at its end
	within := false          // between the first message of a request and its Sync
	for {
		kind, message, err := readMessage(client)
		if err != nil {
			return
		}
		begins := kind == 'Q' || !within && (kind == 'P' || kind == 'B')
		if begins {
			if e, ok := p.nextError(AtStatement); ok {
				pending = &e
			}
		}
		within = (within || kind == 'P' || kind == 'B') && kind != 'S'
		switch {
		case pending == nil:
			if _, err := server.Write(message); err != nil {
				return
			}
		case kind == 'Q' || kind == 'S':
			if pending.Severity != "ERROR" {
				closeWithError(client, *pending)
				return
			}
			if _, err := client.Write(append(pending.responseMessage(), 'Z', 0, 0, 0, 5, 'I')); err != nil {
				return
			}
			pending = nil
		}
	}
}

// closeWithError sends an error as the last message of a connection. For at most five seconds, it reads what the client
// still sends, such as rows of a COPY: closing a socket with unread data resets the connection, and then the client
// might not get the error.
func closeWithError(client net.Conn, e ServerError) {
	_, _ = client.Write(e.responseMessage())
	if tcp, ok := client.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	_ = client.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, _ = io.Copy(io.Discard, client)
}

// responseMessage returns the bytes of the ErrorResponse.
func (e ServerError) responseMessage() []byte {
	fields := "S" + e.Severity + "\x00V" + e.Severity + "\x00C" + e.Code + "\x00M" + e.Message + "\x00\x00"
	length := uint32(len(fields) + 4) //nolint:gosec // it is a few hundred bytes
	return append(binary.BigEndian.AppendUint32([]byte{'E'}, length), fields...)
}

func readStartup(r io.Reader) ([]byte, error) {
	message := make([]byte, 8)
	if _, err := io.ReadFull(r, message); err != nil {
		return nil, err
	}
	rest := make([]byte, max(0, int(binary.BigEndian.Uint32(message))-len(message)))
	_, err := io.ReadFull(r, rest)
	return append(message, rest...), err
}

func readMessage(r io.Reader) (kind byte, message []byte, err error) {
	message = make([]byte, 5)
	if _, err := io.ReadFull(r, message); err != nil {
		return 0, nil, err
	}
	rest := make([]byte, max(0, int(binary.BigEndian.Uint32(message[1:]))-4))
	_, err = io.ReadFull(r, rest)
	return message[0], append(message, rest...), err
}
