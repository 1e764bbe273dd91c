//go:build unix

package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// errDirLocked means that another process has the lock of a directory.
var errDirLocked = errors.New("another process has locked the directory")

// lockDir locks dir, so that only this process runs a server or downloads Postgres in it. The system releases the lock
// when the process ends: a server that still runs in a directory without a lock is an orphan. lockDir waits up to
// maxWait, because the process that has the lock may be about to end. Then it returns errDirLocked.
func lockDir(ctx context.Context, dir string, maxWait time.Duration) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // our own directory
	if err != nil {
		return nil, unusableDataError(dir, "it belongs to another user: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	for {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			return f, nil
		}
		if sleepOrCanceled(ctx, 50*time.Millisecond) != nil {
			break
		}
	}
	_ = f.Close()
	return nil, errDirLocked
}

// stopOrphan stops a server that still runs on data after a crash of this program. If the server does not run any more,
// it removes the server's pid file. It does not use the process id in that file: after a crash of the machine, another
// process may have this id and must not be stopped.
func stopOrphan(ctx context.Context, account Account, bin installation, data, password string) error {
	pidFile := filepath.Join(data, "postmaster.pid")
	for {
		b, err := os.ReadFile(pidFile) //nolint:gosec // our own directory
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the pid file: %w", err)
		}
		lines := strings.Split(string(b), "\n")
		if len(lines) < 4 {
			return removeIfExists(pidFile)
		}
		port, _ := strconv.Atoi(lines[3])
		switch dir, err := dataDirectory(ctx, databaseURL(port, password, "postgres")); {
		case err == nil && dir == data:
			return account.runAs(ctx, bin.path("pg_ctl"), "stop", "-D", data, "-m", "fast", "-w")
		case err == nil, errors.Is(err, syscall.ECONNREFUSED), hasSQLState(err, "28P01", "28000"):
			return removeIfExists(pidFile)
		case !hasSQLState(err, sqlStateCannotConnectNow) && !isDisconnect(err):
			return fmt.Errorf("query the server that already runs on %s: %w", data, err)
		}
		if err := sleepOrCanceled(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("wait for the server that already runs on %s: %w", data, err)
		}
	}
}

// sqlStateCannotConnectNow is the SQLSTATE that a server sends while it starts or stops.
const sqlStateCannotConnectNow = "57P03"

// isDisconnect reports whether the server closed the connection, as it does when it stops.
func isDisconnect(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// hasSQLState reports whether the server has sent an error with one of the SQLSTATEs.
func hasSQLState(err error, states ...string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && slices.Contains(states, pg.Code)
}

// dataDirectory returns the data directory of a server.
func dataDirectory(ctx context.Context, url string) (dir string, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx) //nolint:errcheck // it was only used to read
	return dir, conn.QueryRow(ctx, "SHOW data_directory").Scan(&dir)
}

// runAs runs a program as the account and waits until it has ended.
func (a Account) runAs(ctx context.Context, argv ...string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // programs of the Postgres that was found
	cmd.Dir, cmd.Env = "/", []string{"LC_ALL=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential()}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(argv[0]), err, bytes.TrimSpace(out))
	}
	return nil
}

// removeIfExists removes a file. It is no error if the file is gone: a server that ends removes its pid file itself.
func removeIfExists(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the file of a server that has ended: %w", err)
	}
	return nil
}
