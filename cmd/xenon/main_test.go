package main

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
)

// runXenon runs one command line. env has the environment variables, each name followed by its value.
func runXenon(t *testing.T, args []string, env ...string) (code int, out, err string) {
	t.Helper()
	settings := map[string]string{}
	for i := 0; i < len(env); i += 2 {
		settings[env[i]] = env[i+1]
	}
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, func(name string) string { return settings[name] }, streams{nil, &stdout, &stderr})
	return code, stdout.String(), stderr.String()
}

func TestHelpPrintsUsageAndWrongUseExitsWith2(t *testing.T) {
	t.Parallel()
	for _, command := range []string{
		"", "dev", "schema up", "schema status", "keys list", "keys rotate", "secrets list", "secrets reencrypt",
		"profile check", "profile openapi",
		"migrate plan",
		"migrate run", "migrate verify", "migrate rollback", "migrate report", "migrate finalize",
	} {
		args := append(strings.Fields(command), "--help")
		code, out, _ := runXenon(t, args)
		if code != exitDone || !strings.Contains(out, "Usage: xenon") || command != "" &&
			!strings.Contains(out, "    xenon ") && !strings.Contains(out, "xenon "+command) {
			t.Errorf("xenon %v: got the exit code %d, want 0 and the usage in the output\n%s", args, code, out)
		}
	}
	for _, args := range [][]string{{}, {"nonsense"}, {"schema"}, {"dev", "--nonsense"}, {"keys", "list", "extra"}} {
		if code, _, err := runXenon(t, args); code != exitUsage || !strings.Contains(err, "Try: xenon --help") {
			t.Errorf("xenon %v: got the exit code %d and %s, want 2 and \"Try: xenon --help\"", args, code, err)
		}
	}
}

func TestSchemaUpAppliesMigrationsAndStatusListsThem(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	steps := []struct {
		args []string
		want string
	}{
		{[]string{"schema", "status"}, "0001_users_and_sessions.sql      pending"},
		{[]string{"schema", "up"}, "applied 0001_users_and_sessions.sql\napplied 0002_user_profile.sql"},
		{[]string{"schema", "up"}, "The schema is up to date."},
		{[]string{"schema", "up", "--json"}, `{"applied":[]}`},
		{[]string{"schema", "status"}, "0001_users_and_sessions.sql      applied 2"},
		{[]string{"schema", "status", "--json"}, `"betterAuth":"1.7.25"`},
	}
	for _, s := range steps {
		code, out, err := runXenon(t, s.args, "DATABASE_URL", "postgres://not-this-one/db", "DIRECT_DATABASE_URL", url)
		if code != exitDone || !strings.Contains(out, s.want) {
			t.Errorf("xenon %v: got the exit code %d, want 0 and %q in the output\n%s%s", s.args, code, s.want, out, err)
		}
	}
	if code, _, err := runXenon(t, []string{"schema", "up"}); code != exitFailed ||
		!strings.Contains(err, "DATABASE_URL: missing") {
		t.Errorf("schema up without DATABASE_URL: got the exit code %d and %s, want a failure that names the setting",
			code, err)
	}
	if code, _, err := runXenon(
		t,
		[]string{"schema", "up"},
		"DATABASE_URL",
		"postgres://u:hunter2@127.0.0.1:1/db",
	); code != exitFailed ||
		strings.Contains(err, "hunter2") {
		t.Errorf("schema up without a server: got the exit code %d and %s, want a failure without the password", code, err)
	}
}

