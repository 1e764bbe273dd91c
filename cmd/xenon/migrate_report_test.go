package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/importer"
	importreport "github.com/xenon-auth/xenon/shared/importer/report"
	"github.com/xenon-auth/xenon/shared/keys"
)

func TestVerifyReportAndRollbackOfAChangedRun(t *testing.T) {
	t.Parallel()
	summary, target, env := newMigration(t, 300)
	set, err := keys.Generate(time.Now(), config.RS256)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.SaveFile(env[5], set); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	page, file, sql := filepath.Join(dir, "r.html"), filepath.Join(dir, "r.json"), filepath.Join(dir, "back.sql")
	canSignIn := func(u supabasetest.KnownUser) bool { return u.SignsIn }
	user := summary.KnownUsers[slices.IndexFunc(summary.KnownUsers, canSignIn)]
	changeUser := func() {
		conn, err := pgx.Connect(t.Context(), target)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.WithoutCancel(t.Context()))
		if _, err := conn.Exec(t.Context(), `update "user" set name = 'Another name' where id = $1`, user.ID); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []struct {
		does string
		args []string
		code int
		want string
		then func()
	}{
		{"nothing to verify", []string{"verify"}, exitFailed, "no such run", nil},
		{"nothing to report", []string{"report"}, exitFailed, "Start a run with xenon migrate run", nil},
		{"run", []string{"run", "--mfa", "allow", "--batch-size", "100"}, exitNeedsDecision, "is complete", nil},
		{"report unverified", []string{"report"}, exitDone, "Copied, not verified", nil},
		{"verify", []string{"verify"}, exitDone, "All copied rows are equal to the source", nil},
		{"verify as JSON", []string{"verify", "--json"}, exitDone, `"equal":true`, nil},
		{"report", []string{"report", "--html", page, "--out", file}, exitDone, "sha256:", nil},
		{"check", []string{"report", "--check", file}, exitDone, "valid: the report of run \"supabase\"", changeUser},
		{
			"verify after a change in the target",
			[]string{"verify"},
			exitNeedsDecision,
			"Another run does not change these rows", nil,
		},
		{"dry run of the rollback", []string{"rollback", "--dry-run"}, exitNeedsDecision, user.ID, nil},
		{
			"return to source, and rollback",
			[]string{"rollback", "--yes", "--return-to-source", sql},
			exitNeedsDecision,
			"user removed", nil,
		},
		{"existing output file", []string{"rollback", "--yes", "--return-to-source", sql}, exitFailed, "exists already", nil},
		{"rollback with --force", []string{"rollback", "--yes", "--force"}, exitDone, "user removed", nil},
		{"report of the rollback", []string{"report"}, exitDone, "Rolled back", nil},
	} {
		code, out, stderr := runXenon(t, append([]string{"migrate"}, s.args...), env...)
		if code != s.code || !strings.Contains(out+stderr, s.want) {
			t.Fatalf("migrate %v, %s: got the exit code %d, want %d and %q in the output\n%s%s",
				s.args, s.does, code, s.code, s.want, out, stderr)
		}
		if s.then != nil {
			s.then()
		}
	}
	if n := dbtest.Value[int](t, target, countUsers); n != 0 {
		t.Errorf("users in the target after the rollback: got %d, want 0", n)
	}
	if info, err := os.Stat(sql); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file of --return-to-source: got %v, %v, want one with mode 0600", info, err)
	}
}

