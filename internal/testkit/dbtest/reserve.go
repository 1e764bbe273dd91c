package dbtest

import (
	"fmt"
	"net/netip"
	"syscall"
)

// reserve takes a TCP address of IPv4 without listening: the system refuses connections to it, and gives the port to no
// other process. release frees the address.
func reserve(address string) (release func(), err error) {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("parse the address: %w", err)
	}
	syscall.ForkLock.RLock() // a process that starts in between would keep the socket
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(socket)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, fmt.Errorf("open a socket: %w", err)
	}
	// Connections that were closed a moment ago would otherwise hold the address.
	err = syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if err == nil {
		err = syscall.Bind(socket, &syscall.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()})
	}
	if err == nil {
		err = syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0) // it shares the address with none
	}
	if err != nil {
		_ = syscall.Close(socket)
		return nil, fmt.Errorf("reserve the address: %w", err)
	}
	return func() { _ = syscall.Close(socket) }, nil
}