// The columns for metadata are optional. SCHEMA decides which table gets them.
func TestSchemaUpAddsColumnsForMetadataOnRequest(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	for _, s := range []struct {
		schema string
		args   []string
		want   string
	}{
		{"", []string{"schema", "up"}, "applied 0001"},
		{"", []string{"schema", "status"}, "userMetadata, appMetadata        not added (xenon schema up --metadata)\n"},
		{"", []string{"schema", "status", "--json"}, `"metadata":false`},
		{"", []string{"schema", "up", "--metadata"}, "applied user_metadata.sql\n"},
		{"", []string{"schema", "up", "--metadata"}, "The schema is up to date.\n"},
		{"", []string{"schema", "status"}, "userMetadata, appMetadata        added\n"},
		{"", []string{"schema", "status", "--json"}, `"metadata":true`},
		{"xenon", []string{"schema", "status", "--json"}, `"metadata":false`},
		{"xenon", []string{"schema", "up", "--metadata", "--json"}, `_expiry.sql","user_metadata.sql"]}`},
		{"xenon", []string{"schema", "status", "--json"}, `"metadata":true`},
	} {
		code, out, err := runXenon(t, s.args, "DATABASE_URL", url, "SCHEMA", s.schema)
		if code != exitDone || !strings.Contains(out, s.want) {
			t.Errorf("xenon %v with SCHEMA=%s: got the exit code %d, want 0 and %q in the output\n%s%s",
				s.args, s.schema, code, s.want, out, err)
		}
	}
	dbtest.Exec(t, url, `ALTER TABLE "user" ALTER "appMetadata" TYPE text`)
	code, _, err := runXenon(t, []string{"schema", "up", "--metadata"}, "DATABASE_URL", url)
	if code != exitFailed || !strings.Contains(err, "appMetadata is text, not jsonb") {
		t.Errorf("schema up --metadata with a column of type text: got the exit code %d and %s, want a failure that names "+
			"the column", code, err)
	}
}

// The triggers that write events are made and dropped on request.
func TestSchemaUpSwitchesEventsOnRequest(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	for _, s := range []struct {
		schema string
		args   []string
		want   string
	}{
		{"", []string{"schema", "up"}, "applied 0001"},
		{"", []string{"schema", "status"}, "events                           off (xenon schema up --events on)\n"},
		{"", []string{"schema", "up", "--events", "off"}, "The schema is up to date.\n"},
		{"", []string{"schema", "up", "--events", "on"}, "applied user_event_triggers.sql\n"},
		{"", []string{"schema", "up", "--events", "on"}, "The schema is up to date.\n"},
		{"", []string{"schema", "up"}, "The schema is up to date.\n"},
		{"", []string{"schema", "status"}, "events                           on\n"},
		{"", []string{"schema", "status", "--json"}, `"events":true`},
		{"xenon", []string{"schema", "status", "--json"}, `"events":false`},
		{"xenon", []string{"schema", "up", "--events", "on", "--json"}, `_expiry.sql","user_event_triggers.sql"]}`},
		{"", []string{"schema", "up", "--events", "off"}, "applied user_event_triggers.sql (dropped)\n"},
		{"", []string{"schema", "status"}, "events                           off"},
		{"xenon", []string{"schema", "status"}, "events                           on\n"},
	} {
		code, out, err := runXenon(t, s.args, "DATABASE_URL", url, "SCHEMA", s.schema)
		if code != exitDone || !strings.Contains(out, s.want) {
			t.Errorf("xenon %v with SCHEMA=%s: got the exit code %d, want 0 and %q in the output\n%s%s",
				s.args, s.schema, code, s.want, out, err)
		}
	}
	if code, _, err := runXenon(t, []string{"schema", "up", "--events", "yes"}, "DATABASE_URL", url); code != exitUsage {
		t.Errorf("schema up --events yes: got the exit code %d and %s, want wrong use", code, err)
	}
}

// Tables were moved before the columns existed: what the move has made does not read them.
func TestSchemaUpSaysToMakeTriggersAgainAfterAMove(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	dbtest.Exec(t, url, `CREATE SCHEMA supabase_import; CREATE TABLE supabase_import.move (run int);
INSERT INTO supabase_import.move VALUES (1)`)
	const want = "Run xenon migrate tables\nagain, with --triggers"
	for _, hasAdvice := range []bool{true, false} { // the second time the columns exist
		code, _, stderr := runXenon(t, []string{"schema", "up", "--metadata", "--json"}, "DATABASE_URL", url)
		if code != exitDone || strings.Contains(stderr, want) != hasAdvice {
			t.Errorf("schema up --metadata: got the exit code %d and %q, want 0, and %q in it: %t",
				code, stderr, want, hasAdvice)
		}
	}
}

