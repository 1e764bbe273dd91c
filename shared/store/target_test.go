package store

import (
	"cmp"
	"strings"
	"testing"
)

func TestTLSIsVerifiedToEveryOtherMachine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ url, server, negotiation string }{
		{"postgres://u:p@ep-x-pooler.eu-central-1.aws.neon.tech/db?sslmode=require&channel_binding=require", "ep-x-pooler.eu-central-1.aws.neon.tech", "direct"},
		{"postgres://u:p@ep-x.neon.tech/db?sslnegotiation=postgres", "ep-x.neon.tech", "postgres"},
		{"postgres://u:p@db.example.com/db", "db.example.com", "postgres"},
		{"postgres://u:p@db.example.com/db?sslmode=prefer", "db.example.com", "postgres"},
		{"postgres://u:p@203.0.113.7:6543/db?sslmode=allow", "203.0.113.7", "postgres"},
	} {
		cc, err := parseTarget(c.url)
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		if cc.TLSConfig == nil || cc.TLSConfig.InsecureSkipVerify || cc.TLSConfig.ServerName != c.server || len(cc.Fallbacks) > 0 {
			t.Errorf("%s: got TLS %+v and %d fallbacks", c.url, cc.TLSConfig, len(cc.Fallbacks))
		}
		if got := cmp.Or(cc.SSLNegotiation, "postgres"); got != c.negotiation {
			t.Errorf("%s: got negotiation %q, want %q", c.url, got, c.negotiation)
		}
	}
}

func TestPlaintextOnlyToThisMachine(t *testing.T) {
	t.Parallel()
	if _, err := parseTarget("postgres://u:p@db.example.com/db?sslmode=disable"); err == nil {
		t.Error("plaintext to another machine passed")
	}
	for _, host := range []string{"localhost", "127.0.0.1:5432", "[::1]", "host.docker.internal:5432"} {
		if cc, err := parseTarget("postgres://u:p@" + host + "/db?sslmode=disable"); err != nil || cc.TLSConfig != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestTargetErrorsHideThePassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://u:hunter2@h:99999999/db", "postgres://u:hunter2%zz@h/db",
		"postgres://u:hunter2@h/db?connect_timeout=x", "postgres://u:hunter2@h/db?channel_binding=hunter2",
	} {
		if _, err := parseTarget(url); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v", err)
		}
	}
}
