// Package pg is how Xenon reaches Postgres. It reads database URLs, with one rule for TLS and one for parameters, and
// says what helps against an error of a server or of a pooler in front of it. Requests, schema changes and imports use
// it.
package pg

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Why Parse refuses a URL. None of the texts quotes the URL, which holds a password.
var (
	errForm   = errors.New("is not of the form postgres://user:password@host/database")
	errEscape = errors.New("has a blank, or a % without two hexadecimal digits after it: write a blank as %20 and a % as %25")
	errAt     = errors.New("has an @ after its user and password: in them write / as %2F, @ as %40, ? as %3F and % as %25")
	errPair   = errors.New("has a query that is not of the form ?name=value&name=value: within a value write & as %26 and = as %3D")
	errPlain  = errors.New("asks for a connection without TLS (sslmode=disable), which only a database on this machine may have: " +
		"leave sslmode out, and TLS with verify-full is used")
	errTLS = errors.New("leads to a host whose certificate would not be verified")
)

// Parse reads a database URL and returns the settings of a connection: TLS with a verified certificate to every host
// that is not this machine, whatever weaker sslmode the URL names; direct TLS negotiation, which saves a round trip,
// with Neon; and statements that go in one round trip without a name, so that any pooler accepts them. Parameters of
// other drivers are left out, see Ignored; an unknown one is an error.
func Parse(text string) (*pgx.ConnConfig, error) {
	a, err := split(text)
	if err != nil {
		return nil, err
	}
	kept, err := a.connection()
	if err != nil {
		return nil, err
	}
	c, err := a.read(kept)
	if err != nil {
		return nil, err
	}
	all := append([]*pgconn.FallbackConfig{{Host: c.Host}}, c.Fallbacks...)
	if slices.ContainsFunc(all, isRemote) {
		if a.plaintext() {
			return nil, errPlain
		}
		kept = append(kept, "sslmode=verify-full") // the last one counts
	}
	if !slices.ContainsFunc(all, isNotNeon) && !a.has("sslnegotiation") {
		kept = append(kept, "sslnegotiation=direct")
	}
	if c, err = a.read(kept); err != nil {
		return nil, err
	}
	c.DefaultQueryExecMode = pgx.QueryExecModeExec
	c.StatementCacheCapacity, c.DescriptionCacheCapacity = 0, 0
	return c, harden(c)
}

// Ignored returns the names of the parameters that Parse leaves out of a database URL, in their order.
func Ignored(text string) []string {
	a, err := split(text)
	if err != nil {
		return nil
	}
	var names []string
	for _, p := range a.parameters {
		if p.meaning() == ignored {
			names = append(names, p.name)
		}
	}
	return names
}

func isRemote(f *pgconn.FallbackConfig) bool { return !isLocal(f.Host) }

// isLocal reports whether the host is this machine. host.docker.internal is what a container calls the machine it runs
// on; the Internet has no names that end in .internal.
func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || host == "host.docker.internal" || strings.HasPrefix(host, "/") || ip != nil && ip.IsLoopback()
}

func isNotNeon(f *pgconn.FallbackConfig) bool { return !strings.HasSuffix(f.Host, ".neon.tech") }

// harden sets the oldest TLS version, and checks that every remote host is verified.
func harden(c *pgx.ConnConfig) error {
	for _, f := range append([]*pgconn.FallbackConfig{{Host: c.Host, TLSConfig: c.TLSConfig}}, c.Fallbacks...) {
		if isRemote(f) && (f.TLSConfig == nil || f.TLSConfig.InsecureSkipVerify) {
			return errTLS
		}
		if f.TLSConfig != nil {
			f.TLSConfig.MinVersion = tls.VersionTLS12
		}
	}
	return nil
}

// address is a database URL in pieces that are still encoded.
type address struct {
	base       string // everything before the query
	userinfo   string
	parameters []parameter
}

// parameter is one name=value of the query.
type parameter struct{ raw, name, value string }

