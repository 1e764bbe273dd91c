// Package dbtest makes a new, migrated database for each test, and proxies and poolers in front of it.
package dbtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/postgres"
)

// SharedServer is the environment variable with the URL of the server that the test binaries of one run share. The
// command withpostgres sets it.
const SharedServer = "XENON_TEST_SERVER"

// New returns the URL of a new database with all migrations and no rows. The database and its connections are removed
// at the end of the test. The server is that of DATABASE_URL, or else the shared server, or else a private server that
// the first call of the process starts. The private server ends with the process, even if that is killed.
func New(t testing.TB) string {
	t.Helper()
	hash, err := hashMigrations()
	if err != nil {
		t.Fatal(err)
	}
	return NewFilled(t, hash, migrate)
}

var hashMigrations = sync.OnceValues(func() (string, error) { return hashFiles(migrations.Files) })

func migrate(ctx context.Context, url string) error {
	_, err := migrations.Up(ctx, url)
	return err
}

// NewFilled returns the URL of a new database with what fill writes into an empty database. fill is called only once
// for each content, because all test binaries share its database as a template for a day. It closes its connections,
// and it writes no secret that a test must not share. content is a text that changes whenever fill writes something
// else, such as the SQL that it executes. Otherwise NewFilled is like New.
func NewFilled(t testing.TB, content string, fill func(ctx context.Context, url string) error) string {
	t.Helper()
	s, err := startServer()
	if err != nil {
		t.Fatal(err)
	}
	template, err := s.templateOf(content, fill)
	if err != nil {
		t.Fatal(err)
	}
	return s.createDatabase(t, template)
}

// NewEmpty returns the URL of a new database without tables. Otherwise it is like New.
func NewEmpty(t testing.TB) string {
	t.Helper()
	s, err := startServer()
	if err != nil {
		t.Fatal(err)
	}
	return s.createDatabase(t, "template0")
}

// server is a Postgres server in which this test binary creates its databases.
type server struct {
	url       *url.URL         // of the database for administrative statements
	idle      *idleConnections // to url
	prefix    string           // of the name of every database that this package creates
	templates sync.Map         // by their content: a func() (string, error) that returns the name
	private   *postgres.Server // nil if the environment names the server
}

var startServer = sync.OnceValues(func() (*server, error) {
	s := &server{prefix: "xenon_test_", idle: &idleConnections{}}
	serverURL := os.Getenv("DATABASE_URL")
	if serverURL == "" {
		// go test caches no result if a variable that a test reads with os.Getenv has changed. This URL changes in each run.
		serverURL, _ = syscall.Getenv(SharedServer)
	}
	if serverURL == "" {
		var err error
		if s.private, err = postgres.Start(context.Background(), postgres.Options{Fast: true, Log: os.Stderr}); err != nil {
			return nil, err
		}
		serverURL = s.private.URL("postgres")
	}
	var err error
	if s.url, err = url.Parse(serverURL); err != nil {
		return nil, errors.New("the URL of the test server is not valid") // the error itself would show the password
	}
	s.disableLocalTLS()
	return s, s.dropOldDatabases(context.Background(), time.Now())
})

// disableLocalTLS disables TLS for a server on this machine, unless the URL sets sslmode. By default pgx tries to
// connect with and without TLS, and a test that counts connections would count both.
func (s *server) disableLocalTLS() {
	q := s.url.Query()
	ip := net.ParseIP(s.url.Hostname())
	if here := s.url.Hostname() == "localhost" || ip != nil && ip.IsLoopback(); here && !q.Has("sslmode") {
		q.Set("sslmode", "disable")
		s.url.RawQuery = q.Encode()
	}
}

// createDatabase creates a database for one test.
func (s *server) createDatabase(t testing.TB, template string) string {
	t.Helper()
	name := s.databaseNameWithDate(time.Now(), "for_"+strings.ToLower(rand.Text()))
	// FILE_COPY takes half the processor time of the default, which writes the whole template to the write-ahead log.
	sql := "CREATE DATABASE " + quoteName(name) + " TEMPLATE " + quoteName(template) + " STRATEGY FILE_COPY"
	if err := s.execStatement(t.Context(), sql); err != nil {
		t.Fatalf("create a database for the test: %v", err)
	}
	t.Cleanup(func() {
		if err := s.dropDatabase(context.WithoutCancel(t.Context()), name); err != nil {
			t.Errorf("drop the database of the test: %v", err)
		}
	})
	return s.databaseURL(name)
}

