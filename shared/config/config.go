// Package config reads the settings of Xenon from environment variables, once at the start. It has one type for each
// kind of entry point, with the settings of this entry point. A load function returns one error with everything that is
// wrong, so that a deployment with wrong settings does not start.
package config

import (
	"os"
	"strings"
	"time"
)

// Defaults that other packages, the manual and the tests use.
const (
	DefaultOrigin          = "http://localhost:3000"
	DefaultSigningKeysFile = ".xenon/signing-keys.json"
	DefaultJWTExpiresIn    = 7 * 24 * time.Hour
	DefaultMailFile        = ".xenon/mail.jsonl"
	DefaultSchema          = "public"

	DefaultCookieCacheMaxAge = 5 * time.Minute // also the maximum

	// DefaultBridgeDays is how many days after the last pass of the import a session of Supabase can be used.
	DefaultBridgeDays = 30
)

// The values of PASSWORD_HASH.
const (
	Argon2id = "argon2id"
	Scrypt   = "scrypt"
)

// The values of JWT_ALG.
const (
	RS256 = "RS256"
	ES256 = "ES256"
	EdDSA = "EdDSA"
)

// The values of JWT_CLAIMS.
const (
	BetterAuthClaims = "better-auth"
	SupabaseClaims   = "supabase"
)

// FromEnv calls a load function with the environment variables of the process, such as FromEnv(LoadAPI).
func FromEnv[T any](load func(getenv func(string) string) (T, error)) (T, error) {
	return load(os.Getenv)
}

// API holds the settings of the functions that answer HTTP requests, and of xenon dev. If AppSecretARN is set,
// DatabaseURL and the secrets may be empty: shared/secrets reads them from Secrets Manager.
type API struct {
	DatabaseURL Secret // of the database that requests use; a pooled endpoint in the cloud
	Schema      string // the schema of Xenon's tables
	AuthSecret  Secret // BETTER_AUTH_SECRET: signs cookies and mail tokens, unless AuthSecrets is set
	AuthSecrets Secret // BETTER_AUTH_SECRETS: secrets with versions; shared/cipher parses both settings

	AppSecretARN    string // the secret in Secrets Manager with DATABASE_URL and BETTER_AUTH_SECRET
	SigningKeysARN  string // the secret in Secrets Manager with the key set
	SigningKeysFile string // the file with the key set, if SigningKeysARN is empty

	Origin         string   // public origin, "scheme://host[:port]": issuer, cookie prefix, links; never read from Host
	TrustedOrigins []string // origins and patterns that are trusted besides Origin; the origin of SiteURL is one of them
	SiteURL        string   // URL of the start page of the site, without the last slash; default: Origin

	PasswordHash        string // the format of new hashes: Argon2id or Scrypt
	PasswordBlocklist   bool   // reject the most common passwords
	PasswordBreachCheck bool   // ask Have I Been Pwned about new passwords

	JWKSURL      string // where /api/profile reads the public keys
	JWTIssuer    string
	JWTAudience  string
	JWTExpiresIn time.Duration
	JWTAlg       string // of keys that xenon dev generates: RS256, ES256 or EdDSA; the key decides how a token is signed
	JWTClaims    string // the form of the claims: BetterAuthClaims, or SupabaseClaims, which adds those of Supabase

	CustomClaims []CustomClaim // JWT_CUSTOM_CLAIMS: further claims, in the order of the setting

	ClientIP       ClientIP
	RateLimit      bool            // count requests and reject those above the limit
	RateLimitRules []RateLimitRule // checked before Better Auth's own rules; the first that matches applies

	CookieCache       bool          // answer get-session from a signed cookie until it is CookieCacheMaxAge old
	CookieCacheMaxAge time.Duration // at most five minutes

	RequireEmailVerification      bool // no session before the email is verified
	SendVerificationOnSignIn      bool // a sign-in that is rejected for an unverified email sends the link again
	AutoSignInAfterVerification   bool // the first click on the verification link creates a session
	RevokeSessionsOnPasswordReset bool
	DeleteUserVerification        bool // a user is deleted only after a click on a mailed link
	ChangeEmailConfirmation       bool // a click on a link to the old email must confirm a change of the email first
	ChangeEmail, DeleteUser       bool // the features are available
	SignUp                        bool // new users can register
	MagicLink, EmailOTP           bool // Better Auth's plugins of these names: sign-in with a mailed link or code
	MagicLinkConfirm              bool // a mailed link opens a page of the site, whose button signs in

	Plugins      Plugins
	AdminUserIDs []string // ADMIN_USER_IDS: users with every right of an administrator; UUIDs in lower case

	AppName         string // APP_NAME: how authenticator apps and mails name the site; default: the host of SiteURL
	TwoFactorForAll bool   // TWO_FACTOR_FOR=all: every way to sign in asks for the second factor, not only the password

	SupabaseBridge SupabaseBridge

	StateCookie       bool // STATE_STRATEGY=cookie: the state of a social sign-in is in a cookie, not in Postgres
	AllowUnlinkingAll bool // the last account of a user can be unlinked

	Profile       bool   // PROFILE: the profile API is available
	ProfileFields string // PROFILE_FIELDS: the file that declares the fields of the profile; "": the shipped declaration

	SharedDatabase bool // a TypeScript server with Better Auth uses the same database and secret

	Mail         Mail
	MailFile     string // with MailOutbox: the file, one JSON line for each mail
	MailQueueURL string // with MailQueue: the SQS queue that functions/mailer reads

	Events Events // in a function that answers requests, only On is set

	Social Social // only LoadAPI sets it

	AWS AWS // for calls of Secrets Manager, SQS and EventBridge
}

