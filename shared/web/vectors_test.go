package web_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/web"
)

// readVectors reads a file of cases that were recorded from Better Auth into the struct that into points to.
func readVectors(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "conformance", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func TestR31_TrustedURLs(t *testing.T) {
	t.Parallel()
	var v struct {
		TrustedOrigins []string
		AsCallbackURL  []struct {
			URL     string
			Trusted bool
		}
		AsOriginHeader []struct {
			Origin  string
			Trusted bool
		}
		Lenient []string // URLs that Better Auth trusts and Xenon does not
	}
	readVectors(t, "trusted_urls.json", &v)
	if len(v.AsCallbackURL) != 53 || len(v.AsOriginHeader) != 49 {
		t.Fatalf("trusted_urls.json has %d callback URLs and %d Origin headers, want 53 and 49",
			len(v.AsCallbackURL), len(v.AsOriginHeader))
	}
	origins := web.NewOrigins(v.TrustedOrigins[0], v.TrustedOrigins[1:]...)
	for _, c := range v.AsCallbackURL {
		want := c.Trusted && !slices.Contains(v.Lenient, c.URL)
		if got := origins.TrustsRedirect(c.URL); got != want {
			t.Errorf("TrustsRedirect(%q) = %v, want %v", c.URL, got, want)
		}
	}
	for _, c := range v.AsOriginHeader {
		want := c.Trusted && !slices.Contains(v.Lenient, c.Origin)
		if got := origins.TrustsOrigin(c.Origin); got != want {
			t.Errorf("TrustsOrigin(%q) = %v, want %v", c.Origin, got, want)
		}
	}
}

func TestR31_OriginPatterns(t *testing.T) {
	t.Parallel()
	var v struct {
		Patterns []struct {
			Pattern string
			Cases   []struct {
				URL   string
				Match bool
			}
		}
	}
	readVectors(t, "trusted_urls.json", &v)
	for _, p := range v.Patterns {
		origins := web.NewOrigins("http://own.example", p.Pattern)
		for _, c := range p.Cases {
			if got := origins.TrustsOrigin(c.URL); got != c.Match {
				t.Errorf("pattern %s: TrustsOrigin(%q) = %v, want %v", p.Pattern, c.URL, got, c.Match)
			}
		}
	}
}

// The targets of this test are not in the recorded vectors. None of them is a path of the site or a URL of a trusted
// origin.
func TestR31_HostileRedirects(t *testing.T) {
	t.Parallel()
	origins := web.NewOrigins("https://app.example.test", "*.trusted.example", "myapp://")
	for _, target := range []string{
		"https://app.example.test.", "https://app.example.test.evil.example", "https://evilapp.example.test",
		"https://app.example.test:444", "http://app.example.test", "https://app.example.test@evil.example",
		"https://app.example.test%2f@evil.example", "https://äpp.example.test", "https://xn--pp-uia.example.test",
		"//app.example.test", "///evil.example", `/\evil.example`, `\/evil.example`, "/\tevil", "/%5Cevil.example",
		"https://trusted.example", "https://a.trusted.example.evil.example", "https://eviltrusted.example",
		"javascript://app.example.test/%0aalert(1)", "vbscript:x", "data:text/html,x", "mailto:a@b.co", "", " ", "null",
		"myapp:", "myapp:/a://", "myapp:#://", "myapp:?://", "myapp:a://", // none has "//" after the scheme
	} {
		if origins.TrustsRedirect(target) {
			t.Errorf("TrustsRedirect(%q) = true, want false", target)
		}
	}
}

func TestClientIPEqualsBetterAuth(t *testing.T) {
	t.Parallel()
	var v struct {
		Cases []struct{ Value, IP string }
	}
	readVectors(t, "client_ip.json", &v)
	for _, c := range v.Cases {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("X-Forwarded-For", c.Value)
		if got := (web.Clients{From: config.ClientIP{Source: config.ClientIPFromForwardedFor}}).IP(r); got != c.IP {
			t.Errorf("X-Forwarded-For %q: got client IP %q, want %q as from Better Auth", c.Value, got, c.IP)
		}
	}
}

func TestR16_ClientIPBehindTrustedHops(t *testing.T) {
	t.Parallel()
	xff := func(hops int) config.ClientIP {
		return config.ClientIP{Source: config.ClientIPFromForwardedFor, Hops: hops}
	}
	for _, c := range []struct {
		name           string
		from           config.ClientIP
		header, value  string
		remote, wantIP string
	}{
		{"connection", config.ClientIP{}, "X-Forwarded-For", "1.2.3.4", "192.0.2.9:1234", "192.0.2.9"},
		{"connection without port", config.ClientIP{}, "", "", "192.0.2.9", "192.0.2.9"},
		{"connection IPv6", config.ClientIP{}, "", "", "[2001:db8::1]:9", "2001:0db8:0000:0000:0000:0000:0000:0000"},
		{"one hop", xff(1), "X-Forwarded-For", "203.0.113.7", "10.0.0.1:1", "203.0.113.7"},
		{"one hop, spoofed left", xff(1), "X-Forwarded-For", "6.6.6.6, 203.0.113.7", "10.0.0.1:1", "203.0.113.7"},
		{
			"two hops, spoofed left", xff(2), "X-Forwarded-For", "6.6.6.6, 203.0.113.7, 130.176.0.1", "10.0.0.1:1",
			"203.0.113.7",
		},
		{"two hops, chain too short", xff(2), "X-Forwarded-For", "203.0.113.7", "10.0.0.1:1", ""},
		{"two hops, garbage at the hop", xff(2), "X-Forwarded-For", "x, 130.176.0.1", "10.0.0.1:1", ""},
		{
			"cloudfront IPv4",
			config.ClientIP{Source: config.ClientIPFromCloudFront},
			"CloudFront-Viewer-Address", "198.51.100.10:46532",
			"10.0.0.1:1", "198.51.100.10",
		},
		{
			"cloudfront IPv6",
			config.ClientIP{Source: config.ClientIPFromCloudFront},
			"CloudFront-Viewer-Address",
			"2001:db8:1:2:3:4:5:6:46532", "10.0.0.1:1", "2001:0db8:0001:0002:0000:0000:0000:0000",
		},
		{
			"cloudfront missing",
			config.ClientIP{Source: config.ClientIPFromCloudFront},
			"X-Forwarded-For", "6.6.6.6",
			"10.0.0.1:1", "",
		},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		if c.header != "" {
			r.Header.Set(c.header, c.value)
		}
		if got := (web.Clients{From: c.from}).IP(r); got != c.wantIP {
			t.Errorf("client IP, %s: got %q, want %q", c.name, got, c.wantIP)
		}
	}
}

func TestClientIPHeadersNeedTheOriginSecret(t *testing.T) {
	t.Parallel()
	accepts := func(_ context.Context, secret string) bool { return secret == "right" }
	for name, c := range map[string]struct {
		secrets []string
		want    string
	}{
		"right":           {[]string{"right"}, "203.0.113.7"},
		"wrong":           {[]string{"wrong"}, "192.0.2.9"},
		"none":            {nil, "192.0.2.9"},
		"two":             {[]string{"right", "right"}, "192.0.2.9"},
		"right and wrong": {[]string{"right", "wrong"}, "192.0.2.9"},
	} {
		for _, from := range []config.ClientIP{
			{Source: config.ClientIPFromForwardedFor},
			{Source: config.ClientIPFromForwardedFor, Hops: 1},
			{Source: config.ClientIPFromCloudFront},
		} {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = "192.0.2.9:1234"
			r.Header.Set("X-Forwarded-For", "203.0.113.7")
			r.Header.Set("Cloudfront-Viewer-Address", "203.0.113.7:1234")
			for _, secret := range c.secrets {
				r.Header.Add(web.OriginSecretHeader, secret)
			}
			if got := (web.Clients{From: from, AcceptsOriginSecret: accepts}).IP(r); got != c.want {
				t.Errorf("origin secret %s, setting %+v: got client IP %q, want %q", name, from, got, c.want)
			}
		}
	}
}

func TestForwardedForCountsHopsFromTheRight(t *testing.T) {
	t.Parallel()
	for header, wants := range map[string][]string{
		"":                                    {"", "", "", ""},
		"203.0.113.1":                         {"203.0.113.1", "203.0.113.1", "", ""},
		"203.0.113.1, , 203.0.113.2,":         {"", "203.0.113.2", "203.0.113.1", ""},
		"203.0.113.1,203.0.113.2,203.0.113.3": {"", "203.0.113.3", "203.0.113.2", "203.0.113.1"},
		"x":                                   {"", "", "", ""},
		"fe80::1%eth0":                        {"", "", "", ""},
		"::ffff:203.0.113.1":                  {"203.0.113.1", "203.0.113.1", "", ""},
	} {
		for hops, want := range wants {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("X-Forwarded-For", header)
			from := config.ClientIP{Source: config.ClientIPFromForwardedFor, Hops: hops}
			if got := (web.Clients{From: from}).IP(r); got != want {
				t.Errorf("X-Forwarded-For %q with %d hops: got client IP %q, want %q", header, hops, got, want)
			}
		}
	}
}

func TestEmailSyntaxIsBetterAuths(t *testing.T) {
	t.Parallel()
	var v struct {
		Cases []struct {
			Email string
			Valid bool
		}
	}
	readVectors(t, "email_syntax.json", &v)
	for _, c := range v.Cases {
		if got := web.IsEmail(c.Email); got != c.Valid {
			t.Errorf("IsEmail(%q) = %v, want %v", c.Email, got, c.Valid)
		}
	}
	if web.IsEmail("a＠b.co") {
		t.Error("an email with a full-width @ is accepted, want it rejected")
	}
}
