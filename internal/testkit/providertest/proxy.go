package providertest

import (
	"io"
	"net"
	"net/http"
	"slices"
)

// serveConnect handles the requests to the proxy. If the request is CONNECT to port 443 of a provider's host, it
// connects the client with the TLS server. All other requests get 403.
func (s *Server) serveConnect(w http.ResponseWriter, r *http.Request) {
	host, port, err := net.SplitHostPort(r.Host)
	if r.Method != http.MethodConnect || err != nil || port != "443" || !slices.Contains(allProviderHosts(), host) {
		s.mu.Lock()
		s.refused = append(s.refused, r.Host)
		s.mu.Unlock()
		http.Error(w, "the proxy for tests does not know the host "+r.Host, http.StatusForbidden)
		return
	}
	server, err := new(net.Dialer).DialContext(r.Context(), "tcp", net.JoinHostPort("127.0.0.1", s.Port))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusOK)
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = server.Close() // there is no client to tell
		return
	}
	go copyUntilClosed(server, buffered, client)
	go copyUntilClosed(client, server, server)
}

// copyUntilClosed copies bytes until one connection closes, and then closes both.
func copyUntilClosed(to io.WriteCloser, from io.Reader, source io.Closer) {
	_, _ = io.Copy(to, from) // fails if one of the two has closed its connection
	to.Close()
	source.Close()
}

// Refused returns the hosts that the proxy has refused.
func (s *Server) Refused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refused)
}
