package dump

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/postgres"
)

// psql returns the output of a statement of psql.
func psql(t *testing.T, from, statement string) []byte {
	t.Helper()
	programs := postgres.Programs("psql")
	if len(programs) == 0 {
		t.Fatal("psql is not installed; the test needs postgresql-client")
	}
	args := []string{"--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command=" + statement, from}
	out, err := exec.CommandContext(t.Context(), programs[0], args...).Output()
	if err != nil {
		t.Fatalf("psql: %v", err)
	}
	return out
}

const (
	emailsQuery = `select row(id, email, "emailVerified", "createdAt", "updatedAt", banned)::text from "user" order by id`
	// apiQuery leaves out the times, because that of a user without created_at depends on columns that the API does not
	// return.
	apiQuery       = `select row(id, email, "emailVerified", banned)::text from "user" order by id`
	passwordsQuery = `select row("userId", password)::text from account where "providerId" = 'credential' order by 1`
)

func TestImportFromCSVHasUsersAndPasswords(t *testing.T) {
	t.Parallel()
	from := newSource(t)
	database := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, database, importtest.BatchesOf100)
	csv := psql(t, from, `\copy (select * from auth.users) to stdout with (format csv, header)`)
	for name, content := range map[string]string{
		"as psql writes it":                      string(csv),
		"with CRLF, BOM and without a line feed": "\ufeff" + strings.TrimRight(withCRLF(string(csv)), "\r\n"),
	} {
		m, err := loadForTest(t, writeFile(t, "users.csv", []byte(content)), "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		importtest.RunToCompletion(t, m, importtest.BatchesOf100)
		for _, q := range []string{emailsQuery, passwordsQuery} {
			if diff := cmp.Diff(importtest.Column(t, database.To, q), importtest.Column(t, m.To, q)); diff != "" {
				t.Errorf("%s: rows of the target (-database +file):\n%s", name, diff)
			}
		}
		importtest.CheckEqual(t, m, name)
		if len(m.File.Warnings) != 3 || !strings.Contains(m.File.Warnings[1], "users by provider: google:") {
			t.Errorf("%s: got the warnings %q, want three: complete, identities, factors", name, m.File.Warnings)
		}
	}
}

// withCRLF ends every record of a CSV file with CRLF, and leaves line feeds within quotes.
func withCRLF(csv string) string {
	parts := strings.Split(csv, `"`)
	for i := 0; i < len(parts); i += 2 {
		parts[i] = strings.ReplaceAll(parts[i], "\n", "\r\n")
	}
	return strings.Join(parts, `"`)
}

// usersJSON is a query for the users as auth.admin.listUsers returns them.
const usersJSON = `select json_build_object('id', id, 'aud', aud, 'role', role, 'email', coalesce(email, ''),
  'phone', coalesce(phone, ''), 'email_confirmed_at', email_confirmed_at, 'confirmed_at', confirmed_at,
  'last_sign_in_at', last_sign_in_at, 'app_metadata', raw_app_meta_data, 'user_metadata', raw_user_meta_data,
  'identities', null, 'created_at', created_at, 'updated_at', updated_at, 'is_anonymous', is_anonymous,
  'phone_confirmed_at', phone_confirmed_at, 'invited_at', invited_at, 'banned_until', banned_until,
  'deleted_at', deleted_at, 'is_sso_user', is_sso_user, 'action_link', 'x') from auth.users
  where id <> all (array(select id from auth.users where %s)) order by id`

func TestImportFromJSONHasUsersWithoutPasswordsAndCountsMails(t *testing.T) {
	t.Parallel()
	from := newSource(t)
	database := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, database, importtest.BatchesOf100)
	users := strings.Split(strings.TrimSpace(string(psql(t, from, fmt.Sprintf(usersJSON, "false")))), "\n")
	half := len(users) / 2
	for name, content := range map[string]string{
		"an array":     "[" + strings.Join(users, ",\n") + "]",
		"pages":        page(users[:half], len(users)) + page(users[half:], len(users)),
		"supabase-js":  `{"data": ` + page(users, len(users)) + `, "error": null}`,
		"one per line": strings.Join(users, "\n"),
	} {
		m, err := loadForTest(t, writeFile(t, "users.json", []byte(content)), "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		importtest.RunToCompletion(t, m, importtest.BatchesOf100)
		if diff := cmp.Diff(importtest.Column(t, database.To, apiQuery), importtest.Column(t, m.To, apiQuery)); diff != "" {
			t.Errorf("%s: users of the target (-database +file):\n%s", name, diff)
		}
		if got := importtest.Column(t, m.To, passwordsQuery); len(got) > 0 {
			t.Errorf("%s: got %d passwords, want none", name, len(got))
		}
		importtest.CheckEqual(t, m, name)
		if m.File.ResetMails == 0 || len(m.File.Warnings) != 3 ||
			!strings.Contains(m.File.Warnings[0], "the file has no password hashes") {
			t.Errorf("%s: got %d mails and the warnings %q, want mails and three warnings", name, m.File.ResetMails,
				m.File.Warnings)
		}
	}
}

