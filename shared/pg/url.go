// Package pg reads database URLs and classifies the errors of Postgres and of poolers. Requests, migrations and imports
// use it, so that the same rules for TLS and parameters apply to all of them.
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

// The reasons why Parse rejects a URL. They do not quote the URL, which contains a password. The caller puts the name
// of the setting before the text.
var (
	errURLForm       = errors.New("is not of the form postgres://user:password@host/database")
	errPercentEscape = errors.New("has a space, or a % without two hexadecimal digits after it: " +
		"write a space as %20 and a % as %25")
	errUnescapedCharacter = errors.New("has a character in its user or password that is not encoded: " +
		"write / as %2F, @ as %40, ? as %3F and % as %25")
	errQueryForm = errors.New("has a query that is not of the form ?name=value&name=value: " +
		"within a value write & as %26 and = as %3D")
	errNoTLS = errors.New("asks for a connection without TLS (sslmode=disable or ssl=false), which is allowed only to a " +
		"database on this machine: remove the parameter; Xenon then uses sslmode=verify-full")
	errUnverifiedTLS = errors.New("has a host whose certificate would not be verified")
)

// Parse reads a database URL and returns the settings of a connection. Connections to other machines use TLS and verify
// the certificate, even if the URL has a weaker sslmode; sslmode=disable is an error. Connections to Neon use direct
// TLS negotiation, which saves a round trip, unless the URL has sslnegotiation. Statements are unnamed and take one
// round trip, so that a pooler in transaction mode accepts them. Parse drops parameters of other drivers, see
// IgnoredParameters. An unknown parameter is an error.
func Parse(text string) (*pgx.ConnConfig, error) {
	u, err := splitURL(text)
	if err != nil {
		return nil, err
	}
	kept, err := u.connectionParameters()
	if err != nil {
		return nil, err
	}
	c, err := u.parse(kept)
	if err != nil {
		return nil, err
	}
	all := append([]*pgconn.FallbackConfig{{Host: c.Host}}, c.Fallbacks...)
	if slices.ContainsFunc(all, isRemoteHost) {
		if u.disablesTLS() {
			return nil, errNoTLS
		}
		kept = append(kept, "sslmode=verify-full") // overrides an earlier sslmode
	}
	if !slices.ContainsFunc(all, isNotNeonHost) && !u.hasParameter("sslnegotiation") {
		kept = append(kept, "sslnegotiation=direct")
	}
	if c, err = u.parse(kept); err != nil {
		return nil, err
	}
	c.DefaultQueryExecMode = pgx.QueryExecModeExec
	c.StatementCacheCapacity, c.DescriptionCacheCapacity = 0, 0
	return c, requireTLS(c)
}

// IgnoredParameters returns the names of the parameters of a database URL that Parse drops, in the order of the URL. It
// returns none if the URL is invalid.
func IgnoredParameters(text string) []string {
	u, err := splitURL(text)
	if err != nil {
		return nil
	}
	var names []string
	for _, p := range u.parameters {
		if p.usage() == ignored {
			names = append(names, p.name)
		}
	}
	return names
}

func isRemoteHost(f *pgconn.FallbackConfig) bool { return !isLocalHost(f.Host) }

// isLocalHost reports whether a host is this machine. In a container, host.docker.internal is the machine that runs the
// container. No public name ends in .internal.
func isLocalHost(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || host == "host.docker.internal" || strings.HasPrefix(host, "/") ||
		ip != nil && ip.IsLoopback()
}

func isNotNeonHost(f *pgconn.FallbackConfig) bool { return !strings.HasSuffix(f.Host, ".neon.tech") }

// keyExchangesOfPostgres are Go's key exchanges without X25519MLKEM768. Go's first message has keys for the first one
// of its list, and for the curve in it. Postgres before 18 accepts only P-256 by default. After a key for X25519 it
// would ask for another one, which takes a round trip.
var keyExchangesOfPostgres = []tls.CurveID{
	tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024, tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521,
}

// requireTLS sets the minimum TLS version and the key exchanges, and returns an error unless the certificate of every
// remote host is verified.
func requireTLS(c *pgx.ConnConfig) error {
	for _, f := range append([]*pgconn.FallbackConfig{{Host: c.Host, TLSConfig: c.TLSConfig}}, c.Fallbacks...) {
		if isRemoteHost(f) && (f.TLSConfig == nil || f.TLSConfig.InsecureSkipVerify) {
			return errUnverifiedTLS
		}
		if f.TLSConfig != nil {
			f.TLSConfig.MinVersion = tls.VersionTLS12
			if isNotNeonHost(f) {
				f.TLSConfig.CurvePreferences = keyExchangesOfPostgres
			}
		}
	}
	return nil
}

// databaseURL is a database URL in parts that are still percent-encoded.
type databaseURL struct {
	base       string // everything before the query, with the userinfo
	userinfo   string // user:password, without the @
	parameters []parameter
}