// If the database has a table "user" or account of an application, schema up changes nothing in the schema public. With
// SCHEMA=xenon it creates its tables in another schema.
func TestSchemaUpRejectsTablesOfAnApplication(t *testing.T) {
	t.Parallel()
	for table, want := range map[string]string{
		`CREATE TABLE "user" (id serial PRIMARY KEY, login text NOT NULL)`: "user.id: found integer, wanted uuid NOT NULL",
		`CREATE TABLE account (id serial PRIMARY KEY, iban text NOT NULL)`: "account.iban: found NOT NULL without a default",
	} {
		url := dbtest.NewEmpty(t)
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		if _, err := conn.Exec(t.Context(), table); err != nil {
			t.Fatal(err)
		}
		code, out, problem := runXenon(t, []string{"schema", "up"}, "DATABASE_URL", url)
		if code != exitFailed || out != "" || !strings.Contains(problem, want) || !strings.Contains(problem, "SCHEMA=xenon") {
			t.Errorf("%s: schema up: got the exit code %d and %s%s, want a failure that names the column and SCHEMA=xenon",
				table, code, out, problem)
		}
		code, out, problem = runXenon(t, []string{"schema", "status"}, "DATABASE_URL", url)
		if code != exitNeedsDecision || !strings.Contains(out, "pending") || !strings.Contains(problem, want) {
			t.Errorf("%s: schema status: got the exit code %d and %s%s, want pending migrations and the problem",
				table, code, out, problem)
		}
		code, out, problem = runXenon(t, []string{"schema", "status", "--json"}, "DATABASE_URL", url)
		if code != exitNeedsDecision || !strings.Contains(out, `"problems":[{"table":`) {
			t.Errorf("%s: schema status --json: got the exit code %d and %s%s, want the problems in the JSON",
				table, code, out, problem)
		}
		code, out, problem = runXenon(t, []string{"schema", "up"}, "DATABASE_URL", url, "SCHEMA", "xenon")
		if code != exitDone || !strings.Contains(out, "applied 0001") {
			t.Errorf("%s: schema up with SCHEMA: got the exit code %d and %s%s, want the first migration applied",
				table, code, out, problem)
		}
		code, out, problem = runXenon(t, []string{"schema", "status"}, "DATABASE_URL", url, "SCHEMA", "xenon")
		if code != exitDone || strings.Contains(out, "pending") || !strings.Contains(out, "in the schema xenon") {
			t.Errorf("%s: schema status with SCHEMA: got the exit code %d and %s%s, want nothing pending in the schema xenon",
				table, code, out, problem)
		}
		var tables int
		err = conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&tables)
		if err != nil || tables != 1 {
			t.Errorf("%s: got %d tables in public, %v, want only the table of the application", table, tables, err)
		}
	}
}

func TestKeysRotateGeneratesKeysAndListShowsThePublicKeys(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys.json")
	env := []string{"SIGNING_KEYS_FILE", file}
	if code, _, err := runXenon(t, []string{"keys", "list"}, env...); code != exitFailed ||
		!strings.Contains(err, "xenon keys rotate") {
		t.Errorf("keys list without keys: got the exit code %d and %s, want a failure that names xenon keys rotate",
			code, err)
	}
	if code, out, err := runXenon(t, []string{"keys", "rotate"}, env...); code != exitDone ||
		!strings.Contains(out, "is now the signing key") {
		t.Errorf("first keys rotate: got the exit code %d and %s%s, want success", code, out, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: got mode %v, %v, want 0600", info.Mode(), err)
	}
	if code, _, err := runXenon(t, []string{"keys", "rotate"}, env...); code != exitFailed ||
		!strings.Contains(err, "rotate again after") {
		t.Errorf("keys rotate again at once: got the exit code %d and %s, want a failure with the time of the next rotation",
			code, err)
	}
	code, out, _ := runXenon(t, []string{"keys", "list", "--json"}, env...)
	if code != exitDone || strings.Count(out, `"kid"`) != 2 || strings.Contains(out, "PRIVATE") {
		t.Errorf("keys list: got the exit code %d and %s, want two public keys", code, out)
	}
}

func TestNewKeysHaveTheAlgorithmOfTheSetting(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		file := filepath.Join(t.TempDir(), "keys.json")
		env := []string{"SIGNING_KEYS_FILE", file, "JWT_ALG", alg}
		if code, out, err := runXenon(t, []string{"keys", "rotate"}, env...); code != exitDone ||
			strings.Count(out, "("+alg+")") != 2 {
			t.Errorf("keys rotate with JWT_ALG=%s: got the exit code %d and %s%s, want two keys of this algorithm",
				alg, code, out, err)
		}
		if code, out, _ := runXenon(t, []string{"keys", "list", "--json"}, env...); code != exitDone ||
			strings.Count(out, `"alg":"`+alg+`"`) != 2 {
			t.Errorf("keys list --json with JWT_ALG=%s: got the exit code %d and %s, want two keys of this algorithm",
				alg, code, out)
		}
		if code, out, _ := runXenon(t, []string{"keys", "list"}, env...); code != exitDone || strings.Count(out, alg) != 2 {
			t.Errorf("keys list with JWT_ALG=%s: got the exit code %d and %s, want two keys of this algorithm",
				alg, code, out)
		}
	}
	code, _, err := runXenon(
		t,
		[]string{"keys", "rotate"},
		"SIGNING_KEYS_FILE",
		t.TempDir()+"/keys.json",
		"JWT_ALG",
		"HS256",
	)
	if code == exitDone || !strings.Contains(err, `JWT_ALG: "HS256" is not one of RS256, ES256, EdDSA`) {
		t.Errorf("keys rotate with JWT_ALG=HS256: got the exit code %d and %s, want a failure that names the valid values",
			code, err)
	}
}

