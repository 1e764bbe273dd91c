// Package freeport chooses a free TCP port for a program that a test starts and that cannot choose one itself.
package freeport

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
)

// The system gives ports from 32768 (Linux) or 49152 (other systems) to outgoing connections and to listeners that ask
// for any port. Only a program that asks for a lower port gets it.
const (
	lowestPort  = 10_000
	highestPort = 32_767
)

var (
	mu          sync.Mutex
	chosenPorts = map[int]bool{}
)

// Address returns "127.0.0.1:port" with a port on which nothing listens. One process never gets the same port twice.
func Address(t testing.TB) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(Port(t)))
}

// Port returns the port of an Address.
func Port(t testing.TB) int {
	t.Helper()
	mu.Lock()
	defer mu.Unlock()
	var err error
	for range 1000 {
		port := lowestPort + rand.IntN(highestPort-lowestPort+1) //nolint:gosec // it needs no secrecy
		if chosenPorts[port] {
			continue
		}
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err != nil {
			continue
		}
		if err = l.Close(); err != nil {
			continue
		}
		chosenPorts[port] = true
		return port
	}
	t.Fatalf("find a free port: 1,000 ports were taken; the last error was %v", err)
	return 0
}
