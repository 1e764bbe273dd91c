package projecttest_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/projecttest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// forEachProject runs a test in parallel for each project.
func forEachProject(t *testing.T, test func(t *testing.T, project, url string)) {
	t.Helper()
	t.Parallel()
	for _, project := range projecttest.Projects() {
		t.Run(project, func(t *testing.T) {
			t.Parallel()
			test(t, project, projecttest.New(t, project))
		})
	}
}

func TestPgDumpDumpsEveryPolicyOfAProject(t *testing.T) {
	forEachProject(t, func(t *testing.T, _, url string) {
		dump, err := exec.CommandContext(t.Context(), "pg_dump", "--schema-only", "--dbname", url).Output()
		if err != nil {
			t.Fatalf("pg_dump: %v (it is in the package postgresql-client)", err)
		}
		want := dbtest.Value[int](t, url, `SELECT count(*) FROM pg_policy`)
		if got := strings.Count(string(dump), "\nCREATE POLICY "); got != want || want < 3 {
			t.Errorf("policies in the dump: got %d, want %d, and at least 3", got, want)
		}
	})
}

func TestTablesHaveRows(t *testing.T) {
	forEachProject(t, func(t *testing.T, _, url string) {
		for table, rows := range tables(t, url) {
			if len(rows) < 5 {
				t.Errorf("rows of %s: got %d, want at least 5", table, len(rows))
			}
		}
	})
}

func TestRowsBelongToUsersWhoMoveAndToThoseWhoStayBehind(t *testing.T) {
	forEachProject(t, func(t *testing.T, _, url string) {
		found := map[string]int{}
		for _, rows := range tables(t, url) {
			for _, row := range rows {
				for n := 1; n <= 8; n++ {
					id := fmt.Sprintf("8a1f0c52-3d64-4f0b-9b0e-5d1c7e2a%04d", n)
					found[id] += strings.Count(row, id)
				}
			}
		}
		if len(found) != 8 || found[projecttest.SoftDeleted] == 0 || found[projecttest.Rejected] == 0 {
			t.Errorf("values that are the id of a user, by user: got %v, want some of all 8", found)
		}
	})
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

func TestRequestsAnswerEachUserDifferently(t *testing.T) {
	forEachProject(t, func(t *testing.T, project, url string) {
		requests := projecttest.Requests(t, project)
		answers := projecttest.Ask(t, importtest.Connect(t, url), requests...)
		var same []string
		for i := 0; i < len(requests); i += 4 {
			for j, answer := range answers[i : i+4] {
				r := requests[i+j]
				if state, failed := strings.CutPrefix(answer, "error "); failed && state != "42501" && state[:2] != "23" {
					t.Errorf("%s as %s: got SQLSTATE %s, want rows, or an error of a privilege or constraint", r.SQL, r.As, state)
				}
			}
			if !differ(answers[i+1 : i+4]) {
				same = append(same, requests[i].SQL)
			}
		}
		if len(requests) < 40 || len(same)*12 > len(requests) {
			t.Errorf("statements with the same rows for all users: got %d of %d, want a third of 10 or more at most:\n%s",
				len(same), len(requests)/4, strings.Join(same, "\n"))
		}
	})
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
	projecttest.RejectHal(t, m.To)
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