// SupabaseBridge has the settings of the sign-in with a session of Supabase, which an import has copied.
type SupabaseBridge struct {
	On        bool      // SUPABASE_BRIDGE
	Until     time.Time // SUPABASE_BRIDGE_UNTIL; zero: DefaultBridgeDays after the last pass of the import
	Ref       string    // SUPABASE_REF: the project, for the names of its cookies; "" reads no cookies
	JWTSecret Secret    // SUPABASE_JWT_SECRET of the project, without APP_SECRET_ARN; "" accepts no HS256 access token
}

// Plugins says which plugins of Better Auth are on, of those that add columns to users and sessions.
type Plugins struct {
	TwoFactor bool // TWO_FACTOR
	Admin     bool // ADMIN
}

// Mail is the destination of mails.
type Mail string

// The values of MAIL.
const (
	MailOutbox Mail = "outbox" // to a file, for development
	MailQueue  Mail = "queue"  // to SQS; functions/mailer reads the queue and sends them
	MailSMTP   Mail = "smtp"   // to the server SMTP_URL, in the background; only xenon dev can do this
	MailNone   Mail = "none"   // nowhere: the features that need mail answer as Better Auth does without mail functions
)

// Secure reports whether the public origin is https, which decides the names and attributes of cookies.
func (c API) Secure() bool { return strings.HasPrefix(c.Origin, "https://") }

// ClientIP describes how the IP address of the client is found.
type ClientIP struct {
	Source ClientIPSource
	Hops   int // with ClientIPFromForwardedFor: how many trusted proxies append to the header
}

// ClientIPSource is one of the three forms of CLIENT_IP.
type ClientIPSource int

// The sources of the client's IP address.
const (
	ClientIPFromConnection   ClientIPSource = iota // the peer of the connection, which API Gateway calls sourceIp
	ClientIPFromCloudFront                         // CloudFront-Viewer-Address, which CloudFront sets
	ClientIPFromForwardedFor                       // X-Forwarded-For behind Hops trusted proxies
)

// LoadAPI reads the settings of the whole API, for functions/social and xenon dev. The error lists all problems, one a
// line, each with the variable's name and never with the value of a secret.
func LoadAPI(getenv func(string) string) (API, error) {
	l := loader{getenv: getenv}
	c := l.readAPI()
	c.Social = l.readSocial(c.AppSecretARN != "")
	return c, l.err()
}

// LoadWithoutSocial reads the settings of a function that does not serve social sign-in. The linker then leaves out the
// code that reads the settings of providers.
func LoadWithoutSocial(getenv func(string) string) (API, error) {
	l := loader{getenv: getenv}
	c := l.readAPI()
	return c, l.err()
}

