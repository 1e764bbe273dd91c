//go:build moto

package sandbox

import (
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/xenon-auth/xenon/shared/web"
)

func TestGatewayRejectsLargeHeadersBeforeTheFunction(t *testing.T) {
	t.Parallel()
	s := &Sandbox{t: t} // it has no function, so the test fails if an event is not rejected
	for name, change := range map[string]func(*events.APIGatewayV2HTTPRequest, string){
		"a header":  func(e *events.APIGatewayV2HTTPRequest, text string) { e.Headers["x-probe"] = text },
		"a cookie":  func(e *events.APIGatewayV2HTTPRequest, text string) { e.Cookies = append(e.Cookies, text) },
		"the query": func(e *events.APIGatewayV2HTTPRequest, text string) { e.RawQueryString = text },
	} {
		e := NewEvent("GET", "/api/auth/ok", "", "192.0.2.1", "")
		change(&e, strings.Repeat("x", web.MaxRequestHeaderBytes))
		if got := s.InvokeHTTP(e); got.StatusCode != 431 {
			t.Errorf("an event with a large value in %s: got %d %s, want 431", name, got.StatusCode, got.Body)
		}
	}
}

func TestHeaderBytesCountRequestLineAndHeaders(t *testing.T) {
	t.Parallel()
	e := events.APIGatewayV2HTTPRequest{
		RawPath: "/api/auth/ok", RawQueryString: "a=b", Cookies: []string{"c=1"},
		Headers: map[string]string{"host": "example.com"},
	}
	e.RequestContext.HTTP.Method = "GET"
	want := len("GET /api/auth/ok?a=b HTTP/1.1\r\nCookie: c=1\r\nhost: example.com\r\n")
	if got := requestHeaderBytes(e); got != want {
		t.Errorf("bytes of the request headers: got %d, want %d", got, want)
	}
	a := events.APIGatewayV2HTTPResponse{
		Cookies: []string{"c=1"}, Headers: map[string]string{"vary": "Origin"},
		MultiValueHeaders: map[string][]string{"link": {"a", "b"}},
	}
	want = len("Set-Cookie: c=1\r\nvary: Origin\r\nlink: a\r\nlink: b\r\n")
	if got := responseHeaderBytes(a); got != want {
		t.Errorf("bytes of the response headers: got %d, want %d", got, want)
	}
}
