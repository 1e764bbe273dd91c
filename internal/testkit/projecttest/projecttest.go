// Package projecttest creates Supabase projects with tables of their own, for tests of what moves them to a target.
package projecttest

import (
	"embed"
	"errors"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

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

// New creates the database of a project with its users and rows, and returns its URL. The database is dropped at the
// end of the test.
func New(t testing.TB, project string) string {
	t.Helper()
	url := supabasetest.New(t)
	load(t, url, "supabase.sql", supabaseSQL)
	load(t, url, project, usersSQL+read(t, "projects/"+project+".sql"))
	return url
}

// load executes the statements of a file in one transaction. If one fails, the test fails with the text of its line.
func load(t testing.TB, url, name, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) //nolint:errcheck // the statements have returned their error
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("load %s: %v, near %q", name, err, near(sql, err))
	}
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
	dbtest.Exec(t, target, `ALTER TABLE `+schema+`."user"
ADD CONSTRAINT allowed_domain CHECK (email NOT LIKE '%@rejected.example')`)
}

// near returns the line of an error in SQL, or "" if Postgres does not report a position.
func near(sql string, err error) string {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || pgErr.Position == 0 {
		return ""
	}
	before, after := string([]rune(sql)[:pgErr.Position-1]), string([]rune(sql)[pgErr.Position-1:])
	first, _, _ := strings.Cut(after, "\n")
	return before[strings.LastIndex(before, "\n")+1:] + first
}
