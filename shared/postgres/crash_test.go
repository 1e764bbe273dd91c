//go:build unix

package postgres

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// cleanData returns the directory of a server that was stopped normally. The first call creates the directory.
var cleanData = sync.OnceValues(func() (string, error) {
	parent, err := os.MkdirTemp("", "xenon-pristine-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(parent, 0o711); err != nil {
		return "", err
	}
	s, err := Start(context.Background(), Options{Dir: filepath.Join(parent, "kept"), Fast: true})
	if err != nil {
		return "", err
	}
	return s.Dir, s.Stop()
})

// stoppedData returns a new directory with the data and the password of a stopped server.
func stoppedData(t *testing.T) string {
	t.Helper()
	from, err := cleanData()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(enterableDir(t), "kept")
	if out, err := exec.Command("cp", "-Rp", from, dir).CombinedOutput(); err != nil {
		t.Fatalf("copy: %v: %s", err, out)
	}
	return dir
}

// serverAccount returns the account that servers run as.
func serverAccount(t *testing.T) Account {
	t.Helper()
	a, err := UnprivilegedAccount()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestStartStopsAnOrphanOnItsData(t *testing.T) {
	t.Parallel()
	dir := stoppedData(t)
	a := serverAccount(t)
	bin, err := findOrDownload(t.Context(), a, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	port, err := findFreePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	options := fmt.Sprintf("-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories=''", port)
	data := filepath.Join(dir, "data")
	start := []string{bin.path("pg_ctl"), "start", "-D", data, "-l", data + "/orphan.log", "-w", "-o", options}
	if err := a.runAs(t.Context(), start...); err != nil {
		t.Fatal(err)
	}

	again := startServer(t, Options{Dir: dir, Fast: true})
	if got, want := queryText(t, again.URL("postgres"), "SELECT 'mine'"), "mine"; got != want {
		t.Errorf("query to the new server: got %q, want %q", got, want)
	}
	if !rejectsConnections(port) {
		t.Error("after a start on the data of an orphan: the orphan still runs, want it stopped")
	}
}

// After a power failure, any process of the same user may have the process id in the pid file.
func TestStartKillsNoProcessOfAStalePidFile(t *testing.T) {
	t.Parallel()
	dir := stoppedData(t)
	a := serverAccount(t)
	out, err := os.CreateTemp(t.TempDir(), "pid")
	if err != nil {
		t.Fatal(err)
	}
	otherProcess, err := a.Spawn(Command{
		Argv: []string{"/bin/sh", "-c", "echo $$; exec sleep 1000"}, Dir: "/", Output: out, Signal: "TERM",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = otherProcess.Stop() }) // its status is that of a terminated process
	var pid int
	eventually(t, "the other process to print its id", func() bool {
		b, _ := os.ReadFile(out.Name())
		pid, _ = strconv.Atoi(strings.TrimSpace(string(b)))
		return pid != 0
	})
	free, err := findFreePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pidFile := filepath.Join(filepath.Join(dir, "data"), "postmaster.pid")
	const form = "%d\n%s\n1700000000\n%d\n\n127.0.0.1\n  1234567         0\nready   \n"
	text := fmt.Sprintf(form, pid, filepath.Join(dir, "data"), free)
	if err := os.WriteFile(pidFile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.TakeOwnership(pidFile); err != nil {
		t.Fatal(err)
	}

	again := startServer(t, Options{Dir: dir, Fast: true})
	if got, want := queryText(t, again.URL("postgres"), "SELECT 'up'"), "up"; got != want {
		t.Errorf("query to the server that started on a stale pid file: got %q, want %q", got, want)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Errorf("signal 0 to the process with the id in the pid file: %v, want it still running", err)
	}
}

func TestStartSaysWhyDataIsUnusable(t *testing.T) {
	t.Parallel()
	remove := func(name string) func(string) error {
		return func(dir string) error { return os.RemoveAll(filepath.Join(dir, name)) }
	}
	write := func(name, text string) func(string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600) }
	}
	for _, test := range []struct {
		name   string
		damage func(string) error
		want   string
	}{
		{"no version", remove("data/PG_VERSION"), "its version cannot be read"},
		{"invalid version", write("data/PG_VERSION", "new\n"), "its version is not a number"},
		{"old version", write("data/PG_VERSION", "9\n"), "the data was created by Postgres 9, which is not installed"},
		{"no control file", remove("data/global/pg_control"), "pg_control"},
		{"truncated control file", write("data/global/pg_control", "?"), "pg_control"},
		{"no transaction log", remove("data/pg_wal"), "pg_wal"},
		{"bad settings", write("data/postgresql.conf", "colour = blue\n"), "postgresql.conf"},
		{"no password", remove("password"), "the password cannot be read"},
		{"another password", write("password", "another"), "its password has changed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := stoppedData(t)
			secret, err := os.ReadFile(filepath.Join(dir, "password"))
			if err != nil {
				t.Fatal(err)
			}
			if err := test.damage(dir); err != nil {
				t.Fatal(err)
			}
			_, err = Start(t.Context(), Options{Dir: dir})
			if err == nil {
				t.Fatal("Start on unusable data: got a server, want an error")
			}
			got := err.Error()
			for _, want := range []string{test.want, `"make clean" removes the data`} {
				if !strings.Contains(got, want) {
					t.Errorf("Start on unusable data: got the error %q, want it to contain %q", got, want)
				}
			}
			if strings.Contains(got, "\n") || strings.Contains(got, string(secret)) {
				t.Errorf("Start on unusable data: got the error %q, want one line without the password", got)
			}
		})
	}
}

