package main

import (
	"context"
	"net"
	"net/http"
	"testing"
)

// A browser can open a connection without a request, and a client can stop in the middle of a request. If such a
// connection is open when Ctrl-C stops the server, serve returns no error.
func TestServeStopsWithAnUnfinishedRequest(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- serve(ctx, l, http.NotFoundHandler()) }()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\n")); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r) // the server has accepted the first connection before this one
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	stop()
	if err := <-stopped; err != nil {
		t.Errorf("serve that is stopped during a request: got %v, want no error", err)
	}
}
