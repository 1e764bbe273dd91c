//go:build unix

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

// minMajorVersion is the oldest major version that is supported.
const minMajorVersion = 15

// installation is an installed Postgres.
type installation struct {
	dir   string // has initdb, postgres and pg_ctl
	major int
}

func (b installation) path(program string) string { return filepath.Join(b.dir, program) }

// findOrDownload returns the installation to use: the first one that is new enough, or else a downloaded one. major is
// the version that created the data directory, because no other major version can read it, or 0 if there is no data
// yet.
func findOrDownload(ctx context.Context, account Account, major int, log io.Writer) (installation, error) {
	found := findInstalled(ctx, account)
	for _, b := range found {
		if major == 0 || b.major == major {
			return b, nil
		}
	}
	if major == 0 || major == downloadedMajorVersion {
		return download(ctx, account, log)
	}
	return installation{}, fmt.Errorf("the data was created by Postgres %d, which is not installed (found: %s): "+
		"install it, or %s", major, versionList(found), dataRemedy)
}

func versionList(found []installation) string {
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

// findInstalled returns the installations that are new enough: first the one in PATH, then those in packageInstallDirs,
// in the order of that list and for each entry the newest version first.
func findInstalled(ctx context.Context, account Account) []installation {
	var all []installation
	if program, err := exec.LookPath("postgres"); err == nil {
		if program, err = filepath.EvalSymlinks(program); err == nil {
			all = append(all, installationsIn(ctx, account, filepath.Dir(program))...)
		}
	}
	for _, pattern := range packageInstallDirs {
		dirs, _ := filepath.Glob(pattern) // fails only for an invalid pattern
		all = append(all, installationsIn(ctx, account, dirs...)...)
	}
	return all
}

var versionPattern = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

// installationsIn returns the installations in dirs that are new enough, the newest version first.
func installationsIn(ctx context.Context, account Account, dirs ...string) []installation {
	var found []installation
	for _, dir := range dirs {
		b := installation{dir: dir}
		if !isFile(b.path("initdb")) || !isFile(b.path("pg_ctl")) {
			continue
		}
		cmd := exec.CommandContext(ctx, b.path("postgres"), "--version") //nolint:gosec // it is in PATH or packageInstallDirs
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: account.credential()}
		out, err := cmd.Output()
		m := versionPattern.FindSubmatch(out)
		if err != nil || m == nil {
			continue
		}
		if b.major, _ = strconv.Atoi(string(m[1])); b.major >= minMajorVersion {
			found = append(found, b)
		}
	}
	slices.SortStableFunc(found, func(a, b installation) int { return cmp.Compare(b.major, a.major) })
	return found
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}