// writeSignedReport writes a signed report of a run that does not exist, and returns the paths of the report and of the
// file with the signing keys.
func writeSignedReport(t *testing.T) (file, keyFile string) {
	t.Helper()
	dir := t.TempDir()
	file, keyFile = filepath.Join(dir, "report.json"), filepath.Join(dir, "keys.json")
	set, err := keys.Generate(time.Now(), config.RS256)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.SaveFile(keyFile, set); err != nil {
		t.Fatal(err)
	}
	report := importreport.Report{Status: importer.Status{Run: "autumn"}}
	signed, err := signReport(t.Context(), report, config.Keys{SigningKeysFile: keyFile})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, signed.JSON(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, keyFile
}

func TestR58_CheckOfAReport(t *testing.T) {
	t.Parallel()
	file, keyFile := writeSignedReport(t)
	_, others := writeSignedReport(t)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(t.TempDir(), "wrong.json")
	if err := os.WriteFile(wrong, []byte("a text\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	altered := filepath.Join(t.TempDir(), "altered.json")
	if err := os.WriteFile(altered, bytes.Replace(text, []byte("autumn"), []byte("spring"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	jwks := filepath.Join(t.TempDir(), "jwks.json")
	public, err := migrateReportCmd{}.readJWKS(
		t.Context(),
		func(name string) string { return map[string]string{"SIGNING_KEYS_FILE": keyFile}[name] },
	)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(jwks, public, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		keys string
		code int
		want string
	}{
		{"own keys", []string{file}, keyFile, exitDone, `valid: the report of run "autumn"`},
		{"a JWKS", []string{file, "--jwks", jwks}, others, exitDone, "valid: "},
		{"JSON", []string{file, "--json"}, keyFile, exitDone, `{"verdict":"valid","run":"autumn"`},
		{"altered", []string{altered}, keyFile, exitFailed, "altered: the digest does not match the report"},
		{"altered file, JSON", []string{altered, "--json"}, keyFile, exitFailed, `{"verdict":"altered"`},
		{"wrong file", []string{wrong}, keyFile, exitFailed, wrong + ": this is not a signed report, or it was changed"},
		{"wrong file, JSON", []string{wrong, "--json"}, keyFile, exitFailed, `{"verdict":"altered"`},
		{"unknown key", []string{file}, others, exitFailed, "These keys cannot verify the report"},
		{"unknown key, JSON", []string{file, "--json"}, others, exitFailed, `{"verdict":"unknown key"`},
		{"no keys", []string{file}, filepath.Join(t.TempDir(), "none"), exitFailed, "Use --jwks for other public keys"},
		{"no file", []string{file + "x"}, keyFile, exitFailed, "no such file"},
	} {
		args := append([]string{"migrate", "report", "--check"}, c.args...)
		code, out, stderr := runXenon(t, args, "SIGNING_KEYS_FILE", c.keys)
		if code != c.code || !strings.Contains(out+stderr, c.want) {
			t.Errorf("migrate report --check, %s: got the exit code %d, want %d and %q in the output\n%s%s",
				c.name, code, c.code, c.want, out, stderr)
		}
	}
}

// A finalized run copies nothing, so verify and a later plan do not suggest another pass of it.
func TestMigrateVerifyAfterFinalizeSuggestsNoPass(t *testing.T) {
	t.Parallel()
	_, target, env := newMigration(t, 60)
	for _, s := range []struct {
		args    []string
		code    int
		want    string
		without string
	}{
		{[]string{"run", "--mfa", "allow"}, exitNeedsDecision, "is complete", "finalized"},
		{
			[]string{"plan", "--mfa", "allow", "--run", "two"},
			exitDone, "have the id of a user of the target",
			"cannot start",
		},
		{[]string{"finalize", "--yes"}, exitDone, "is finalized", "copies"},
		{[]string{"verify"}, exitNeedsDecision, "This run is finalized and copies nothing", "xenon migrate run"},
	} {
		if s.args[0] == "verify" {
			dbtest.Exec(t, target, `update "user" set name = 'Another name' where id = (select min(id::text)::uuid from "user")`)
		}
		code, out, stderr := runXenon(t, append([]string{"migrate"}, s.args...), env...)
		text := strings.Join(strings.Fields(out+stderr), " ")
		if code != s.code || !strings.Contains(text, s.want) || strings.Contains(text, s.without) {
			t.Errorf("migrate %v: got the exit code %d, want %d, and in the output %q but not %q\n%s%s",
				s.args, code, s.code, s.want, s.without, out, stderr)
		}
	}
}
