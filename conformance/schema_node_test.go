//go:build node

package conformance

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
)

var update = flag.Bool("update", false, "write Better Auth's responses and tables to recorded/")

// runReference runs a script of reference/ on a database and decodes the JSON that it prints. settings have the form
// NAME=value.
func runReference(t *testing.T, script, database string, answer any, settings ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", script)
	cmd.Dir = "reference"
	cmd.Env = append(referenceEnv(database), settings...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil && (strings.Contains(stderr.String(), "ERR_MODULE_NOT_FOUND") || cmd.ProcessState == nil) {
		t.Fatalf("run %s: %v; this test needs Node 20 and the packages that `make conformance` installs", script, err)
	}
	if err != nil {
		t.Fatalf("run %s: %v\n%s", script, err, stderr.String())
	}
	if err := json.Unmarshal(out, answer); err != nil {
		t.Fatalf("the output of %s is not JSON: %v: %s", script, err, out)
	}
}

func referenceEnv(database string) []string {
	return append(os.Environ(),
		"DATABASE_URL="+database, "BETTER_AUTH_SECRET="+rand.Text()+rand.Text(), "NODE_ENV=production")
}

// migrationPlan has what Better Auth's own migration found in a database: missing tables, columns and indexes, and
// problems that it cannot solve.
type migrationPlan struct{ Missing, Problems []string }

func TestInstalledBetterAuthIsTheVersionOfTheMigrations(t *testing.T) {
	t.Parallel()
	var installed struct{ Version string }
	runReference(t, "version.mjs", "", &installed)
	if got, want := installed.Version, migrations.BetterAuthVersion; got != want {
		t.Errorf("the installed Better Auth: got version %s, want %s, the version of the migrations", got, want)
	}
}

func TestSchemaMatchesBetterAuth(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	runReference(t, "schema.mjs", url, &migrationPlan{})
	betterAuth := readSchema(t, url)
	if *update {
		text, err := json.MarshalIndent(betterAuth, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(schemaRecording, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(readRecordedSchema(t), betterAuth); diff != "" {
		t.Errorf("the recording is outdated; -update writes it (-recorded +Better Auth):\n%s", diff)
	}
	for _, d := range schemaDifferences(betterAuth, readSchema(t, dbtest.New(t))) {
		t.Error(d)
	}
}

// Better Auth checks the tables before its first request, and rejects all requests when they do not match.
func TestBetterAuthAcceptsXenonsSchema(t *testing.T) {
	t.Parallel()
	for name, metadata := range map[string]bool{"migrations": false, "with columns for metadata": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.New(t)
			if metadata {
				addMetadata(t, url)
			}
			checkBetterAuthAccepts(t, url)
			checkBetterAuthAccepts(t, dbtest.New(t), "TWO_FACTOR=on", "ADMIN=on")
		})
	}
}

func addMetadata(t *testing.T, url string) {
	t.Helper()
	if added, err := migrations.AddMetadata(t.Context(), url, "public"); !added || err != nil {
		t.Fatalf("add the columns for metadata: got %t and the error %v, want true", added, err)
	}
}

// checkBetterAuthAccepts checks that Better Auth would not change the tables, and that it works with them.
func checkBetterAuthAccepts(t *testing.T, url string, settings ...string) {
	t.Helper()
	var found migrationPlan
	runReference(t, "schema.mjs", url, &found, settings...)
	if diff := cmp.Diff(found, migrationPlan{Missing: []string{}, Problems: []string{}}); diff != "" {
		t.Errorf("Better Auth would change Xenon's tables (-got +want):\n%s", diff)
	}
	var got struct {
		SignUp, Token int
		UserID        string
		SameUser      bool
	}
	runReference(t, "accept.mjs", url, &got, settings...)
	if got.SignUp != 200 || got.Token != 200 || !got.SameUser {
		t.Errorf("Better Auth on Xenon's schema: got %+v, want 200 for sign-up and token, and the same user in the session",
			got)
	}
	var email string
	row := connect(t, url).QueryRow(t.Context(), `SELECT email FROM "user" WHERE id = $1`, got.UserID)
	if err := row.Scan(&email); err != nil || email != "ada@example.com" {
		t.Errorf("the email in \"user\": got %q and the error %v, want ada@example.com", email, err)
	}
}

// In a database that Better Auth has used, Xenon's migrations keep the tables and rows, and add Xenon's tables.
func TestMigrationsKeepTheSchemaOfBetterAuth(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	runReference(t, "schema.mjs", url, &migrationPlan{})
	betterAuth := readSchema(t, url)
	runReference(t, "accept.mjs", url, &struct{}{})
	if _, err := migrations.Up(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	xenon := readSchema(t, url)
	for _, d := range schemaDifferences(betterAuth, xenon) {
		t.Error(d)
	}
	if _, ok := xenon.Tables["user_profile"]; !ok {
		t.Error("the migrated schema has no table user_profile, want one")
	}
	var users int
	if err := connect(t, url).QueryRow(t.Context(), `SELECT count(*) FROM "user"`).Scan(&users); err != nil || users != 1 {
		t.Errorf("users after the migrations: got %d and the error %v, want the existing one", users, err)
	}
}

// Xenon's columns and table for the plugins twoFactor and admin equal those that Better Auth creates. Where Better Auth
// has created them, Xenon's migrations do not change them.
func TestSchemaOfPluginsEqualsBetterAuths(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	runReference(t, "schema.mjs", url, &migrationPlan{}, "TWO_FACTOR=on", "ADMIN=on")
	betterAuth := readSchema(t, url)
	for _, name := range []string{"user.role", "user.twoFactorEnabled", "session.impersonatedBy", "twoFactor.secret"} {
		table, column, _ := strings.Cut(name, ".")
		if _, ok := betterAuth.Tables[table].Columns[column]; !ok {
			t.Errorf("Better Auth with the plugins has no column %s, want one", name)
		}
	}
	for _, d := range schemaDifferences(betterAuth, readSchema(t, dbtest.New(t))) {
		t.Error(d)
	}
	if _, err := migrations.Up(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	migrated := readSchema(t, url)
	for _, name := range []string{"user", "session", "twoFactor"} {
		if diff := cmp.Diff(betterAuth.Tables[name].Columns, migrated.Tables[name].Columns); diff != "" {
			t.Errorf("the columns that Better Auth created in %s (-before Xenon's migrations +after):\n%s", name, diff)
		}
	}
}

// Better Auth's check of the tables, which TestBetterAuthAcceptsXenonsSchema relies on, reports a mismatch.
func TestBetterAuthRejectsABrokenSchema(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	if _, err := connect(t, url).Exec(t.Context(), `ALTER TABLE account ADD issuer text NOT NULL`); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "accept.mjs")
	cmd.Dir = "reference"
	cmd.Env = referenceEnv(url)
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "SCHEMA_MISMATCH") {
		t.Errorf("Better Auth on a broken schema: got the error %v and %s, want SCHEMA_MISMATCH", err, out)
	}
}
