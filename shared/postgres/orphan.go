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

// lockDir makes this process the only one that runs a server in dir. The system releases the lock when the process
// ends, so a server that still runs there afterwards is an orphan. lockDir waits up to maxWait, because the process
// that has the lock may be about to end.
func lockDir(ctx context.Context, dir string, maxWait time.Duration) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // our own directory
	if err != nil {
		return nil, unusableData(dir, "it belongs to another user: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	for {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			return f, nil
		}
		if sleep(ctx, 50*time.Millisecond) != nil {
			break
		}
	}
	_ = f.Close()
	return nil, fmt.Errorf("another process runs the server in %s: stop that process first", dir)
}

// stopOrphan stops a server that a crash of this program left running on data, and removes the pid file of a server
// that does not run any more. After a crash of the machine, the process id in that file may belong to another process,
// which must not be stopped.
func stopOrphan(ctx context.Context, account Account, bin binaries, data, password string) error {
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
			return os.Remove(pidFile)
		}
		port, _ := strconv.Atoi(lines[3])
		switch dir, err := dataDirectory(ctx, databaseURL(port, password, "postgres")); {
		case err == nil && dir == data:
			return account.run(ctx, bin.path("pg_ctl"), "stop", "-D", data, "-m", "fast", "-w")
		case err == nil, errors.Is(err, syscall.ECONNREFUSED), hasState(err, "28P01", "28000"):
			return os.Remove(pidFile)
		case !hasState(err, cannotConnectNow) && !isDisconnect(err):
			return fmt.Errorf("query the server that already runs on %s: %w", data, err)
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("wait for the server that already runs on %s: %w", data, err)
		}
	}
}

// cannotConnectNow is the SQLSTATE of a server that starts or stops.
const cannotConnectNow = "57P03"

// isDisconnect reports whether the server closed the connection, as it does when it stops.
func isDisconnect(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func hasState(err error, states ...string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && slices.Contains(states, pg.Code)
}

func dataDirectory(ctx context.Context, url string) (dir string, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx) //nolint:errcheck // it was only used to read
	return dir, conn.QueryRow(ctx, "SHOW data_directory").Scan(&dir)
}

func (a Account) run(ctx context.Context, argv ...string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // programs of the Postgres that was found
	cmd.Dir, cmd.Env = "/", []string{"LC_ALL=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential()}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(argv[0]), err, bytes.TrimSpace(out))
	}
	return nil
}
