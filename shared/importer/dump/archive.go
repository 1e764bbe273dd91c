package dump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/xenon-auth/xenon/shared/postgres"
)

// restoreAdvice says how to install pg_restore.
const restoreAdvice = "Install it: apt install postgresql-client (Debian, Ubuntu), brew install libpq (macOS), dnf " +
	"install postgresql (Fedora), apk add postgresql-client (Alpine). Or run `pg_restore -f dump.sql FILE` on another " +
	"machine and give dump.sql to --from"

var restoreVersion = regexp.MustCompile(`^pg_restore \(PostgreSQL\) (\d+)`)

// findRestore returns the newest installed pg_restore, because an older one cannot read archives of a newer pg_dump.
func findRestore(ctx context.Context, paths []string) (string, error) {
	best, newest := "", 0
	for _, path := range paths {
		out, err := exec.CommandContext(ctx, path, "--version").Output() //nolint:gosec // installed programs of Postgres
		m := restoreVersion.FindSubmatch(out)
		if err != nil || m == nil {
			continue
		}
		if major, _ := strconv.Atoi(string(m[1])); major > newest { // the expression matches only digits
			best, newest = path, major
		}
	}
	if best == "" {
		return "", errors.New("pg_restore is not installed")
	}
	return best, nil
}

// restore lets pg_restore turn an archive of pg_dump into SQL, and reads that. If path is "", pg_restore gets the
// archive from in.
func (f *fileReader) restore(ctx context.Context, path string, in io.Reader, format string) error {
	if err := f.checkFormat(format); err != nil {
		return err
	}
	f.setFormat(format)
	program, err := findRestore(ctx, postgres.Programs("pg_restore"))
	if err != nil {
		return refuse("%s is an archive (%s), which pg_restore reads, and %w. %s", f.file.Name, format, err, restoreAdvice)
	}
	args := []string{"--file=-"}
	if path != "" {
		args, in = append(args, "--", path), nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // an installed program of Postgres
	cmd.Stdin = in
	cmd.Env = slices.DeleteFunc(cmd.Environ(), func(v string) bool { return strings.HasPrefix(v, "PG") })
	cmd.Env = append(cmd.Env, "LC_ALL=C")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run pg_restore: %w", err)
	}
	err = f.readSQL(out)
	if err != nil && !errors.Is(err, errCut) {
		cancel()       // pg_restore need not write the rest
		_ = cmd.Wait() // the error of the content is the one to report
		return err
	}
	if waitErr := cmd.Wait(); waitErr != nil {
		return refuse("pg_restore cannot read %s: %s. Its archive is damaged or cut short, or a newer pg_dump made it: %s",
			f.file.Name, firstLines(errs.String(), waitErr), restoreAdvice)
	}
	return err
}

// firstLines returns the first lines that a program wrote, or its exit status.
func firstLines(text string, err error) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if lines[0] == "" {
		return err.Error()
	}
	return strings.Join(lines[:min(len(lines), 3)], "; ")
}
