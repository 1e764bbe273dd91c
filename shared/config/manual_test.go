package config_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

var update = flag.Bool("update", false, "write docs/configuration.md")

// setting is a row of docs/configuration.md: the default and the meaning of a variable. value is a fixed default. If
// there is no fixed default, value is empty and fallback says what happens without the variable.
type setting struct{ name, value, fallback, meaning string }

// settingsTable is the first table of docs/configuration.md.
var settingsTable = []setting{
	{
		"DATABASE_URL",
		"",
		"`xenon dev`: a Postgres of its own",
		"The database that requests use: `postgres://user:password@host/database`. In the cloud Neon's pooled endpoint, " +
			"and part of the secret `APP_SECRET_ARN`. [deploy.md](deploy.md#database-urls) says which parameters are allowed.",
	},
	{
		"DIRECT_DATABASE_URL",
		"",
		"`DATABASE_URL`",
		"The database URL for schema changes and `xenon users`: Neon's direct endpoint.",
	},
	{
		"SCHEMA",
		"public",
		"",
		"The schema of Xenon's tables, for requests, `xenon schema`, the import and Step Functions. Any other name than " +
			"`public` is written into every statement, so it works through every pooler. See [tables.md](tables.md).",
	},
	{
		"BETTER_AUTH_URL",
		"http://localhost:3000",
		"",
		"The public origin: issuer of tokens, prefix of cookies, start of links. It is never taken from the Host header.",
	},
	{
		"BETTER_AUTH_SECRET",
		"",
		"`xenon dev`: made once",
		"Signs cookies and mail tokens, like the setting of the same name of Better Auth. 32 characters or more. In the " +
			"cloud part of the secret `APP_SECRET_ARN`.",
	},
	{
		"BETTER_AUTH_SECRETS",
		"",
		"`BETTER_AUTH_SECRET`",
		"The secret with a version, and older ones, as in Better Auth: `2:newest,1:older`. The first one signs and " +
			"encrypts and has 32 characters or more; all verify and decrypt. Versions are different whole numbers. " +
			"`BETTER_AUTH_SECRET` then verifies, and decrypts texts without a version. In the cloud part of the secret " +
			"`APP_SECRET_ARN`. See [how to change the secret](runbooks/auth-secret.md).",
	},
	{
		"BETTER_AUTH_TRUSTED_ORIGINS",
		"",
		"none",
		"More origins that may call the API and be the target of redirects, separated by commas; see [trusted " +
			"origins](#trusted-origins).",
	},
	{
		"SITE_URL",
		"",
		"`BETTER_AUTH_URL`",
		"The URL of the site's start page, if the pages are at another origin than the API, or below a path: " +
			"`https://www.example.com`, `https://example.com/learn`. Links in mails, redirects and the error page lead there. " +
			"Its origin is trusted. See [another-origin.md](another-origin.md).",
	},
	{
		"PASSWORD_HASH",
		"argon2id",
		"",
		"The format of new password hashes: `argon2id`, or `scrypt`, which a TypeScript server reads without changes.",
	},
	{
		"PASSWORD_BLOCKLIST",
		"off",
		"",
		"`on`: the most common passwords are refused at sign-up, change and reset, with 400 `PASSWORD_COMPROMISED`. The " +
			"list is part of the program: Django's 20,000 common passwords, without those of fewer than 8 characters.",
	},
	{
		"PASSWORD_BREACH_CHECK",
		"off",
		"",
		"`on`: passwords known from breaches are refused the same way. Asks `api.pwnedpasswords.com`, as Better Auth's " +
			"`haveIBeenPwned` plugin does, with the first five characters of the SHA-1 hash. If the service does not answer " +
			"within 300 ms, the password is accepted.",
	},
	{"JWKS_URL", "", "`BETTER_AUTH_URL` + `/api/auth/jwks`", "Where `/api/profile` reads the public keys."},
	{
		"JWT_ISSUER",
		"",
		"`BETTER_AUTH_URL`",
		"The issuer (`iss`) of JWTs, which `/api/profile` requires. A URL has no path, because verifiers look for " +
			"`/.well-known/openid-configuration` below it.",
	},
	{"JWT_AUDIENCE", "", "`BETTER_AUTH_URL`", "The audience (`aud`) of JWTs, which `/api/profile` requires."},
	{"JWT_EXPIRES_IN", "168h", "", "How long a JWT is valid."},
	{
		"JWT_ALG",
		"RS256",
		"",
		"The algorithm of new signing keys: `RS256`, `ES256` or `EdDSA`. A change takes effect at the second rotation of " +
			"the keys; see [how-it-works.md](how-it-works.md#the-algorithm).",
	},
	{
		"JWT_CLAIMS",
		"better-auth",
		"",
		"The claims of JWTs: `better-auth`, or `supabase`, which adds the claims that PostgREST and policies of a Supabase " +
			"project read; see [verify-tokens.md](verify-tokens.md#claims-of-supabase).",
	},
	{
		"JWT_CUSTOM_CLAIMS",
		"",
		"",
		"Further claims of JWTs, comma-separated: `claim=table.column`, or `table.column` for a claim with the name of the " +
			"column; see [verify-tokens.md](verify-tokens.md#claims-of-your-own).",
	},
	{
		"COOKIE_CACHE",
		"off",
		"",
		"`compact` lets get-session answer from a signed cookie. A session that was ended elsewhere stays valid for " +
			"get-session until the cookie is too old; an answer from the cookie has no JWT.",
	},
	{"COOKIE_CACHE_MAX_AGE", "300", "", "How old the cookie of `COOKIE_CACHE` may be, in seconds, 300 at most."},
	{
		"RATE_LIMIT",
		"on",
		"",
		"Count requests by IP address, path and account, and refuse those above the limit. `off` is for tests and " +
			"benchmarks.",
	},
	{
		"RATE_LIMIT_RULES",
		"",
		"Better Auth's own",
		"JSON: path pattern → `{\"window\": seconds, \"max\": requests}` or `false`, as Better Auth's `customRules`; see " +
			"[rate limits](#rate-limits).",
	},
	{
		"CLIENT_IP",
		"remote",
		"",
		"How the IP address of the client is found: `remote`, `cloudfront`, or `xff:N`, X-Forwarded-For behind N trusted " +
			"proxies. In the cloud a header counts only with [the origin secret](deploy.md#client-ip-address).",
	},
	{"REQUIRE_EMAIL_VERIFICATION", "off", "", "`on`: no session before the email is verified."},
	{
		"SEND_VERIFICATION_ON_SIGN_IN",
		"off",
		"",
		"`on`: a sign-in that is refused because the email is not verified sends the link again.",
	},
	{"AUTO_SIGN_IN_AFTER_VERIFICATION", "off", "", "`on`: the first click on the verification link creates a session."},
	{"REVOKE_SESSIONS_ON_PASSWORD_RESET", "on", "", "`on`: a password reset ends all sessions."},
	{"DELETE_USER_VERIFICATION", "off", "", "`on`: a user is deleted only after a click on a mailed link."},
	{
		"CHANGE_EMAIL_CONFIRMATION",
		"off",
		"",
		"`on`: a link to the old email must confirm a change, then a link to the new one.",
	},
	{"CHANGE_EMAIL", "on", "", "`off`: users cannot change their email."},
	{"DELETE_USER", "on", "", "`off`: users cannot delete their account."},
	{
		"SIGN_UP",
		"on",
		"",
		"`off`: new users cannot register; existing users can sign in. It is the first step of a move to Xenon: no one can " +
			"register with an email before its owner is imported.",
	},
	{
		"TWO_FACTOR",
		"off",
		"",
		"`on`: Better Auth's plugin `twoFactor` ([second factor](two-factor.md)); users, JWTs and the cookie cache get its " +
			"field `twoFactorEnabled`. The site needs [its page](your-site.md#pages-of-plugins), too.",
	},
	{
		"TWO_FACTOR_FOR",
		"password",
		"",
		"`all`: every way to sign in asks for the second factor; with `password`, as in Better Auth, only the password. " +
			"With `all` and Xenon's theme, leave `routes.twoFactor` at `/two-factor`.",
	},
	{
		"APP_NAME",
		"",
		"the host of the site",
		"The name of the product in mails and authenticator apps, at most 64 characters.",
	},
	{
		"APP_LOGO_URL",
		"",
		"none: mails begin with the name",
		"The URL of the logo in mails, a PNG or JPEG file that is 80 pixels high or more: https, or http on localhost.",
	},
	{"APP_COLOR", config.DefaultMailColor, "", "The colour of the button in mails. Its text is black or white, " +
		"whichever can be read better."},
	{
		"ADMIN",
		"off",
		"",
		"`on`: Better Auth's plugin `admin`; users, sessions, JWTs and the cookie cache get its fields. Bans apply with " +
			"`off`, too. The site needs [its page](your-site.md#pages-of-plugins), too.",
	},
	{
		"ADMIN_USER_IDS",
		"",
		"none",
		"With `ADMIN=on`: the ids of users who have all rights, whatever their role, separated by commas.",
	},
	{
		"MAGIC_LINK",
		"off",
		"",
		"`on`: sign-in with a mailed link (Better Auth's plugin `magicLink`; [page](sign-in-by-mail.md)). It needs mail, " +
			"and [a page of the site](your-site.md#pages-of-plugins).",
	},
	{
		"MAGIC_LINK_CONFIRM",
		"off",
		"",
		"`on`: the mailed link opens the page `/magic-link` of the site, and its button signs in. So a mail scanner that " +
			"opens links does not use them up. With Xenon's theme, leave `routes.magicLink` at this path.",
	},
	{
		"EMAIL_OTP",
		"off",
		"",
		"`on`: a mailed code signs in, verifies an email or resets a password (Better Auth's plugin `emailOTP`; " +
			"[page](sign-in-by-mail.md)). It needs mail, and [a page of the site](your-site.md#pages-of-plugins).",
	},
	{
		"SUPABASE_BRIDGE",
		"off",
		"",
		"`on`: `POST /api/auth/sign-in/supabase` signs in with a session of Supabase that an import has copied " +
			"([no user is signed out](supabase-sessions.md)).",
	},
	{
		"SUPABASE_BRIDGE_UNTIL",
		"",
		"30 days after the last pass of the import",
		"When those sessions can no longer be used, such as `2026-12-31T00:00:00Z`.",
	},
	{
		"SUPABASE_REF",
		"",
		"none: no cookies are read",
		"The first label of the host of the project's API, such as `abcdefghijklmnopqrst`, for the names of the cookies of " +
			"Supabase's clients.",
	},
	{
		"SUPABASE_JWT_SECRET",
		"",
		"none: no access token with HS256 is accepted",
		"The JWT secret of the project, as text, for its access tokens. It can also sign the project's service key, so " +
			"remove it an hour after the switch, when the access tokens are over. In the cloud part of the secret " +
			"`APP_SECRET_ARN`.",
	},
	{
		"SHARED_DATABASE",
		"off",
		"",
		"`on`: a TypeScript server with Better Auth uses the same database and the same `BETTER_AUTH_SECRET`. Then " +
			"`/api/auth/jwks` also publishes the public keys of its `jwks` table, so that the JWTs of that server verify. Its " +
			"mailed links that verify or change an email work too, although nothing revokes them. `off`: rows of that table " +
			"are never read, and such links are refused.",
	},
	{
		"PROFILE",
		"on",
		"",
		"`off`: there is no profile API. `/api/profile` answers like a path that does not exist, and an import leaves out " +
			"the profiles.",
	},
	{
		"PROFILE_FIELDS",
		"",
		"the profile of a learner",
		"The file (YAML) that declares the fields of the profile; see [profile-fields.md](profile-fields.md). A relative " +
			"path begins at the working directory. In a deployment it is a file beside the program, which " +
			"[`make deploy`](profile-fields.md#deploy) puts there.",
	},
	{
		"MAIL",
		"outbox",
		"",
		"Where mails go: `outbox`, a file, for development; `queue`, an SQS queue, which `functions/mailer` reads; `smtp`, " +
			"to the server `SMTP_URL` in the background, only in `xenon dev`; `none`.",
	},
	{"MAIL_FILE", ".xenon/mail.jsonl", "", "The outbox file, with one JSON line for each mail."},
	{"MAIL_QUEUE_URL", "", "none; `MAIL=queue` needs it", "The SQS queue."},
	{
		"MAIL_FROM",
		"",
		"none; `functions/mailer` and `MAIL=smtp` need it",
		"The sender, such as `Xenon <no-reply@learn.example.com>`. Without `SMTP_URL` it is verified in SES.",
	},
	{
		"SMTP_URL",
		"",
		"`functions/mailer`: SES",
		"The server that sends the mails: `smtp://user:password@host:587`, which requires STARTTLS unless the host is this " +
			"computer, or `smtps://user:password@host:465`. Write `%40` for an `@` in user or password. In the cloud part " +
			"of the secret `APP_SECRET_ARN`, with the parameter `Smtp` of the template. See [mails](emails.md#smtp).",
	},
	{"MAIL_REPLY_TO", "", "none", "Where replies to mails go, one email such as `Support <help@example.com>`."},
	{
		"MAIL_LOCALE",
		"en",
		"",
		"The language of all mails: `en`, `de`, or a language that `MAIL_TEMPLATES` has, such as `fr` or `pt-BR`.",
	},
	{
		"MAIL_FOOTER",
		"",
		"none",
		"Plain text at the end of every mail, such as the address of the company. `\\n` is a line break. At most 1000 " +
			"characters.",
	},
	{
		"MAIL_TEMPLATES",
		"",
		"the built-in templates",
		"A folder, or `s3://bucket/prefix`, with templates that replace built-in ones of the same name. See " +
			"[templates](emails.md#your-own-templates).",
	},
	{
		"EVENTS",
		"off",
		"",
		"`on`: changes of users are sent as events to `EVENTS_WEBHOOK_URL` or `EVENTS_BUS_ARN`. `xenon schema up --events " +
			"on` makes the triggers that write the events. See [events.md](events.md).",
	},
	{
		"EVENTS_WEBHOOK_URL",
		"",
		"none",
		"The https URL that gets each event as a signed webhook. In development also an http URL on this machine.",
	},
	{
		"EVENTS_WEBHOOK_SECRET",
		"",
		"none; `EVENTS_WEBHOOK_URL` needs it",
		"The secret that signs the webhooks, `whsec_` and 24 to 64 random bytes in base64. During a change of the secret " +
			"two of them, separated by a blank. In the cloud part of the secret `APP_SECRET_ARN`.",
	},
	{"EVENTS_BUS_ARN", "", "none", "The event bus of EventBridge that gets the events, in place of `EVENTS_WEBHOOK_URL`."},
	{
		"EVENTS_QUEUE_URL",
		"",
		"none; `functions/relay` needs it",
		"The FIFO queue of SQS to which `functions/relay` sends events, and which `functions/deliver` reads.",
	},
	{"SIGNING_KEYS_FILE", ".xenon/signing-keys.json", "", "The file with the signing keys, for local development."},
	{"SIGNING_KEYS_ARN", "", "`SIGNING_KEYS_FILE`", "The secret in Secrets Manager that holds the signing keys."},
	{
		"APP_SECRET_ARN", "", "`DATABASE_URL`, `BETTER_AUTH_SECRET`, `BETTER_AUTH_SECRETS`",
		"The secret in Secrets Manager that holds them.",
	},
	{
		"AUDIT_LOG_GROUP",
		"",
		"none",
		"For `xenon users`: the log group of CloudWatch to which the audit records of the commands go, such as " +
			"`/aws/lambda/xenon`; see [audit-log.md](audit-log.md#commands).",
	},
	{
		"FROM_DATABASE_URL",
		"",
		"none",
		"The source of an import: the Supabase project, through its session pooler or direct.",
	},
	{"TO_DATABASE_URL", "", "none", "The target of an import: Neon's direct endpoint."},
	{
		"MIGRATE_SECRET_ARN",
		"",
		"`FROM_DATABASE_URL`, `TO_DATABASE_URL`",
		"The secret in Secrets Manager that holds both. Only `functions/migrate` may read it.",
	},
	{
		"SUPABASE_JWKS",
		"",
		"none",
		"An import with `--sessions` reads the public keys of the Supabase project from this file or URL, such as " +
			"`https://<project>.supabase.co/auth/v1/.well-known/jwks.json`, and stores them. With them Xenon accepts access " +
			"tokens of the project. A project that signs with its JWT secret has no public keys.",
	},
	{"AWS_REGION", "", "set by Lambda", "The AWS region."},
	{"AWS_ACCESS_KEY_ID", "", "set by Lambda", "The access key for AWS."},
	{"AWS_SECRET_ACCESS_KEY", "", "set by Lambda", "The secret access key for AWS."},
	{"AWS_SESSION_TOKEN", "", "set by Lambda", "The session token, with temporary credentials."},
	{
		"AWS_LAMBDA_LOG_GROUP_NAME",
		"",
		"set by Lambda",
		"The log group of the functions, in which `functions/admin` finds the audit log of a user.",
	},
	{
		"AWS_ENDPOINT_URL", "", "AWS", "A local emulator of Secrets Manager, SQS, SES, S3, CloudWatch Logs and EventBridge.",
	},
	{"AWS_ENDPOINT_URL_SECRETS_MANAGER", "", "`AWS_ENDPOINT_URL`", "A local emulator of Secrets Manager."},
	{"AWS_ENDPOINT_URL_SQS", "", "`AWS_ENDPOINT_URL`", "A local emulator of SQS."},
	{"AWS_ENDPOINT_URL_SESV2", "", "`AWS_ENDPOINT_URL`", "A local emulator of SES."},
	{"AWS_ENDPOINT_URL_S3", "", "`AWS_ENDPOINT_URL`", "A local emulator of S3."},
	{"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "", "`AWS_ENDPOINT_URL`", "A local emulator of CloudWatch Logs."},
	{"AWS_ENDPOINT_URL_EVENTBRIDGE", "", "`AWS_ENDPOINT_URL`", "A local emulator of EventBridge."},
}

// trustedOriginsSection is the section on BETTER_AUTH_TRUSTED_ORIGINS of docs/configuration.md.
const trustedOriginsSection = `
## Trusted origins

| entry | trusts |
|---|---|
| ` + "`https://app.example.com`, `http://localhost:3001`" + ` | this origin |
| ` + "`app.example.com`" + ` | the same with https, and with http only if ` + "`BETTER_AUTH_URL`" + ` is http |
| ` + "`https://*.example.com`" + ` | every host below your domain; ` +
	"`*` is any number of characters, `?` is one, but never a slash |\n" +
	`| ` + "`https://my-app-*.vercel.app`" +
	` | hosts of this form; a wildcard with other text in its label does not match a dot |
| ` + "`http://localhost:*`, `http://192.168.*.*:3000`" + ` | every port; every IP address of a private network |
| ` + "`myapp://`, `myapp://host/cb`" + " | every URL with the app's own scheme; this host and paths that begin like " +
	"this |\n" +
	`| ` + "`exp://192.168.*.*:*/**`" + ` | Expo in development, with any port and path; ` + "`**`" +
	` is any number of path segments |

A wildcard needs a domain of your own. ` + "`*`, `https://*`, `*.com`, `*.co.uk` and `https://*.vercel.app`" +
	` would trust everyone who can
register a name there. Xenon does not start with such an entry, or with an entry that no origin can match. The error
says what to write instead.
`

// rateLimitsSection is the section on RATE_LIMIT_RULES of docs/configuration.md. A test of shared/auth uses its
// example.
const rateLimitsSection = `
## Rate limits

Requests are counted by path and IP address. Without ` + "`RATE_LIMIT_RULES`" +
	` the limits are Better Auth's: 3 requests of ` + "`/sign-in/*`, `/sign-up/*`," + `
` + "`/change-password` and `/change-email` in 10 seconds, 3 of `/request-password-reset` and " +
	"`/send-verification-email` in 60, 100 of any other" + `
path in 10. ` + "`/admin/list-audit-events` and `/sign-in/supabase`" + `, which Better Auth does not have, allow
30 in 60 and 30 in 10. Every accepted request restarts the window: it ends when that many seconds have passed without
one.

` + "`RATE_LIMIT_RULES`" + ` is a JSON object of rules that are checked before these. A name is a path below ` +
	"`/api/auth`, or a whole path such as `/api/profile` and" + `
` + "`/health`; `*` stands for any characters but a slash, `**` for any number of segments. The first rule that " +
	"matches applies. `false` switches" +
	`
the limit of the path off. ` + "`window`" + ` is at most 3600 seconds.

A classroom, an office or a campus has one IP address for all users, and Better Auth's limits allow only three sign-ins
in 10 seconds. With this setting a class of 30 can sign in at the same time:

` + "```sh" + `
RATE_LIMIT_RULES='{"/sign-in/email": {"window": 10, "max": 60}, "/get-session": {"window": 10, "max": 1000},
  "/token": {"window": 10, "max": 1000}}'
` + "```" + `

Wrong passwords for one account stay limited under all rules.

- **IPv6** addresses are counted by their /64, as Better Auth does, and by their /48 too, with ten times the maximum.
- **` + "`/health`" + "** is counted in the memory of each process, and at least one request in a second is always " +
	"accepted.\n" +
	`- **Unknown IP addresses** share one counter for each path. One warning in the log says this, and that ` +
	"`CLIENT_IP`" + ` must be set.
`

func TestManualExplainsEverySetting(t *testing.T) {
	t.Parallel()
	read := map[string]bool{}
	spy := func(name string) string { read[providerSetting(name)] = true; return testEnvironment()(name) }
	defaults, err := config.LoadAPI(spy)
	if err == nil {
		_, err = config.LoadSchemaURL(spy)
	}
	if err == nil {
		_, err = config.LoadSupabaseBridgeUntil(spy)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, _ = config.LoadImport(spy) // only to see which settings it reads
	_, _ = config.LoadMailer(spy)
	_, _ = config.LoadRelay(spy)
	_, _ = config.LoadDelivery(spy)
	_, _ = config.LoadUsers(spy)
	explained := map[string]bool{}
	for _, p := range providerSettings {
		explained["<PROVIDER>_"+p.name] = true
	}
	for _, m := range slices.Concat(settingsTable, socialSettingsTable) {
		explained[m.name] = true
		if m.value == "" {
			continue
		}
		if got, err := config.LoadAPI(testEnvironment(m.name, m.value)); err != nil || !cmp.Equal(defaults, got) {
			t.Errorf("the manual says that %s is the default of %s, but LoadAPI with it differs: %v (-default +got)\n%s",
				m.value, m.name, err, cmp.Diff(defaults, got))
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(read)), slices.Sorted(maps.Keys(explained))); diff != "" {
		t.Errorf("settings (-read by the code +explained by the manual):\n%s", diff)
	}
}

func TestManualIsUpToDate(t *testing.T) {
	t.Parallel()
	text := strings.Builder{}
	text.WriteString(`# Configuration

Every setting is an environment variable, read once at the start. If settings are wrong, one error names all of them and
nothing starts. An empty variable counts as not set. ` + "`.env.example`" +
		` has the same list, to copy from; [deploy.md](deploy.md) says which
parameters of the template set the variables in the cloud.

This page is written by ` + "`make manual`" + ` from shared/config; change it there.

| variable | default | meaning |
|---|---|---|
`)
	writeSettings(&text, settingsTable)
	text.WriteString(socialSection() + trustedOriginsSection + rateLimitsSection)
	path := filepath.Join("..", "..", "docs", "configuration.md")
	if *update {
		if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text.String(), string(got)); diff != "" {
		t.Errorf("docs/configuration.md is out of date; run make manual (-want +got):\n%s", diff)
	}
}

// writeSettings writes one row of a Markdown table for each setting.
func writeSettings(text *strings.Builder, settings []setting) {
	for _, s := range settings {
		fallback := s.fallback
		if s.value != "" {
			fallback = "`" + s.value + "`"
		}
		fmt.Fprintf(text, "| `%s` | %s | %s |\n", s.name, fallback, s.meaning)
	}
}
