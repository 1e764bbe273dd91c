//go:build moto

package lambda

import (
	"net/http"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/conformance/lambda/sandbox"
	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// The test sends events as API Gateway does for requests through CloudFront and for direct requests to ApiUrl. With a
// valid origin secret the audit log has the IP address of X-Forwarded-For, otherwise the gateway's sourceIp.
func TestXForwardedForNeedsTheOriginSecret(t *testing.T) {
	d := sandbox.Deploy(t, dbtest.New(t))
	s := d.Start("signup", sandbox.Build(t, "functions/signup"))
	const gateway = "203.0.113.99"
	for _, c := range []struct {
		name    string
		headers map[string]string
		want    string
	}{
		{"valid", map[string]string{"x-origin-secret": sandbox.OriginSecrets[0]}, "192.0.2.1"},
		{"previous secret", map[string]string{"x-origin-secret": sandbox.OriginSecrets[1]}, "192.0.2.2"},
		{"missing", nil, gateway},
		{"empty", map[string]string{"x-origin-secret": ""}, gateway},
		{"wrong", map[string]string{"x-origin-secret": "a guess of the right length 1234"}, gateway},
		{"half", map[string]string{"x-origin-secret": sandbox.OriginSecrets[0][:16]}, gateway},
		{"secret sent twice", map[string]string{
			"x-origin-secret": sandbox.OriginSecrets[0] + "," + sandbox.OriginSecrets[0],
		}, gateway},
		{"wrong and valid secret", map[string]string{"x-origin-secret": "guess, " + sandbox.OriginSecrets[0]}, gateway},
	} {
		e := newSignUpEvent("")
		delete(e.Headers, "x-origin-secret")
		for name, value := range c.headers {
			e.Headers[name] = value
		}
		spoofed := "192.0.2.1"
		if c.want == "192.0.2.2" {
			spoofed = c.want
		}
		e.Headers["x-forwarded-for"] = "10.0.0.1, " + spoofed + ", 130.176.0.7"
		e.Headers["cloudfront-viewer-address"] = "10.0.0.2:443"
		e.RequestContext.HTTP.SourceIP = gateway
		e.RequestContext.RequestID = "request-" + strings.ReplaceAll(c.name, " ", "-")
		got := s.InvokeHTTP(e)
		if got.StatusCode != http.StatusOK && got.StatusCode != http.StatusTooManyRequests {
			t.Errorf("sign-up, %s: got %d %s, want 200 or 429", c.name, got.StatusCode, got.Body)
		}
		if ip := loggedIP(s, e.RequestContext.RequestID); ip != c.want {
			t.Errorf("sign-up, %s: the log has the IP address %q, want %q", c.name, ip, c.want)
		}
	}
}

// loggedIP returns the field ip of a request's log record.
func loggedIP(s *sandbox.Sandbox, requestID string) string {
	for line := range strings.Lines(s.Output()) {
		if strings.Contains(line, requestID) {
			_, rest, _ := strings.Cut(line, `"ip":"`)
			ip, _, _ := strings.Cut(rest, `"`)
			return ip
		}
	}
	return ""
}
