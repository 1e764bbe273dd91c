// Package dbtest hands out a fresh, migrated database for one test, and what tests put between themselves and it.
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
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/postgres"
)

// New returns the URL of a database of the test's own with every migration applied and no rows. It is dropped at the end of
// the test, connections and all. It lives on the server of DATABASE_URL, or else on a private one that the first call of
// the process starts and that ends with the process, even one that is killed.
func New(t testing.TB) string {
	t.Helper()
	s, err := theServer()
	if err != nil {
		t.Fatal(err)
	}
	template, err := s.template()
	if err != nil {
		t.Fatal(err)
	}
	return s.database(t, template)
}

// Empty is New without the migrations.
func Empty(t testing.TB) string {
	t.Helper()
	s, err := theServer()
	if err != nil {
		t.Fatal(err)
	}
	return s.database(t, "template0")
}

// server is where the databases of one test binary live.
type server struct {
	url      *url.URL // of a database to give orders from
	prefix   string   // of the name of every database we make
	template func() (string, error)
	private  *postgres.Server // nil when the server is somebody else's
}

var theServer = sync.OnceValues(func() (*server, error) {
	s := &server{prefix: "xenon_test_"}
	s.template = sync.OnceValues(func() (string, error) { return s.makeTemplate(context.Background(), time.Now()) })
	address := os.Getenv("DATABASE_URL")
	if address == "" {
		var err error
		if s.private, err = postgres.Start(context.Background(), postgres.Options{Fast: true, Log: os.Stderr}); err != nil {
			return nil, err
		}
		address = s.private.URL("postgres")
	}
	var err error
	if s.url, err = url.Parse(address); err != nil {
		return nil, errors.New("DATABASE_URL is not a URL") // the error itself would show the password
	}
	s.settleTLS()
	return s, s.sweep(context.Background(), time.Now())
})

// settleTLS leaves it out on this machine unless it is asked for: the default is to try both ways, and a connection that
// was tried twice would count twice.
func (s *server) settleTLS() {
	q := s.url.Query()
	ip := net.ParseIP(s.url.Hostname())
	if here := s.url.Hostname() == "localhost" || ip != nil && ip.IsLoopback(); here && !q.Has("sslmode") {
		q.Set("sslmode", "disable")
		s.url.RawQuery = q.Encode()
	}
}

// database makes a database for one test.
func (s *server) database(t testing.TB, template string) string {
	t.Helper()
	name := s.named(time.Now(), "for_"+strings.ToLower(rand.Text()))
	if err := s.order(t.Context(), "CREATE DATABASE "+quoted(name)+" TEMPLATE "+quoted(template)); err != nil {
		t.Fatalf("make a database for the test: %v", err)
	}
	t.Cleanup(func() {
		if err := s.drop(context.WithoutCancel(t.Context()), name); err != nil {
			t.Errorf("drop the database of the test: %v", err)
		}
	})
	return s.address(name)
}

// makeTemplate returns the name of a migrated database, which test binaries that run the same migrations on the same day
// share. Whoever comes first makes it: under another name, so that nobody copies it half done.
func (s *server) makeTemplate(ctx context.Context, now time.Time) (string, error) {
	version, err := hash(migrations.Files)
	if err != nil {
		return "", err
	}
	name := s.named(now, "template_"+version)
	if found, err := s.databases(ctx, "datname = $1", name); err != nil || len(found) == 1 {
		return name, err
	}
	draft := s.named(now, "draft_"+strings.ToLower(rand.Text()))
	if err := s.order(ctx, "CREATE DATABASE "+quoted(draft)+" TEMPLATE template0"); err != nil {
		return "", fmt.Errorf("make the template database: %w", err)
	}
	_, err = migrations.Up(ctx, s.address(draft))
	if err == nil {
		err = s.order(ctx, "ALTER DATABASE "+quoted(draft)+" RENAME TO "+quoted(name))
	}
	if err == nil {
		return name, nil
	}
	if isState(err, "42P04", "23505") { // duplicate_database, or its like when the other one is not quite done
		return name, s.drop(ctx, draft)
	}
	return "", errors.Join(fmt.Errorf("make the template database: %w", err), s.drop(ctx, draft))
}

// sweep drops what test binaries that were killed left behind on a server that outlives them: databases of the day before
// yesterday and earlier that nobody is connected to.
func (s *server) sweep(ctx context.Context, now time.Time) error {
	found, err := s.databases(ctx, `starts_with(datname, $1) AND datname COLLATE "C" < $2
		AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)`, s.prefix, s.named(now.AddDate(0, 0, -1), ""))
	if err != nil {
		return err
	}
	for _, name := range found {
		err := s.order(ctx, "DROP DATABASE IF EXISTS "+quoted(name))
		if err != nil && !isState(err, "55006", "42501", "3D000") { // in use, not ours, gone meanwhile
			return fmt.Errorf("drop an old test database: %w", err)
		}
	}
	return nil
}

// named gives every database of ours a name that tells its day, by which leftovers are known.
func (s *server) named(now time.Time, name string) string {
	return s.prefix + now.UTC().Format("20060102") + "_" + name
}

// databases lists those of the server that a condition holds for, in order.
func (s *server) databases(ctx context.Context, condition string, parameters ...any) ([]string, error) {
	conn, err := pgx.Connect(ctx, s.url.String())
	if err != nil {
		return nil, fmt.Errorf("connect to the test server: %w", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // it was only asked something
	rows, err := conn.Query(ctx, "SELECT datname::text FROM pg_database d WHERE "+condition+" ORDER BY 1", parameters...)
	if err != nil {
		return nil, fmt.Errorf("list the test databases: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func (s *server) drop(ctx context.Context, name string) error {
	return s.order(ctx, "DROP DATABASE IF EXISTS "+quoted(name)+" WITH (FORCE)")
}

// order runs one statement that cannot be in a transaction.
func (s *server) order(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, s.url.String())
	if err != nil {
		return fmt.Errorf("connect to the test server: %w", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // the statement has reported by then
	_, err = conn.Exec(ctx, sql)
	return err
}

func (s *server) address(database string) string {
	u := *s.url
	u.Path = "/" + database
	return u.String()
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

// hash tells one state of the migrations from another.
func hash(files fs.FS) (string, error) {
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
		_, _ = fmt.Fprintf(sum, "%s %d %s", name, len(text), text) // a hash takes everything
	}
	return hex.EncodeToString(sum.Sum(nil)[:6]), nil
}

func isState(err error, states ...string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && slices.Contains(states, pg.Code)
}
