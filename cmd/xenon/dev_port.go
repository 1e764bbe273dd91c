package main

import (
	"context"
	"net"
	"net/url"
	"strconv"
)

const portsToTry = 20

// freeAddr returns an address like --addr with a port on which no program listens, to suggest it to the user. It is not
// the port of --site, whose development server may not run yet.
func (c devCmd) freeAddr(ctx context.Context) string {
	host, portText, err := net.SplitHostPort(c.Addr)
	first, parseErr := strconv.Atoi(portText)
	if err != nil || parseErr != nil {
		return "HOST:PORT"
	}
	sitePort := ""
	if u, err := url.Parse(c.Site); err == nil {
		sitePort = u.Port()
	}
	for port := first + 1; port <= first+portsToTry; port++ {
		addr := net.JoinHostPort(host, strconv.Itoa(port))
		if strconv.Itoa(port) == sitePort {
			continue
		}
		if l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr); err == nil {
			_ = l.Close()
			return addr
		}
	}
	return net.JoinHostPort(host, "PORT")
}