// readAPI reads the settings of API except Social.
func (l *loader) readAPI() API {
	getenv := l.getenv
	c := API{
		DatabaseURL:         Secret(getenv("DATABASE_URL")),
		Schema:              l.readSchema(),
		AuthSecret:          Secret(getenv("BETTER_AUTH_SECRET")),
		AuthSecrets:         Secret(getenv("BETTER_AUTH_SECRETS")),
		AppSecretARN:        l.readSecretARN("APP_SECRET_ARN"),
		SigningKeysARN:      l.readSecretARN("SIGNING_KEYS_ARN"),
		SigningKeysFile:     l.readTextOr("SIGNING_KEYS_FILE", DefaultSigningKeysFile),
		Origin:              l.readOrigin("BETTER_AUTH_URL", DefaultOrigin),
		TrustedOrigins:      l.readTrustedOrigins("BETTER_AUTH_TRUSTED_ORIGINS"),
		PasswordHash:        l.readOneOf("PASSWORD_HASH", Argon2id, Scrypt),
		PasswordBlocklist:   l.readOnOff("PASSWORD_BLOCKLIST", false),
		PasswordBreachCheck: l.readOnOff("PASSWORD_BREACH_CHECK", false),
		JWTExpiresIn:        l.readDuration("JWT_EXPIRES_IN", DefaultJWTExpiresIn),
		JWTAlg:              l.readJWTAlg(),
		JWTClaims:           l.readOneOf("JWT_CLAIMS", BetterAuthClaims, SupabaseClaims),
		CustomClaims:        l.readCustomClaims("JWT_CUSTOM_CLAIMS"),
		ClientIP:            l.readClientIP("CLIENT_IP"),
		RateLimit:           l.readOnOff("RATE_LIMIT", true),
		RateLimitRules:      l.readRateLimitRules("RATE_LIMIT_RULES"),

		CookieCache:       l.readOneOf("COOKIE_CACHE", "off", "compact") == "compact",
		CookieCacheMaxAge: l.readSeconds("COOKIE_CACHE_MAX_AGE", DefaultCookieCacheMaxAge),

		RequireEmailVerification:      l.readOnOff("REQUIRE_EMAIL_VERIFICATION", false),
		SendVerificationOnSignIn:      l.readOnOff("SEND_VERIFICATION_ON_SIGN_IN", false),
		AutoSignInAfterVerification:   l.readOnOff("AUTO_SIGN_IN_AFTER_VERIFICATION", false),
		RevokeSessionsOnPasswordReset: l.readOnOff("REVOKE_SESSIONS_ON_PASSWORD_RESET", true),
		DeleteUserVerification:        l.readOnOff("DELETE_USER_VERIFICATION", false),
		ChangeEmailConfirmation:       l.readOnOff("CHANGE_EMAIL_CONFIRMATION", false),
		ChangeEmail:                   l.readOnOff("CHANGE_EMAIL", true),
		DeleteUser:                    l.readOnOff("DELETE_USER", true),
		SignUp:                        l.readOnOff("SIGN_UP", true),
		MagicLink:                     l.readOnOff("MAGIC_LINK", false),
		MagicLinkConfirm:              l.readOnOff("MAGIC_LINK_CONFIRM", false),
		EmailOTP:                      l.readOnOff("EMAIL_OTP", false),

		Plugins: Plugins{
			TwoFactor: l.readOnOff("TWO_FACTOR", false),
			Admin:     l.readOnOff("ADMIN", false),
		},
		AdminUserIDs: l.readUserIDs("ADMIN_USER_IDS"),

		TwoFactorForAll: l.readOneOf("TWO_FACTOR_FOR", "password", "all") == "all",

		SupabaseBridge: l.readSupabaseBridge(),

		StateCookie:       l.readOneOf("STATE_STRATEGY", "database", "cookie") == "cookie",
		AllowUnlinkingAll: l.readOnOff("ALLOW_UNLINKING_ALL", false),

		Profile:       l.readOnOff("PROFILE", true),
		ProfileFields: getenv("PROFILE_FIELDS"),

		SharedDatabase: l.readOnOff("SHARED_DATABASE", false),

		Mail:         Mail(l.readOneOf("MAIL", string(MailOutbox), string(MailQueue), string(MailSMTP), string(MailNone))),
		MailFile:     l.readTextOr("MAIL_FILE", DefaultMailFile),
		MailQueueURL: getenv("MAIL_QUEUE_URL"),

		AWS: l.readAWS(),
	}
	c.Events = l.readEvents(c.AppSecretARN != "")
	if c.Mail == MailQueue && c.MailQueueURL == "" {
		l.addProblem("MAIL_QUEUE_URL", "missing; MAIL=queue needs the URL of the SQS queue that functions/mailer reads")
	}
	if c.Mail == MailOutbox && c.AppSecretARN != "" {
		l.addProblem("MAIL", "outbox is a file, which Lambda does not keep; with APP_SECRET_ARN, use queue or none")
	}
	if c.Mail == MailSMTP && c.AppSecretARN != "" {
		l.addProblem("MAIL", "smtp is for a laptop: Lambda does not run in the background; with APP_SECRET_ARN, use "+
			"queue or none, and give functions/mailer the setting SMTP_URL")
	}
	l.checkMailOfPlugins(c)
	c.SiteURL = l.readSiteURL("SITE_URL", c.Origin)
	c.AppName = l.readAppName(hostOf(c.SiteURL))
	if c.IsSiteAtOtherOrigin() {
		c.TrustedOrigins = append(c.TrustedOrigins, originOf(c.SiteURL))
	}
	c.JWKSURL = l.readURL("JWKS_URL", c.Origin+"/api/auth/jwks")
	c.JWTIssuer = l.readOwnIssuer("JWT_ISSUER", c.Origin)
	c.JWTAudience = l.readTextOr("JWT_AUDIENCE", c.Origin)

	if c.AppSecretARN == "" {
		l.checkRequiredDatabaseURL("DATABASE_URL", string(c.DatabaseURL))
		l.checkAuthSecrets(c.AuthSecrets, c.AuthSecret)
	}
	return c
}