// split takes a URL apart as libpq and pgx do, but that an @ in a password need not be encoded.
func split(text string) (address, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || scheme != "postgres" && scheme != "postgresql" || strings.ContainsAny(text, "\x00\r\n\t") {
		return address{}, errForm
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@')
	if at < 0 { // a password may have a ?, if there is an @ before the first /
		if at = strings.IndexAny(rest, "@/"); at >= 0 && rest[at] == '/' {
			at = -1
		}
	}
	a := address{base: scheme + "://"}
	if at >= 0 {
		a.userinfo = strings.ReplaceAll(rest[:at], "@", "%40")
		a.base += a.userinfo + "@"
		rest = rest[at+1:]
	}
	base, query, _ := strings.Cut(rest, "?")
	a.base += base
	if strings.Contains(base, "@") || at < 0 && strings.Contains(query, "@") {
		return address{}, errAt
	}
	if !decodes(a.base) {
		return address{}, errEscape
	}
	return a, a.split(query)
}

// split takes the query apart.
func (a *address) split(query string) error {
	for raw := range strings.SplitSeq(query, "&") {
		if raw == "" {
			continue
		}
		name, value, ok := strings.Cut(raw, "=")
		if !ok || strings.Contains(value, "=") {
			return errPair
		}
		p := parameter{raw: raw}
		var errName, errValue error
		p.name, errName = url.PathUnescape(name)
		p.value, errValue = url.PathUnescape(value)
		if errors.Join(errName, errValue) != nil || !decodes(raw) {
			return errEscape
		}
		a.parameters = append(a.parameters, p)
	}
	return nil
}

// decodes reports whether the text can be percent-decoded and has no blank.
func decodes(text string) bool {
	_, err := url.PathUnescape(text)
	return err == nil && !strings.Contains(text, " ")
}

// connection returns the parameters that pgx gets, or an error that names all those that are neither used nor ignored.
func (a *address) connection() (kept []string, err error) {
	var problems, unknown []string
	for _, p := range a.parameters {
		switch p.meaning() {
		case used:
			kept = append(kept, p.raw)
		case noTLS:
			kept = append(kept, "sslmode=disable")
		case schema:
			problems = append(problems, fmt.Sprintf("has %s=%s: leave it out and set SCHEMA=%s", p.name, p.value, p.value))
		case other:
			unknown = append(unknown, p.name)
		case ignored:
		}
	}
	if unknown != nil {
		problems = append(problems, fmt.Sprintf("has parameters that are unknown here: %s. Leave them out; "+
			"a setting of Postgres is written options=-c%%20name%%3Dvalue", strings.Join(unknown, ", ")))
	}
	if problems != nil {
		return nil, errors.New(strings.Join(problems, "; it "))
	}
	return kept, nil
}

// plaintext reports whether the URL itself says that TLS is not wanted.
func (a *address) plaintext() bool {
	var last parameter
	for _, p := range a.parameters {
		if p.name == "sslmode" || p.meaning() == noTLS {
			last = p
		}
	}
	return last.meaning() == noTLS || last.value == "disable"
}

func (a *address) has(name string) bool {
	return slices.ContainsFunc(a.parameters, func(p parameter) bool { return p.name == name })
}

// read lets pgx parse the URL with these parameters. Of pgx's errors it keeps the reason and no password.
func (a *address) read(parameters []string) (*pgx.ConnConfig, error) {
	text := a.base
	if len(parameters) > 0 {
		text += "?" + strings.Join(parameters, "&")
	}
	c, err := pgx.ParseConfig(text)
	if err == nil {
		return c, nil
	}
	_, reason, _ := strings.Cut(err.Error(), "`: ") // before it stands the URL
	return nil, errors.New("cannot be used: " + a.redact(reason))
}

// redact takes the passwords of the URL out of a text.
func (a *address) redact(text string) string {
	_, password, _ := strings.Cut(a.userinfo, ":")
	secrets := []string{password}
	for _, p := range a.parameters {
		if p.name == "password" || p.name == "sslpassword" {
			secrets = append(secrets, p.value)
		}
	}
	for _, s := range secrets {
		plain, _ := url.PathUnescape(s) // split has decoded it before
		if s != "" {
			text = strings.NewReplacer(s, "[redacted]", plain, "[redacted]").Replace(text)
		}
	}
	return text
}
