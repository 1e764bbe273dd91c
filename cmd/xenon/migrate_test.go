package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
)

const (
	unreachableURL = "postgres://u:hunter2@127.0.0.1:1/db"
	neonPoolerURL  = "postgres://u:hunter2@ep-cool-1234-pooler.eu-central-1.aws.neon.tech/neondb"
)

// The commands schema and migrate print the parameters of a database URL that they ignore, and reject a URL with an
// unknown parameter.
func TestCommandsIgnoreOrRejectParametersOfDatabaseURLs(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	with := func(query string) string {
		if strings.Contains(url, "?") {
			return url + "&" + query
		}
		return url + "?" + query
	}
	for _, args := range [][]string{
		{"schema", "status"},
		{"schema", "up"},
		{"migrate", "report", "--from", with("pgbouncer=true"), "--to", with("pgbouncer=true&schema=public")},
	} {
		code, _, stderr := runXenon(t, args, "DIRECT_DATABASE_URL", with("pgbouncer=true&schema=public"))
		if !strings.Contains(stderr, "are ignored: pgbouncer, schema") || args[0] == "schema" && code != 0 {
			t.Errorf("xenon %v: got the exit code %d, want a warning about ignored parameters\n%s", args, code, stderr)
		}
	}
	for _, args := range [][]string{
		{"schema", "status"},
		{"schema", "up"},
		{"migrate", "plan", "--from", unreachableURL + "?frob=1", "--to", unreachableURL},
	} {
		code, _, stderr := runXenon(
			t,
			args,
			"DIRECT_DATABASE_URL",
			unreachableURL+"?frob=1",
			"DATABASE_URL",
			unreachableURL+"?frob=1",
		)
		if code == 0 || !strings.Contains(stderr, "unknown parameters: frob") || strings.Contains(stderr, "hunter2") {
			t.Errorf("xenon %v: got the exit code %d, want a failure that names the parameter frob, without the password\n%s",
				args, code, stderr)
		}
	}
}

func TestMigrateRejectsWrongUse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"plan"}, "FROM_DATABASE_URL: missing"},
		{[]string{"plan", "--from", unreachableURL}, "TO_DATABASE_URL: missing"},
		{
			[]string{"run", "--from", "mysql://u:hunter2@h/db", "--to", unreachableURL},
			"FROM_DATABASE_URL: is not of the form",
		},
		{
			[]string{"run", "--from", unreachableURL, "--to", neonPoolerURL},
			"--to: ep-cool-1234-pooler.eu-central-1.aws.neon.tech is Neon's pooler",
		},
		{
			[]string{
				"verify", "--from", "postgres://u:hunter2@aws-0-eu-central-1.pooler.supabase.com:6543/postgres", "--to",
				unreachableURL,
			},
			"--from: port 6543",
		},
		{
			[]string{
				"report", "--from", "postgres://u:hunter2@db.abc.supabase.co/postgres?sslmode=disable", "--to", unreachableURL,
			},
			"sslmode=disable",
		},
		{
			[]string{"run", "--from", unreachableURL, "--to", unreachableURL, "--provider", "acme"},
			`--provider "acme" is not of the form FROM=TO`,
		},
		{
			[]string{"run", "--from", unreachableURL, "--to", unreachableURL, "--profile-value", "age_range=x"},
			"is not of the form FIELD:OLD=NEW",
		},
		{
			[]string{"run", "--from", unreachableURL, "--to", unreachableURL, "--profile-column", "=age_range"},
			`--profile-column "=age_range" is not of the form OLD=NEW`,
		},
		{
			[]string{"plan", "--from", unreachableURL, "--to", unreachableURL, "--profile-column", "lang"},
			`--profile-column "lang" is not of the form OLD=NEW`,
		},
		{
			[]string{
				"plan", "--from", unreachableURL, "--to", unreachableURL, "--profile-column", "x=age_range",
				"--profile-column", "x=primary_goal",
			},
			`--profile-column "x=primary_goal": the column is mapped to age_range already`,
		},
		{[]string{"run", "--unconfirmed", "perhaps"}, "--unconfirmed must be one of"},
		{[]string{"run", "--concurrency=-1"}, "--concurrency and --batch-size"},
		{[]string{"rollback", "--to", unreachableURL}, "confirm with --yes"},
		{[]string{"finalize", "--to", unreachableURL}, "confirm with --yes"},
		{[]string{"rollback", "--to", unreachableURL, "--yes", "--cascade"}, "it requires --force, too"},
		{[]string{"rollback"}, "TO_DATABASE_URL: missing"},
		{[]string{"rollback", "--yes", "--to", neonPoolerURL}, "--to: ep-cool"},
	} {
		code, out, stderr := runXenon(t, append([]string{"migrate"}, c.args...))
		if code != exitUsage || !strings.Contains(stderr, c.want) || out != "" || strings.Contains(stderr, "hunter2") {
			t.Errorf("migrate %v: got the exit code %d, want %d, the error %q, no output and no password\n%s%s",
				c.args, code, exitUsage, c.want, out, stderr)
		}
	}
	args := []string{"migrate", "plan"}
	code, _, stderr := runXenon(t, args, "FROM_DATABASE_URL", unreachableURL, "TO_DATABASE_URL", neonPoolerURL)
	if code != exitUsage || !strings.Contains(stderr, "Neon's pooler") || strings.Contains(stderr, "hunter2") {
		t.Errorf("Neon's pooler in TO_DATABASE_URL: got the exit code %d, want %d and an error that names the pooler\n%s",
			code, exitUsage, stderr)
	}
}

// newMigration creates a source with the given number of users and an empty target. It returns the content of the
// source, the URL of the target, and settings: both URLs, and a path for the signing keys, where no file exists yet.
func newMigration(t *testing.T, users int) (summary supabasetest.Summary, target string, env []string) {
	t.Helper()
	from, to := supabasetest.New(t), dbtest.New(t)
	summary = supabasetest.Fill(t, from, 7, users)
	return summary, to, []string{
		"FROM_DATABASE_URL",
		from,
		"TO_DATABASE_URL",
		to,
		"SIGNING_KEYS_FILE",
		filepath.Join(t.TempDir(), "keys.json"),
	}
}

const (
	countUsers   = `select count(*) from "user"`
	countLedgers = `select count(*) from pg_namespace where nspname = 'supabase_import'`
)
