package dbtest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/postgres"
)

// bouncerConfig configures PgBouncer in transaction mode, like Neon's pooler. It ignores no start-up parameter, so that
// a test fails for a parameter that a pooler would reject.
const bouncerConfig = `[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = users
pool_mode = transaction
default_pool_size = 5
max_client_conn = 10000
server_tls_sslmode = prefer
`

// Pgbouncer starts a PgBouncer in transaction mode and returns the URL of the database through it. PgBouncer stops at
// the end of the test. Debian's 1.18 does not support prepared statements. If there is no PgBouncer, the test fails.
func Pgbouncer(t testing.TB, address string) string {
	t.Helper()
	program, err := bouncerProgram()
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal("the database URL is not a URL") // the error itself would show the password
	}
	account, err := postgres.Unprivileged()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil { //nolint:gosec // the account has to enter it
		t.Fatal(err)
	}
	port := freePort(t)
	config := filepath.Join(dir, "pgbouncer.ini")
	users := filepath.Join(dir, "users")
	writeFile(t, config, fmt.Sprintf(bouncerConfig, u.Hostname(), u.Port(), port))
	password, _ := u.User.Password()
	writeFile(t, users, quoteWord(u.User.Username())+" "+quoteWord(password)+"\n")
	if err := account.TakeOwnership(dir, config, users); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log")) //nolint:gosec // our own directory
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	child, err := account.Spawn(postgres.Command{
		Argv: []string{program, config}, Dir: dir, Output: log, Signal: "TERM",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Stop() }) // its status only says that it was stopped
	through := *u
	through.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	through.RawQuery = "sslmode=disable"
	awaitBouncer(t, child, through.String(), log.Name())
	return through.String()
}

// bouncerTimeout is the time in which PgBouncer has to accept connections.
const bouncerTimeout = time.Minute

func awaitBouncer(t testing.TB, child *postgres.Child, address, log string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bouncerTimeout)
	defer cancel()
	for {
		err := ping(ctx, address)
		if err == nil {
			return
		}
		select {
		case <-child.Done():
			text, _ := os.ReadFile(log) //nolint:gosec // our own file
			t.Fatalf("pgbouncer ended: %s", text)
		case <-ctx.Done():
			t.Fatalf("pgbouncer does not answer within %s: %v", bouncerTimeout, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func ping(ctx context.Context, address string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// bouncerProgram finds PgBouncer where packages and scripts/pgbouncer install it.
func bouncerProgram() (string, error) {
	if program, err := exec.LookPath("pgbouncer"); err == nil {
		return program, nil
	}
	candidates := []string{"/usr/sbin/pgbouncer"} // PATH does not always contain /usr/sbin
	if dir, err := os.Getwd(); err == nil {
		candidates = append(candidates, filepath.Join(moduleRoot(dir), ".tools", "pgbouncer"))
	}
	for _, program := range candidates {
		if info, err := os.Stat(program); err == nil && info.Mode().IsRegular() {
			return program, nil
		}
	}
	return "", fmt.Errorf("there is no pgbouncer in PATH nor at %s: run scripts/pgbouncer, which gets one",
		strings.Join(candidates, " nor at "))
}

// moduleRoot returns the directory of go.mod, dir or one above it.
func moduleRoot(dir string) string {
	for above := dir; above != filepath.Dir(above); above = filepath.Dir(above) {
		if _, err := os.Stat(filepath.Join(above, "go.mod")); err == nil {
			return above
		}
	}
	return dir
}

// quoteWord quotes a word for PgBouncer's list of users.
func quoteWord(word string) string { return `"` + strings.ReplaceAll(word, `"`, `""`) + `"` }

func writeFile(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // the listener was only needed for its port
	return l.Addr().(*net.TCPAddr).Port
}
