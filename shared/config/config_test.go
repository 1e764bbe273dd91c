package config_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

// testEnvironment returns the environment variables of a test: the required settings, and names and values in turn,
// which replace them.
func testEnvironment(pairs ...string) func(string) string {
	m := map[string]string{
		"DATABASE_URL":       "postgres://u:hunter2@localhost/db",
		"BETTER_AUTH_SECRET": "0123456789abcdef0123456789abcdef",
	}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return m[name] }
}

func TestLoadAPIHasDefaults(t *testing.T) {
	t.Parallel()
	got, err := config.LoadAPI(testEnvironment())
	if err != nil {
		t.Fatal(err)
	}
	want := config.API{
		DatabaseURL: "postgres://u:hunter2@localhost/db", AuthSecret: "0123456789abcdef0123456789abcdef",
		Schema:          "public",
		SigningKeysFile: ".xenon/signing-keys.json",
		Origin:          "http://localhost:3000",
		AppName:         "localhost",
		SiteURL:         "http://localhost:3000",
		PasswordHash:    "argon2id",
		JWKSURL:         "http://localhost:3000/api/auth/jwks",
		JWTIssuer:       "http://localhost:3000", JWTAudience: "http://localhost:3000",
		JWTExpiresIn: 168 * time.Hour, JWTAlg: config.RS256, JWTClaims: config.BetterAuthClaims,
		RateLimit: true, CookieCacheMaxAge: 300 * time.Second,
		RevokeSessionsOnPasswordReset: true, ChangeEmail: true, DeleteUser: true, SignUp: true, Profile: true,
		Mail: config.MailOutbox, MailFile: ".xenon/mail.jsonl",
		Social: config.Social{AccountLinking: true, UpdateAccountOnSignIn: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("LoadAPI with only the required settings (-want +got):\n%s", diff)
	}
}

func TestSchemaIsALowerCaseName(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"public", "xenon", "_x9", "select", strings.Repeat("x", 63)} {
		if got, err := config.LoadAPI(testEnvironment("SCHEMA", good)); err != nil || got.Schema != good {
			t.Errorf("SCHEMA=%s: got %q, %v, want this name", good, got.Schema, err)
		}
	}
	for _, bad := range []string{
		"Xenon", "a.b", `a"b`, "a b", "9x", "xénon", "a;drop", "pg_catalog", "pg_temp", "information_schema",
		"supabase_import",
		strings.Repeat("x", 64),
	} {
		if _, err := config.LoadAPI(
			testEnvironment("SCHEMA", bad),
		); err == nil ||
			!strings.Contains(err.Error(), "SCHEMA: ") {
			t.Errorf("SCHEMA=%s: got %v, want an error that names SCHEMA", bad, err)
		}
	}
}

func TestOriginIsNormalized(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://Learn.Example.com/":    "https://learn.example.com",
		"https://learn.example.com:443": "https://learn.example.com",
		"http://learn.example.com:80":   "http://learn.example.com",
		"http://localhost:3001":         "http://localhost:3001",
	} {
		got, err := config.LoadAPI(testEnvironment("BETTER_AUTH_URL", in))
		if err != nil || got.Origin != want {
			t.Errorf("BETTER_AUTH_URL=%s: got the origin %q, %v, want %q", in, got.Origin, err, want)
		}
	}
}

func TestR50_AllProblemsAtOnceAndNoSecretInThem(t *testing.T) {
	t.Parallel()
	const password, secret = "hunter2-the-password", "too-short-a-secret"
	_, err := config.LoadAPI(testEnvironment(
		"DATABASE_URL", "mysql://u:"+password+"@h/db",
		"BETTER_AUTH_SECRET", secret,
		"BETTER_AUTH_URL", "learn.example.com/app",
		"PASSWORD_HASH", "md5",
		"JWKS_URL", "ftp://u:"+password+"@h",
		"JWT_EXPIRES_IN", "seven days",
		"JWT_ALG", "HS256",
		"JWT_CLAIMS", "firebase",
		"CLIENT_IP", "xff:-1",
		"SIGNING_KEYS_ARN", "keys",
	))
	if err == nil {
		t.Fatal("LoadAPI with wrong settings returned no error, want one")
	}
	for _, name := range []string{
		"DATABASE_URL", "BETTER_AUTH_SECRET", "BETTER_AUTH_URL", "PASSWORD_HASH",
		"JWKS_URL", "JWT_EXPIRES_IN", "JWT_ALG", "JWT_CLAIMS", "CLIENT_IP", "SIGNING_KEYS_ARN",
	} {
		if !strings.Contains(err.Error(), "\n"+name+": ") && !strings.Contains(err.Error(), "settings: "+name+": ") {
			t.Errorf("LoadAPI with wrong settings: the error has no line for %s:\n%v", name, err)
		}
	}
	if strings.Contains(err.Error(), password) || strings.Contains(err.Error(), secret) {
		t.Errorf("the error shows a secret:\n%v", err)
	}
}

