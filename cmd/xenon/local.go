package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"

	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/postgres"
	"github.com/xenon-auth/xenon/shared/schema"
)

// local holds what `xenon dev` makes for local development: a database, a secret and files.
type local struct {
	dir         string
	mailFile    string // empty unless named by the flag
	secret      string
	databaseURL string
	server      *postgres.Server // nil if the database was not started here
}

// newLocal makes the directory and the secret. It starts nothing.
func newLocal(c devCmd, getenv environment, log io.Writer) (*local, error) {
	l := &local{databaseURL: c.DatabaseURL, dir: c.Dir, mailFile: c.MailFile}
	if l.databaseURL == "" {
		l.databaseURL = getenv("DATABASE_URL")
	}
	return l, l.makeSecret(getenv("BETTER_AUTH_SECRET"), log)
}

// startDatabase starts a Postgres, unless the settings name one, and applies the migrations, with the URL direct if
// there is one.
func (l *local) startDatabase(ctx context.Context, direct, name string, log io.Writer) error {
	if l.databaseURL == "" {
		fmt.Fprintln(log, "Starting Postgres …")
		server, err := postgres.Start(ctx, postgres.Options{Dir: l.path("postgres"), Log: log})
		if err != nil {
			return err
		}
		l.server, l.databaseURL = server, server.URL("postgres")
	}
	applied, err := migrations.UpIn(ctx, cmp.Or(direct, l.databaseURL), name)
	if errors.As(err, new(*schema.Error)) {
		return misfit(err, name)
	}
	if err != nil {
		return advise(err, "Check that the database runs and that its user can create tables. "+
			"--database-url names another database.")
	}
	for _, name := range applied {
		fmt.Fprintln(log, "Applied", name)
	}
	return nil
}

// shownURL returns the database's URL without its password and, if the database was started here, the file of the
// password.
func (l *local) shownURL() string {
	u, err := url.Parse(l.databaseURL)
	if err != nil {
		return "the configured one" // its URL may contain a password
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if name := u.User.Username(); name != "" {
		shown.User = url.User(name)
	}
	if l.server == nil {
		return shown.String()
	}
	return shown.String() + ", its password is in " + l.path("postgres/password")
}

func (l *local) path(name string) string { return filepath.Join(l.dir, name) }

func (l *local) stop() {
	if l.server == nil {
		return
	}
	if err := l.server.Stop(); err != nil {
		slog.Error("stop postgres", slog.Any("error", err))
	}
}

// makeSecret uses the secret of the settings, or the file of an earlier start, or makes a secret.
func (l *local) makeSecret(set string, log io.Writer) error {
	if set != "" {
		l.secret = set
		return nil
	}
	file := l.path("secret")
	text, err := os.ReadFile(file) //nolint:gosec // our own directory
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(rand.Text() + rand.Text())
		if err = os.MkdirAll(l.dir, 0o755); err == nil { //nolint:gosec // if root runs this, Postgres runs as another user
			err = os.WriteFile(file, text, 0o600)
		}
		fmt.Fprintln(log, "Made a secret in", file)
	}
	if err != nil {
		return advise(err, "%s has to be a directory that you can write to; --dir names another.", l.dir)
	}
	l.secret = string(text)
	return nil
}

// getenv returns the variables of the environment, and for those that are not set the values that were made here.
func (l *local) getenv(outer environment, addr net.Addr) func(string) string {
	made := map[string]string{
		"DATABASE_URL":       cmp.Or(l.databaseURL, "postgres://127.0.0.1/to-be-started"),
		"BETTER_AUTH_SECRET": l.secret,
		"SIGNING_KEYS_FILE":  l.path(filepath.Base(config.DefaultSigningKeysFile)),
		"MAIL_FILE":          cmp.Or(l.mailFile, l.path(filepath.Base(config.DefaultMailFile))),
		"BETTER_AUTH_URL":    "http://" + net.JoinHostPort("localhost", portOf(addr)),
	}
	return func(name string) string {
		if name == "DATABASE_URL" || name == "MAIL_FILE" && l.mailFile != "" { // the flag overrides the variable
			return made[name]
		}
		if v := outer(name); v != "" {
			return v
		}
		return made[name]
	}
}

func portOf(addr net.Addr) string {
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "3000"
	}
	return port
}
