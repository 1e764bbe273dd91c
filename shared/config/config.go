// Package config reads the settings of Xenon from the environment, once, and reports everything that is wrong with
// them together, so that a deployment with bad settings does not start.
package config

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/pg"
)

// Defaults that other rooms, the manual and the tests quote.
const (
	DefaultOrigin          = "http://localhost:3000"
	DefaultSigningKeysFile = ".xenon/signing-keys.json"
	DefaultJWTExpiresIn    = 7 * 24 * time.Hour
	DefaultMailFile        = ".xenon/mail.jsonl"
	DefaultSchema          = "public"

	DefaultCookieCacheMaxAge = 5 * time.Minute

	// MinSecretLength is what the library asks for in a warning and Xenon insists on, in bytes.
	MinSecretLength = 32
)

// The formats PASSWORD_HASH can name.
const (
	Argon2id = "argon2id"
	Scrypt   = "scrypt"
)

// Config is every setting a function can have. Values that live in Secrets Manager in the cloud are empty here when
// their ARN is set; shared/secrets hands them out.
type Config struct {
	DatabaseURL Secret // where requests go; a pooled endpoint in the cloud
	Schema      string // the schema of Xenon's tables
	AuthSecret  Secret // signs cookies and mail tokens, as BETTER_AUTH_SECRET does for the library

	AppSecretARN    string // Secrets Manager secret that holds DATABASE_URL and BETTER_AUTH_SECRET
	SigningKeysARN  string // Secrets Manager secret that holds the key set
	SigningKeysFile string // the key set as a file, when SigningKeysARN is empty

	FromDatabaseURL  Secret // the Supabase project that an import reads
	ToDatabaseURL    Secret // the direct endpoint that it writes to
	MigrateSecretARN string // Secrets Manager secret that holds both; only functions/migrate may read it

	Origin         string   // public origin, "scheme://host[:port]": issuer, cookie prefix, links; never read from Host
	TrustedOrigins []string // origins and patterns besides Origin

	PasswordHash string // what new hashes are written as: Argon2id or Scrypt

	PasswordBlocklist   bool // refuse the most common passwords
	PasswordBreachCheck bool // ask Have I Been Pwned for new ones

	JWKSURL      string // where /api/profile reads the public keys
	JWTIssuer    string
	JWTAudience  string
	JWTExpiresIn time.Duration

	ClientIP  ClientIP
	RateLimit bool // count requests and refuse what is too many

	RateLimitRules []RateLimitRule // before the library's own; the first that matches counts

	CookieCache       bool          // answer get-session from a signed cookie while it is young
	CookieCacheMaxAge time.Duration // how young

	RequireEmailVerification      bool // no session before the address is confirmed
	SendVerificationOnSignIn      bool // a refused sign-in mails the link again
	AutoSignInAfterVerification   bool // the first click on the link opens a session
	RevokeSessionsOnPasswordReset bool
	DeleteUserVerification        bool // an account is deleted by a mailed link
	ChangeEmailConfirmation       bool // the old address is asked before the new one
	ChangeEmail, DeleteUser       bool // the features are there at all
	SignUp                        bool // new accounts can be registered

	SharedDatabase bool // a TypeScript server uses the same database and secret

	Mail         Mail
	MailFile     string // the outbox: one JSON line a mail
	MailQueueURL string // the SQS queue of functions/mailer
	MailFrom     string // the sender's address, verified in SES

	AWS AWS // as whom Secrets Manager and SQS are called
}

// Mail says where mails go.
type Mail string

// The values of MAIL.
const (
	MailOutbox Mail = "outbox" // to a file, for development
	MailQueue  Mail = "queue"  // to SQS, from where functions/mailer sends them
	MailNone   Mail = "none"   // nowhere: the features that need mail answer as the library does without mail hooks
)

// Secure reports whether the public origin is https, which names and marks the cookies.
func (c Config) Secure() bool { return strings.HasPrefix(c.Origin, "https://") }

