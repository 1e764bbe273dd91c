package store

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
)

var errPlaintext = errors.New("sslmode=disable is only allowed to a database on this machine: leave it out, TLS with verify-full is used")

// parseTarget reads a database URL under our rules: TLS with a verified certificate to any other machine, whatever
// weaker sslmode the URL says; direct TLS negotiation, which saves a round trip, with Neon, whose proxy is known to have it;
// and statements in one round trip without names, so that any pooler will do.
func parseTarget(text string) (*pgx.ConnConfig, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the database URL is not of the form postgres://user:password@host/database")
	}
	q := u.Query()
	if !local(u.Hostname()) {
		if q.Get("sslmode") == "disable" {
			return nil, errPlaintext
		}
		q.Set("sslmode", "verify-full")
	}
	if strings.HasSuffix(u.Hostname(), ".neon.tech") && !q.Has("sslnegotiation") {
		q.Set("sslnegotiation", "direct")
	}
	u.RawQuery = q.Encode()
	cc, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", redact(err, u))
	}
	cc.ConnectTimeout = connectTimeout
	cc.DefaultQueryExecMode = pgx.QueryExecModeExec
	cc.StatementCacheCapacity, cc.DescriptionCacheCapacity = 0, 0
	if cc.RuntimeParams["application_name"] == "" {
		cc.RuntimeParams["application_name"] = "xenon"
	}
	if cc.TLSConfig != nil {
		cc.TLSConfig.MinVersion = tls.VersionTLS12
	}
	return cc, nil
}

// local reports whether the host is this machine. host.docker.internal is what a container calls the machine it runs on; the
// Internet has no names that end in .internal.
func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || host == "localhost" || host == "host.docker.internal" || strings.HasPrefix(host, "/") || ip != nil && ip.IsLoopback()
}

// redact keeps the password of u out of the parser's message.
func redact(err error, u *url.URL) error {
	text := err.Error()
	if password, ok := u.User.Password(); ok && password != "" {
		text = strings.ReplaceAll(text, password, "[redacted]")
	}
	return errors.New(text)
}