// BETTER_AUTH_SECRETS takes the place of BETTER_AUTH_SECRET, and each wrong entry is a problem of its own.
func TestSecretsWithVersionsAreChecked(t *testing.T) {
	t.Parallel()
	const secrets = "2:0123456789abcdef0123456789abcdef,1:older"
	got, err := config.LoadAPI(testEnvironment("BETTER_AUTH_SECRET", "", "BETTER_AUTH_SECRETS", secrets))
	if err != nil || got.AuthSecrets != secrets || got.AuthSecret != "" {
		t.Errorf("LoadAPI with BETTER_AUTH_SECRETS alone: got %v, value as wanted: %v", err, got.AuthSecrets == secrets)
	}
	if _, err := config.LoadAPI(testEnvironment("BETTER_AUTH_SECRET", "old", "BETTER_AUTH_SECRETS", secrets)); err != nil {
		t.Errorf("with a short BETTER_AUTH_SECRET, which only decrypts: got %v, want no error", err)
	}
	_, err = config.LoadAPI(testEnvironment("BETTER_AUTH_SECRETS", "2:not-shown,not-shown,1:", "PASSWORD_HASH", "md5"))
	text := "\n" + strings.TrimPrefix(fmt.Sprint(err), "settings: ")
	for _, problem := range []string{
		"PASSWORD_HASH: ", "BETTER_AUTH_SECRETS: entry 1 has 9 characters", "BETTER_AUTH_SECRETS: entry 2 has no colon",
		"BETTER_AUTH_SECRETS: entry 3 has version 1 and no secret",
	} {
		if !strings.Contains(text, "\n"+problem) {
			t.Errorf("LoadAPI with wrong secrets: got %v, want a line that begins with %q", err, problem)
		}
	}
	if strings.Contains(text, "not-shown") {
		t.Errorf("the error shows a secret: %v", err)
	}
	const arn = "arn:aws:secretsmanager:eu-west-1:1:secret:app"
	cloud := testEnvironment("BETTER_AUTH_SECRET", "", "APP_SECRET_ARN", arn, "MAIL", "none")
	for name, getenv := range map[string]func(string) string{"app secret": cloud, "environment": testEnvironment()} {
		if _, err := config.LoadAuthSecrets(getenv); err != nil {
			t.Errorf("LoadAuthSecrets with the %s: got %v, want no error", name, err)
		}
	}
}

func TestR50_MissingSettingsAreReported(t *testing.T) {
	t.Parallel()
	_, err := config.LoadAPI(func(string) string { return "" })
	for _, name := range []string{"DATABASE_URL", "BETTER_AUTH_SECRET"} {
		if err == nil || !strings.Contains(err.Error(), name+": missing") {
			t.Errorf("LoadAPI without settings: got %v, want an error that says that %s is missing", err, name)
		}
	}
	const arn = "arn:aws:secretsmanager:eu-west-1:1:secret:app"
	cloud := testEnvironment("DATABASE_URL", "", "BETTER_AUTH_SECRET", "", "APP_SECRET_ARN", arn, "MAIL", "none")
	if _, err := config.LoadAPI(cloud); err != nil {
		t.Errorf("LoadAPI with APP_SECRET_ARN, without DATABASE_URL and BETTER_AUTH_SECRET: got %v, want no error", err)
	}
}

