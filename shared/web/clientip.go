package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/xenon-auth/xenon/shared/config"
)

// ClientIP is the address of the caller as the deployment's CLIENT_IP says to find it, in the library's form: IPv4 as
// text, IPv6 masked to its /64 and written as eight groups (contract: client address). "" when it is not known. Header
// values further left than the trusted hops are the client's own words and never count.
func ClientIP(from config.ClientIP, r *http.Request) string {
	switch from.Source {
	case config.CloudFront:
		// CloudFront writes address:port, IPv6 without brackets.
		v := r.Header.Get("Cloudfront-Viewer-Address")
		if i := strings.LastIndexByte(v, ':'); i >= 0 {
			return canonicalIP(strings.Trim(v[:i], "[]"))
		}
		return ""
	case config.ForwardedFor:
		return forwardedFor(strings.Join(r.Header.Values("X-Forwarded-For"), ","), from.Hops)
	case config.RemoteAddr:
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return canonicalIP(host)
}

// forwardedFor reads the address that the outermost of hops trusted proxies appended. With no hops it follows the
// library's default: a single address counts, a chain does not.
func forwardedFor(header string, hops int) string {
	var chain []string
	for v := range strings.SplitSeq(header, ",") {
		if v = strings.TrimSpace(v); v != "" {
			chain = append(chain, v)
		}
	}
	switch {
	case hops == 0 && len(chain) == 1:
		return canonicalIP(chain[0])
	case hops > 0 && len(chain) >= hops:
		return canonicalIP(chain[len(chain)-hops])
	}
	return ""
}

func canonicalIP(text string) string {
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return ""
	}
	addr = addr.Unmap()
	if addr.Is4() {
		return addr.String()
	}
	network, err := addr.Prefix(64)
	if err != nil {
		return ""
	}
	return network.Addr().StringExpanded()
}
