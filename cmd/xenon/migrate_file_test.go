package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/postgres"
)

// dumpFile writes a dump of the database as `supabase db dump --data-only` writes it, and returns its path.
func dumpFile(t *testing.T, url string) string {
	t.Helper()
	programs := postgres.Programs("pg_dump")
	if len(programs) == 0 {
		t.Fatal("pg_dump is not installed; the test needs postgresql-client")
	}
	out, err := exec.CommandContext(t.Context(), programs[0], "--data-only",
		"--quote-all-identifiers", "--column-inserts", "--rows-per-insert=1000", "--dbname="+url).Output()
	if err != nil {
		t.Fatalf("pg_dump: %v", err)
	}
	path := filepath.Join(t.TempDir(), "data.sql")
	text := "SET session_replication_role = replica;\n" + string(out) + "RESET ALL;\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// All commands of an import work with a file in place of the source.
func TestMigrateImportsFromAFile(t *testing.T) {
	t.Parallel()
	_, target, env := newMigration(t, 300)
	path := dumpFile(t, env[1])
	env = env[2:] // without FROM_DATABASE_URL
	step := func(wantCode int, command string, wants ...string) string {
		t.Helper()
		args := append([]string{"migrate"}, strings.Fields(command)...)
		code, out, stderr := runXenon(t, append(args, "--from", path), env...)
		if code != wantCode {
			t.Errorf("xenon migrate %s: got the exit code %d, want %d\n%s%s", command, code, wantCode, out, stderr)
		}
		for _, want := range wants {
			if !strings.Contains(out+stderr, want) {
				t.Errorf("xenon migrate %s: want %q in the output, got\n%s%s", command, want, out, stderr)
			}
		}
		return out
	}
	step(exitNeedsDecision, "plan", "Reading "+path, "from  data.sql", "The file data.sql: SQL dump", "sha256 ",
		"300  auth.users", "--mfa carry")
	step(exitNeedsDecision, "run --mfa allow --batch-size 100", "3 of 3 batches done")
	if got := dbtest.Value[int](t, target, countUsers); got < 250 {
		t.Errorf("users in the target: got %d, want at least 250", got)
	}
	step(exitDone, "verify", "rows of auth.users in the file = copied", "All copied rows are equal to the source")
	step(exitDone, "report", "Rows of data.sql (sha256 ", "auth.users                         300         300")
	var plan importer.Plan
	if err := json.Unmarshal([]byte(step(exitDone, "plan --json --mfa allow")), &plan); err != nil || plan.File == nil ||
		plan.File.Rows["auth.users"] != 300 || len(plan.File.SHA256) != 64 {
		t.Errorf("plan --json: got the file %+v and the error %v, want 300 users and a digest", plan.File, err)
	}
	if err := os.WriteFile(path, []byte("SELECT 1;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	step(exitFailed, "run", "data.sql has other bytes")
	step(exitUsage, "tables", "xenon migrate tables needs the database")
}

// A dump has sessions and second factors, too.
func TestMigrateImportsSessionsAndSecondFactorsFromAFile(t *testing.T) {
	t.Parallel()
	source, target := supabasetest.New(t), dbtest.New(t)
	dbtest.Exec(t, source, twoFactorsOfTheSource)
	supabasetest.CreateSessionTables(t, source)
	supabasetest.FillSessions(t, source, 16) // two of each kind, half of them valid
	path := dumpFile(t, source)
	env := []string{"TO_DATABASE_URL", target, "BETTER_AUTH_SECRET", "a secret of the tests, long enough"}
	for _, s := range []struct {
		command string
		code    int
		wants   []string
	}{
		{"plan --sessions --mfa carry", exitDone, []string{"16  auth.sessions", "8  are imported"}},
		{"run --sessions --mfa carry", exitNeedsDecision, []string{"8  imported", "session_key_encrypted"}},
		{"verify", exitDone, []string{
			"rows of auth.sessions in the file = those that the last pass read: 16 and 16",
			"bridged + kept + skipped sessions: 16 and 16", "carried + quarantined TOTP factors: 2 and 2",
		}},
		{"report", exitDone, []string{"auth.sessions                       16          16"}},
	} {
		args := append(append([]string{"migrate"}, strings.Fields(s.command)...), "--from", path)
		code, out, stderr := runXenon(t, args, env...)
		if code != s.code {
			t.Errorf("xenon migrate %s: got the exit code %d, want %d\n%s%s", s.command, code, s.code, out, stderr)
		}
		for _, want := range s.wants {
			if !strings.Contains(out+stderr, want) {
				t.Errorf("xenon migrate %s: want %q in the output, got\n%s%s", s.command, want, out, stderr)
			}
		}
	}
	if got := dbtest.Value[int](t, target, `SELECT count(*) FROM "supabaseSession"`); got == 0 {
		t.Error("sessions in the target: got none, want some")
	}
}

func TestMigrateNamesAMissingFile(t *testing.T) {
	t.Parallel()
	code, _, stderr := runXenon(t, []string{"migrate", "plan", "--from", "missing.sql", "--to", dbtest.New(t)})
	if code != exitFailed || !strings.Contains(stderr, "there is no file missing.sql") {
		t.Errorf("got the exit code %d, want a failure that names the file\n%s", code, stderr)
	}
}
