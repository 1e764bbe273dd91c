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

// startTimeout bounds the way from found binaries and data to the first answer, recovery after a crash included.
const startTimeout = time.Minute

// Options says what kind of server Start makes. The zero Options is a throw-away server that keeps its promises to the disk.
type Options struct {
	Dir  string    // where data, password and log stay between starts; "" is a temporary directory that goes with the server
	Fast bool      // for tests: nothing is flushed to disk, 300 connections
	Log  io.Writer // told in one line each what takes long, such as a download; nil is silence
}

// Server is a running Postgres that listens on a port of 127.0.0.1 only and ends when this process ends, however it ends.
type Server struct {
	Dir string // holds data/, the superuser's password and the server's log; links resolved

	port     int
	password string
	lock     *os.File
	child    *Child
}

// Start starts a server and returns when it answers. It takes an installed Postgres 15 or newer and downloads one when there
// is none. Called by root it runs the server as an unprivileged account. What went wrong is told in one line with what to do.
func Start(ctx context.Context, o Options) (*Server, error) {
	for range 5 {
		s, err := start(ctx, o)
		if err == nil {
			return s, nil
		}
		if !errors.Is(err, errPortTaken) {
			return nil, fmt.Errorf("start postgres: %w", err)
		}
	}
	return nil, fmt.Errorf("start postgres: %w, five times in a row", errPortTaken)
}

func start(ctx context.Context, o Options) (_ *Server, err error) {
	account, err := accountFor(o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Server{}
	if s.Dir, err = account.place(o.Dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.abandon(o))
		}
	}()
	if s.lock, err = lock(ctx, s.Dir, 5*time.Second); err != nil {
		return nil, err
	}
	major, err := madeBy(s.data())
	if err != nil {
		return nil, err
	}
	bin, err := find(ctx, account, major, o.Log)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if s.password, err = password(account, s.Dir, major == 0); err != nil {
		return nil, err
	}
	if err := stopOrphan(ctx, account, bin, s.data(), s.password); err != nil {
		return nil, err
	}
	return s, s.run(ctx, account, bin, o)
}

// URL is the address of a database of the server, with its superuser and password. Do not print it.
func (s *Server) URL(database string) string { return address(s.port, s.password, database) }

// Stop ends the server and all its connections, and returns when it is gone; the directory goes too if it was a
// temporary one. More calls change nothing.
func (s *Server) Stop() error {
	defer s.lock.Close()
	return s.child.Stop()
}

func (s *Server) data() string { return filepath.Join(s.Dir, "data") }

// run makes the data if there is none, starts the server on it and waits for the first answer.
func (s *Server) run(ctx context.Context, account Account, bin binaries, o Options) (err error) {
	if s.port, err = freePort(ctx); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(s.Dir, "log"))
	if err != nil {
		return fmt.Errorf("open the log of the server: %w", err)
	}
	defer log.Close()
	c := Command{Argv: s.argv(bin, o), Dir: s.Dir, Output: log, Signal: "INT"}
	if o.Dir == "" {
		c.Remove = s.Dir
	}
	if s.child, err = account.Spawn(c); err != nil {
		return err
	}
	return s.awaitAnswer(ctx, log, o.Dir != "")
}

// abandon undoes what a failed start left behind.
func (s *Server) abandon(o Options) error {
	if s.child != nil {
		_ = s.child.Stop() // that it ended badly is what is being reported already
	}
	if s.lock != nil {
		_ = s.lock.Close()
	}
	if o.Dir != "" {
		return nil
	}
	return os.RemoveAll(s.Dir)
}

func address(port int, password, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword("postgres", password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// password reads the superuser's password, which stands in a file beside the data, or makes it when there is no data yet.
func password(account Account, dir string, fresh bool) (string, error) {
	file := filepath.Join(dir, "password")
	if fresh {
		if err := os.WriteFile(file, []byte(rand.Text()), 0o600); err != nil {
			return "", fmt.Errorf("keep the password: %w", err)
		}
		if err := account.Own(file); err != nil {
			return "", err
		}
	}
	b, err := os.ReadFile(file) //nolint:gosec // our own directory
	if err != nil {
		return "", broken(dir, "the password cannot be read: %w", err)
	}
	return string(b), nil
}

func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close() //nolint:errcheck // nothing to lose
	return l.Addr().(*net.TCPAddr).Port, nil
}