// parameter is one parameter of the query: raw is name=value as in the URL; name and value are decoded.
type parameter struct{ raw, name, value string }

// splitURL splits a URL as libpq and pgx do, except that an @ in a password need not be encoded.
func splitURL(text string) (databaseURL, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || scheme != "postgres" && scheme != "postgresql" || strings.ContainsAny(text, "\x00\r\n\t") {
		return databaseURL{}, errURLForm
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@')
	if at < 0 { // a ? belongs to the password if an @ follows it before the first /
		if at = strings.IndexAny(rest, "@/"); at >= 0 && rest[at] == '/' {
			at = -1
		}
	}
	u := databaseURL{base: scheme + "://"}
	if at >= 0 {
		u.userinfo = strings.ReplaceAll(rest[:at], "@", "%40")
		u.base += u.userinfo + "@"
		rest = rest[at+1:]
	}
	base, query, _ := strings.Cut(rest, "?")
	u.base += base
	if strings.Contains(base, "@") || at < 0 && strings.Contains(query, "@") {
		return databaseURL{}, errUnescapedCharacter
	}
	if !isPercentDecodable(u.base) {
		return databaseURL{}, errPercentEscape
	}
	return u, u.splitQuery(query)
}

func (u *databaseURL) splitQuery(query string) error {
	for raw := range strings.SplitSeq(query, "&") {
		if raw == "" {
			continue
		}
		name, value, ok := strings.Cut(raw, "=")
		if !ok || strings.Contains(value, "=") {
			return errQueryForm
		}
		p := parameter{raw: raw}
		var errName, errValue error
		p.name, errName = url.PathUnescape(name)
		p.value, errValue = url.PathUnescape(value)
		if errors.Join(errName, errValue) != nil || !isPercentDecodable(raw) {
			return errPercentEscape
		}
		u.parameters = append(u.parameters, p)
	}
	return nil
}

// isPercentDecodable reports whether the text can be percent-decoded and has no space.
func isPercentDecodable(text string) bool {
	_, err := url.PathUnescape(text)
	return err == nil && !strings.Contains(text, " ")
}

// connectionParameters returns the parameters that pgx gets, or an error that names every unknown one.
func (u *databaseURL) connectionParameters() (kept []string, err error) {
	var problems, unknownNames []string
	for _, p := range u.parameters {
		switch p.usage() {
		case used:
			kept = append(kept, p.raw)
		case noTLS:
			kept = append(kept, "sslmode=disable")
		case schema:
			problems = append(problems, fmt.Sprintf("has %s=%s: remove it and set SCHEMA=%s", p.name, p.value, p.value))
		case unknown:
			unknownNames = append(unknownNames, p.name)
		case ignored:
		}
	}
	if unknownNames != nil {
		problems = append(problems, fmt.Sprintf("has unknown parameters: %s. Remove them; "+
			"write a setting of Postgres as options=-c%%20name%%3Dvalue", strings.Join(unknownNames, ", ")))
	}
	if problems != nil {
		return nil, errors.New(strings.Join(problems, "; it "))
	}
	return kept, nil
}

// disablesTLS reports whether the URL asks for a connection without TLS. If several parameters are about this, such as
// sslmode and ssl=false, the last one counts.
func (u *databaseURL) disablesTLS() bool {
	var last parameter
	for _, p := range u.parameters {
		if p.name == "sslmode" || p.usage() == noTLS {
			last = p
		}
	}
	return last.usage() == noTLS || last.value == "disable"
}

func (u *databaseURL) hasParameter(name string) bool {
	return slices.ContainsFunc(u.parameters, func(p parameter) bool { return p.name == name })
}

// parse lets pgx parse the URL with the given parameters instead of those in the URL. Its error has pgx's reason,
// without the URL and its passwords.
func (u *databaseURL) parse(parameters []string) (*pgx.ConnConfig, error) {
	text := u.base
	if len(parameters) > 0 {
		text += "?" + strings.Join(parameters, "&")
	}
	c, err := pgx.ParseConfig(text)
	if err == nil {
		return c, nil
	}
	_, reason, _ := strings.Cut(err.Error(), "`: ") // pgx writes the URL before the reason
	return nil, errors.New("cannot be used: " + u.redact(reason))
}

// redact removes the passwords of the URL from a text.
func (u *databaseURL) redact(text string) string {
	_, password, _ := strings.Cut(u.userinfo, ":")
	secrets := []string{password}
	for _, p := range u.parameters {
		if p.name == "password" || p.name == "sslpassword" {
			secrets = append(secrets, p.value)
		}
	}
	for _, s := range secrets {
		plain, _ := url.PathUnescape(s) // splitURL has rejected invalid encodings
		if s != "" {
			text = strings.NewReplacer(s, "[redacted]", plain, "[redacted]").Replace(text)
		}
	}
	return text
}
