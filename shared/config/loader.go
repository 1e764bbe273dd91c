package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/pg"
)

// loader reads environment variables and collects the problems in their values.
type loader struct {
	getenv   func(string) string
	problems []error
}

func (l *loader) err() error {
	if len(l.problems) == 0 {
		return nil
	}
	return fmt.Errorf("settings: %w", errors.Join(l.problems...))
}

func (l *loader) addProblem(name, format string, args ...any) {
	l.problems = append(l.problems, fmt.Errorf(name+": "+format, args...))
}

func (l *loader) readTextOr(name, fallback string) string {
	if v := l.getenv(name); v != "" {
		return v
	}
	return fallback
}

func (l *loader) readList(name string) []string { return splitList(l.getenv(name)) }

// splitList returns the items of a comma-separated list, without blanks around them.
func splitList(text string) []string {
	var out []string
	for v := range strings.SplitSeq(text, ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// readOneOf reads a setting whose value must be one of allowed. The first one is the default.
func (l *loader) readOneOf(name string, allowed ...string) string {
	v := l.readTextOr(name, allowed[0])
	if !slices.Contains(allowed, v) {
		l.addProblem(name, "%q is not one of %s", v, strings.Join(allowed, ", "))
	}
	return v
}

// readOnOff reads a setting that is "on" or "off", and reports whether it is "on".
func (l *loader) readOnOff(name string, fallback bool) bool {
	words := []string{"off", "on"}
	if fallback {
		words = []string{"on", "off"}
	}
	return l.readOneOf(name, words...) == "on"
}

func (l *loader) readJWTAlg() string { return l.readOneOf("JWT_ALG", RS256, ES256, EdDSA) }

func (l *loader) readSeconds(name string, fallback time.Duration) time.Duration {
	v := l.getenv(name)
	if v == "" {
		return fallback
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 300 {
		l.addProblem(name, "%q is not a number of seconds from 1 to 300", v)
	}
	return time.Duration(n) * time.Second
}

func (l *loader) readDuration(name string, fallback time.Duration) time.Duration {
	v := l.getenv(name)
	if v == "" {
		return fallback
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < time.Second {
		l.addProblem(name, "%q is not a duration of one second or more, such as 168h or 15m", v)
	}
	return d
}

func (l *loader) readOrigin(name, fallback string) string {
	v := strings.TrimSuffix(l.readTextOr(name, fallback), "/")
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		l.addProblem(name, "%s is not an origin such as https://learn.example.com", quoteURL(v))
		return fallback
	}
	return normalOrigin(u)
}

// normalOrigin returns the origin of u as browsers write it: in lower case and without the default port.
func normalOrigin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if defaultPort := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]; u.Port() != "" {
		host = strings.TrimSuffix(host, defaultPort)
	}
	return u.Scheme + "://" + host
}

func (l *loader) readURL(name, fallback string) string {
	v := l.readTextOr(name, fallback)
	if u, err := url.Parse(v); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		l.addProblem(name, "%s is not an http or https URL", quoteURL(v))
	}
	return v
}

// readOwnIssuer reads the issuer of Xenon's tokens. A URL must have no path but "/": verifiers append
// /.well-known/openid-configuration to the issuer (OpenID Connect Discovery 1.0, section 4), and Xenon serves this path
// only at the root of a host. It must have no query and no fragment (section 3).
func (l *loader) readOwnIssuer(name, fallback string) string {
	v := l.readTextOr(name, fallback)
	u, err := url.Parse(v)
	if err == nil && u.Host != "" && (u.Path != "" && u.Path != "/" || strings.ContainsAny(v, "?#")) {
		l.addProblem(name, "%s has a path, query or fragment. Verifiers would look for the keys at the issuer + "+
			"/.well-known/openid-configuration, which Xenon serves only at the root of a host; use an issuer such as %s",
			quoteURL(v), quoteURL(u.Scheme+"://"+u.Host))
	}
	return v
}

// quoteURL quotes a URL, or returns "[redacted]" if it may contain a password.
func quoteURL(v string) string {
	if strings.Contains(v, "@") {
		return redacted
	}
	return strconv.Quote(v)
}

