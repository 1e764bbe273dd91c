package config

import "os"

// MigrateFromEnv reads only what functions/migrate needs, which has neither cookies nor signing keys.
func MigrateFromEnv() (Config, error) { return Migrate(os.Getenv) }

// Migrate is MigrateFromEnv on any environment. Without MIGRATE_SECRET_ARN both URLs have to be there.
func Migrate(getenv func(string) string) (Config, error) {
	l := loader{getenv: getenv}
	c := Config{
		FromDatabaseURL:  Secret(getenv("FROM_DATABASE_URL")),
		ToDatabaseURL:    Secret(getenv("TO_DATABASE_URL")),
		MigrateSecretARN: l.secretARN("MIGRATE_SECRET_ARN"),
		Schema:           l.schema("SCHEMA"),
		AWS:              l.aws(),
	}
	if c.MigrateSecretARN == "" {
		l.importURL("FROM_DATABASE_URL", string(c.FromDatabaseURL), "the Supabase project, through its session pooler or direct")
		l.importURL("TO_DATABASE_URL", string(c.ToDatabaseURL), "the target's direct endpoint")
	}
	return c, l.err()
}

func (l *loader) importURL(name, v, what string) {
	if v == "" {
		l.problem(name, "is missing; set it to %s, postgres://user:password@host/database (or set MIGRATE_SECRET_ARN)", what)
		return
	}
	l.parse(name, v)
}
