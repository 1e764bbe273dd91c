//go:build unix

package postgres

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// parentVariable makes this test binary a parent process that a test can kill: it starts a server in the directory that
// the variable names, prints a parent as JSON and waits.
const parentVariable = "XENON_POSTGRES_TEST_PARENT"

func TestMain(m *testing.M) {
	if dir, ok := os.LookupEnv(parentVariable); ok {
		runParent(dir)
		return
	}
	code := m.Run()
	if dir, err := cleanData(); err == nil {
		_ = os.RemoveAll(filepath.Dir(dir))
	}
	os.Exit(code)
}

func runParent(dir string) {
	signal.Ignore(syscall.SIGINT)
	s, err := Start(context.Background(), Options{Dir: dir, Fast: true})
	if err != nil {
		panic(err)
	}
	_ = json.NewEncoder(os.Stdout).Encode(parentProcess{Dir: s.Dir, URL: s.URL("postgres"), Port: s.port})
	select {}
}

// parentProcess is a process with a server: the directory, the URL and the port of the server.
type parentProcess struct {
	Dir, URL string
	Port     int
	process  *os.Process
}

// startParent starts a parent process, which starts a server in dir ("" means a temporary directory).
func startParent(t *testing.T, dir string) parentProcess {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), parentVariable+"="+dir)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the parent process ended before its server started: %v", err)
	}
	p := parentProcess{process: cmd.Process}
	if err := json.Unmarshal(line, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func startServer(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return s
}

// queryText returns the result of a query with one row and one column.
func queryText(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var text string
	if err := conn.QueryRow(t.Context(), sql).Scan(&text); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return text
}

// eventually waits until happened returns true. It fails the test if the context of the test ends first.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for !happened() {
		if sleepOrCanceled(t.Context(), 20*time.Millisecond) != nil {
			t.Fatalf("the test ended while it waited for %s", what)
		}
	}
}

