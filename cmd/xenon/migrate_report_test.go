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

	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/importer"
	importreport "github.com/xenon-auth/xenon/shared/importer/report"
	"github.com/xenon-auth/xenon/shared/keys"
)

func TestMigrateVerifyReportRollback(t *testing.T) {
	t.Parallel()
	census, target, env := imported(t, 300)
	set, err := keys.Generate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.SaveFile(env[5], set); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	page, file, sql := filepath.Join(dir, "r.html"), filepath.Join(dir, "r.json"), filepath.Join(dir, "back.sql")
	person := census.People[slices.IndexFunc(census.People, func(p supabasetest.Person) bool { return p.SignsIn })]
	touch := func() {
		conn, err := pgx.Connect(t.Context(), target)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.WithoutCancel(t.Context()))
		if _, err := conn.Exec(t.Context(), `update "user" set name = 'Another name' where id = $1`, person.ID); err != nil {
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
		{"nothing to report", []string{"report"}, exitFailed, "xenon migrate run starts one", nil},
		{"run", []string{"run", "--mfa", "allow", "--batch-size", "100"}, exitPerson, "is complete", nil},
		{"report unverified", []string{"report"}, exitDone, "Copied, not verified", nil},
		{"verify", []string{"verify"}, exitDone, "Everything copied is equal to the source", nil},
		{"verify for machines", []string{"verify", "--json"}, exitDone, `"equal":true`, nil},
		{"report", []string{"report", "--html", page, "--out", file}, exitDone, "sha256:", nil},
		{"check", []string{"report", "--check", file}, exitDone, "valid: the report of run \"supabase\"", touch},
		{"verify what was touched", []string{"verify"}, exitPerson, "Running again leaves them alone", nil},
		{"would roll back", []string{"rollback", "--dry-run"}, exitPerson, person.ID, nil},
		{
			"return to source, and rollback",
			[]string{"rollback", "--yes", "--return-to-source", sql},
			exitPerson,
			"user removed", nil,
		},
		{"no file twice", []string{"rollback", "--yes", "--return-to-source", sql}, exitFailed, "is there already", nil},
		{"by force", []string{"rollback", "--yes", "--force"}, exitDone, "user removed", nil},
		{"report of it", []string{"report"}, exitDone, "Rolled back", nil},
	} {
		code, out, said := xenon(t, append([]string{"migrate"}, s.args...), env...)
		if code != s.code || !strings.Contains(out+said, s.want) {
			t.Fatalf("%s: got %d, want %d and %q\n%s%s", s.does, code, s.code, s.want, out, said)
		}
		if s.then != nil {
			s.then()
		}
	}
	if n := numberOf(t, target, usersThere); n != 0 {
		t.Errorf("%d users are left", n)
	}
	if info, err := os.Stat(sql); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the return SQL: %v, %v", info, err)
	}
}

// signedReport writes a signed report of a run that does not exist, and returns the paths of the report and of its
// keys.
func signedReport(t *testing.T) (file, keyFile string) {
	t.Helper()
	dir := t.TempDir()
	file, keyFile = filepath.Join(dir, "report.json"), filepath.Join(dir, "keys.json")
	set, err := keys.Generate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.SaveFile(keyFile, set); err != nil {
		t.Fatal(err)
	}
	report := importreport.Report{Status: importer.Status{Run: "autumn"}}
	signed, err := sign(t.Context(), report, config.Keys{SigningKeysFile: keyFile})
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
	file, keyFile := signedReport(t)
	_, others := signedReport(t)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	altered := filepath.Join(t.TempDir(), "altered.json")
	if err := os.WriteFile(altered, bytes.Replace(text, []byte("autumn"), []byte("spring"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	jwks := filepath.Join(t.TempDir(), "jwks.json")
	public, err := migrateReportCmd{}.jwks(
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
		{"altered", []string{altered}, keyFile, exitFailed, "altered: the digest is not that of the report"},
		{"altered, JSON", []string{altered, "--json"}, keyFile, exitFailed, `{"verdict":"altered"`},
		{"unknown key", []string{file}, others, exitFailed, "Nothing can be said about it with these keys"},
		{"unknown key, JSON", []string{file, "--json"}, others, exitFailed, `{"verdict":"unknown key"`},
		{"no keys", []string{file}, filepath.Join(t.TempDir(), "none"), exitFailed, "--jwks takes the public keys"},
		{"no file", []string{file + "x"}, keyFile, exitFailed, "no such file"},
	} {
		code, out, said := xenon(t, append([]string{"migrate", "report", "--check"}, c.args...), "SIGNING_KEYS_FILE", c.keys)
		if code != c.code || !strings.Contains(out+said, c.want) {
			t.Errorf("%s: got %d\n%s%s", c.name, code, out, said)
		}
	}
}

// A finalized run copies nothing, so neither verify nor a later plan names another pass of it.
func TestMigrateVerifyAfterFinalizeNamesNoPass(t *testing.T) {
	t.Parallel()
	_, target, env := imported(t, 60)
	for _, s := range []struct {
		args    []string
		code    int
		want    string
		without string
	}{
		{[]string{"run", "--mfa", "allow"}, exitPerson, "is complete", "finalized"},
		{
			[]string{"plan", "--mfa", "allow", "--run", "two"},
			exitDone, "have an id that a user of the target has",
			"may not start",
		},
		{[]string{"finalize", "--yes"}, exitDone, "is finalized", "copies"},
		{[]string{"verify"}, exitPerson, "The run is finalized: it copies nothing any more", "xenon migrate run"},
	} {
		if s.args[0] == "verify" {
			change(t, target, `update "user" set name = 'Another name' where id = (select min(id::text)::uuid from "user")`)
		}
		code, out, said := xenon(t, append([]string{"migrate"}, s.args...), env...)
		text := strings.Join(strings.Fields(out+said), " ")
		if code != s.code || !strings.Contains(text, s.want) || strings.Contains(text, s.without) {
			t.Errorf("%v: got %d, want %d, %q and not %q\n%s%s", s.args, code, s.code, s.want, s.without, out, said)
		}
	}
}
