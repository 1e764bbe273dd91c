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

// MaxBody is the longest body, in bytes of the event, that reaches a handler: what Lambda takes for a whole synchronous
// event. base64 only shrinks when decoded, so the one limit holds before and after. What a route accepts is for shared/web.
const MaxBody = 6 << 20

// plainEvent is what the adapter is given of an event: what it converts without loss, and nothing it could refuse. It
// would print the path of an event it cannot convert, and fail the invocation.
func plainEvent(e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPRequest, *refusal) {
	if !validMethod(e.RequestContext.HTTP.Method) {
		return e, noMethod
	}
	body, refused := decodeBody(e)
	plain := events.APIGatewayV2HTTPRequest{RawPath: "/", RequestContext: e.RequestContext, Body: body}
	plain.RequestContext.DomainName = ""
	return plain, refused
}

func validMethod(method string) bool {
	notInMethod := func(r rune) bool { return r != '-' && (r < 'A' || r > 'Z') }
	return method != "" && !strings.ContainsFunc(method, notInMethod)
}

func decodeBody(e events.APIGatewayV2HTTPRequest) (string, *refusal) {
	if len(e.Body) > MaxBody {
		return "", tooLarge
	}
	if !e.IsBase64Encoded {
		return e.Body, nil
	}
	body, err := base64.StdEncoding.DecodeString(e.Body)
	if err != nil {
		return "", notBase64
	}
	return string(body), nil
}

// restore gives the adapter's request everything of the event the way net/http's own server would have read it from
// the client.
func restore(r *http.Request, e events.APIGatewayV2HTTPRequest) {
	r.URL = target(e)
	r.RequestURI = r.URL.RequestURI()
	r.RemoteAddr = remoteAddr(e.RequestContext.HTTP.SourceIP)
	r.Header = header(e)

	r.Host = e.RequestContext.DomainName
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	r.Header.Del("Host")
}

// requestID is the gateway's id, which its access log has too; without one, Lambda's own of the invocation.
func requestID(ctx context.Context, e events.APIGatewayV2HTTPRequest) string {
	if e.RequestContext.RequestID != "" {
		return e.RequestContext.RequestID
	}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}

// target is the URL as net/http's server has it: path and query, no host. An HTTP API and SAM local put the decoded path
// into rawPath, whatever its name says; a Function URL leaves it as the client sent it. Decoding the former once more
// would let "%252F" pass for a slash.
func target(e events.APIGatewayV2HTTPRequest) *url.URL {
	path := stagelessPath(e)
	u := &url.URL{Path: path, RawQuery: e.RawQueryString}
	if strings.Contains(e.RequestContext.DomainName, ".lambda-url.") {
		if decoded, err := url.PathUnescape(path); err == nil {
			u.Path, u.RawPath = decoded, path
		}
	}
	return u
}

// stagelessPath is the event's path without the stage. Only the API's own host name, never a custom domain or SAM local,
// puts a named stage in front of the path; a path that merely begins like the stage keeps what it has.
func stagelessPath(e events.APIGatewayV2HTTPRequest) string {
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

// remoteAddr has the form "ip:port" that net/http documents; the gateway does not tell the port, so it is 0.
func remoteAddr(sourceIP string) string {
	if _, err := netip.ParseAddr(sourceIP); err != nil {
		return ""
	}
	return net.JoinHostPort(sourceIP, "0")
}

// header has each value of the event whole, as a repeated header comes joined with commas and dates and user agents have
// commas of their own. cookies[] is the whole truth where it is present: SAM local and Function URLs repeat it as a header.
func header(e events.APIGatewayV2HTTPRequest) http.Header {
	h := make(http.Header, len(e.Headers)+2)
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		h.Add(name, e.Headers[name])
	}
	if len(e.Cookies) > 0 {
		h.Set("Cookie", strings.Join(e.Cookies, "; "))
	}
	return h
}