// In the cloud, Xenon never writes mails to a file.
func TestMailMustBeSetInTheCloud(t *testing.T) {
	t.Parallel()
	const arn, queue = "arn:aws:secretsmanager:eu-west-1:1:secret:app", "https://sqs.example.test/1/mail"
	for _, c := range []struct {
		set  []string
		want string
	}{
		{[]string{"APP_SECRET_ARN", arn}, "MAIL: outbox is a file"},
		{[]string{"APP_SECRET_ARN", arn, "MAIL", "outbox"}, "MAIL: outbox is a file"},
		{[]string{"APP_SECRET_ARN", arn, "MAIL", "none"}, ""},
		{[]string{"APP_SECRET_ARN", arn, "MAIL", "queue", "MAIL_QUEUE_URL", queue}, ""},
		{[]string{"MAIL", "queue"}, "MAIL_QUEUE_URL: missing"},
		{[]string{"MAIL", "none", "MAGIC_LINK", "on"}, "MAGIC_LINK: on needs mail"},
		{[]string{"MAIL", "none", "EMAIL_OTP", "on"}, "EMAIL_OTP: on needs mail"},
		{[]string{"MAIL", "none", "MAGIC_LINK", "off", "MAGIC_LINK_CONFIRM", "on"}, ""},
		{[]string{"MAGIC_LINK", "on", "EMAIL_OTP", "on"}, ""},
		{nil, ""},
	} {
		_, err := config.LoadAPI(testEnvironment(c.set...))
		if err == nil && c.want != "" || err != nil && (c.want == "" || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("LoadAPI with %q: got %v, want an error with %q, or none if this is empty", c.set, err, c.want)
		}
	}
}

func TestMailerRequiresSender(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"no-reply@learn.example.com":         "<no-reply@learn.example.com>",
		"Xenon <no-reply@learn.example.com>": `"Xenon" <no-reply@learn.example.com>`,
		"Zoë <no-reply@learn.example.com>":   "=?utf-8?q?Zo=C3=AB?= <no-reply@learn.example.com>",
	} {
		got, err := config.LoadMailer(func(name string) string { return map[string]string{"MAIL_FROM": in}[name] })
		if err != nil || got.From != want {
			t.Errorf("MAIL_FROM=%s: got the sender %q, %v, want %q", in, got.From, err, want)
		}
	}
	for siteURL, want := range map[string]string{"": "", "https://www.example.com/learn/": "www.example.com"} {
		settings := map[string]string{"MAIL_FROM": "a@example.com", "SITE_URL": siteURL}
		got, err := config.LoadMailer(func(name string) string { return settings[name] })
		if err != nil || got.Site != want {
			t.Errorf("SITE_URL=%s: got the site %q in mails, %v, want %q", siteURL, got.Site, err, want)
		}
	}
	for _, in := range []string{"", "Xenon", "a@example.com, b@example.com"} {
		_, err := config.LoadMailer(func(string) string { return in })
		if err == nil || !strings.Contains(err.Error(), "MAIL_FROM: ") {
			t.Errorf("MAIL_FROM=%s: got %v, want an error that names MAIL_FROM", in, err)
		}
	}
}

func TestClientIPHasThreeForms(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]config.ClientIP{
		"remote":     {Source: config.ClientIPFromConnection},
		"cloudfront": {Source: config.ClientIPFromCloudFront},
		"xff:0":      {Source: config.ClientIPFromForwardedFor},
		"xff:2":      {Source: config.ClientIPFromForwardedFor, Hops: 2},
	} {
		if got, err := config.LoadAPI(testEnvironment("CLIENT_IP", in)); err != nil || got.ClientIP != want {
			t.Errorf("CLIENT_IP=%s: got %+v, %v, want %+v", in, got.ClientIP, err, want)
		}
	}
}

func TestSchemaURLPrefersTheDirectEndpoint(t *testing.T) {
	t.Parallel()
	got, err := config.LoadSchemaURL(testEnvironment("DIRECT_DATABASE_URL", "postgres://direct/db"))
	if err != nil || got != "postgres://direct/db" {
		t.Errorf("SchemaURL = %q, %v, want DIRECT_DATABASE_URL", string(got), err)
	}
	if got, err := config.LoadSchemaURL(testEnvironment()); err != nil || got != "postgres://u:hunter2@localhost/db" {
		t.Errorf("SchemaURL without DIRECT_DATABASE_URL = %q, %v, want DATABASE_URL", string(got), err)
	}
	if _, err := config.LoadSchemaURL(func(string) string { return "" }); err == nil {
		t.Error("SchemaURL without a URL returned no error, want one")
	}
}