// Secret is a value that never shows itself: every way of printing it gives "[redacted]". Convert it to string to use it.
type Secret string

const redacted = "[redacted]"

func (Secret) String() string               { return redacted }
func (Secret) GoString() string             { return redacted }
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// ClientIP says where the address of the caller comes from.
type ClientIP struct {
	Source ClientIPSource
	Hops   int // with ForwardedFor: how many trusted proxies append to the header
}

// ClientIPSource is one of the three forms of CLIENT_IP.
type ClientIPSource int

// The sources of the caller's address.
const (
	RemoteAddr   ClientIPSource = iota // the peer of the connection, or what the gateway says it is
	CloudFront                         // CloudFront-Viewer-Address, which CloudFront writes itself
	ForwardedFor                       // X-Forwarded-For behind Hops trusted proxies
)

// FromEnv reads the process environment.
func FromEnv() (Config, error) { return Load(os.Getenv) }

// Load reads every setting through getenv. The error lists all problems, one a line, each with the variable's name and
// never with the value of a secret.
func Load(getenv func(string) string) (Config, error) {
	l := loader{getenv: getenv}
	c := Config{
		DatabaseURL:         Secret(getenv("DATABASE_URL")),
		Schema:              l.schema("SCHEMA"),
		AuthSecret:          Secret(getenv("BETTER_AUTH_SECRET")),
		AppSecretARN:        l.secretARN("APP_SECRET_ARN"),
		SigningKeysARN:      l.secretARN("SIGNING_KEYS_ARN"),
		SigningKeysFile:     l.text("SIGNING_KEYS_FILE", DefaultSigningKeysFile),
		Origin:              l.origin("BETTER_AUTH_URL", DefaultOrigin),
		TrustedOrigins:      l.trustedOrigins("BETTER_AUTH_TRUSTED_ORIGINS"),
		PasswordHash:        l.oneOf("PASSWORD_HASH", Argon2id, Scrypt),
		PasswordBlocklist:   l.on("PASSWORD_BLOCKLIST", false),
		PasswordBreachCheck: l.on("PASSWORD_BREACH_CHECK", false),
		JWTExpiresIn:        l.duration("JWT_EXPIRES_IN", DefaultJWTExpiresIn),
		ClientIP:            l.clientIP("CLIENT_IP"),
		RateLimit:           l.on("RATE_LIMIT", true),
		RateLimitRules:      l.rateLimitRules("RATE_LIMIT_RULES"),

		CookieCache:       l.oneOf("COOKIE_CACHE", "off", "compact") == "compact",
		CookieCacheMaxAge: l.seconds("COOKIE_CACHE_MAX_AGE", DefaultCookieCacheMaxAge),

		RequireEmailVerification:      l.on("REQUIRE_EMAIL_VERIFICATION", false),
		SendVerificationOnSignIn:      l.on("SEND_VERIFICATION_ON_SIGN_IN", false),
		AutoSignInAfterVerification:   l.on("AUTO_SIGN_IN_AFTER_VERIFICATION", false),
		RevokeSessionsOnPasswordReset: l.on("REVOKE_SESSIONS_ON_PASSWORD_RESET", true),
		DeleteUserVerification:        l.on("DELETE_USER_VERIFICATION", false),
		ChangeEmailConfirmation:       l.on("CHANGE_EMAIL_CONFIRMATION", false),
		ChangeEmail:                   l.on("CHANGE_EMAIL", true),
		DeleteUser:                    l.on("DELETE_USER", true),
		SignUp:                        l.on("SIGN_UP", true),

		SharedDatabase: l.on("SHARED_DATABASE", false),

		Mail:         Mail(l.oneOf("MAIL", string(MailOutbox), string(MailQueue), string(MailNone))),
		MailFile:     l.text("MAIL_FILE", DefaultMailFile),
		MailQueueURL: getenv("MAIL_QUEUE_URL"),
		MailFrom:     getenv("MAIL_FROM"),

		AWS: l.aws(),
	}
	if c.Mail == MailQueue && c.MailQueueURL == "" {
		l.problem("MAIL_QUEUE_URL", "is missing; MAIL=queue needs the URL of the SQS queue that functions/mailer reads")
	}
	if c.Mail == MailOutbox && c.AppSecretARN != "" {
		l.problem("MAIL", "is outbox, a file that nobody reads in the cloud; with APP_SECRET_ARN set it to queue or none")
	}
	c.JWKSURL = l.url("JWKS_URL", c.Origin+"/api/auth/jwks")
	c.JWTIssuer = l.text("JWT_ISSUER", c.Origin)
	c.JWTAudience = l.text("JWT_AUDIENCE", c.Origin)

	if c.AppSecretARN == "" {
		l.databaseURL("DATABASE_URL", string(c.DatabaseURL))
		l.secret("BETTER_AUTH_SECRET", string(c.AuthSecret))
	}
	return c, l.err()
}