// An interrupted initdb leaves data.new and no data directory.
func TestStartRepeatsAnInterruptedInitdb(t *testing.T) {
	t.Parallel()
	dir := stoppedData(t)
	if err := os.Rename(filepath.Join(dir, "data"), filepath.Join(dir, "data")+".new"); err != nil {
		t.Fatal(err)
	}
	again := startServer(t, Options{Dir: dir, Fast: true})
	if got, want := queryText(t, again.URL("postgres"), "SELECT 'new'"), "new"; got != want {
		t.Errorf("query to the server after an interrupted initdb: got %q, want %q", got, want)
	}
}

// The account of the server cannot enter root's home directory, in which a checkout may be.
func TestDirectoryThatTheAccountCannotEnterIsMovedToVarTmp(t *testing.T) {
	t.Parallel()
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(closed, "checkout", "postgres")
	s := startServer(t, Options{Dir: dir, Fast: true})
	if s.Dir != dir {
		t.Cleanup(func() { _ = os.RemoveAll(s.Dir) })
	}
	if got, want := strings.HasPrefix(s.Dir, "/var/tmp/"), os.Geteuid() == 0; got != want {
		t.Errorf("server in %s: in /var/tmp: %v, want %v, that is, only if root runs the test", s.Dir, got, want)
	}
	if err := s.Stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	if again := startServer(t, Options{Dir: dir, Fast: true}); again.Dir != s.Dir {
		t.Errorf("second start: got the directory %s, want %s as before", again.Dir, s.Dir)
	}
}

func TestReasonInReturnsTheFirstFatalError(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, log, want string }{
		{"empty", "", "nothing"},
		{"fatal", "LOG:  starting\n2026-01-01 UTC [1] FATAL:  lock file exists\nHINT:  look\n", "lock file exists"},
		{"ignores a starting server", "FATAL:  the database system is starting up\nPANIC:  no checkpoint\n", "no checkpoint"},
		{"initdb", "ok\ninitdb: error: no space\n", "no space"},
		{"last line without FATAL or PANIC", "sh: 1: not found\ngone\n", "gone"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(firstErrorInLog(strings.NewReader(test.log)), test.want); diff != "" {
				t.Errorf("reason in the log, got - want +:\n%s", diff)
			}
		})
	}
}

// A stopping server resets accepted connections before it rejects new ones.
func TestStopOrphanWaitsForStoppingServer(t *testing.T) {
	t.Parallel()
	dir := stoppedData(t)
	ending, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer ending.Close()
		for range 4 {
			conn, err := ending.Accept()
			if err != nil {
				return
			}
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // Close sends a reset
			}
			_ = conn.Close()
		}
	}()
	data := filepath.Join(dir, "data")
	_, port, err := net.SplitHostPort(ending.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	pidFile := filepath.Join(data, "postmaster.pid")
	if err := os.WriteFile(pidFile, []byte("1\n"+data+"\n1700000000\n"+port+"\n\n127.0.0.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := serverAccount(t).TakeOwnership(pidFile); err != nil {
		t.Fatal(err)
	}
	again := startServer(t, Options{Dir: dir, Fast: true})
	if got, want := queryText(t, again.URL("postgres"), "SELECT 'up'"), "up"; got != want {
		t.Errorf("query to the server that started while another one stopped: got %q, want %q", got, want)
	}
}
