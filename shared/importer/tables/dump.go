package tables

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/pg"
)

// pgDump is an installed pg_dump.
type pgDump struct {
	path  string
	major int
}

var versionText = regexp.MustCompile(`^pg_dump \(PostgreSQL\) (\d+)`)

// choosePgDump returns the oldest of the programs that can dump a server of this major version. A newer one may use
// syntax that the target does not know.
func choosePgDump(ctx context.Context, paths []string, server int) (pgDump, error) {
	var best pgDump
	var found []string
	for _, path := range paths {
		out, err := exec.CommandContext(ctx, path, "--version").Output() //nolint:gosec // the caller's programs
		m := versionText.FindSubmatch(out)
		if err != nil || m == nil {
			continue
		}
		major, _ := strconv.Atoi(string(m[1])) // the expression matches only digits
		found = append(found, string(m[1]))
		if major >= server && (best.path == "" || major < best.major) {
			best = pgDump{path, major}
		}
	}
	if best.path != "" {
		return best, nil
	}
	installed := "none is installed"
	if len(found) > 0 {
		installed = "installed: " + strings.Join(found, ", ")
	}
	return best, fmt.Errorf("%w: the source is Postgres %d, which needs pg_dump %d or newer (%s). Install it: "+
		"apt install postgresql-client-%d (from apt.postgresql.org), brew install postgresql@%d, or dnf install "+
		"postgresql%d", run.ErrRefused, server, server, installed, server, server, server)
}

// dumpSection runs pg_dump for one section, "pre-data" or "post-data".
func (p pgDump) dumpSection(ctx context.Context, databaseURL, snapshot, section string, s selection) (string, error) {
	args := []string{
		"--schema-only", "--section=" + section, "--snapshot=" + snapshot, "--no-owner", "--no-publications",
		"--no-subscriptions", "--no-security-labels", "--no-tablespaces", "--lock-wait-timeout=30s", "--clean",
		"--no-password", "--encoding=UTF8",
	}
	for _, name := range s.schemas {
		args = append(args, "--schema="+mapping.Quote(name))
	}
	for _, name := range s.excluded {
		args = append(args, "--exclude-table="+name) // quoted already
	}
	cmd := exec.CommandContext(ctx, p.path, args...) //nolint:gosec // the caller's program
	settings, err := p.connectionEnv(databaseURL)
	if err != nil {
		return "", err
	}
	cmd.Env = slices.DeleteFunc(cmd.Environ(), func(v string) bool { return strings.HasPrefix(v, "PG") })
	cmd.Env = append(cmd.Env, settings...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("pg_dump: %w: %s", err, firstLines(errs.String()))
	}
	return out.String(), nil
}

func firstLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[:min(len(lines), 5)], "; ")
}

// connectionEnv returns the environment variables that tell pg_dump the database. The password is not an argument,
// because every user of the machine can see arguments.
func (p pgDump) connectionEnv(databaseURL string) ([]string, error) {
	c, err := pg.Parse(databaseURL)
	if err != nil {
		return nil, fmt.Errorf("%w: the database URL %w", run.ErrRefused, err)
	}
	env := []string{
		"PGHOST=" + c.Host, "PGPORT=" + strconv.Itoa(int(c.Port)), "PGUSER=" + c.User, "PGDATABASE=" + c.Database,
		"PGPASSWORD=" + c.Password, "PGAPPNAME=xenon migrate", "PGCONNECT_TIMEOUT=30",
	}
	if c.TLSConfig != nil {
		env = append(env, "PGSSLMODE=verify-full", "PGSSLROOTCERT="+p.rootCertificates(databaseURL))
	}
	return env, nil
}

// rootCertificates returns the parameter sslrootcert of a database URL, or else the certificates of the system, which
// pgx uses, too. The value "system" exists since version 16.
func (p pgDump) rootCertificates(databaseURL string) string {
	if u, err := url.Parse(databaseURL); err == nil && u.Query().Get("sslrootcert") != "" {
		return u.Query().Get("sslrootcert")
	}
	if p.major < 16 {
		for _, path := range []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"} {
			if _, err := os.Stat(path); err == nil {
				return path
			}
		}
	}
	return "system"
}

// dump returns the DDL of a selection.
func (p pgDump) dump(ctx context.Context, url, snapshot string, s selection) (d dump, err error) {
	before, err := p.dumpSection(ctx, url, snapshot, "pre-data", s)
	if err != nil {
		return d, err
	}
	after, err := p.dumpSection(ctx, url, snapshot, "post-data", s)
	if err != nil {
		return d, err
	}
	var drops []string
	d.tables, drops = parseDump(before, false)
	d.after, d.drops = parseDump(after, true)
	d.after = slices.DeleteFunc(d.after, func(s statement) bool { return s.Kind == "FK CONSTRAINT" })
	d.tables, d.after = withPrivilegesLast(d.tables, d.after)
	d.allDrops = slices.Concat(d.drops, drops)
	d.drops = append(ofSchemas(d.drops), drops...)
	return d, nil
}
