package config

// Import holds the settings of functions/migrate and of xenon migrate.
type Import struct {
	FromDatabaseURL Secret // the Supabase project that is read
	ToDatabaseURL   Secret // the target's direct endpoint
	SecretARN       string // the secret in Secrets Manager with both URLs; only functions/migrate may read it
	AuthSecret      Secret // of the deployment; encrypts second factors, and makes the digests of sessions
	AuthSecrets     Secret // the same with versions
	AppSecretARN    string // the secret in Secrets Manager that has AuthSecret; "" in local development
	Schema          string // the schema of Xenon's tables
	PublicKeys      string // SUPABASE_JWKS: file or URL with the public keys of the project
	ProfilesOff     bool   // PROFILE=off: the deployment has no profile API, and the import copies no profiles
	ProfileFields   string // PROFILE_FIELDS: the file that declares the fields of the profile; "": the shipped declaration
	AWS             AWS
}

// LoadImport reads the settings of an import. Without MIGRATE_SECRET_ARN both URLs are required.
func LoadImport(getenv func(string) string) (Import, error) {
	l := loader{getenv: getenv}
	c := Import{
		FromDatabaseURL: Secret(getenv("FROM_DATABASE_URL")),
		ToDatabaseURL:   Secret(getenv("TO_DATABASE_URL")),
		SecretARN:       l.readSecretARN("MIGRATE_SECRET_ARN"),
		AuthSecret:      Secret(getenv("BETTER_AUTH_SECRET")),
		AuthSecrets:     Secret(getenv("BETTER_AUTH_SECRETS")),
		AppSecretARN:    l.readSecretARN("APP_SECRET_ARN"),
		Schema:          l.readSchema(),
		PublicKeys:      getenv("SUPABASE_JWKS"),
		ProfilesOff:     !l.readOnOff("PROFILE", true),
		ProfileFields:   getenv("PROFILE_FIELDS"),
		AWS:             l.readAWS(),
	}
	if c.SecretARN == "" {
		l.checkImportURL("FROM_DATABASE_URL", string(c.FromDatabaseURL),
			"the Supabase project, through its session pooler or direct")
		l.checkImportURL("TO_DATABASE_URL", string(c.ToDatabaseURL), "the target's direct endpoint")
	}
	return c, l.err()
}

func (l *loader) checkImportURL(name, v, database string) {
	if v == "" {
		l.addProblem(name, "missing; set it to %s, postgres://user:password@host/database (or set MIGRATE_SECRET_ARN)",
			database)
		return
	}
	l.checkDatabaseURL(name, v)
}
