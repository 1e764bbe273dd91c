package lambdahttp

import (
	"context"
	"encoding/base64"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// MaxEventBodyBytes is the maximum length in bytes of an event's body that reaches a handler: Lambda's limit for a
// whole synchronous event. Base64 decoding makes a body shorter, so the limit applies before and after decoding.
// shared/web has the limits of routes.
const MaxEventBodyBytes = 6 << 20

// losslessEvent returns an event with only those fields of e that the adapter converts without loss. Because of other
// fields, the adapter may reject an event: it then prints the path, and the invocation fails. restoreRequest sets the
// rest of the request.
func losslessEvent(e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPRequest, *rejection) {
	if !isValidMethod(e.RequestContext.HTTP.Method) {
		return e, invalidMethod
	}
	body, rejected := decodeBody(e)
	simple := events.APIGatewayV2HTTPRequest{RawPath: "/", RequestContext: e.RequestContext, Body: body}
	simple.RequestContext.DomainName = ""
	return simple, rejected
}

func isValidMethod(method string) bool {
	notInMethod := func(r rune) bool { return r != '-' && (r < 'A' || r > 'Z') }
	return method != "" && !strings.ContainsFunc(method, notInMethod)
}

func decodeBody(e events.APIGatewayV2HTTPRequest) (string, *rejection) {
	if len(e.Body) > MaxEventBodyBytes {
		return "", bodyTooLarge
	}
	if !e.IsBase64Encoded {
		return e.Body, nil
	}
	body, err := base64.StdEncoding.DecodeString(e.Body)
	if err != nil {
		return "", bodyNotBase64
	}
	return string(body), nil
}

// restoreRequest sets the fields of the adapter's request as net/http's server would have set them for the client's
// request.
func restoreRequest(r *http.Request, e events.APIGatewayV2HTTPRequest) {
	r.URL = eventURL(e)
	r.RequestURI = r.URL.RequestURI()
	r.RemoteAddr = remoteAddr(e.RequestContext.HTTP.SourceIP)
	r.Header = eventHeader(e)

	r.Host = e.RequestContext.DomainName
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	r.Header.Del("Host")
}

// requestID returns API Gateway's request id, which is in its access log too, or else Lambda's id of the invocation.
func requestID(ctx context.Context, e events.APIGatewayV2HTTPRequest) string {
	if e.RequestContext.RequestID != "" {
		return e.RequestContext.RequestID
	}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}

// eventURL returns the URL as net/http's server makes it: path and query without a host. In spite of its name, rawPath
// has the decoded path in events of an HTTP API and of SAM local; decoding it again would turn "%252F" into a slash. In
// events of a Function URL it has the path as the client sent it.
func eventURL(e events.APIGatewayV2HTTPRequest) *url.URL {
	path := pathWithoutStage(e)
	u := &url.URL{Path: path, RawQuery: e.RawQueryString}
	if strings.Contains(e.RequestContext.DomainName, ".lambda-url.") {
		if decoded, err := url.PathUnescape(path); err == nil {
			u.Path, u.RawPath = decoded, path
		}
	}
	return u
}

// pathWithoutStage returns the event's path without the stage. Only events from the API's own host name, not from a
// custom domain or SAM local, have a named stage in front of the path. A longer first segment that only begins with the
// name of the stage is part of the path.
func pathWithoutStage(e events.APIGatewayV2HTTPRequest) string {
	path := e.RawPath
	if path == "" {
		path = e.RequestContext.HTTP.Path
	}
	stage := e.RequestContext.Stage
	if stage != "" && stage != "$default" && strings.Contains(e.RequestContext.DomainName, ".execute-api.") {
		if rest, ok := strings.CutPrefix(path, "/"+stage); ok && (rest == "" || rest[0] == '/') {
			path = rest
		}
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return path
}

// remoteAddr returns "ip:port", as net/http does, or "" if sourceIP is not an IP address. The event has no port, so the
// port is 0.
func remoteAddr(sourceIP string) string {
	if _, err := netip.ParseAddr(sourceIP); err != nil {
		return ""
	}
	return net.JoinHostPort(sourceIP, "0")
}

// eventHeader returns the headers of the event. It does not split a value at commas: the event joins the values of a
// repeated header with commas, but dates and user agents contain commas too. If the event has cookies, they replace the
// header Cookie, which SAM local and Function URLs also send.
func eventHeader(e events.APIGatewayV2HTTPRequest) http.Header {
	h := make(http.Header, len(e.Headers)+2)
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		h.Add(name, e.Headers[name])
	}
	if len(e.Cookies) > 0 {
		h.Set("Cookie", strings.Join(e.Cookies, "; "))
	}
	return h
}
