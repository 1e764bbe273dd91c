package auth_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestR16_ClientHeadersDoNotChangeTheRateLimitKey(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		source string
		header []string // headers that the trusted proxies set; %s stands for what the client sent
		key    string
	}{
		{"remote", nil, "192.0.2.1"}, // the IP address from which httptest sends requests
		{"cloudfront", []string{"Cloudfront-Viewer-Address", "198.51.100.7:4711"}, "198.51.100.7"},
		{
			"cloudfront",
			[]string{"Cloudfront-Viewer-Address", "2001:db8:1:2:3:4:5:6:4711"},
			"2001:0db8:0001:0002:0000:0000:0000:0000",
		},
		{"cloudfront", nil, "no-trusted-ip"},
		{"xff:1", []string{"X-Forwarded-For", "%s, 198.51.100.7"}, "198.51.100.7"},
		{"xff:2", []string{"X-Forwarded-For", "%s, 198.51.100.7, 203.0.113.9"}, "198.51.100.7"},
		{"xff:0", []string{"X-Forwarded-For", "%s, 198.51.100.7"}, "no-trusted-ip"},
	} {
		s := newServer(t, enableRateLimits, setClientIP(c.source))
		for i, spoofed := range []string{"10.0.0.1", "10.0.0.2", "::1", "x"} {
			headers := append([]string{
				"X-Forwarded-For", spoofed, "X-Real-Ip", spoofed, "Forwarded", "for=" + spoofed,
				"True-Client-Ip", spoofed,
			}, c.header...)
			for j := range headers {
				headers[j] = strings.ReplaceAll(headers[j], "%s", spoofed)
			}
			want := 401
			if i == 3 {
				want = 429
			}
			if a := s.do("POST", signInPath, strings.Replace(signInBody, "ada", spoofed[:1], 1), headers...); a.status != want &&
				a.status != want-1 {
				t.Errorf("CLIENT_IP=%s, request %d: got %d %s, want %d or %d",
					c.source, i, a.status, a.body, want, want-1)
			}
		}
		if got := s.rateLimitRows(); !strings.Contains(got, c.key+"|/sign-in/email 3") || strings.Contains(got, "10.0.0") {
			t.Errorf("CLIENT_IP=%s: got the rows %s, want the key of %s, and none of an IP address that the client sent",
				c.source, got, c.key)
		}
	}
}

func TestR16_IPv6NetworkHasOneLimit(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, setClientIP("xff:1"))
	for i, c := range []struct {
		ip     string
		status int
	}{
		{"2001:db8:1:2::1", 401},
		{"2001:db8:1:2:ffff::", 401},
		{"2001:DB8:1:2:3:4:5:6", 401},
		{"2001:db8:1:2::4", 429},
		{"2001:db8:1:3::1", 401},
		{"::ffff:192.0.2.1", 401},
		{"192.0.2.1", 401},
		{"192.0.2.1", 401},
		{"::ffff:192.0.2.1", 429},
	} {
		if a := s.signInAda("X-Forwarded-For", c.ip); a.status != c.status {
			t.Errorf("sign-in %d, from %s: got %d, want %d", i, c.ip, a.status, c.status)
		}
	}
}

// A customer of an internet provider often has a whole /48, which contains 65,536 /64 networks.
func TestIPv6IsAlsoLimitedBySlash48(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, setClientIP("xff:1"))
	attempt := func(network int, slash48 string) int {
		body := fmt.Sprintf(`{"email":"ada%d@example.com","password":"wrong"}`, network)
		return s.do("POST", signInPath, body, "X-Forwarded-For", fmt.Sprintf("%s:%x::1", slash48, network)).status
	}
	for i := range 30 {
		if got := attempt(i, "2001:db8:1"); got != 401 {
			t.Fatalf("sign-in from /64 number %d of a /48: got %d, want 401", i, got)
		}
	}
	if got := attempt(30, "2001:db8:1"); got != 429 {
		t.Errorf("sign-in from /64 number 30 of the same /48: got %d, want 429", got)
	}
	if got := attempt(30, "2001:db8:2"); got != 401 {
		t.Errorf("sign-in from another /48: got %d, want 401", got)
	}
}