// checkMailOfPlugins reports settings that need mail in a deployment without mail. Better Auth's plugins of these names
// cannot be set up without a function that sends mail.
func (l *loader) checkMailOfPlugins(c API) {
	if c.Mail != MailNone {
		return
	}
	for _, plugin := range []struct {
		name string
		on   bool
	}{{"MAGIC_LINK", c.MagicLink}, {"EMAIL_OTP", c.EmailOTP}} {
		if plugin.on {
			l.addProblem(plugin.name, "on needs mail, but MAIL is none; set MAIL to outbox or queue, or %s to off", plugin.name)
		}
	}
}

// LoadSchemaURL reads the URL of the database that migrations change: DIRECT_DATABASE_URL, else DATABASE_URL.
func LoadSchemaURL(getenv func(string) string) (Secret, error) {
	l := loader{getenv: getenv}
	databaseURL := l.readSchemaURL()
	return databaseURL, l.err()
}

// readSchemaURL reads the URL of LoadSchemaURL.
func (l *loader) readSchemaURL() Secret {
	name := "DIRECT_DATABASE_URL"
	if l.getenv(name) == "" {
		name = "DATABASE_URL"
	}
	l.checkRequiredDatabaseURL(name, l.getenv(name))
	return Secret(l.getenv(name))
}

// LoadAuthSecrets reads the settings of xenon secrets: in the type API only the secrets are set, or the ARN of the app
// secret.
func LoadAuthSecrets(getenv func(string) string) (API, error) {
	l := loader{getenv: getenv}
	c := API{
		AuthSecret:   Secret(getenv("BETTER_AUTH_SECRET")),
		AuthSecrets:  Secret(getenv("BETTER_AUTH_SECRETS")),
		AppSecretARN: l.readSecretARN("APP_SECRET_ARN"),
		AWS:          l.readAWS(),
	}
	if c.AppSecretARN == "" {
		l.checkAuthSecrets(c.AuthSecrets, c.AuthSecret)
	}
	return c, l.err()
}

// LoadUsers reads the settings of xenon users: in the type API only the database, its schema and the rules of new
// passwords are set. DatabaseURL is DIRECT_DATABASE_URL, else DATABASE_URL. If both are empty, AppSecretARN is set.
// AWS.LogGroup is AUDIT_LOG_GROUP, "" if the audit records go to the standard error only.
func LoadUsers(getenv func(string) string) (API, error) {
	l := loader{getenv: getenv}
	c := API{
		Schema:              l.readSchema(),
		PasswordHash:        l.readOneOf("PASSWORD_HASH", Argon2id, Scrypt),
		PasswordBlocklist:   l.readOnOff("PASSWORD_BLOCKLIST", false),
		PasswordBreachCheck: l.readOnOff("PASSWORD_BREACH_CHECK", false),
		AdminUserIDs:        l.readUserIDs("ADMIN_USER_IDS"),
	}
	if getenv("DIRECT_DATABASE_URL") == "" && getenv("DATABASE_URL") == "" && getenv("APP_SECRET_ARN") != "" {
		c.AppSecretARN = l.readSecretARN("APP_SECRET_ARN")
	} else {
		c.DatabaseURL = l.readSchemaURL()
	}
	if group := l.readLogGroup("AUDIT_LOG_GROUP"); group != "" || c.AppSecretARN != "" {
		c.AWS = l.readAWS()
		c.AWS.LogGroup = group
	}
	return c, l.err()
}

// LoadSchemaName reads the name of the schema with Xenon's tables.
func LoadSchemaName(getenv func(string) string) (string, error) {
	l := loader{getenv: getenv}
	name := l.readSchema()
	return name, l.err()
}

// LoadProfile reads the settings of the profile API for commands: whether it is available, and the file that declares
// its fields, "" for the shipped declaration.
func LoadProfile(getenv func(string) string) (on bool, fields string, err error) {
	l := loader{getenv: getenv}
	on = l.readOnOff("PROFILE", true)
	return on, getenv("PROFILE_FIELDS"), l.err()
}