func rejectsConnections(port int) bool {
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err == nil {
		_ = conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// enterableDir returns a temporary directory that the unprivileged account can enter. t.TempDir creates the parent with
// mode 0700, so enterableDir changes that mode.
func enterableDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// settingsOfServer returns the values of the named settings of the server.
func settingsOfServer(t *testing.T, s *Server, names ...string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, name := range names {
		got[name] = queryText(t, s.URL("postgres"), "SELECT current_setting('"+name+"')")
	}
	return got
}

func TestTemporaryServerIsConfiguredAndRemoved(t *testing.T) {
	t.Parallel()
	s := startServer(t, Options{Fast: true})

	want := map[string]string{
		"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "max_connections": "1000",
		"server_encoding": "UTF8", "TimeZone": "UTC", "password_encryption": "scram-sha-256",
	}
	var names []string
	for name := range want {
		names = append(names, name)
	}
	if diff := cmp.Diff(settingsOfServer(t, s, names...), want); diff != "" {
		t.Errorf("settings, got - want +:\n%s", diff)
	}
	const order = "SELECT string_agg(c, '' ORDER BY c) FROM unnest('{é,b,Z}'::text[]) c"
	if got, want := queryText(t, s.URL("postgres"), order), "Zbé"; got != want {
		t.Errorf("sorted letters: got %s, want %s, the order of the code points", got, want)
	}

	if err := s.Stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	if !rejectsConnections(s.port) {
		t.Error("the port still accepts connections after Stop, want it closed")
	}
	if exists(s.Dir) {
		t.Errorf("the temporary directory %s still exists after Stop, want it removed", s.Dir)
	}
}

// A database on a disk takes several times the processor time to create and drop of one in memory.
func TestFastTemporaryServerIsInMemoryIfThereIsSpace(t *testing.T) {
	t.Parallel()
	durable := startServer(t, Options{})
	if got := filepath.Dir(durable.Dir); got == "/dev/shm" {
		t.Errorf("the parent directory of a server that flushes to disk: got %s, want one on a disk", got)
	}
	want := filepath.Dir(durable.Dir)
	if hasSpaceForTests("/dev/shm") {
		want = "/dev/shm"
	}
	fast := startServer(t, Options{Fast: true})
	if got := filepath.Dir(fast.Dir); got != want {
		t.Errorf("the parent directory of a fast server: got %s, want %s", got, want)
	}
}

func TestHasSpaceForTestsNeedsFreeBlocks(t *testing.T) {
	t.Parallel()
	if hasSpaceForTests("/proc") { // this file system has no blocks
		t.Error("hasSpaceForTests(/proc) = true, want false")
	}
	if hasSpaceForTests(filepath.Join(t.TempDir(), "missing")) {
		t.Error("hasSpaceForTests of a missing directory = true, want false")
	}
}

func TestServerRequiresPassword(t *testing.T) {
	t.Parallel()
	s := startServer(t, Options{Fast: true})
	_, err := pgx.Connect(t.Context(), databaseURL(s.port, "wrong", "postgres"))
	if !hasSQLState(err, "28P01") {
		t.Errorf("connect with a wrong password: got %v, want SQLSTATE 28P01", err)
	}
}

func TestDataSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(enterableDir(t), "kept")
	s := startServer(t, Options{Dir: dir})
	if got := settingsOfServer(t, s, "fsync", "synchronous_commit", "full_page_writes"); got["fsync"] != "on" ||
		got["synchronous_commit"] != "on" || got["full_page_writes"] != "on" {
		t.Errorf("server whose data is kept: got the settings %v, want all of them on", got)
	}
	if err := execSQL(t, s, "CREATE TABLE kept AS SELECT 'here' AS word"); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	info, err := os.Stat(filepath.Join(s.Dir, "password"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := info.Mode().Perm(), fs.FileMode(0o600); got != want {
		t.Errorf("password file: got mode %v, want %v", got, want)
	}

	again := startServer(t, Options{Dir: dir})
	if got, want := queryText(t, again.URL("postgres"), "SELECT word FROM kept"), "here"; got != want {
		t.Errorf("row from before the restart: got %q, want %q", got, want)
	}
}

func execSQL(t *testing.T, s *Server, sql string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), sql)
	return err
}

func TestCtrlCDoesNotReachTheServer(t *testing.T) {
	t.Parallel()
	p := startParent(t, "")
	if err := syscall.Kill(-p.process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if got, want := queryText(t, p.URL, "SELECT 'alive'"), "alive"; got != want {
		t.Errorf("query after Ctrl-C in the process group of the parent: got %q, want %q", got, want)
	}
}

func TestServerEndsWithItsParent(t *testing.T) {
	t.Parallel()
	t.Run("deletes a temporary directory", func(t *testing.T) {
		t.Parallel()
		p := startParent(t, "")
		if err := p.process.Kill(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the server to end", func() bool { return rejectsConnections(p.Port) })
		eventually(t, "the directory to be removed", func() bool { return !exists(p.Dir) })
	})
	t.Run("kept data stays usable", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(enterableDir(t), "kept")
		p := startParent(t, dir)
		queryText(t, p.URL, "SELECT pg_advisory_lock(1)::text")
		if err := p.process.Kill(); err != nil {
			t.Fatal(err)
		}
		s := startServer(t, Options{Dir: dir, Fast: true}) // immediately: the old server may still be ending
		if got, want := queryText(t, s.URL("postgres"), "SELECT 'again'"), "again"; got != want {
			t.Errorf("query to the server that started on the data of a killed process: got %q, want %q", got, want)
		}
		if !rejectsConnections(p.Port) {
			t.Error("the server of the killed process still runs, want it stopped")
		}
	})
}

func TestSecondStartInADirectoryIsRejected(t *testing.T) {
	t.Parallel()
	s := startServer(t, Options{Dir: filepath.Join(enterableDir(t), "kept"), Fast: true})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := Start(ctx, Options{Dir: s.Dir})
	if err == nil || !strings.Contains(err.Error(), "another process runs the server in "+s.Dir) {
		t.Errorf("second Start in the same directory: got %v, want an error that another process runs the server there", err)
	}
	if got, want := queryText(t, s.URL("postgres"), "SELECT 'alive'"), "alive"; got != want {
		t.Errorf("query to the first server after the second start failed: got %q, want %q", got, want)
	}
}
