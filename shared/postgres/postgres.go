//go:build unix

// Package postgres starts and stops a private Postgres server for development and tests.
package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// startTimeout limits the time from the start of initdb or the server to its first answer, including crash recovery.
const startTimeout = time.Minute

// Options describes the server that Start starts. The zero Options means a temporary server that flushes to disk.
type Options struct {
	Dir string // the directory of data, password and log; "" means a temporary one, which Stop removes
	// Fast starts a server for tests: like NoFlush, without vacuuming, with 1000 connections and a temporary directory in
	// memory if possible.
	Fast bool
	// NoFlush starts a server that does not flush to disk, for data that can be made again.
	NoFlush bool
	Log     io.Writer // gets one line for each step that takes long, such as a download; may be nil
}

// Server is a running Postgres. It listens on a port of 127.0.0.1 only. It ends when this process ends, even if SIGKILL
// ends this process.
type Server struct {
	Dir string // has data/, the superuser's password and the server's log; the path has no symbolic links

	port     int
	password string
	lock     *os.File
	child    *Child
}

// Start starts a server and returns when it accepts connections. It uses an installed Postgres 15 or newer, or
// downloads one. If root calls it, the server runs as an unprivileged account. Its errors do not contain the password.
func Start(ctx context.Context, o Options) (*Server, error) {
	for range 5 {
		s, err := start(ctx, o)
		if err == nil {
			return s, nil
		}
		if !errors.Is(err, errPortInUse) {
			return nil, fmt.Errorf("start postgres: %w", err)
		}
	}
	return nil, fmt.Errorf("start postgres: %w, five times in a row", errPortInUse)
}

func start(ctx context.Context, o Options) (_ *Server, err error) {
	account, err := accountForServer(o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Server{}
	if s.Dir, err = createDir(account, o); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.cleanUpFailedStart(o))
		}
	}()
	if s.lock, err = lockDir(ctx, s.Dir, 5*time.Second); errors.Is(err, errDirLocked) {
		return nil, fmt.Errorf("%w in %s", ErrInUse, s.Dir)
	} else if err != nil {
		return nil, err
	}
	major, err := majorVersionOfData(s.data())
	if err != nil {
		return nil, err
	}
	bin, err := findOrDownload(ctx, account, major, o.Log)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if s.password, err = readOrCreatePassword(account, s.Dir, major == 0); err != nil {
		return nil, err
	}
	if err := stopOrphan(ctx, account, bin, s.data(), s.password); err != nil {
		return nil, err
	}
	return s, s.run(ctx, account, bin, o)
}

func createDir(account Account, o Options) (string, error) {
	switch {
	case o.Dir != "":
		return account.createOwnDir(o.Dir)
	case o.Fast && hasSpaceForTests(inMemoryDir):
		return account.createTemporaryDir(inMemoryDir)
	}
	return account.createTemporaryDir(os.TempDir())
}

// URL returns the URL of a database of the server, with the superuser and its password, which must not be printed.
func (s *Server) URL(database string) string { return databaseURL(s.port, s.password, database) }

// Stop ends the server and all its connections, waits until it has ended, and removes a temporary directory.
func (s *Server) Stop() error {
	defer s.lock.Close()
	return s.child.Stop()
}

// TempDir creates a directory for files of this process, which is removed together with the directory of the server.
// The account of the server owns it, because that account removes it.
func (s *Server) TempDir(name string) (string, error) {
	account, err := accountForServer(s.Dir)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(s.Dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("create a directory for temporary files: %w", err)
	}
	return dir, account.TakeOwnership(dir)
}

func (s *Server) data() string { return filepath.Join(s.Dir, "data") }

// run initialises the data directory if there is none, starts the server and waits for its first answer.
func (s *Server) run(ctx context.Context, account Account, bin installation, o Options) (err error) {
	if s.port, err = findFreePort(ctx); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(s.Dir, "log"))
	if err != nil {
		return fmt.Errorf("open the log of the server: %w", err)
	}
	defer log.Close()
	c := Command{Argv: s.startArguments(bin, o), Dir: s.Dir, Output: log, Signal: "INT"}
	if o.Dir == "" {
		c.Remove = s.Dir
	}
	if s.child, err = account.Spawn(c); err != nil {
		return err
	}
	return s.waitUntilServerAnswers(ctx, log, o.Dir != "")
}

// cleanUpFailedStart stops the process of a failed start and removes a temporary directory.
func (s *Server) cleanUpFailedStart(o Options) error {
	if s.child != nil {
		_ = s.child.Stop() // start already returns an error
	}
	if s.lock != nil {
		_ = s.lock.Close()
	}
	if o.Dir != "" {
		return nil
	}
	return os.RemoveAll(s.Dir)
}

func databaseURL(port int, password, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword("postgres", password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// readOrCreatePassword returns the superuser's password from the file beside the data. If there is no data yet (fresh),
// it first stores a random one there.
func readOrCreatePassword(account Account, dir string, fresh bool) (string, error) {
	file := filepath.Join(dir, "password")
	if fresh {
		if err := os.WriteFile(file, []byte(rand.Text()), 0o600); err != nil {
			return "", fmt.Errorf("store the password: %w", err)
		}
		if err := account.TakeOwnership(file); err != nil {
			return "", err
		}
	}
	b, err := os.ReadFile(file) //nolint:gosec // our own directory
	if err != nil {
		return "", unusableDataError(dir, "the password cannot be read: %w", err)
	}
	return string(b), nil
}

func findFreePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close() //nolint:errcheck // the listener was only needed for its port
	return l.Addr().(*net.TCPAddr).Port, nil
}
