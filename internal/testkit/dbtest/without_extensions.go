package dbtest

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/postgres"
)

// NewWithoutExtensions starts a server that does not offer these extensions, and returns the URL of a new database in
// it with all migrations. The server ends with the test, which must not be parallel, because PATH changes.
//
// Postgres looks for extensions in a directory relative to its program. So the server runs from a copy of the programs,
// beside links to all other files of the installation.
func NewWithoutExtensions(t *testing.T, names ...string) string {
	t.Helper()
	t.Setenv("PATH", copyInstallation(t, names)+string(os.PathListSeparator)+os.Getenv("PATH"))
	server, err := postgres.Start(t.Context(), postgres.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Errorf("stop the server without extensions: %v", err)
		}
	})
	url := server.URL("postgres")
	if _, err := migrations.Up(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	return url
}

// copyInstallation copies the installation of the test server without the files of some extensions, and returns the
// directory of the programs.
func copyInstallation(t *testing.T, without []string) (bin string) {
	t.Helper()
	dirs := installationDirs(t)
	root, err := os.MkdirTemp("", "xenon-postgres-") //nolint:usetesting // the server's account cannot read t.TempDir
	if err == nil {
		err = os.Chmod(root, 0o755) //nolint:gosec // it has programs only
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) }) // only files in the temporary directory of the system
	common := commonDir(dirs["BINDIR"], dirs["SHAREDIR"], dirs["PKGLIBDIR"])
	moved := func(dir string) string { return filepath.Join(root, strings.TrimPrefix(dir, common)) }

	linkEntries(t, dirs["PKGLIBDIR"], moved(dirs["PKGLIBDIR"]), nil)
	linkEntries(t, dirs["SHAREDIR"], moved(dirs["SHAREDIR"]), []string{"extension"})
	isLeftOut := func(file string) bool {
		return slices.ContainsFunc(without, func(name string) bool {
			return file == name+".control" || strings.HasPrefix(file, name+"--")
		})
	}
	extensions := filepath.Join(dirs["SHAREDIR"], "extension")
	linkEntries(t, extensions, filepath.Join(moved(dirs["SHAREDIR"]), "extension"), entries(t, extensions, isLeftOut))
	bin = moved(dirs["BINDIR"])
	for _, program := range []string{"postgres", "initdb", "pg_ctl"} {
		copyProgram(t, filepath.Join(dirs["BINDIR"], program), filepath.Join(bin, program))
	}
	return bin
}

// installationDirs returns the directories of the test server's installation by their names in pg_config.
func installationDirs(t *testing.T) map[string]string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), NewEmpty(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // it was only used to read
	rows, err := conn.Query(t.Context(), "SELECT name, setting FROM pg_config WHERE name LIKE '%DIR'")
	if err != nil {
		t.Fatal(err)
	}
	dirs := map[string]string{}
	var name, dir string
	if _, err := pgx.ForEachRow(rows, []any{&name, &dir}, func() error { dirs[name] = dir; return nil }); err != nil {
		t.Fatal(err)
	}
	return dirs
}

// commonDir returns the longest path that all directories begin with, with a slash at the end.
func commonDir(dirs ...string) string {
	common := dirs[0] + "/"
	for _, dir := range dirs[1:] {
		for !strings.HasPrefix(dir+"/", common) {
			common = filepath.Dir(strings.TrimSuffix(common, "/")) + "/"
			if common == "//" {
				return "/"
			}
		}
	}
	return common
}

// entries returns the names of the entries of a directory for which is is true.
func entries(t *testing.T, dir string, is func(name string) bool) (names []string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if is(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names
}

// linkEntries creates the directory to with symbolic links to the entries of the directory from, but not to those with
// the names in without.
func linkEntries(t *testing.T, from, to string, without []string) {
	t.Helper()
	if err := os.MkdirAll(to, 0o755); err != nil { //nolint:gosec // the account of the server has to read it
		t.Fatal(err)
	}
	for _, name := range entries(t, from, func(name string) bool { return !slices.Contains(without, name) }) {
		if err := os.Symlink(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from) //nolint:gosec // a program of the test server's installation
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // as above
		t.Fatal(err)
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755) //nolint:gosec // a program, not a secret
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}
