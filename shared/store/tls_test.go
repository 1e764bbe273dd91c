package store_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// tlsProxy is a proxy before a database that accepts TLS connections as Neon's proxy does: directly, or after an
// SSLRequest.
type tlsProxy struct {
	url  url.URL // the URL of the database through the proxy
	cert tls.Certificate

	mu     sync.Mutex
	direct int // connections that began with TLS
	asked  int // connections that began with an SSLRequest
}

func newTLSProxy(t *testing.T, databaseURL string, cert tls.Certificate) *tlsProxy {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal("the URL of the database is invalid")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	p := &tlsProxy{url: *u, cert: cert}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	p.url.Host = net.JoinHostPort("localhost", port)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(conn, u.Host)
		}
	}()
	return p
}

const tlsHandshake = 0x16 // the first byte of a TLS connection

func (p *tlsProxy) serve(conn net.Conn, target string) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	first, err := in.Peek(1)
	if err != nil {
		return
	}
	p.mu.Lock()
	if first[0] == tlsHandshake {
		p.direct++
	} else {
		p.asked++
	}
	p.mu.Unlock()
	if first[0] != tlsHandshake {
		if _, err := in.Discard(8); err != nil { // SSLRequest
			return
		}
		if _, err := conn.Write([]byte("S")); err != nil {
			return
		}
	}
	cfg := &tls.Config{Certificates: []tls.Certificate{p.cert}, NextProtos: []string{"postgresql"}}
	client := tls.Server(peekedConn{conn, in}, cfg)
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	go func() { _, _ = io.Copy(server, client); server.Close() }()
	_, _ = io.Copy(client, server)
}

// peekedConn is a connection whose first bytes have already been read into the buffer of the field in.
type peekedConn struct {
	net.Conn
	in *bufio.Reader
}

func (p peekedConn) Read(b []byte) (int, error) { return p.in.Read(b) }

// newCertificate returns a self-signed certificate for a host, and a file with it that can be used as sslrootcert.
func newCertificate(t *testing.T, host string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// urlWith returns the URL of the database through the proxy, with parameters given as name, value, name, value, ….
func (p *tlsProxy) urlWith(parameters ...string) string {
	u := p.url
	u.RawQuery = queryOf(parameters...)
	return u.String()
}

func TestBothTLSNegotiationsConnectWithAVerifiedCertificate(t *testing.T) {
	t.Parallel()
	cert, ca := newCertificate(t, "localhost")
	p := newTLSProxy(t, dbtest.New(t), cert)
	for _, c := range []struct {
		negotiation   string
		direct, asked int
	}{{"postgres", 0, 1}, {"direct", 1, 1}} {
		databaseURL := p.urlWith("sslmode", "verify-full", "sslrootcert", ca, "sslnegotiation", c.negotiation)
		if err := openStore(t, databaseURL, 1).CheckReady(t.Context()); err != nil {
			t.Errorf("sslnegotiation=%s: %v", c.negotiation, err)
		}
		p.mu.Lock()
		if p.direct != c.direct || p.asked != c.asked {
			t.Errorf("sslnegotiation=%s: got %d direct TLS connections and %d with an SSLRequest so far, want %d and %d",
				c.negotiation, p.direct, p.asked, c.direct, c.asked)
		}
		p.mu.Unlock()
	}
}

func TestTLSRejectsCertificatesOfOtherAuthoritiesAndHosts(t *testing.T) {
	t.Parallel()
	own, ca := newCertificate(t, "localhost")
	_, otherCA := newCertificate(t, "localhost")
	otherHost, otherHostCA := newCertificate(t, "db.example.com")
	for name, c := range map[string]struct {
		cert tls.Certificate
		ca   string
	}{"another authority": {own, otherCA}, "another host": {otherHost, otherHostCA}, "the right one": {own, ca}} {
		p := newTLSProxy(t, dbtest.New(t), c.cert)
		err := openStore(t, p.urlWith("sslmode", "verify-full", "sslrootcert", c.ca), 1).CheckReady(t.Context())
		if refused := isUnavailable(err); refused != (name != "the right one") {
			t.Errorf("certificate of %s: got %v, want an Unavailable error: %v", name, err, name != "the right one")
		}
	}
}

// Direct negotiation saves the round trip that an SSLRequest takes.
func TestDirectNegotiationSavesARoundTrip(t *testing.T) {
	t.Parallel()
	cert, ca := newCertificate(t, "localhost")
	p := newTLSProxy(t, dbtest.New(t), cert)
	countRoundTrips := func(negotiation string) int {
		wire := &dbtest.CountingDialer{}
		url := p.urlWith("sslmode", "verify-full", "sslrootcert", ca, "sslnegotiation", negotiation)
		if err := openStoreCountingRoundTrips(t, url, 1, wire).CheckReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		return wire.RoundTrips()
	}
	if direct, asked := countRoundTrips("direct"), countRoundTrips("postgres"); asked-direct != 1 {
		t.Errorf("first statement: got %d round trips with direct negotiation and %d with an SSLRequest, want one less",
			direct, asked)
	}
}