// SchemaURL reads where migrations go: DIRECT_DATABASE_URL, else DATABASE_URL.
func SchemaURL(getenv func(string) string) (Secret, error) {
	l := loader{getenv: getenv}
	name := "DIRECT_DATABASE_URL"
	if getenv(name) == "" {
		name = "DATABASE_URL"
	}
	l.databaseURL(name, getenv(name))
	return Secret(getenv(name)), l.err()
}

// SchemaName reads the name of the schema that holds Xenon's tables.
func SchemaName(getenv func(string) string) (string, error) {
	l := loader{getenv: getenv}
	name := l.schema("SCHEMA")
	return name, l.err()
}

// Keys reads only where the signing keys are and how long their tokens live, for commands that need no server. JWKSURL is
// empty unless it is set.
func Keys(getenv func(string) string) (Config, error) {
	l := loader{getenv: getenv}
	c := Config{
		SigningKeysARN:  l.secretARN("SIGNING_KEYS_ARN"),
		SigningKeysFile: l.text("SIGNING_KEYS_FILE", DefaultSigningKeysFile),
		JWTExpiresIn:    l.duration("JWT_EXPIRES_IN", DefaultJWTExpiresIn),
		AWS:             l.aws(),
	}
	if getenv("JWKS_URL") != "" {
		c.JWKSURL = l.url("JWKS_URL", "")
	}
	return c, l.err()
}

// MailerFromEnv reads only what functions/mailer needs, which has no database and no secret.
func MailerFromEnv() (Config, error) { return Mailer(os.Getenv) }

// Mailer is MailerFromEnv on any environment. MAIL_FROM is returned as a mail header wants it.
func Mailer(getenv func(string) string) (Config, error) {
	l := loader{getenv: getenv}
	from, err := mail.ParseAddress(getenv("MAIL_FROM"))
	if err != nil {
		l.problem("MAIL_FROM", `%q is not an address such as "Xenon <no-reply@learn.example.com>"`, getenv("MAIL_FROM"))
		return Config{}, l.err()
	}
	return Config{MailFrom: from.String()}, nil
}

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

func (l *loader) problem(name, format string, args ...any) {
	l.problems = append(l.problems, fmt.Errorf(name+": "+format, args...))
}

func (l *loader) text(name, fallback string) string {
	if v := l.getenv(name); v != "" {
		return v
	}
	return fallback
}