func (l *loader) checkRequiredDatabaseURL(name, v string) {
	if v == "" {
		l.addProblem(name, "missing; set it to postgres://user:password@host/database (or set APP_SECRET_ARN)")
		return
	}
	l.checkDatabaseURL(name, v)
}

// checkDatabaseURL adds a problem if v is not a database URL. The problem does not quote v, which may have a password.
func (l *loader) checkDatabaseURL(name, v string) {
	if _, err := pg.Parse(v); err != nil {
		l.addProblem(name, "%w", err)
	}
}

// checkAuthSecrets checks BETTER_AUTH_SECRETS and BETTER_AUTH_SECRET.
func (l *loader) checkAuthSecrets(versioned, single Secret) {
	_, err := cipher.ParseKeys(string(versioned), string(single))
	var joined interface{ Unwrap() []error }
	switch {
	case errors.As(err, &joined):
		l.problems = append(l.problems, joined.Unwrap()...)
	case err != nil:
		l.problems = append(l.problems, err)
	}
}

// lazyPattern returns a function that compiles a regular expression when it is first called. Every function imports
// this package, and few use more than two of the expressions. A limit of a length such as {1,512} belongs into Go code:
// the compiled expression would have 512 copies of what it limits.
func lazyPattern(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// maxIdentifierLength is the maximum length of a name in Postgres, which truncates longer ones.
const maxIdentifierLength = 63

var schemaNamePattern = lazyPattern(`^[a-z_][a-z0-9_]*$`)

// readSchema reads SCHEMA, the name of a schema. It rejects names that Postgres or the import uses.
func (l *loader) readSchema() string {
	const name = "SCHEMA"
	v := l.readTextOr(name, DefaultSchema)
	if len(v) > maxIdentifierLength || !schemaNamePattern().MatchString(v) || strings.HasPrefix(v, "pg_") ||
		v == "information_schema" || v == "supabase_import" {
		l.addProblem(name, "%q is not a valid schema name: use lower-case letters, digits and _, such as xenon; "+
			"pg_*, information_schema and supabase_import are reserved", v)
	}
	return v
}

var userIDPattern = lazyPattern(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// readUserIDs reads a list of ids of users. It returns them in lower case.
func (l *loader) readUserIDs(name string) []string {
	ids := l.readList(name)
	for i, id := range ids {
		if ids[i] = strings.ToLower(id); !userIDPattern().MatchString(ids[i]) {
			l.addProblem(name, "%q is not the id of a user: a UUID such as 0b2f7d2e-8a35-4d0c-9f1b-6c2d1f0a4e77", id)
		}
	}
	return ids
}

// readSecretARN reads the ARN of a secret. It may be empty.
func (l *loader) readSecretARN(name string) string {
	v := l.getenv(name)
	parts := strings.SplitN(v, ":", 7) // arn:partition:secretsmanager:region:account:secret:name
	if v != "" && (len(parts) < 7 || parts[0] != "arn" || parts[2] != "secretsmanager" ||
		parts[5] != "secret" || parts[6] == "") {
		l.addProblem(name, "%q is not the ARN of a secret in Secrets Manager", v)
	}
	return v
}

// logGroupPattern matches the names of log groups in CloudWatch Logs.
var logGroupPattern = lazyPattern(`^[A-Za-z0-9._/#-]+$`)

const maxLogGroupLength = 512

// readLogGroup reads the name of a log group. It may be empty.
func (l *loader) readLogGroup(name string) string {
	v := l.getenv(name)
	if v != "" && (len(v) > maxLogGroupLength || !logGroupPattern().MatchString(v)) {
		l.addProblem(name, "%q is not the name of a log group, such as /aws/lambda/xenon", v)
	}
	return v
}

func (l *loader) readClientIP(name string) ClientIP {
	v := l.readTextOr(name, "remote")
	hops, isXFF := strings.CutPrefix(v, "xff:")
	switch n, err := strconv.Atoi(hops); {
	case v == "remote":
		return ClientIP{Source: ClientIPFromConnection}
	case v == "cloudfront":
		return ClientIP{Source: ClientIPFromCloudFront}
	case isXFF && err == nil && n >= 0:
		return ClientIP{Source: ClientIPFromForwardedFor, Hops: n}
	}
	l.addProblem(name, "%q is not remote, cloudfront or xff:N", v)
	return ClientIP{}
}
