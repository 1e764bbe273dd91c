package postgres

import (
	"os/exec"
	"path/filepath"
)

// packageInstallDirs are the directories where packages install Postgres outside of PATH.
var packageInstallDirs = []string{
	"/usr/lib/postgresql/*/bin",                               // Debian, Ubuntu
	"/opt/homebrew/opt/postgresql@*/bin",                      // Homebrew on Apple silicon,
	"/usr/local/opt/postgresql@*/bin",                         // on Intel,
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",         // and on Linux
	"/Applications/Postgres.app/Contents/Versions/[0-9]*/bin", // Postgres.app
	"/usr/pgsql-*/bin",                                        // Red Hat, from postgresql.org
	"/usr/libexec/postgresql*",                                // Alpine
	"/usr/local/pgsql/bin",                                    // built from source
	"/opt/homebrew/opt/libpq/bin",                             // only programs: Homebrew on Apple silicon
	"/usr/local/opt/libpq/bin",                                // and on Intel
	`C:\Program Files\PostgreSQL\*\bin`,
}

// Programs returns the paths of an installed program of Postgres, such as pg_dump: first the one in PATH, then those in
// the directories where packages install Postgres.
func Programs(name string) []string {
	var all []string
	if path, err := exec.LookPath(name); err == nil {
		all = append(all, path)
	}
	for _, dir := range packageInstallDirs {
		found, _ := filepath.Glob(filepath.Join(dir, name)) // fails only for an invalid pattern
		all = append(all, found...)
	}
	return all
}
