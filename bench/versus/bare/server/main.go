// Command server is the bare server of the benchmark.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/xenon-auth/xenon/bench/versus/bare"
)

// connections is the number of connections of the pool, as in Xenon and in Better Auth.
const connections = 10

// The environment variable BARE_SERVER has a bare.Server as JSON. The server prints the address on which it listens,
// and exits when its standard input ends.
func main() {
	var s bare.Server
	if err := json.Unmarshal([]byte(os.Getenv("BARE_SERVER")), &s); err != nil {
		log.Fatal(err)
	}
	handler, err := s.Handler(context.Background(), connections)
	if err != nil {
		log.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	log.Fatal(http.Serve(l, handler)) //nolint:gosec // without timeouts: it has only what the requests need
}
