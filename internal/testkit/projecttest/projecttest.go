// Package projecttest creates Supabase projects with tables of their own, for tests of what moves them to a target.
package projecttest

import (
	"embed"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
)

var (
	//go:embed supabase.sql
	supabaseSQL string
	//go:embed users.sql
	usersSQL string
	//go:embed projects
	files embed.FS
)

// The users who stay behind in an import.
const (
	SoftDeleted = "8a1f0c52-3d64-4f0b-9b0e-5d1c7e2a0007" // Gus
	Rejected    = "8a1f0c52-3d64-4f0b-9b0e-5d1c7e2a0008" // Hal, after RejectHal
)

// Projects returns the sorted names of all projects.
func Projects() []string {
	found, err := fs.Glob(files, "projects/*.requests.sql")
	if err != nil {
		panic(err) // the pattern is constant
	}
	for i, name := range found {
		found[i] = strings.TrimSuffix(path.Base(name), ".requests.sql")
	}
	return found
}

// setSearchPath sets the search path of a hosted project. It takes effect for new connections.
const setSearchPath = `do $$
begin
  execute format('alter database %I set search_path to "$user", public, extensions', current_database());
end $$;
`

// New creates the database of a project with its users and rows, and returns its URL. The database is dropped at the
// end of the test.
func New(t testing.TB, project string) string {
	t.Helper()
	url := supabasetest.NewFilled(t, supabaseSQL+setSearchPath, usersSQL+read(t, "projects/"+project+".sql"))
	dbtest.Exec(t, url, setSearchPath) // a copy of a database does not have its settings
	return url
}

func read(t testing.TB, file string) string {
	t.Helper()
	text, err := files.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// RejectHal makes an empty target reject one of the users, as a constraint of the application would, so that the import
// puts this user into the quarantine with the reason target_error. Xenon's tables are in the schema.
func RejectHal(t testing.TB, target, schema string) {
	t.Helper()
	dbtest.Exec(t, target, RejectHalSQL(schema))
}

// RejectHalSQL returns the SQL of RejectHal.
func RejectHalSQL(schema string) string {
	return `ALTER TABLE ` + schema + `."user"
ADD CONSTRAINT allowed_domain CHECK (email NOT LIKE '%@rejected.example')`
}