func TestLocalKeysKeepTheirAlgorithm(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys.json")
	var first, again, changed strings.Builder
	for _, c := range []struct {
		alg string
		log *strings.Builder
	}{{config.RS256, &first}, {config.RS256, &again}, {config.ES256, &changed}} {
		if err := generateKeys(file, c.alg, c.log); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(first.String(), "Generated signing keys") || again.String() != "" {
		t.Errorf("log of generateKeys: got %q, then %q, want \"Generated signing keys\", then nothing",
			first.String(), again.String())
	}
	if got := changed.String(); !strings.Contains(got, "JWT_ALG is ES256") || !strings.Contains(got, "for RS256") ||
		!strings.Contains(got, "xenon keys rotate twice") {
		t.Errorf("log after a change of JWT_ALG: got %q, want both algorithms and \"xenon keys rotate twice\"", got)
	}
	if set, err := keys.LoadFile(file); err != nil || set.Next.Algorithm() != config.RS256 {
		t.Errorf("the next key after a change of JWT_ALG: got another algorithm than RS256 or the error %v, want the old key",
			err)
	}
}

func TestDevChecksTheAddressAndStartsNothing(t *testing.T) {
	t.Chdir(repositoryRoot)
	dir := filepath.Join(t.TempDir(), "dir")
	code, out, stderr := runXenon(t, []string{"dev", "--addr", "127.0.0.1:0", "--dir", dir, "--check-addr"})
	if _, err := os.Stat(dir); code != exitDone || out != "" || stderr != "" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("xenon dev --check-addr, with a free port: got the exit code %d, the output %q%q and %s: %v, "+
			"want 0, no output and no directory", code, out, stderr, dir, err)
	}
}

func TestDevReportsErrors(t *testing.T) {
	t.Chdir(repositoryRoot)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := filepath.Join(t.TempDir(), "dir")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		env  []string
		want string
	}{
		{
			"port taken",
			[]string{"--addr", taken.Addr().String()},
			nil,
			"another program listens on " + taken.Addr().String() + "\n  Stop that program, or choose another port",
		},
		{
			"port taken, before make dev builds the site",
			[]string{"--addr", taken.Addr().String(), "--check-addr"},
			nil,
			"another program listens on " + taken.Addr().String() +
				"\n  Stop that program, or choose another port: make dev ARGS='--addr 127.0.0.1:",
		},
		{"no port", []string{"--addr", "localhost"}, nil, "such as --addr localhost:3000"},
		{
			"bad settings", nil,
			[]string{"CLIENT_IP", "x", "PASSWORD_HASH", "md5"},
			"PASSWORD_HASH: \"md5\" is not one of argon2id, scrypt\nCLIENT_IP",
		},
		{"short secret", nil, []string{"BETTER_AUTH_SECRET", "short"}, "BETTER_AUTH_SECRET: has 5 characters"},
		{"no directory", []string{"--dir", file}, nil, "has to be a directory that you can write to"},
		{"site without http://", []string{"--site", "localhost:3001"}, nil, "--site http://localhost:3001"},
		{"no database", []string{"--database-url", "postgres://127.0.0.1:1/db"}, nil, "Use --database-url"},
	} {
		args := append([]string{"dev", "--addr", "127.0.0.1:0", "--dir", dir}, c.args...)
		code, out, stderr := runXenon(t, args, c.env...)
		if code != exitFailed || !strings.Contains(stderr, c.want) || out != "" {
			t.Errorf("xenon dev, %s: got the exit code %d, want a failure that says %q and no output\n%s%s",
				c.name, code, c.want, out, stderr)
		}
	}
}
