package tables_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/projecttest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// The roles belong to the whole server, so this test has a server of its own. It is not parallel: see
// dbtest.NewWithoutExtensions.
func TestMoveCreatesTheRolesAndItsRollbackDropsThem(t *testing.T) {
	m := importtest.NewImport(t, projecttest.New(t, "notes"))
	m.To = dbtest.NewWithoutExtensions(t)
	if _, err := m.Run(t.Context(), importer.Options{MFA: "allow", Profiles: "none"}, false, 0); err != nil {
		t.Fatal(err)
	}
	checkRoles(t, m, "")
	move(t, m, tables.Options{})
	checkRoles(t, m, "anon false, authenticated false, service_role true")
	if kept := keptByRollback(t, m); len(kept) > 0 {
		t.Errorf("kept objects: got %q, want none", kept)
	}
	checkRoles(t, m, "")
	move(t, m, tables.Options{})
	dbtest.Exec(t, m.To, "CREATE DATABASE other")
	dbtest.Exec(t, otherDatabase(t, m.To), "CREATE TABLE t (id int); GRANT SELECT ON t TO anon")
	if diff := cmp.Diff([]string{"ROLE anon"}, keptByRollback(t, m)); diff != "" {
		t.Errorf("kept objects while another database uses a role (-want +got):\n%s", diff)
	}
	checkRoles(t, m, "anon false")
	dbtest.Exec(t, m.To, "DROP DATABASE other WITH (FORCE)") // dbtest.Exec keeps a connection to it
	if kept := keptByRollback(t, m); len(kept) > 0 {
		t.Errorf("kept objects without the other database: got %q, want none", kept)
	}
	checkRoles(t, m, "")
}

// checkRoles compares the roles of Supabase's API, each with whether it passes over row security.
func checkRoles(t *testing.T, m *importer.Import, want string) {
	t.Helper()
	got := strings.Join(importtest.Column(t, m.To, `SELECT rolname || ' ' || rolbypassrls FROM pg_roles
WHERE rolname IN ('anon', 'authenticated', 'service_role') ORDER BY 1`), ", ")
	if got != want {
		t.Errorf("roles of the target: got %q, want %q", got, want)
	}
}

// otherDatabase returns the URL of the database other on the same server.
func otherDatabase(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal("the URL of the test database cannot be parsed")
	}
	u.Path = "/other"
	return u.String()
}