// page returns an answer of the API with these users.
func page(users []string, total int) string {
	return fmt.Sprintf(`{"users": [%s], "aud": "authenticated", "total": %d}`, strings.Join(users, ", "), total) + "\n"
}

// The API returns the identities and second factors of a single user, without secrets.
func TestIdentitiesAndFactorsInJSONAreImported(t *testing.T) {
	t.Parallel()
	const user = `{"id": "00000000-0000-4000-8000-00000000000%[1]d", "email": "u%[1]d@example.com",
 "app_metadata": {"providers": ["email", "google"], "n": 1.10}, "email_confirmed_at": "2024-01-02T03:04:05.678901Z",
 "created_at": "2024-01-02T03:04:05Z", "identities": [{"identity_id": "10000000-0000-4000-8000-00000000000%[1]d",
 "id": "subject-%[1]d", "provider": "google", "identity_data": {"sub": "s"}}, {"id": "old-%[1]d", "provider": "github",
 "identity_data": {}}], "factors": [{"id": "20000000-0000-4000-8000-00000000000%[1]d", "factor_type": "totp",
 "status": "verified", "friendly_name": "a\tb\\n"}]}`
	users := fmt.Appendf(nil, "[%s, %s]", fmt.Sprintf(user, 1), fmt.Sprintf(user, 2))
	m, err := loadForTest(t, writeFile(t, "users.json", users), "")
	if err != nil {
		t.Fatal(err)
	}
	importtest.RunToCompletion(t, m, importer.Options{MFA: "hold"})
	want := map[string]int64{usersTable: 2, "auth.identities": 4, "auth.mfa_factors": 2}
	if diff := cmp.Diff(want, m.File.Rows); diff != "" {
		t.Errorf("rows in the file (-want +got):\n%s", diff)
	}
	accounts := importtest.Column(t, m.To, `select row("userId", "providerId", "accountId")::text from account order by 1`)
	wantAccounts := []string{
		"(00000000-0000-4000-8000-000000000001,github,old-1)", "(00000000-0000-4000-8000-000000000001,google,subject-1)",
		"(00000000-0000-4000-8000-000000000002,github,old-2)", "(00000000-0000-4000-8000-000000000002,google,subject-2)",
	}
	if diff := cmp.Diff(wantAccounts, accounts); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	name := importtest.Value(t, m.To, `select original->>'friendly_name' from supabase_import.quarantine limit 1`)
	if name != "a\tb\\n" {
		t.Errorf("the name of the second factor: got %q, want %q", name, "a\tb\\n")
	}
}

