//go:build moto && (amd64 || darwin)

package dbtest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/checkout"
	"github.com/xenon-auth/xenon/shared/postgres"
)

// NewServerWithVector starts the Postgres that scripts/pgserver installs. It has the extension vector, and none of
// those that come with Postgres, such as citext. The server ends with the test, which must not be parallel, because
// PATH changes: it begins with the directory of this Postgres, whose pg_dump is then the first one.
func NewServerWithVector(t *testing.T) *postgres.Server {
	t.Helper()
	if _, err := startServer(); err != nil { // the server of the other tests is not of this installation
		t.Fatal(err)
	}
	t.Setenv("PATH", copyPgserver(t)+string(os.PathListSeparator)+os.Getenv("PATH"))
	server, err := postgres.Start(t.Context(), postgres.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Errorf("stop the server with the extension vector: %v", err)
		}
	})
	return server
}

// copyPgserver copies the installation to a directory that the account of the server can enter, and returns the
// directory of the programs.
func copyPgserver(t *testing.T) (bin string) {
	t.Helper()
	from := filepath.Join(checkout.Root(), ".tools", "pgserver", "package")
	root, err := os.MkdirTemp("", "xenon-pgserver-") //nolint:usetesting // the server's account cannot read t.TempDir
	if err == nil {
		err = os.Chmod(root, 0o755) //nolint:gosec // it has programs only
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) }) // only files in the temporary directory of the system
	if err := os.CopyFS(root, os.DirFS(from)); err != nil {
		t.Fatalf("copy pgserver, which scripts/pgserver installs: %v", err)
	}
	return filepath.Join(root, "pgserver", "pginstall", "bin")
}
