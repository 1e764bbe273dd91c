package dump

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/sample"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/postgres"
)

// newSource returns a Supabase database with users of all kinds, sessions of all tables, another table of the project,
// and a column of auth.users that this release does not know.
func newSource(t *testing.T) string {
	t.Helper()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 19, 240)
	importtest.Exec(t, from, `
CREATE TABLE auth.refresh_tokens (instance_id uuid, id bigserial PRIMARY KEY, token varchar(255) UNIQUE,
  user_id varchar(255), revoked boolean, created_at timestamptz, updated_at timestamptz, parent varchar(255),
  session_id uuid REFERENCES auth.sessions (id) ON DELETE CASCADE);
CREATE TABLE auth.mfa_amr_claims (session_id uuid NOT NULL, created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL, authentication_method text NOT NULL, id uuid PRIMARY KEY);
INSERT INTO auth.refresh_tokens (token, user_id, revoked, created_at, updated_at, session_id)
SELECT left(md5(id::text), 12), user_id, false, now(), now(), id FROM auth.sessions;
INSERT INTO auth.mfa_amr_claims SELECT id, now(), now(), 'password', gen_random_uuid() FROM auth.sessions;
ALTER TABLE auth.users ADD COLUMN future_column jsonb;
UPDATE auth.users SET future_column = '{"a": [1.10, "it''s\\n"]}' WHERE id IN (SELECT id FROM auth.users LIMIT 9);
CREATE TABLE public.posts (id bigint PRIMARY KEY, body text);
INSERT INTO public.posts SELECT i, E'INSERT INTO auth.users (id) VALUES (''x'');\n\\.\n$$'
FROM generate_series(1, 20) i;
CREATE FUNCTION public.f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC
  SELECT CASE WHEN count(*) > 0 THEN 1 END FROM auth.users; SELECT 2::bigint; END;
COMMENT ON TABLE public.posts IS E'; COPY auth.users (id) FROM stdin;\n1\n';`)
	return from
}

// pgDump runs pg_dump with arguments and returns its output.
func pgDump(t *testing.T, from string, args ...string) []byte {
	t.Helper()
	programs := postgres.Programs("pg_dump")
	if len(programs) == 0 {
		t.Fatal("pg_dump is not installed; the test needs postgresql-client")
	}
	cmd := exec.CommandContext(t.Context(), programs[0], append(args, "--dbname="+from)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pg_dump %v: %v: %s", args, err, errs.String())
	}
	return out
}

// writeFile writes a file of the test and returns its path.
func writeFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// likeSupabase adds the lines that `supabase db dump --data-only` writes before and after the output of pg_dump.
func likeSupabase(dump []byte) []byte {
	text := strings.ReplaceAll("\n"+string(dump), "\n\\restrict", "\n-- \\restrict")
	text = strings.ReplaceAll(text, "\n\\unrestrict", "\n-- \\unrestrict")
	return []byte("SET session_replication_role = replica;\n" + text + "RESET ALL;\n")
}

func gzipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// tarOf returns a tar file with the members, by name.
func tarOf(t *testing.T, members map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, content := range members {
		header := tar.Header{Name: name, Size: int64(len(content)), Mode: 0o600, Typeflag: tar.TypeReg}
		if err := w.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// form is a form of a dump. The types of the profile table are known only if the dump has its definition.
type form struct {
	path     string
	hasTypes bool
}

// dumpForms returns a file of the source in each form that people have.
func dumpForms(t *testing.T, from string) map[string]form {
	t.Helper()
	plain := pgDump(t, from)
	data := []string{"--data-only", "--quote-all-identifiers", "--schema=auth", "--schema=public"}
	directory := filepath.Join(t.TempDir(), "directory")
	pgDump(t, from, "--format=directory", "--file="+directory)
	members := map[string][]byte{}
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(directory, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		members["./backup/"+e.Name()] = content
	}
	supabase := likeSupabase(pgDump(t, from, append(data, "--column-inserts", "--rows-per-insert=100000")...))
	custom := pgDump(t, from, "--format=custom")
	tarFormat := pgDump(t, from, "--format=tar")
	return map[string]form{
		"supabase db dump --data-only":            {writeFile(t, "data.sql", supabase), false},
		"supabase db dump --data-only --use-copy": {writeFile(t, "data.sql", likeSupabase(pgDump(t, from, data...))), false},
		"pg_dump": {writeFile(t, "dump.sql", plain), true},
		"pg_dump with CRLF": {
			writeFile(t, "dump.sql", bytes.ReplaceAll(plain, []byte("\n"), []byte("\r\n"))), true,
		},
		"pg_dump --inserts":        {writeFile(t, "dump.sql", pgDump(t, from, "--inserts")), true},
		"pg_dump --column-inserts": {writeFile(t, "dump.sql", pgDump(t, from, "--column-inserts", "--data-only")), false},
		"pg_dump, gzip":            {writeFile(t, "dump.sql.gz", gzipped(t, plain)), true},
		"custom format":            {writeFile(t, "backup.dump", custom), true},
		"custom format, gzip":      {writeFile(t, "backup.dump.gz", gzipped(t, custom)), true},
		"directory format":         {directory, true},
		"tar format":               {writeFile(t, "backup.tar", tarFormat), true},
		"tar format, gzip":         {writeFile(t, "backup.tar.gz", gzipped(t, tarFormat)), true},
		"tar of the directory":     {writeFile(t, "backup.tar", tarOf(t, members)), true},
		"tar of a dump, gzip": {
			writeFile(t, "backup.tgz", gzipped(t, tarOf(t, map[string][]byte{"README": []byte("x"), "a/d.sql": plain}))), true,
		},
	}
}

// loadForTest loads a file into a new database and returns the import from it to a new target.
func loadForTest(t *testing.T, path, profiles string) (*importer.Import, error) {
	t.Helper()
	return loadWithOptions(t, path, Options{Profiles: profiles})
}

func loadWithOptions(t *testing.T, path string, o Options) (*importer.Import, error) {
	t.Helper()
	file, err := describe(path)
	if err != nil {
		return nil, err
	}
	url := dbtest.NewEmpty(t)
	o.tempDir = t.TempDir()
	if err := loadInto(t.Context(), url, path, &file, o); err != nil {
		return nil, err
	}
	m := importtest.NewImport(t, url)
	m.File = &file
	return m, nil
}

// ledgerQueries has the ledger and the quarantine without values that depend on the server or the time. The residue of
// profiles depends on the types of their columns.
func ledgerQueries(hasTypes bool) map[string]string {
	residue := "CASE WHEN source = 'profile' THEN NULL ELSE residue END"
	original := "CASE WHEN source = 'profile' THEN NULL ELSE original END"
	if hasTypes {
		residue, original = "residue", "original"
	}
	return map[string]string{
		"ledger": "SELECT row(user_id, source, key, outcome, " + residue + ")::text FROM supabase_import.ledger " +
			"ORDER BY user_id, source, key",
		"quarantine": "SELECT row(user_id, source, key, field, reason, detail, " + original + ")::text " +
			"FROM supabase_import.quarantine ORDER BY user_id, source, key, field, reason",
	}
}

// Every form is loaded, and the loaded rows are compared with those of the database. The whole import runs for some of
// the forms; in a nightly run for all of them.
func TestImportFromEveryFormOfADumpEqualsTheImportFromTheDatabase(t *testing.T) {
	t.Parallel()
	from := newSource(t)
	database := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, database, importtest.BatchesOf100)
	wantSums := importtest.Verify(t, database).Checksums
	wantRows := importtest.Contents(t, from, rowQueries)
	forms := dumpForms(t, from)
	names := slices.Sorted(maps.Keys(forms))
	sample.NewRandom(t).Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for i, name := range names {
		f := forms[name]
		m, err := loadForTest(t, f.path, "")
		if err != nil {
			t.Errorf("%s: got the error %v, want the rows", name, err)
			continue
		}
		checkFile(t, name, from, *m.File)
		if diff := importtest.Diff(importtest.Contents(t, m.From, rowQueries), wantRows); diff != "" {
			t.Errorf("%s: the loaded rows differ from those of the database:%s", name, diff)
		}
		if i < 3 || sample.RunsAllCases() {
			checkSameImport(t, name, f, m, database, wantSums)
		}
	}
}

// rowQueries has the rows of a source, as JSON, because the tables of a file have the types of enums as text.
var rowQueries = map[string]string{
	"users":          "SELECT to_jsonb(r)::text FROM auth.users r ORDER BY id",
	"identities":     "SELECT to_jsonb(r)::text FROM auth.identities r ORDER BY id",
	"factors":        "SELECT to_jsonb(r)::text FROM auth.mfa_factors r ORDER BY id",
	"passkeys":       "SELECT to_jsonb(r)::text FROM auth.webauthn_credentials r ORDER BY id",
	"sessions":       "SELECT to_jsonb(r)::text FROM auth.sessions r ORDER BY id",
	"refresh_tokens": "SELECT to_jsonb(r)::text FROM auth.refresh_tokens r ORDER BY id",
	"claims":         "SELECT to_jsonb(r)::text FROM auth.mfa_amr_claims r ORDER BY id",
	"profiles":       "SELECT to_jsonb(r)::text FROM public.profiles r ORDER BY user_id",
}

// checkSameImport imports from the file, and compares the target with that of the import from the database.
func checkSameImport(
	t *testing.T, name string, f form, m, database *importer.Import, wantSums map[string]run.Checksum,
) {
	t.Helper()
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	q := ledgerQueries(f.hasTypes)
	got := importtest.Contents(t, m.To, importtest.QueriesOfImportedTables, q)
	want := importtest.Contents(t, database.To, importtest.QueriesOfImportedTables, q)
	if diff := importtest.Diff(got, want); diff != "" {
		t.Errorf("%s: the target differs from that of the import from the database:%s", name, diff)
	}
	v := importtest.Verify(t, m)
	if diff := cmp.Diff(wantSums, v.Checksums); diff != "" || !v.Equal {
		t.Errorf("%s: the verification has equal %t, want true; checksums (-database +file):\n%s", name, v.Equal, diff)
	}
}

// checkFile compares the description of a file with the database that it is a dump of.
func checkFile(t *testing.T, name, from string, file run.SourceFile) {
	t.Helper()
	want := map[string]int64{}
	for _, table := range authTables {
		want[table.name] = dbtest.Value[int64](t, from, "SELECT count(*) FROM "+table.name)
	}
	want["public.profiles"] = dbtest.Value[int64](t, from, "SELECT count(*) FROM public.profiles")
	if diff := cmp.Diff(want, file.Rows); diff != "" {
		t.Errorf("%s: rows in the file (-want +got):\n%s", name, diff)
	}
	if got := file.Skipped["public.posts"]; got != 20 {
		t.Errorf("%s: rows of public.posts in the file: got %d, want 20", name, got)
	}
	if diff := cmp.Diff(map[string][]string{usersTable: {"future_column"}}, file.UnknownColumns); diff != "" {
		t.Errorf("%s: unknown columns (-want +got):\n%s", name, diff)
	}
	if len(file.Warnings) > 0 || file.ResetMails > 0 {
		t.Errorf("%s: got the warnings %q and %d mails, want none", name, file.Warnings, file.ResetMails)
	}
}

// A profile table of the project has other names of columns than user_profile.
func TestProfileTableOfADumpWithoutDefinitionsIsImported(t *testing.T) {
	t.Parallel()
	from := newSource(t)
	importtest.Exec(t, from, `
CREATE TABLE public."Members" (id uuid PRIMARY KEY, lang text, hours int, joined timestamptz);
INSERT INTO public."Members" SELECT id, 'de', 7, '2024-02-03 04:05:06.789+00' FROM auth.users;`)
	o := importer.Options{
		BatchSize: 100, MFA: "allow", Profiles: "public.Members", ProfileKey: "id",
		ProfileColumns: map[string]string{"lang": "preferred_language", "hours": "time_per_week", "joined": "created_at"},
	}
	database := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, database, o)
	want := importtest.Contents(t, database.To, importtest.QueriesOfImportedTables)
	dump := pgDump(t, from, "--data-only", "--column-inserts", "--rows-per-insert=50")
	path := writeFile(t, "data.sql", likeSupabase(dump))
	m, err := loadForTest(t, path, o.Profiles)
	if err != nil {
		t.Fatal(err)
	}
	importtest.RunToCompletion(t, m, o)
	if diff := importtest.Diff(importtest.Contents(t, m.To, importtest.QueriesOfImportedTables), want); diff != "" {
		t.Errorf("the target differs from that of the import from the database:%s", diff)
	}
	importtest.CheckEqual(t, m, "after the import from the file")
}
