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
	"github.com/xenon-auth/xenon/shared/profilefields"
	"github.com/xenon-auth/xenon/shared/schema"
)

// localResources has the resources that `xenon dev` creates for local development: a database, a secret and files.
type localResources struct {
	dir         string
	mailFile    string // the value of --mail-file
	secret      string // BETTER_AUTH_SECRET; may be empty if BETTER_AUTH_SECRETS is set
	databaseURL string
	server      *postgres.Server // nil if xenon dev did not start the database
}

// newLocalResources creates the directory and the secret. It starts nothing.
func newLocalResources(c devCmd, getenv environment, log io.Writer) (*localResources, error) {
	l := &localResources{databaseURL: c.DatabaseURL, dir: c.Dir, mailFile: c.MailFile}
	if l.databaseURL == "" {
		l.databaseURL = getenv("DATABASE_URL")
	}
	err := l.createDirectory()
	if err == nil {
		err = l.generateSecret(getenv, log)
	}
	if err != nil {
		return nil, withAdvice(err, "%s has to be a directory that you can write to; use --dir for another directory.", l.dir)
	}
	return l, nil
}

// createDirectory creates the directory, if it does not exist, with a file that makes Git ignore everything in it.
func (l *localResources) createDirectory() error {
	if _, err := os.Stat(l.dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(l.dir, 0o755); err != nil { //nolint:gosec // if root runs this, Postgres runs as another user
		return err
	}
	return os.WriteFile(l.pathOf(".gitignore"), []byte("*\n"), 0o644) //nolint:gosec // it has no secret
}

// prepareDatabase starts a Postgres server if the settings have no database URL. Then it applies the migrations, adds
// the columns of the fields of the profile, and makes or drops the triggers that write events. This uses migrationURL,
// or the database URL if migrationURL is empty.
func (l *localResources) prepareDatabase(
	ctx context.Context, migrationURL string, cfg config.API, fields profilefields.Fields, log io.Writer,
) error {
	if l.databaseURL == "" {
		fmt.Fprintln(log, "Starting Postgres …")
		server, err := postgres.Start(ctx, postgres.Options{Dir: l.pathOf("postgres"), Log: log})
		if errors.Is(err, postgres.ErrInUse) {
			return withAdvice(err, "Stop that process, such as another xenon dev, or give this one a directory and a "+
				"database of its own: --dir .xenon-2")
		}
		if err != nil {
			return err
		}
		l.server, l.databaseURL = server, server.URL("postgres")
	}
	migrationURL = cmp.Or(migrationURL, l.databaseURL)
	applied, err := migrations.UpIn(ctx, migrationURL, cfg.Schema)
	if newer := adviseNewer(err); newer != nil {
		return newer
	}
	if errors.As(err, new(*schema.Error)) {
		return adviseRepair(err, cfg.Schema)
	}
	if err != nil {
		return withAdvice(err, "Check that the database runs and that its user can create tables. "+
			"Use --database-url for another database.")
	}
	for _, name := range applied {
		fmt.Fprintln(log, "Applied", name)
	}
	change, err := migrations.ChangeProfile(ctx, migrationURL, cfg.Schema, fields)
	if err != nil {
		return adviseProfile(err)
	}
	for _, sql := range change.Statements {
		fmt.Fprintln(log, "Ran", sql)
	}
	_, err = migrations.SwitchEvents(ctx, migrationURL, cfg.Schema, cfg.Events.On)
	return err
}

// urlToPrint returns the database URL to print, without the password. If xenon dev started the database, it adds the
// path of the password file.
func (l *localResources) urlToPrint() string {
	u, err := url.Parse(l.databaseURL)
	if err != nil {
		return "the configured one" // the invalid URL may contain a password
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if name := u.User.Username(); name != "" {
		shown.User = url.User(name)
	}
	if l.server == nil {
		return shown.String()
	}
	return shown.String() + ", its password is in " + l.pathOf("postgres/password")
}

func (l *localResources) pathOf(name string) string { return filepath.Join(l.dir, name) }

func (l *localResources) stop() {
	if l.server == nil {
		return
	}
	if err := l.server.Stop(); err != nil {
		slog.Error("stop postgres", slog.Any("error", err))
	}
}

// generateSecret sets l.secret: to the secret of the settings, or else to the secret that an earlier start wrote into a
// file. If there is none, and the settings have no secrets with versions, it generates a secret and writes the file.
func (l *localResources) generateSecret(getenv environment, log io.Writer) error {
	if l.secret = getenv("BETTER_AUTH_SECRET"); l.secret != "" {
		return nil
	}
	file := l.pathOf("secret")
	text, err := os.ReadFile(file) //nolint:gosec // our own directory
	if errors.Is(err, fs.ErrNotExist) && getenv("BETTER_AUTH_SECRETS") != "" {
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(rand.Text() + rand.Text())
		err = os.WriteFile(file, text, 0o600)
		fmt.Fprintln(log, "Generated a secret in", file)
	}
	if err != nil {
		return err
	}
	l.secret = string(text)
	return nil
}

// getenv returns a function that reads the settings. The flags --database-url and --mail-file override their variables.
// If a variable is not set in `outer`, the function returns the value that xenon dev has generated.
func (l *localResources) getenv(outer environment, addr net.Addr) func(string) string {
	generated := map[string]string{
		"DATABASE_URL":       cmp.Or(l.databaseURL, "postgres://127.0.0.1/to-be-started"),
		"BETTER_AUTH_SECRET": l.secret,
		"SIGNING_KEYS_FILE":  l.pathOf(filepath.Base(config.DefaultSigningKeysFile)),
		"MAIL_FILE":          cmp.Or(l.mailFile, l.pathOf(filepath.Base(config.DefaultMailFile))),
		"BETTER_AUTH_URL":    "http://" + net.JoinHostPort("localhost", portOf(addr)),
	}
	return func(name string) string {
		if name == "DATABASE_URL" || name == "MAIL_FILE" && l.mailFile != "" { // the flag overrides the variable
			return generated[name]
		}
		if v := outer(name); v != "" {
			return v
		}
		return generated[name]
	}
}

func portOf(addr net.Addr) string {
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "3000"
	}
	return port
}