func TestLoadKeysReadsJWKSURLIfItIsSet(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "https://learn.example.com/api/auth/jwks"} {
		got, err := config.LoadKeySettings(testEnvironment("JWKS_URL", url))
		want := config.Keys{
			SigningKeysFile: config.DefaultSigningKeysFile, JWTExpiresIn: config.DefaultJWTExpiresIn,
			JWTAlg: config.RS256, JWKSURL: url,
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("LoadKeySettings with JWKS_URL=%q: %v (-want +got):\n%s", url, err, diff)
		}
	}
	_, err := config.LoadKeySettings(testEnvironment("JWKS_URL", "jwks.json"))
	if err == nil || !strings.Contains(err.Error(), "JWKS_URL: ") {
		t.Errorf("JWKS_URL=jwks.json: got %v, want an error that names JWKS_URL", err)
	}
}

// Verifiers append /.well-known/openid-configuration to the issuer. Xenon serves this path only at the root of a host.
func TestIssuerHasNoPath(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"https://learn.example.com", "https://learn.example.com/", "http://localhost:3000", "urn:example:issuer", "xenon",
	} {
		if got, err := config.LoadAPI(testEnvironment("JWT_ISSUER", good)); err != nil || got.JWTIssuer != good {
			t.Errorf("JWT_ISSUER=%s: got the issuer %q, %v, want it unchanged", good, got.JWTIssuer, err)
		}
	}
	for _, bad := range []string{
		"https://learn.example.com/api/auth", "https://learn.example.com//", "https://learn.example.com?a=b",
		"https://learn.example.com/#x", "https://learn.example.com?", "https://learn.example.com#",
	} {
		_, err := config.LoadAPI(testEnvironment("JWT_ISSUER", bad))
		if err == nil || !strings.Contains(err.Error(), "JWT_ISSUER: ") ||
			!strings.Contains(err.Error(), "use an issuer such as \"https://learn.example.com\"") {
			t.Errorf("JWT_ISSUER=%s: got %v, want an error that names a good issuer", bad, err)
		}
	}
	_, err := config.LoadAPI(testEnvironment("JWT_ISSUER", "https://me:hunter2@learn.example.com/path"))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("JWT_ISSUER with a password: got %v, want an error without it", err)
	}
}

func TestAlgorithmOfNewKeys(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:xenon/keys-AbCdEf"
	for value, want := range map[string]string{
		"": "RS256", "RS256": "RS256", "ES256": "ES256", "EdDSA": "EdDSA", "ES512": "", "none": "", "es256": "",
	} {
		getenv := testEnvironment("JWT_ALG", value, "SIGNING_KEYS_ARN", arn)
		api, err1 := config.LoadAPI(getenv)
		keys, err2 := config.LoadKeySettings(getenv)
		rotation, err3 := config.LoadRotation(getenv)
		for got, err := range map[string]error{api.JWTAlg: err1, keys.JWTAlg: err2, rotation.JWTAlg: err3} {
			isRefused := err != nil && strings.Contains(err.Error(), "JWT_ALG: ")
			if want == "" && !isRefused || want != "" && (err != nil || got != want) {
				t.Errorf("JWT_ALG=%s: got %q, %v, want %q, or an error if this is empty", value, got, err, want)
			}
		}
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	c, err := config.LoadAPI(testEnvironment())
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%q", c.DatabaseURL), string(asJSON),
	} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "0123456789abcdef") {
			t.Errorf("a secret shows in %s", text)
		}
	}
}