// templateOf returns the name of the template database with a content.
func (s *server) templateOf(content string, fill func(ctx context.Context, url string) error) (string, error) {
	create := func() (string, error) { return s.createTemplate(context.Background(), time.Now(), content, fill) }
	once, _ := s.templates.LoadOrStore(content, sync.OnceValues(create))
	return once.(func() (string, error))()
}

// createTemplate returns the name of the template database with a content. If there is none, createTemplate creates it
// with a temporary name and renames it when it is complete. If another test binary was faster, it uses the other's
// template and drops its own.
func (s *server) createTemplate(
	ctx context.Context, now time.Time, content string, fill func(ctx context.Context, url string) error,
) (string, error) {
	sum := sha256.Sum256([]byte(content))
	name := s.databaseNameWithDate(now, "template_"+hex.EncodeToString(sum[:6]))
	if found, err := s.findDatabases(ctx, "datname = $1", name); err != nil || len(found) == 1 {
		return name, err
	}
	draft := s.databaseNameWithDate(now, "draft_"+strings.ToLower(rand.Text()))
	err := s.execStatement(ctx, "CREATE DATABASE "+quoteName(draft)+" TEMPLATE template0")
	if err != nil {
		return "", fmt.Errorf("create the template database: %w", err)
	}
	err = fill(ctx, s.databaseURL(draft))
	if err == nil {
		err = s.execStatement(ctx, "ALTER DATABASE "+quoteName(draft)+" RENAME TO "+quoteName(name))
	}
	if err == nil {
		return name, nil
	}
	if hasSQLState(err, "42P04", "23505") { // duplicate_database; unique_violation if both are renamed at the same moment
		return name, s.dropDatabase(ctx, draft)
	}
	return "", errors.Join(fmt.Errorf("create the template database: %w", err), s.dropDatabase(ctx, draft))
}

// dropOldDatabases drops the databases of this package that were created before yesterday and have no connections: old
// templates, and databases that killed test binaries left on a shared server.
func (s *server) dropOldDatabases(ctx context.Context, now time.Time) error {
	found, err := s.findDatabases(ctx, `starts_with(datname, $1) AND datname COLLATE "C" < $2
		AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)`, s.prefix,
		s.databaseNameWithDate(now.AddDate(0, 0, -1), ""))
	if err != nil {
		return err
	}
	for _, name := range found {
		err := s.execStatement(ctx, "DROP DATABASE IF EXISTS "+quoteName(name))
		if err != nil && !hasSQLState(err, "55006", "42501", "3D000") { // in use, of another owner, dropped meanwhile
			return fmt.Errorf("drop an old test database: %w", err)
		}
	}
	return nil
}

// databaseNameWithDate returns the name of a database with the day of its creation, by which dropOldDatabases
// recognises old databases.
func (s *server) databaseNameWithDate(now time.Time, name string) string {
	return s.prefix + now.UTC().Format("20060102") + "_" + name
}

// findDatabases returns the sorted names of the databases for which an SQL condition on pg_database holds.
func (s *server) findDatabases(ctx context.Context, condition string, parameters ...any) ([]string, error) {
	conn, err := s.idle.take(ctx, s.url.String())
	if err != nil {
		return nil, fmt.Errorf("connect to the test server: %w", err)
	}
	defer s.idle.put(ctx, s.url.String(), conn)
	rows, err := conn.Query(ctx, "SELECT datname::text FROM pg_database d WHERE "+condition+" ORDER BY 1", parameters...)
	if err != nil {
		return nil, fmt.Errorf("list the test databases: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func (s *server) dropDatabase(ctx context.Context, name string) error {
	return s.execStatement(ctx, "DROP DATABASE IF EXISTS "+quoteName(name)+" WITH (FORCE)")
}

// execStatement executes a statement outside a transaction, as CREATE DATABASE and DROP DATABASE require.
func (s *server) execStatement(ctx context.Context, sql string) error {
	conn, err := s.idle.take(ctx, s.url.String())
	if err != nil {
		return fmt.Errorf("connect to the test server: %w", err)
	}
	defer s.idle.put(ctx, s.url.String(), conn)
	_, err = conn.Exec(ctx, sql)
	return err
}

func (s *server) databaseURL(database string) string {
	u := *s.url
	u.Path = "/" + database
	return u.String()
}

func quoteName(name string) string { return pgx.Identifier{name}.Sanitize() }

// hashFiles returns a hash of the names and texts of the files.
func hashFiles(files fs.FS) (string, error) {
	sum := sha256.New()
	names, err := fs.Glob(files, "*")
	if err != nil {
		return "", err
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(sum, "%s %d %s", name, len(text), text) // a hash never returns an error
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func hasSQLState(err error, states ...string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && slices.Contains(states, pg.Code)
}
