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

	"github.com/xenon-auth/xenon/internal/testkit/checkout"
	"github.com/xenon-auth/xenon/internal/testkit/freeport"
	"github.com/xenon-auth/xenon/shared/postgres"
)

// bouncerConfig configures PgBouncer in transaction mode, like Neon's pooler. It has no list of start-up parameters to
// ignore, so that a test fails if a client sends one that PgBouncer does not support.
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

// StartPgbouncer starts a PgBouncer in transaction mode and returns the URL of the database through it. PgBouncer stops
// at the end of the test. Its version can be too old for prepared statements, as Debian's 1.18 is. If no PgBouncer is
// installed, the test fails.
func StartPgbouncer(t testing.TB, databaseURL string) string {
	t.Helper()
	program, err := bouncerProgram()
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal("the database URL is not a URL") // the error itself would show the password
	}
	account, err := postgres.UnprivilegedAccount()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil { //nolint:gosec // the account has to enter it
		t.Fatal(err)
	}
	port := freeport.Port(t)
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
	t.Cleanup(func() { _ = child.Stop() }) // the error only says that a signal ended PgBouncer
	through := *u
	through.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	through.RawQuery = "sslmode=disable"
	awaitBouncer(t, child, through.String(), log.Name())
	return through.String()
}

// bouncerTimeout is the time within which PgBouncer has to accept a connection after its start.
const bouncerTimeout = time.Minute

func awaitBouncer(t testing.TB, child *postgres.Child, url, log string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bouncerTimeout)
	defer cancel()
	for {
		err := selectOne(ctx, url)
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

func selectOne(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// bouncerProgram returns the path of PgBouncer: in PATH, in /usr/sbin, or where scripts/pgbouncer installs it.
func bouncerProgram() (string, error) {
	if program, err := exec.LookPath("pgbouncer"); err == nil {
		return program, nil
	}
	candidates := []string{
		"/usr/sbin/pgbouncer", // PATH does not always contain /usr/sbin
		filepath.Join(checkout.Root(), ".tools", "pgbouncer"),
	}
	for _, program := range candidates {
		if info, err := os.Stat(program); err == nil && info.Mode().IsRegular() {
			return program, nil
		}
	}
	return "", fmt.Errorf("pgbouncer is not in PATH and not at %s; run scripts/pgbouncer to install it",
		strings.Join(candidates, " or "))
}

// quoteWord quotes a word for PgBouncer's list of users.
func quoteWord(word string) string { return `"` + strings.ReplaceAll(word, `"`, `""`) + `"` }

func writeFile(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