// .env.example names exactly the settings that are read, and its values are the defaults.
func TestEnvExampleHasAllSettings(t *testing.T) {
	t.Parallel()
	file, err := os.Open(filepath.Join("..", "..", ".env.example"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	example := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, value, ok := strings.Cut(strings.TrimPrefix(lines.Text(), "#"), "=")
		if name = providerSetting(name); ok && !strings.Contains(name, " ") {
			example[name] = value
			if strings.HasPrefix(lines.Text(), "#") {
				example[name] = ""
			}
		}
	}
	read := map[string]bool{}
	spy := func(name string) string { read[providerSetting(name)] = true; return testEnvironment()(name) }
	defaults, err := config.LoadAPI(spy)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := config.LoadSchemaURL(spy); err != nil {
		t.Fatal(err)
	}
	_, _ = config.LoadImport(spy) // only to see which settings it reads
	_, _ = config.LoadMailer(spy)
	_, _ = config.LoadRelay(spy)
	_, _ = config.LoadDelivery(spy)
	_, _ = config.LoadUsers(spy)
	delete(read, "REQUIRE_LOCAL_EMAIL_VERIFIED") // every value of it is an error
	if diff := cmp.Diff(slices.Sorted(maps.Keys(read)), slices.Sorted(maps.Keys(example))); diff != "" {
		t.Errorf("settings (-read +in .env.example):\n%s", diff)
	}
	for name, value := range example {
		if value == "" {
			delete(example, name)
		}
	}
	got, err := config.LoadAPI(func(name string) string {
		if v, ok := example[name]; ok {
			return v
		}
		return testEnvironment()(name)
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(defaults, got); diff != "" {
		t.Errorf("defaults (-code +.env.example):\n%s", diff)
	}
}

// The records of commands go to a log group only if the setting names it. Then the command needs AWS, also without an
// app secret.
func TestLoadUsersReadsTheLogGroupOfAuditRecords(t *testing.T) {
	t.Parallel()
	const group = "/aws/lambda/xenon-1_a.b#c"
	for _, set := range [][]string{
		{"AUDIT_LOG_GROUP", group, "AWS_REGION", "eu-central-1"},
		{"AWS_LAMBDA_LOG_GROUP_NAME", "/another", "AWS_REGION", "eu-central-1"},
	} {
		got, err := config.LoadUsers(testEnvironment(set...))
		want := config.AWS{}
		if set[0] == "AUDIT_LOG_GROUP" {
			want = config.AWS{Region: "eu-central-1", LogGroup: group}
		}
		if diff := cmp.Diff(want, got.AWS); diff != "" || err != nil {
			t.Errorf("LoadUsers with %s: got the error %v, want none (-want +got):\n%s", set[0], err, diff)
		}
	}
	for _, bad := range []string{"a b", "a:b", "*", strings.Repeat("x", 513)} {
		_, err := config.LoadUsers(testEnvironment("AUDIT_LOG_GROUP", bad))
		if err == nil || !strings.Contains(err.Error(), "AUDIT_LOG_GROUP: ") {
			t.Errorf("AUDIT_LOG_GROUP=%.20s: got the error %v, want one that names it", bad, err)
		}
	}
}

func TestLoadUsersPrefersADatabaseURLToTheAppSecret(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:app"
	none := func(string) string { return "" }
	for _, c := range []struct {
		name     string
		getenv   func(string) string
		url, arn string
		problem  string
	}{
		{
			"direct", testEnvironment("DIRECT_DATABASE_URL", "postgres://direct/db", "APP_SECRET_ARN", arn),
			"postgres://direct/db", "", "",
		},
		{"pooled", testEnvironment("APP_SECRET_ARN", arn), "postgres://u:hunter2@localhost/db", "", ""},
		{
			"app secret", testEnvironment("DATABASE_URL", "", "APP_SECRET_ARN", arn, "AWS_REGION", "eu-central-1"),
			"", arn, "",
		},
		{"nothing", none, "", "", "DATABASE_URL: missing"},
		{"wrong rules", testEnvironment("PASSWORD_HASH", "md5", "ADMIN_USER_IDS", "x"), "", "", "ADMIN_USER_IDS"},
	} {
		got, err := config.LoadUsers(c.getenv)
		if c.problem != "" {
			if err == nil || !strings.Contains(err.Error(), c.problem) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: got the error %v, want one with %s", c.name, err, c.problem)
			}
			continue
		}
		if err != nil || string(got.DatabaseURL) != c.url || got.AppSecretARN != c.arn {
			t.Errorf("%s: got %s, the secret %q, %v; want %s and %q", c.name, string(got.DatabaseURL), got.AppSecretARN, err,
				c.url, c.arn)
		}
	}
}
