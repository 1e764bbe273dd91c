package dbtest

import (
	"fmt"
	"net/netip"
	"syscall"
)

// reserveAddress binds an IPv4 address and port without listening: the operating system refuses connections to it, and
// no other process can listen on it. release frees it.
func reserveAddress(address string) (release func(), err error) {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("parse the address: %w", err)
	}
	syscall.ForkLock.RLock() // without it, a process started before CloseOnExec would inherit the socket
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(socket)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, fmt.Errorf("open a socket: %w", err)
	}
	// Without SO_REUSEADDR, connections that were closed a moment ago (TIME_WAIT) make Bind fail.
	err = syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if err == nil {
		err = syscall.Bind(socket, &syscall.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()})
	}
	if err == nil {
		// Now no other socket can bind the same address, even with SO_REUSEADDR.
		err = syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0)
	}
	if err != nil {
		_ = syscall.Close(socket)
		return nil, fmt.Errorf("reserve the address: %w", err)
	}
	return func() { _ = syscall.Close(socket) }, nil
}
