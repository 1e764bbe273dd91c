package freeport

import (
	"net"
	"testing"
)

func TestAddressesAreFreeAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		address := Address(t)
		if seen[address] {
			t.Fatalf("Address returned %s twice, want another address each time", address)
		}
		seen[address] = true
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatalf("listen on %s: got %v, want a free address", address, err)
		}
		defer l.Close()
	}
}
