package web

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/xenon-auth/xenon/shared/config"
)

// OriginSecretHeader is a header that CloudFront adds to every request to the API. With it Xenon distinguishes requests
// through CloudFront from requests that a client sends to API Gateway directly. Its value must not be logged.
const OriginSecretHeader = "X-Origin-Secret"

// Clients finds the IP addresses of clients.
type Clients struct {
	From config.ClientIP
	// AcceptsOriginSecret reports whether an origin secret is valid, that is, whether the request came through the trusted
	// proxy. secret is "" if the request does not have exactly one. If AcceptsOriginSecret is nil, every request counts as
	// a request through the proxy.
	AcceptsOriginSecret func(ctx context.Context, secret string) bool
}

// NewClients returns the Clients of a deployment behind a trusted proxy. It stores acceptsOrigin in the field
// AcceptsOriginSecret.
func NewClients(from config.ClientIP, acceptsOrigin func(ctx context.Context, secret string) bool) Clients {
	return Clients{From: from, AcceptsOriginSecret: acceptsOrigin}
}

// IP returns the IP address of the client, taken from the place that the setting CLIENT_IP names, in Better Auth's
// form: IPv4 as text, IPv6 masked to its /64 and written as eight groups (docs/wire.md#client-ip-address). It returns
// "" if the IP address is unknown. It ignores the values in X-Forwarded-For to the left of the trusted hops, because
// the client can write them. For a request without a valid origin secret it ignores all headers and returns the IP
// address of the connection, which API Gateway calls sourceIp.
func (c Clients) IP(r *http.Request) string {
	switch {
	case c.From.Source == config.ClientIPFromConnection || !c.cameThroughProxy(r):
		return connectionIP(r)
	case c.From.Source == config.ClientIPFromCloudFront:
		// The value is an IP address, a colon and a port. CloudFront writes an IPv6 address without brackets.
		v := r.Header.Get("Cloudfront-Viewer-Address")
		if i := strings.LastIndexByte(v, ':'); i >= 0 {
			return canonicalIP(strings.Trim(v[:i], "[]"))
		}
		return ""
	}
	return forwardedFor(strings.Join(r.Header.Values("X-Forwarded-For"), ","), c.From.Hops)
}

// cameThroughProxy reports whether AcceptsOriginSecret accepts the origin secret of the request, or is nil.
func (c Clients) cameThroughProxy(r *http.Request) bool {
	if c.AcceptsOriginSecret == nil {
		return true
	}
	secret := ""
	if values := r.Header.Values(OriginSecretHeader); len(values) == 1 {
		secret = values[0]
	}
	return c.AcceptsOriginSecret(r.Context(), secret)
}

func connectionIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return canonicalIP(host)
}

// forwardedFor returns the IP address that the outermost of the trusted proxies appended to X-Forwarded-For; hops is
// the number of these proxies. If hops is 0 it follows Better Auth's default: it accepts a header with one IP address,
// and returns "" for a list.
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

// canonicalIP returns an IP address in Better Auth's form, which IP describes, or "" if text is not an IP address.
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
