package postgres

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
)

// oldest is the first major version that will do.
const oldest = 15

// usual is where packages put Postgres when they do not put it into PATH.
var usual = []string{
	"/usr/lib/postgresql/*/bin",                               // Debian, Ubuntu
	"/opt/homebrew/opt/postgresql@*/bin",                      // Homebrew on Apple silicon,
	"/usr/local/opt/postgresql@*/bin",                         // on Intel,
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",         // and on Linux
	"/Applications/Postgres.app/Contents/Versions/[0-9]*/bin", // Postgres.app
	"/usr/pgsql-*/bin",                                        // Red Hat, from postgresql.org
	"/usr/libexec/postgresql*",                                // Alpine
	"/usr/local/pgsql/bin",                                    // built from source
}

// binaries is one installed Postgres.
type binaries struct {
	dir   string // holds initdb, postgres and pg_ctl
	major int
}

func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }

// find returns the Postgres to use: the first installed one that is new enough, else a downloaded one. Data can only be
// served by the major version that made it, so with major != 0 it has to be of that version.
func find(ctx context.Context, account Account, major int, log io.Writer) (binaries, error) {
	found := installed(ctx, account)
	for _, b := range found {
		if major == 0 || b.major == major {
			return b, nil
		}
	}
	if major == 0 || major == downloadMajor {
		return download(ctx, account, log)
	}
	return binaries{}, fmt.Errorf("the data was made by Postgres %d, which is not installed (found: %s): install it, or %s",
		major, versions(found), remedy)
}

func versions(found []binaries) string {
	text := "none"
	for i, b := range found {
		if i == 0 {
			text = ""
		} else {
			text += ", "
		}
		text += strconv.Itoa(b.major)
	}
	return text
}

// installed lists what is there and new enough: PATH first, then the usual places, the newest of each place first.
func installed(ctx context.Context, account Account) []binaries {
	var all []binaries
	if program, err := exec.LookPath("postgres"); err == nil {
		if program, err = filepath.EvalSymlinks(program); err == nil {
			all = append(all, look(ctx, account, filepath.Dir(program))...)
		}
	}
	for _, pattern := range usual {
		dirs, _ := filepath.Glob(pattern) // the patterns are good
		all = append(all, look(ctx, account, dirs...)...)
	}
	return all
}

var versionText = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

func look(ctx context.Context, account Account, dirs ...string) []binaries {
	var found []binaries
	for _, dir := range dirs {
		b := binaries{dir: dir}
		if !isFile(b.path("initdb")) || !isFile(b.path("pg_ctl")) {
			continue
		}
		cmd := exec.CommandContext(ctx, b.path("postgres"), "--version") //nolint:gosec // that is what we look for
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: account.credential()}
		out, err := cmd.Output()
		m := versionText.FindSubmatch(out)
		if err != nil || m == nil {
			continue
		}
		if b.major, _ = strconv.Atoi(string(m[1])); b.major >= oldest {
			found = append(found, b)
		}
	}
	slices.SortStableFunc(found, func(a, b binaries) int { return cmp.Compare(b.major, a.major) })
	return found
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}
