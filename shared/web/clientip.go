package web

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/xenon-auth/xenon/shared/config"
)

// OriginSecretHeader is what CloudFront sends with every request, so that the API can tell it from callers of ApiUrl.
// Its value must not be logged.
const OriginSecretHeader = "X-Origin-Secret"

// Clients tells the IP addresses of callers.
type Clients struct {
	From config.ClientIP
	// AcceptsOrigin reports whether an origin secret is right, that is, whether the request came through the trusted
	// proxy. nil: every request did.
	AcceptsOrigin func(ctx context.Context, secret string) bool
}

// IP is the IP address of the caller as the deployment's CLIENT_IP says to find it, in Better Auth's form: IPv4 as
// text, IPv6 masked to its /64 and written as eight groups (contract: client address). "" when it is not known. Header
// values further left than the trusted hops are the client's own words and never count; nor does any header of a
// request without a right origin secret: its address is that of the connection, which API Gateway calls sourceIp.
func (c Clients) IP(r *http.Request) string {
	switch {
	case c.From.Source == config.RemoteAddr || !c.viaProxy(r):
		return remoteIP(r)
	case c.From.Source == config.CloudFront:
		// CloudFront writes address:port, IPv6 without brackets.
		v := r.Header.Get("Cloudfront-Viewer-Address")
		if i := strings.LastIndexByte(v, ':'); i >= 0 {
			return canonicalIP(strings.Trim(v[:i], "[]"))
		}
		return ""
	}
	return forwardedFor(strings.Join(r.Header.Values("X-Forwarded-For"), ","), c.From.Hops)
}

// viaProxy reports whether the request has exactly one origin secret, a right one.
func (c Clients) viaProxy(r *http.Request) bool {
	if c.AcceptsOrigin == nil {
		return true
	}
	secret := ""
	if values := r.Header.Values(OriginSecretHeader); len(values) == 1 {
		secret = values[0]
	}
	return c.AcceptsOrigin(r.Context(), secret)
}

func remoteIP(r *http.Request) string {
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
