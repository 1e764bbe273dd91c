// Package providertest emulates the providers of social sign-in for tests: the sixteen providers that Xenon has built
// in, and three issuers of OpenID Connect.
//
// A Server is one TLS server for the hosts of all providers, and a proxy that refuses every other host. Environment
// returns the variables with which another process uses it. Authorize acts as the user's browser at the provider: it
// checks an authorization URL and returns the callback. The code in the callback belongs to one Visit, which describes
// the user and the faults. The token endpoint checks the client, the redirect URI and the code verifier, and accepts a
// code once.
package providertest

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Server emulates all providers.
type Server struct {
	ProxyURL string        // of a CONNECT proxy that connects to the hosts of the providers only
	Port     string        // of the TLS server on 127.0.0.1
	Delay    time.Duration // of FaultSlow; 30 s unless the test changes it before the first request

	hosts  *httptest.Server
	proxy  *httptest.Server
	folder string
	caFile string

	mu        sync.Mutex
	logins    map[string]*Login // by code, access token and refresh token
	faults    map[string]Fault  // by provider and endpoint
	rotations map[string]int    // of a provider's signing key
	browser   Visit             // what SignIn set
	unclaimed []Request         // requests of no login
	refused   []string          // hosts that the proxy refused
}

// New starts a server that stops at the end of the test.
func New(t testing.TB) *Server {
	t.Helper()
	s, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Start starts a server. The caller has to close it.
func Start() (*Server, error) {
	ca, err := getCertificateAuthority()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "providertest")
	if err != nil {
		return nil, err
	}
	s := &Server{
		Delay: 30 * time.Second, folder: folder, caFile: filepath.Join(folder, "ca.pem"), logins: map[string]*Login{},
		faults: map[string]Fault{}, rotations: map[string]int{},
	}
	if err := os.WriteFile(s.caFile, ca.pem, 0o600); err != nil {
		return nil, fmt.Errorf("write the certificate of the test CA: %w", err)
	}
	s.hosts = httptest.NewUnstartedServer(s.handler())
	s.hosts.TLS = &tls.Config{Certificates: []tls.Certificate{ca.leaf}, MinVersion: tls.VersionTLS12}
	s.hosts.Config.ErrorLog = log.New(io.Discard, "", 0) // it would log each client that does not trust the CA
	s.hosts.StartTLS()
	at, err := url.Parse(s.hosts.URL)
	if err != nil {
		return nil, err
	}
	s.Port = at.Port()
	s.proxy = httptest.NewServer(http.HandlerFunc(s.serveConnect)) // after Port is set, because serveConnect reads it
	s.ProxyURL = s.proxy.URL
	return s, nil
}

// Close stops the server.
func (s *Server) Close() {
	s.proxy.CloseClientConnections()
	s.proxy.Close()
	s.hosts.CloseClientConnections()
	s.hosts.Close()
	os.RemoveAll(s.folder) //nolint:errcheck // a temporary directory
}

// Environment returns environment variables that make a Go program send its requests to providers to this server. They
// make a Node program trust the CA; it has to connect to port PROVIDER_PORT of 127.0.0.1 instead of a provider's host.
func (s *Server) Environment() map[string]string {
	return map[string]string{
		"SSL_CERT_FILE": s.caFile, "HTTPS_PROXY": s.ProxyURL, "NO_PROXY": "", "no_proxy": "",
		"NODE_EXTRA_CA_CERTS": s.caFile, "PROVIDER_PORT": s.Port,
	}
}

// SetEnvironment sets the variables of Environment in this process. net/http and crypto/x509 read them once, so
// TestMain has to call this before the first request.
func (s *Server) SetEnvironment() error {
	for name, value := range s.Environment() {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// Transport returns a transport that sends requests to providers to this server, without the environment variables.
func (s *Server) Transport() *http.Transport {
	ca, err := getCertificateAuthority()
	if err != nil {
		panic(err) // cannot happen: Start would have failed
	}
	proxy, err := url.Parse(s.ProxyURL)
	if err != nil {
		panic(err) // cannot happen: it is the URL of a httptest.Server
	}
	return &http.Transport{
		Proxy:           http.ProxyURL(proxy),
		TLSClientConfig: &tls.Config{RootCAs: ca.pool, MinVersion: tls.VersionTLS12},
	}
}
