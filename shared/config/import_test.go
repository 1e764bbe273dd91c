package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestImportRequiresTwoDatabasesOrTheirSecret(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:secretsmanager:eu-west-1:1:secret:migrate"
	urls := []string{
		"FROM_DATABASE_URL", "postgres://u:hunter2@supabase.test/postgres",
		"TO_DATABASE_URL", "postgresql://u:hunter2@neon.test/neondb",
	}
	notPostgres := []string{"FROM_DATABASE_URL", "mysql://u:hunter2@h/d", "TO_DATABASE_URL", "hunter2 %"}
	for name, c := range map[string]struct {
		set  []string
		want []string // texts in the error
	}{
		"both":        {urls, nil},
		"the cloud":   {[]string{"MIGRATE_SECRET_ARN", arn}, nil},
		"nothing":     {nil, []string{"FROM_DATABASE_URL: missing", "TO_DATABASE_URL: missing"}},
		"one":         {urls[:2], []string{"TO_DATABASE_URL: missing"}},
		"no Postgres": {notPostgres, []string{"FROM_DATABASE_URL: is not", "TO_DATABASE_URL: is not"}},
		"wrong ARN":   {[]string{"MIGRATE_SECRET_ARN", "xenon/migrate"}, []string{"MIGRATE_SECRET_ARN: "}},
	} {
		got, err := config.LoadImport(testEnvironment(c.set...))
		if (err != nil) != (c.want != nil) {
			t.Errorf("LoadImport, %s: got the error %v, want errors with %q", name, err, c.want)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("LoadImport, %s: got the error %v, want one with %q", name, err, want)
			}
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("LoadImport, %s: the error shows a password: %v", name, err)
		}
		if name == "both" {
			want := config.Import{
				Schema: "public", FromDatabaseURL: config.Secret(urls[1]), ToDatabaseURL: config.Secret(urls[3]),
				AuthSecret: "0123456789abcdef0123456789abcdef",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("LoadImport with both URLs (-want +got):\n%s", diff)
			}
		}
	}
}

// All database URLs follow the same rules, and one error names all that are wrong.
func TestWrongDatabaseURLsAreRefused(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"pgbouncer=true&connection_limit=1&schema=public": "",
		"uselibpqcompat=true&sslmode=require":             "",
		"options=-c%20search_path%3Dauth":                 "",
		"pgbuncer=true":                                   "pgbuncer",
		"schema=auth":                                     "SCHEMA=auth",
		"sslmode=disable":                                 "without TLS",
		"options=-c search_path=auth":                     "%3D",
		"sslrootcert=/no/such.pem":                        "/no/such.pem",
	} {
		const base = "postgres://u:hunter2@db.example.com/db?"
		_, request := config.LoadAPI(testEnvironment("DATABASE_URL", base+query))
		_, direct := config.LoadSchemaURL(testEnvironment("DIRECT_DATABASE_URL", base+query))
		_, both := config.LoadImport(testEnvironment("FROM_DATABASE_URL", base+query, "TO_DATABASE_URL", base+query))
		for name, err := range map[string]error{
			"DATABASE_URL": request, "DIRECT_DATABASE_URL": direct, "FROM_DATABASE_URL": both, "TO_DATABASE_URL": both,
		} {
			missing := err == nil || !strings.Contains(err.Error(), name+": ") || !strings.Contains(err.Error(), want)
			switch {
			case want == "" && err != nil:
				t.Errorf("%s with the query %s: got the error %v, want none", name, query, err)
			case want != "" && missing:
				t.Errorf("%s with the query %s: got the error %v, want one with %q", name, query, err, want)
			case err != nil && strings.Contains(err.Error(), "hunter2"):
				t.Errorf("%s with the query %s: the error shows the password: %v", name, query, err)
			}
		}
	}
}