// refusals are files that are not the users of a Supabase project, or not all of them.
func TestFilesWithoutWholeUsersAreRefused(t *testing.T) {
	t.Parallel()
	const copyUser = "COPY auth.users (id, email) FROM stdin;\n00000000-0000-4000-8000-000000000001\ta@b.c\n\\.\n"
	for name, c := range map[string]struct{ file, content, want string }{
		"no users":                {"d.sql", "COPY auth.users (id, email) FROM stdin;\n\\.\n", "no rows of it"},
		"another schema":          {"d.sql", "COPY public.users (id) FROM stdin;\n1\n\\.\n", "only of public.users"},
		"only definitions":        {"d.sql", "CREATE TABLE auth.users (id uuid);\n", "--data-only"},
		"identities only":         {"d.sql", "COPY auth.identities (id) FROM stdin;\n\\.\n", "only of auth.identities"},
		"the same rows twice":     {"d.sql", copyUser + copyUser, "same id"},
		"a value of another type": {"d.sql", strings.Replace(copyUser, "00000000-", "secret-", 1), "row 1, column id"},
		"a row cut by hand":       {"d.sql", strings.Replace(copyUser, "\ta@b.c", "", 1), "another number of columns"},
		"an empty file":           {"d.sql", " \n", "is empty"},
		"a zip file":              {"d.zip", "PK\x03\x04xxxxxxxxxxxx", "packed with zip"},
		"UTF-16":                  {"d.sql", "\xff\xfeS\x00E\x00T\x00", "UTF-16"},
		"a binary file":           {"d.sql", "abc\x00def", "not a dump"},
		"a letter":                {"d.txt", "Dear Sir or Madam,\nplease find enclosed", "not an SQL statement"},
		"a damaged archive":       {"d.dump", "PGDMP\x01\x0e\x00\x04\x08\x01\x00\x00", "pg_restore cannot read"},
		"a cut gzip file":         {"d.sql.gz", string(gzipped(t, []byte(copyUser))[:40]), "cut short"},
		"a tar without a dump":    {"d.tar", string(tarOf(t, map[string][]byte{"README": []byte("x")})), "without a dump"},
		"a tar with two dumps": {
			"d.tar", string(tarOf(t, map[string][]byte{"a.sql": []byte(copyUser), "b.sql": []byte(copyUser)})), "several dumps",
		},
		"CSV of another table":   {"d.csv", "id,title\n1,x\n", "not a CSV file of auth.users"},
		"CSV with semicolons":    {"d.csv", "id;email\n1;x\n", "with commas"},
		"CSV cut in a value":     {"d.csv", "id,email\n00000000-0000-4000-8000-000000000001,\"a@", "within the quotes"},
		"CSV cut in a row":       {"d.csv", "id,email,phone\n00000000-0000-4000-8000-000000000001,a@b", "number of columns"},
		"CSV without rows":       {"d.csv", "id,email", "no rows"},
		"JSON of another answer": {"d.json", `{"message": "no"}`, "no list of users"},
		"JSON without users":     {"d.json", `{"users": []}`, "no rows of it"},
		"cut JSON":               {"d.json", `{"users": [{"id": "00000000-0000-4000-8000-000000000001"}, {"id`, "cut short"},
		"one page of JSON":       {"d.json", page([]string{`{"id": "00000000-0000-4000-8000-000000000001"}`}, 51), "1 of 51"},
		"wrong JSON":             {"d.json", `{"users": [1]}`, "not valid JSON"},
	} {
		_, err := loadForTest(t, writeFile(t, c.file, []byte(c.content)), "")
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), run.ErrRefused.Error()) {
			t.Errorf("%s: got the error %v, want a refusal with %q", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error has a value of the row: %v", name, err)
		}
	}
	if _, err := loadForTest(t, t.TempDir(), ""); err == nil || !strings.Contains(err.Error(), "toc.dat") {
		t.Errorf("an empty directory: got the error %v, want one that names toc.dat", err)
	}
}

// A run that began with a file continues only with a file of the same bytes.
func TestRunContinuesOnlyWithTheSameFile(t *testing.T) {
	t.Parallel()
	from := newSource(t)
	path := writeFile(t, "data.sql", pgDump(t, from, "--data-only"))
	m, err := loadForTest(t, path, "")
	if err != nil {
		t.Fatal(err)
	}
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	again, err := loadForTest(t, path, "")
	if err != nil {
		t.Fatal(err)
	}
	again.To = m.To
	copied := int64(0)
	again.Progress = func(e importer.Event) { copied += e.Copied }
	if st, err := again.Run(t.Context(), importtest.BatchesOf100, false, 1); err != nil || copied != 0 || st.Pass != 2 {
		t.Errorf("the same file again: wrote %d rows in pass %d (error %v), want none in pass 2", copied, st.Pass, err)
	}
	importtest.Exec(t, from, "update auth.users set email = 'new@example.com' "+
		"where id = (select min(id::text)::uuid from auth.users)")
	other, err := loadForTest(t, writeFile(t, "later.sql", pgDump(t, from, "--data-only")), "")
	if err != nil {
		t.Fatal(err)
	}
	database := importtest.ImportBetween(from, m.To)
	other.To = m.To
	for name, c := range map[string]struct {
		m    *importer.Import
		want string
	}{"another file": {other, "later.sql has other bytes"}, "a database": {database, "give the file with --from"}} {
		_, err := c.m.Run(t.Context(), importtest.BatchesOf100, false, 1)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("a pass with %s: got the error %v, want one with %q", name, err, c.want)
		}
		if _, err := c.m.Verify(t.Context(), "supabase", 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("a verification with %s: got the error %v, want one with %q", name, err, c.want)
		}
	}
}
