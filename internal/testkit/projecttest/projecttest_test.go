package projecttest_test

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/projecttest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// checks are the tests that run on the database of each project. They do not change its rows.
var checks = map[string]func(t *testing.T, project, url string){
	"has its kinds":                  checkKinds,
	"has rows of every user":         checkRows,
	"answers each user differently":  checkAnswersDiffer,
	"answers as its copy of pg_dump": checkCopyAnswersTheSame,
}

func TestProjects(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(slices.Sorted(maps.Keys(kinds)), projecttest.Projects()); diff != "" {
		t.Fatalf("projects (-want +got):\n%s", diff)
	}
	for _, project := range projecttest.Projects() {
		t.Run(project, func(t *testing.T) {
			t.Parallel()
			url := projecttest.New(t, project)
			for name, check := range checks {
				t.Run(name, func(t *testing.T) { check(t, project, url) })
			}
		})
	}
}

func checkKinds(t *testing.T, project, url string) {
	for kind, query := range kinds[project] {
		if !dbtest.Value[bool](t, url, "SELECT EXISTS (SELECT "+query+")") {
			t.Errorf("%s: got nothing of this kind, want at least one", kind)
		}
	}
}

// checkRows checks that every table has rows, and that every user has some, also those who stay behind in an import.
func checkRows(t *testing.T, _, url string) {
	var all strings.Builder
	for table, rows := range tables(t, url) {
		if len(rows) < 5 {
			t.Errorf("rows of %s: got %d, want at least 5", table, len(rows))
		}
		all.WriteString(strings.Join(rows, "\n"))
	}
	for n := 1; n <= 8; n++ {
		id := fmt.Sprintf("8a1f0c52-3d64-4f0b-9b0e-5d1c7e2a%04d", n)
		if got := strings.Count(all.String(), id); got < 3 {
			t.Errorf("values that are the id of user %d: got %d, want at least 3", n, got)
		}
	}
}

// tables returns the rows of each own table of a project as text.
func tables(t *testing.T, url string) map[string][]string {
	t.Helper()
	queries := map[string]string{}
	for _, table := range importtest.Column(t, url, `SELECT c.oid::regclass::text `+relations+
		` WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition`) {
		queries[table] = "SELECT r::text FROM ONLY " + table + " r"
		if dbtest.Value[bool](t, url, "SELECT relkind = 'p' FROM pg_class WHERE oid = $1::text::regclass", table) {
			queries[table] = "SELECT r::text FROM " + table + " r"
		}
	}
	return importtest.Contents(t, url, queries)
}

func checkAnswersDiffer(t *testing.T, project, url string) {
	requests := projecttest.Requests(t, project)
	answers := projecttest.Ask(t, importtest.Connect(t, url), requests...)
	var same []string
	for i, r := range requests {
		state, failed := strings.CutPrefix(answers[i], "error ")
		if failed && state != "42501" && state[:2] != "23" {
			t.Errorf("%s as %s: got SQLSTATE %s, want rows, or an error of a privilege or constraint", r.SQL, r.As, state)
		}
		if i%4 == 0 && !differ(answers[i+1:i+4]) { // anon, and three users
			same = append(same, r.SQL)
		}
	}
	if len(requests) < 40 || len(same)*12 > len(requests) {
		t.Errorf("statements with the same rows for all users: got %d of %d, want a third of 10 or more at most:\n%s",
			len(same), len(requests)/4, strings.Join(same, "\n"))
	}
}

// checkCopyAnswersTheSame shows that the answers of a source and of its copy can be compared: no answer has the time or
// random values.
func checkCopyAnswersTheSame(t *testing.T, project, url string) {
	to := dbtest.NewEmpty(t)
	copyByPgDump(t, url, to)
	const policies = `SELECT count(*) FROM pg_policy`
	want, got := dbtest.Value[int](t, url, policies), dbtest.Value[int](t, to, policies)
	if want < 3 || got != want {
		t.Errorf("policies of the copy: got %d, want %d, and at least 3", got, want)
	}
	requests := projecttest.Requests(t, project)
	answers := projecttest.Ask(t, importtest.Connect(t, url), requests...)
	for i, answer := range projecttest.Ask(t, importtest.Connect(t, to), requests...) {
		if diff := cmp.Diff(answers[i], answer); diff != "" {
			t.Errorf("%s as %s (-source +copy):\n%s", requests[i].SQL, requests[i].As, diff)
		}
	}
}

// copyByPgDump copies a database into an empty one.
func copyByPgDump(t *testing.T, from, to string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "dump.sql")
	for _, command := range [][]string{
		{"pg_dump", "--dbname", from, "--file", file},
		{"psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", to, "--file", file},
	} {
		out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s, of the package postgresql-client: %v: %s", command[0], err, out)
		}
	}
}

// differ reports whether two of the answers have rows, and not the same.
func differ(answers []string) bool {
	seen := map[string]bool{}
	for _, a := range answers {
		if a != "" && !strings.HasPrefix(a, "error ") {
			seen[a] = true
		}
	}
	return len(seen) > 1
}

func TestAskChangesNothing(t *testing.T) {
	t.Parallel()
	url := projecttest.New(t, "starter-kit")
	before := tables(t, url)
	conn := importtest.Connect(t, url)
	r := projecttest.Request{As: "ben", SQL: "delete from todos returning user_id"}
	first, again := projecttest.Ask(t, conn, r), projecttest.Ask(t, conn, r)
	if first[0] == "" || first[0] != again[0] {
		t.Errorf("rows of Ben that the same deletion returns twice: got %q and %q, want the same rows", first, again)
	}
	if diff := cmp.Diff(before, tables(t, url)); diff != "" {
		t.Errorf("rows after a deletion by Ask (-before +after):\n%s", diff)
	}
}

func TestTokensHaveTheDataOfTheirUsers(t *testing.T) {
	t.Parallel()
	url := projecttest.New(t, "starter-kit")
	for _, name := range []string{"ada", "ben", "cleo"} {
		got := projecttest.Ask(t, importtest.Connect(t, url), projecttest.Request{As: name, SQL: `SELECT auth.uid() AS id,
			auth.email() AS email, auth.jwt() -> 'app_metadata' AS app, auth.jwt() -> 'user_metadata' AS "user"`})
		want := dbtest.Value[string](t, url, `SELECT to_json(u)::text FROM (
			SELECT id, email, raw_app_meta_data AS app, raw_user_meta_data AS "user" FROM auth.users WHERE email LIKE $1) u`,
			name+"@%")
		if got[0] != want {
			t.Errorf("the claims of %s: got %s, want %s", name, got[0], want)
		}
	}
}

func TestImportCopiesSixUsers(t *testing.T) {
	t.Parallel()
	m := importtest.NewImport(t, projecttest.New(t, "starter-kit"))
	projecttest.RejectHal(t, m.To, "public")
	importtest.RunToCompletion(t, m, importer.Options{Profiles: "none"})
	if got := dbtest.Value[int](t, m.To, `SELECT count(*) FROM "user"`); got != 6 {
		t.Errorf("users in the target: got %d, want 6", got)
	}
	got := importtest.Column(t, m.To, `SELECT key || ' ' || reason FROM supabase_import.quarantine
		WHERE source = 'user' ORDER BY 1`)
	want := []string{projecttest.SoftDeleted + " soft_deleted", projecttest.Rejected + " target_error"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("users in the quarantine (-want +got):\n%s", diff)
	}
}
