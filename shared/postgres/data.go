//go:build unix

package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// dataRemedy is the end of each error about unusable data: what the user can do.
const dataRemedy = `"make clean" removes the data, and the next start creates new data`

// prepareScript creates the data directory if there is none, and then becomes the server. An interrupted initdb leaves
// no data directory.
const prepareScript = `
data=$1 initdb=$2 options=$3
shift 3
if [ ! -d "$data" ]; then
  rm -rf "$data.new"
  "$initdb" -D "$data.new" $options || exit
  mv "$data.new" "$data" || exit
fi
exec "$@"`

// startArguments returns the command that runs prepareScript.
func (s *Server) startArguments(bin installation, o Options) []string {
	initdb := []string{
		"--username=postgres", "--auth=scram-sha-256", "--pwfile=password", "--encoding=UTF8", "--no-instructions",
	}
	initdb = append(initdb, localeOptions(bin.major)...)
	settings := []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(s.port), "unix_socket_directories=", "timezone=UTC",
	}
	if o.Fast || o.NoFlush {
		initdb = append(initdb, "--no-sync")
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	if o.Fast {
		// A test's database has few rows and a short life: compiling its plans and vacuuming it cost more than they save,
		// and each dropped database makes the server look through all buffers.
		settings = append(settings, "max_connections=1000", "jit=off", "autovacuum=off", "shared_buffers=32MB")
	}
	argv := []string{
		"/bin/sh", "-c", prepareScript, "prepare", s.data(), bin.path("initdb"), strings.Join(initdb, " "),
		bin.path("postgres"), "-D", s.data(),
	}
	for _, setting := range settings {
		argv = append(argv, "-c", setting)
	}
	return argv
}

// localeOptions returns the options that give initdb the locale of Neon's databases, which sort by code point and map
// case by Unicode. For a version without this locale it returns the most similar one.
func localeOptions(major int) []string {
	switch {
	case major >= 17:
		return []string{"--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"}
	case runtime.GOOS == "linux":
		return []string{"--locale=C.UTF-8"}
	}
	return []string{"--locale=C"}
}

// majorVersionOfData returns the major version of the Postgres that created the data, or 0 if there is no data.
func majorVersionOfData(data string) (int, error) {
	if _, err := os.Stat(data); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	b, err := os.ReadFile(filepath.Join(data, "PG_VERSION")) //nolint:gosec // our own directory
	if err != nil {
		return 0, unusableDataError(filepath.Dir(data), "its version cannot be read: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0, unusableDataError(filepath.Dir(data), "its version is not a number")
	}
	return major, nil
}

func unusableDataError(dir, format string, args ...any) error {
	return fmt.Errorf("the data in %s is unusable: %w; %s", dir, fmt.Errorf(format, args...), dataRemedy)
}