func (l *loader) list(name string) []string {
	var out []string
	for v := range strings.SplitSeq(l.getenv(name), ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// oneOf takes the first of allowed as the default.
func (l *loader) oneOf(name string, allowed ...string) string {
	v := l.text(name, allowed[0])
	if !slices.Contains(allowed, v) {
		l.problem(name, "%q is not one of %s", v, strings.Join(allowed, ", "))
	}
	return v
}

func (l *loader) on(name string, fallback bool) bool {
	words := []string{"off", "on"}
	if fallback {
		words = []string{"on", "off"}
	}
	return l.oneOf(name, words...) == "on"
}

func (l *loader) seconds(name string, fallback time.Duration) time.Duration {
	v := l.getenv(name)
	if v == "" {
		return fallback
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 300 {
		l.problem(name, "%q is not a number of seconds from 1 to 300", v)
	}
	return time.Duration(n) * time.Second
}

func (l *loader) duration(name string, fallback time.Duration) time.Duration {
	v := l.getenv(name)
	if v == "" {
		return fallback
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < time.Second {
		l.problem(name, "%q is not a duration of at least a second such as 168h or 15m", v)
	}
	return d
}

func (l *loader) origin(name, fallback string) string {
	v := strings.TrimSuffix(l.text(name, fallback), "/")
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		l.problem(name, "%s is not an origin such as https://learn.example.com", quote(v))
		return fallback
	}
	host := strings.ToLower(u.Host)
	if defaultPort := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]; u.Port() != "" {
		host = strings.TrimSuffix(host, defaultPort)
	}
	return u.Scheme + "://" + host
}

func (l *loader) url(name, fallback string) string {
	v := l.text(name, fallback)
	if u, err := url.Parse(v); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		l.problem(name, "%s is not an http or https URL", quote(v))
	}
	return v
}

// quote repeats a URL unless it may hold a password.
func quote(v string) string {
	if strings.Contains(v, "@") {
		return redacted
	}
	return strconv.Quote(v)
}

func (l *loader) databaseURL(name, v string) {
	if v == "" {
		l.problem(name, "is missing; set it to postgres://user:password@host/database (or set APP_SECRET_ARN)")
		return
	}
	l.parse(name, v)
}

// parse checks a database URL. The problem does not quote it: it holds a password.
func (l *loader) parse(name, v string) {
	if _, err := pg.Parse(v); err != nil {
		l.problem(name, "%w", err)
	}
}

func (l *loader) secret(name, v string) {
	switch {
	case v == "":
		l.problem(name, "is missing; make one with: openssl rand -base64 32")
	case len(v) < MinSecretLength:
		l.problem(name, "has %d characters, needs at least %d; make one with: openssl rand -base64 32", len(v), MinSecretLength)
	}
}

var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`) // Postgres cuts off what is longer

// schema takes names that mean the same with and without quotes, and none that belongs to Postgres or to the import.
func (l *loader) schema(name string) string {
	v := l.text(name, DefaultSchema)
	if !schemaName.MatchString(v) || strings.HasPrefix(v, "pg_") || v == "information_schema" || v == "supabase_import" {
		l.problem(name, "%q is not a name of lower-case letters, digits and _ for a schema such as xenon; pg_*, "+
			"information_schema and supabase_import belong to others", v)
	}
	return v
}

// secretARN is that of a secret, or empty.
func (l *loader) secretARN(name string) string {
	v := l.getenv(name)
	parts := strings.SplitN(v, ":", 7) // arn:partition:secretsmanager:region:account:secret:name
	if v != "" && (len(parts) < 7 || parts[0] != "arn" || parts[2] != "secretsmanager" || parts[5] != "secret" || parts[6] == "") {
		l.problem(name, "%q is not the ARN of a secret in Secrets Manager", v)
	}
	return v
}

func (l *loader) clientIP(name string) ClientIP {
	v := l.text(name, "remote")
	hops, isXFF := strings.CutPrefix(v, "xff:")
	switch n, err := strconv.Atoi(hops); {
	case v == "remote":
		return ClientIP{Source: RemoteAddr}
	case v == "cloudfront":
		return ClientIP{Source: CloudFront}
	case isXFF && err == nil && n >= 0:
		return ClientIP{Source: ForwardedFor, Hops: n}
	}
	l.problem(name, "%q is not remote, cloudfront or xff:N", v)
	return ClientIP{}
}
